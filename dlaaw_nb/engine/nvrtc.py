"""NVRTC, NVIDIA's compiler as a library: makes GPU code where there is no nvcc.

It comes with CUDA, or alone by ``pip install nvidia-cuda-nvrtc-cu12``. Called through ctypes.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence

from .faults import BuildError

__all__ = ["compile_cubin", "version"]


def _folders() -> List[Path]:
    """List the folders of wheels where it may lie."""
    root = os.environ.get("DLAAW_NVRTC")  # where the wheel lies, if it is not installed
    found = sorted(Path(root, "nvidia").glob("*/lib")) if root else []
    try:
        spec = importlib.util.find_spec("nvidia")
    except ModuleNotFoundError:
        spec = None
    places = (spec.submodule_search_locations or []) if spec else []
    return [*found, *(lib for place in places for lib in sorted(Path(place).glob("*/lib")))]


def _loaded(name: str, mode: int = ctypes.DEFAULT_MODE) -> Optional[Any]:
    try:
        return ctypes.CDLL(name, mode=mode)
    except OSError:
        return None


@lru_cache(maxsize=1)
def _library() -> Optional[Any]:
    names: List[str] = []
    for folder in _folders():
        for builtins in folder.glob("libnvrtc-builtins.so*"):
            _loaded(str(builtins), ctypes.RTLD_GLOBAL)  # it is on no search path of the linker
        names += [str(file) for file in sorted(folder.glob("libnvrtc.so*"), reverse=True)]
    names += ["libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2"]
    library = next(filter(None, map(_loaded, names)), None)
    if library is not None:
        library.nvrtcGetErrorString.restype = ctypes.c_char_p
    return library


def version() -> str:
    """Say which NVRTC there is.

    Returns
    -------
    str
        Such as ``"12.9"``; empty if there is none.
    """
    library = _library()
    if library is None:
        return ""
    major, minor = ctypes.c_int(), ctypes.c_int()
    library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


def compile_cubin(
    source: str, arch: str, headers: Mapping[str, str], options: Sequence[str]
) -> bytes:
    """Compile a program.

    Parameters
    ----------
    source : str
        CUDA C++.
    arch : str
        Such as ``"sm_90"``.
    headers : mapping of str to str
        Text by the name by which it is included.
    options : sequence of str
        As nvcc has them.

    Returns
    -------
    bytes
        A cubin.

    Raises
    ------
    BuildError
        When it refuses the program, with its messages.
    """
    library = _library()
    if library is None:
        raise BuildError("no NVRTC on this machine (pip install nvidia-cuda-nvrtc-cu12).")
    with tempfile.TemporaryDirectory(prefix="dlaaw-nvrtc-") as folder:
        for name, text in headers.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        given = [f"--gpu-architecture={arch}", f"--include-path={folder}", *options]
        return _compile(library, source, given)


def _compile(library: Any, source: str, given: Sequence[str]) -> bytes:
    program = ctypes.c_void_p()
    library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"program.cu", 0, None, None)
    try:
        texts = (ctypes.c_char_p * len(given))(*(option.encode() for option in given))
        status = library.nvrtcCompileProgram(program, len(given), texts)
        if status:
            log = _get(library, program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
            reason = library.nvrtcGetErrorString(status).decode()
            raise BuildError(
                f"NVRTC {version()}: {reason} ({given[0]}): {_first_error(log)}",
                ("nvrtc", *given),
                log,
            )
        return _get(library, program, "CUBIN")
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def _get(library: Any, program: Any, what: str) -> bytes:
    size = ctypes.c_size_t()
    getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    getattr(library, f"nvrtcGet{what}")(program, buffer)
    return buffer.raw[: size.value]


def _first_error(log: str) -> str:
    lines = [line for line in log.splitlines() if "error" in line]
    return (lines or log.splitlines() or ["no message"])[0].strip()[:300]
