"""The very files that the host's compiler takes are CUDA: nvcc takes them too, warning-free."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from engine_support import chain

from dlaaw_nb.engine import codegen

NVCC = shutil.which("nvcc")
KERNELS = Path(__file__).resolve().parents[2] / "kernels_cu"
PAPER = chain(
    ["Linear", 16, 8],
    ["ReLU"],
    ["Linear", 8, 5],
    ["Tanh"],
    ["Linear", 5, 3],
    ["ReLU"],
    ["Linear", 3, 1],
    ["Sigmoid"],
)


@pytest.mark.skipif(
    NVCC is None and not os.environ.get("DLAAW_REQUIRE_NVCC"), reason="no nvcc on this machine"
)
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("architecture", ["sm_75", "sm_90"])
def test_kernels_compile_for_a_gpu_without_warnings_or_spills(architecture, constant, tmp_path):
    unit = tmp_path / "program.cu"
    unit.write_text(codegen.training_source(PAPER, "BinaryCrossEntropy", "SGD", constant=constant))
    options = ["-std=c++14", "--fmad=false", "-Werror", "all-warnings", "-Xptxas", "-v"]
    done = subprocess.run(
        [
            str(NVCC),
            f"-arch={architecture}",
            *options,
            f"-I{KERNELS}",
            "-cubin",
            str(unit),
            "-o",
            str(tmp_path / "x"),
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "dlaaw_train" in done.stderr
    if constant:
        assert "0 bytes spill stores" in done.stderr
        assert not [
            line
            for line in done.stderr.splitlines()
            if "spill" in line and "0 bytes spill stores" not in line
        ]
