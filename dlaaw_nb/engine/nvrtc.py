"""NVRTC, NVIDIA's compiler as a library: makes GPU code where there is no nvcc.

It comes with CUDA, or alone by ``pip install nvidia-cuda-nvrtc-cu12``. Called through ctypes.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import glob
import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence

from .faults import BuildError

__all__ = ["compile_cubin", "version"]

_PACKAGES = ("nvidia.cuda_nvrtc", "nvidia.cu13")


def _candidates() -> List[str]:
    found = [os.environ["DLAAW_NVRTC"]] if os.environ.get("DLAAW_NVRTC") else []
    for package in _PACKAGES:
        try:
            spec = importlib.util.find_spec(package)
        except ModuleNotFoundError:
            continue
        for place in (spec.submodule_search_locations or []) if spec else []:
            found.append(str(Path(place) / "lib"))
    return found


@lru_cache(maxsize=1)
def _library() -> Optional[Any]:
    names = []
    for folder in _candidates():
        for builtins in sorted(glob.glob(folder + "/libnvrtc-builtins.so*")):
            try:  # it is on no search path of the linker
                ctypes.CDLL(builtins, mode=ctypes.RTLD_GLOBAL)
            except OSError:
                continue
        names += [n for n in sorted(glob.glob(folder + "/libnvrtc.so*"), reverse=True)]
    names += ["libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2"]
    for name in names:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.nvrtcGetErrorString.restype = ctypes.c_char_p
        return library
    return None


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
    program = ctypes.c_void_p()
    count = len(headers)
    texts = (ctypes.c_char_p * count)(*(text.encode() for text in headers.values()))
    names = (ctypes.c_char_p * count)(*(name.encode() for name in headers))
    library.nvrtcCreateProgram(
        ctypes.byref(program), source.encode(), b"program.cu", count, texts, names
    )
    try:
        given = [f"--gpu-architecture={arch}".encode(), *(option.encode() for option in options)]
        status = library.nvrtcCompileProgram(
            program, len(given), (ctypes.c_char_p * len(given))(*given)
        )
        if status:
            log = _get(library, program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
            reason = library.nvrtcGetErrorString(status).decode()
            raise BuildError(
                f"NVRTC {version()}: {reason} for {arch}: {_first_error(log)}",
                ("nvrtc", *(option.decode() for option in given)),
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
