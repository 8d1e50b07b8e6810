"""Compilers that make GPU code without a GPU: nvcc, and NVRTC of the wheel nvidia-cuda-nvrtc-cu12.

nvcc 13 begins with sm_75; NVRTC 12.9 still knows the boards before it (sm_53 Nano, sm_62 TX2, sm_72
Xavier). ``DLAAW_NVRTC`` names a folder where the wheel lies, if it is not installed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

BOARDS = ["sm_53", "sm_62", "sm_72"]
NVCC_TARGETS = ["sm_75", "sm_80", "sm_87", "sm_89", "sm_90", "sm_100", "sm_110", "sm_120"]
TARGETS = [*BOARDS, *NVCC_TARGETS]
_OPTIONS = ["-std=c++14", "--fmad=false"]
_OLD = re.compile(r"nvrtc: warning: Architectures prior to .* are deprecated")


class Compiled(NamedTuple):
    """What a compiler said of one program for one target."""

    target: str
    error: str  # errors and warnings; nothing if it took the source silently
    registers: Mapping[str, int]  # by kernel
    stack_bytes: int  # the largest frame of a function
    spill_bytes: int  # stored and loaded, of all functions


def missing(target: str) -> str:
    """Say why there is no compiler for a target; nothing if there is one."""
    if target in BOARDS:
        return "" if nvrtc_folder() else "no NVRTC 12 (pip install dlaaw-nb[gpu-compile])"
    return "" if shutil.which("nvcc") else "no nvcc on this machine"


def nvrtc_folder() -> Optional[Path]:
    """The folder of libnvrtc.so.12, or None."""
    roots = [Path(os.environ["DLAAW_NVRTC"])] if os.environ.get("DLAAW_NVRTC") else []
    try:
        found = importlib.util.find_spec("nvidia.cuda_nvrtc")
    except ModuleNotFoundError:
        found = None
    folders = [root / "nvidia" / "cuda_nvrtc" for root in roots]
    folders += [Path(place) for place in (found.submodule_search_locations or [])] if found else []
    libraries = [folder / "lib" for folder in folders]
    return next((folder for folder in libraries if (folder / "libnvrtc.so.12").exists()), None)


def compile_gpu(
    source: str, target: str, kernels: Mapping[str, str], optimized: bool = True
) -> Compiled:
    """Compile a program for one target, warnings being errors.

    Parameters
    ----------
    source : str
        What ``codegen`` wrote.
    target : str
        Such as ``"sm_53"``.
    kernels : mapping of str to str
        The files of ``kernels_cu/``.
    optimized : bool
        Otherwise the compiler is only asked whether it takes the source.

    Returns
    -------
    Compiled
        Numbers are of `optimized` code only.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, text in kernels.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        make = _nvrtc if target in BOARDS else _nvcc
        options = [*_OPTIONS, f"-I{folder}", *([] if optimized else ["--Ofast-compile=max"])]
        failed, log = make(source, target, options, Path(folder))
    return _read(target, failed, log)


def _nvcc(source: str, target: str, options: Sequence[str], folder: Path) -> Any:
    unit = folder / "program.cu"
    unit.write_text(source, encoding="utf-8")
    made = ["-Werror", "all-warnings", "-Xptxas", "-v", "-cubin", "-o", str(folder / "made")]
    done = subprocess.run(
        [str(shutil.which("nvcc")), f"-arch={target}", *options, *made, str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode != 0, done.stdout + done.stderr


def _nvrtc(source: str, target: str, options: Sequence[str], folder: Path) -> Any:
    place = nvrtc_folder()
    assert place is not None
    ctypes.CDLL(str(next(place.glob("libnvrtc-builtins.so*"))), mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(place / "libnvrtc.so.12"))
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"program.cu", 0, None, None)
    given = [f"--gpu-architecture={target}", "--ptxas-options=-v", *options]
    texts = (ctypes.c_char_p * len(given))(*(option.encode() for option in given))
    status = library.nvrtcCompileProgram(program, len(given), texts)
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return status != 0, log.value.decode()


def _read(target: str, failed: bool, log: str) -> Compiled:
    lines = [line for line in log.splitlines() if not _OLD.match(line)]
    complaints = [line for line in lines if re.search(r"\b(error|warning)\b", line, re.IGNORECASE)]
    registers: Dict[str, int] = {}
    kernel, stack, spills = "", [0], 0
    for line in lines:
        entry = re.search(r"entry function '(\w+)'", line)
        used = re.search(r"Used (\d+) registers", line)
        memory = re.search(
            r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line
        )
        kernel = entry.group(1) if entry else kernel
        if used:
            registers[kernel] = int(used.group(1))
        if memory:
            stack.append(int(memory.group(1)))
            spills += int(memory.group(2)) + int(memory.group(3))
    error = log if failed or complaints else ""
    return Compiled(target, error, registers, max(stack), spills)


def table(rows: Sequence[Sequence[object]]) -> List[str]:
    """Lay rows of cells out in columns."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*texts)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in texts]
