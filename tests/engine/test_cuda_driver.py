"""Without a GPU a person is told in one line what is missing, and offered `cpu`."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dlaaw_nb.engine import cuda_driver
from dlaaw_nb.engine.faults import DeviceError

OPEN = "from dlaaw_nb.engine.cuda_driver import open_device; open_device(0)"
FAILS = "class Error(Exception): pass\ndef init(): raise Error('cuInit failed: {}')"
ROOT = Path(cuda_driver.__file__).parents[2]
HERE = Path(__file__).parent
needs_pycuda = pytest.mark.skipif(
    importlib.util.find_spec("pycuda") is None, reason="PyCUDA is not installed"
)


def told(paths=(), **environment):
    """The error that opening a device ends with, in a process of its own."""
    given = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, paths), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", OPEN],
        env={**given, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("dlaaw_nb.engine.faults.DeviceError: target gpu"), done.stderr
    assert last.endswith("Or use target='cpu', which needs no GPU.")
    return last


def fake_pycuda(folder, driver):
    """A package that fails as PyCUDA does."""
    package = folder / "pycuda"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "driver.py").write_text(driver)
    return folder


@pytest.mark.skipif(importlib.util.find_spec("pycuda") is not None, reason="PyCUDA is installed")
def test_without_pycuda_it_says_what_to_install():
    with pytest.raises(
        DeviceError, match=r"PyCUDA is not installed. pip install 'dlaaw-nb\[gpu\]'"
    ):
        cuda_driver.open_device(0)


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (
            "raise ImportError('libcuda.so.1: cannot open shared object file: No such file')",
            "this machine has no NVIDIA driver",
        ),
        (
            "raise ImportError('_driver.so: undefined symbol: cuCtxCreate_v4')",
            "the NVIDIA driver is older than the CUDA that PyCUDA was built with",
        ),
        ("import mako_that_is_missing", "'mako_that_is_missing', which it needs, is not"),
        (
            FAILS.format("no CUDA-capable device is detected"),
            "the NVIDIA driver sees no GPU",
        ),
        (
            FAILS.format("system not yet initialized"),
            "the NVIDIA driver cannot be used (cuInit failed: system not yet initialized)",
        ),
    ],
)
def test_each_state_of_pycuda_has_a_line_of_its_own(tmp_path, driver, expected):
    assert expected in told([fake_pycuda(tmp_path, driver)])


def test_hidden_devices_are_mentioned(tmp_path):
    driver = FAILS.format("no CUDA-capable device is detected")
    found = told([fake_pycuda(tmp_path, driver)], CUDA_VISIBLE_DEVICES="")
    assert "CUDA_VISIBLE_DEVICES is ''" in found


@needs_pycuda
def test_real_pycuda_without_a_driver():
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has a driver")
    assert "this machine has no NVIDIA driver" in told([pycuda_folder().parent])


@needs_pycuda
@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
def test_real_pycuda_with_a_driver_that_has_no_device(tmp_path):
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has a driver")
    undefined = subprocess.run(
        ["nm", "-D", "--undefined-only", str(next(pycuda_folder().glob("_driver*.so")))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = sorted(set(re.findall(r"\b(cu[A-Z]\w+)", undefined)))
    special = {
        "cuGetErrorString": "int cuGetErrorString(int e, const char** s) "
        '{ *s = "no CUDA-capable device is detected"; return 0; }',
        "cuGetErrorName": 'int cuGetErrorName(int e, const char** s) { *s = "E"; return 0; }',
        "cuDriverGetVersion": "int cuDriverGetVersion(int* v) { *v = 13000; return 0; }",
    }
    text = "\n".join(special.get(n, f"int {n}(void) {{ return 100; }}") for n in names)
    (tmp_path / "stub.c").write_text(text)
    options = ["-shared", "-fPIC", "-w", "-Wl,-soname,libcuda.so.1"]
    made = tmp_path / "libcuda.so.1"
    subprocess.run(["gcc", *options, str(tmp_path / "stub.c"), "-o", str(made)], check=True)
    assert "the NVIDIA driver sees no GPU" in told(
        [pycuda_folder().parent], LD_LIBRARY_PATH=str(tmp_path)
    )


def pycuda_folder():
    return Path(importlib.util.find_spec("pycuda").submodule_search_locations[0])
