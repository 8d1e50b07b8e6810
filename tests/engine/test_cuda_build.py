"""GPU code by nvcc and by NVRTC: kept, made anew for what changes it, refused with messages."""

from __future__ import annotations

import shutil

import pytest
from gpu_compilers import nvrtc_folder
from kernel_cases import CASES, source_of

from dlaaw_nb.engine import cuda_build, nvrtc
from dlaaw_nb.engine.faults import BuildError

SMALL = (
    '#include "own.cuh"\nextern "C" __global__ void fill(float* x) { x[threadIdx.x] = VALUE; }\n'
)
HEADERS = {"own.cuh": "#pragma once\n#define VALUE 1.0f\n"}
needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc on this machine")
needs_nvrtc = pytest.mark.skipif(
    not (nvrtc.version() or nvrtc_folder()), reason="no NVRTC on this machine"
)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_CACHE", str(tmp_path))


@pytest.fixture
def by_nvrtc(monkeypatch):
    monkeypatch.setenv("DLAAW_CUDA", "nvrtc")


def is_cubin(image):
    return image[:4] == b"\x7fELF" and b"fill" in image


@needs_nvcc
def test_nvcc_compiles_once(monkeypatch):
    first = cuda_build.cubin(SMALL, "sm_90", HEADERS)
    assert is_cubin(first)
    monkeypatch.setattr(cuda_build, "_by_nvcc", lambda *_: pytest.fail("compiled again"))
    assert cuda_build.cubin(SMALL, "sm_90", HEADERS) == first


@needs_nvcc
def test_each_thing_that_changes_the_code_compiles_anew(monkeypatch):
    made = []
    monkeypatch.setattr(cuda_build, "_by_nvcc", lambda *_: made.append(1) or b"cubin")
    for source, arch, headers, options in (
        (SMALL, "sm_90", HEADERS, ()),
        (SMALL + "// more", "sm_90", HEADERS, ()),
        (SMALL, "sm_80", HEADERS, ()),
        (SMALL, "sm_90", {"own.cuh": "#define VALUE 2.0f"}, ()),
        (SMALL, "sm_90", HEADERS, ("-DN=1",)),
    ):
        for _ in range(2):
            cuda_build.cubin(source, arch, headers, options)
    assert len(made) == 5


@needs_nvcc
def test_nvcc_says_what_is_wrong():
    with pytest.raises(BuildError, match=r"exit status \d+ for sm_90: .*\(2\): error") as caught:
        cuda_build.cubin(SMALL.replace("VALUE", "WORTH"), "sm_90", HEADERS)
    assert "WORTH" in caught.value.stderr


@needs_nvrtc
@pytest.mark.usefixtures("by_nvrtc")
def test_nvrtc_compiles_where_there_is_no_nvcc():
    assert cuda_build.compiler_name().startswith("NVRTC")
    assert is_cubin(cuda_build.cubin(SMALL, "sm_90", HEADERS))


@needs_nvrtc
@pytest.mark.usefixtures("by_nvrtc")
def test_nvrtc_compiles_the_kernels_of_a_network():
    image = cuda_build.program_cubin(source_of(CASES["paper"]), "sm_90", ("-DDLAAW_TILE=112",))
    assert b"dlaaw_train" in image
    assert b"dlaaw_predict" in image


@needs_nvrtc
@pytest.mark.usefixtures("by_nvrtc")
def test_nvrtc_says_what_is_wrong():
    with pytest.raises(BuildError, match=r"NVRTC .*\(2\): error") as caught:
        cuda_build.cubin(SMALL.replace("VALUE", "WORTH"), "sm_90", HEADERS)
    assert "WORTH" in caught.value.stderr


@pytest.mark.usefixtures("by_nvrtc")
def test_machine_without_a_compiler_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(nvrtc, "version", lambda: "")
    with pytest.raises(BuildError, match=r"neither nvcc .* nor NVRTC\. Install CUDA"):
        cuda_build.cubin(SMALL, "sm_90", HEADERS)


@needs_nvcc
def test_cache_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DLAAW_CACHE", str(tmp_path / "file"))
    assert is_cubin(cuda_build.cubin(SMALL, "sm_90", HEADERS))
