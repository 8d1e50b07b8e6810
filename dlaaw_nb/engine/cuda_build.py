"""Compiles kernels for a GPU: nvcc, or NVRTC where there is none; and keeps the result.

The cache key covers source, kernels, architecture, options and compiler.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence

from . import nvrtc, resources
from .cache import cache_dir
from .faults import BuildError

__all__ = ["compiler_name", "cubin", "program_cubin"]

_OPTIONS = ("-std=c++14",)
_TIMEOUT_S = 300.0
_locks: Dict[str, threading.Lock] = {}
_guard = threading.Lock()


@lru_cache(maxsize=None)
def _nvcc(path: Optional[str], home: Optional[str]) -> Optional[str]:
    found = shutil.which("nvcc", path=path)
    if found:
        return found
    for folder in (home, "/usr/local/cuda"):  # JetPack leaves it off the path
        if folder and (Path(folder) / "bin" / "nvcc").exists():
            return str(Path(folder) / "bin" / "nvcc")
    return None


def nvcc() -> Optional[str]:
    """Find nvcc: on the path, in $CUDA_HOME, or where CUDA is installed.

    Returns
    -------
    str or None
        Its path; None if there is none, or if $DLAAW_CUDA is ``nvrtc``.
    """
    if os.environ.get("DLAAW_CUDA") == "nvrtc":
        return None
    return _nvcc(os.environ.get("PATH"), os.environ.get("CUDA_HOME"))


@lru_cache(maxsize=None)
def _version(command: str) -> str:
    try:
        done = subprocess.run(
            [command, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command}: cannot be run ({error}).") from error
    return (done.stdout.strip().splitlines() or ["nvcc"])[-1]


def compiler_name() -> str:
    """Say which compiler makes GPU code here.

    Returns
    -------
    str
        Its path and version, or ``"NVRTC 12.9"``.

    Raises
    ------
    BuildError
        When there is none.
    """
    command = nvcc()
    if command:
        return f"{command} ({_version(command)})"
    found = nvrtc.version()
    if not found:
        raise BuildError(
            "no compiler for the GPU: neither nvcc (on the path, in $CUDA_HOME or "
            "/usr/local/cuda) nor NVRTC. Install CUDA's, or pip install nvidia-cuda-nvrtc-cu12."
        )
    return f"NVRTC {found}"


def cubin(
    source: str, arch: str, headers: Mapping[str, str] = {}, options: Sequence[str] = ()
) -> bytes:
    """Compile a program for one architecture, or take it from the cache.

    Parameters
    ----------
    source : str
        CUDA C++14.
    arch : str
        Such as ``"sm_90"``.
    headers : mapping of str to str
        What it may include: text by name.
    options : sequence of str
        More of the compiler's options, such as ``"-DN=4"``.

    Returns
    -------
    bytes
        A cubin.

    Raises
    ------
    BuildError
        When there is no compiler, or it refuses the source.
    """
    given = (*_OPTIONS, *options)
    digest = hashlib.sha256()
    for text in (source, arch, " ".join(given), compiler_name()):
        digest.update(text.encode() + b"\0")
    for name in sorted(headers):
        digest.update(f"{name}\0{headers[name]}\0".encode())
    file = cache_dir() / (digest.hexdigest()[:32] + ".cubin")
    with _guard:
        lock = _locks.setdefault(file.name, threading.Lock())
    with lock:
        if file.exists():
            return file.read_bytes()
        command = nvcc()
        image = (
            _by_nvcc(command, source, arch, headers, given)
            if command
            else nvrtc.compile_cubin(source, arch, headers, given)
        )
        _keep(file, image)
        return image


def program_cubin(source: str, arch: str, options: Sequence[str] = ()) -> bytes:
    """Compile what ``codegen`` wrote, with the kernels of ``kernels_cu/``.

    Parameters
    ----------
    source : str
        The program.
    arch : str
        Such as ``"sm_90"``.
    options : sequence of str
        More of the compiler's options.

    Returns
    -------
    bytes
        A cubin. Contraction is off, since the kernels write out every fused operation.
    """
    return cubin(source, arch, _included(source), ("--fmad=false", *options))


def _included(source: str) -> Dict[str, str]:
    """Give the kernels that a program may include: the shipped ones, and those it names."""
    added = resources.added_kernels(source)
    texts = {**resources.kernel_sources(), **added}
    return {k: v for k, v in texts.items() if k in added or not k.startswith("emulator/")}


def _keep(file: Path, image: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=str(file.parent), delete=False) as made:
            made.write(image)
        Path(made.name).replace(file)
    except OSError:
        return  # a cache that cannot be written costs time, nothing else


def _by_nvcc(
    command: str, source: str, arch: str, headers: Mapping[str, str], options: Sequence[str]
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="dlaaw-nvcc-") as name:
        folder = Path(name)
        for header, text in headers.items():
            path = folder / header
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (folder / "program.cu").write_text(source, encoding="utf-8")
        made = folder / "program.cubin"
        call = [command, "-cubin", f"-arch={arch}", *options, f"-I{folder}"]
        call += [str(folder / "program.cu"), "-o", str(made)]
        try:
            done = subprocess.run(
                call,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(f"{command}: cannot be run ({error}).", tuple(call)) from error
        if done.returncode != 0:
            stderr = done.stderr.replace(str(folder) + os.sep, "")
            lines = [line for line in stderr.splitlines() if "error" in line] or [stderr[-300:]]
            raise BuildError(
                f"{command}: exit status {done.returncode} for {arch}: {lines[0].strip()[:300]}",
                tuple(call),
                stderr,
            )
        return made.read_bytes()
