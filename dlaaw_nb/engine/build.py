"""Compiles the kernels with the machine's own C++ compiler and keeps the result.

The cache key covers source, flags, compiler and processor; a library is written under another name
and renamed, so that processes at work on the same one do not meet half a file.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from . import children, resources
from .cache import cache_dir
from .faults import BuildError

__all__ = ["compiler", "is_built", "library"]

_loaded: Dict[str, ctypes.CDLL] = {}
_locks: Dict[str, threading.Lock] = {}
_guard = threading.Lock()
_TIMEOUT_S = 300  # a slow board, or a busy machine, takes minutes for a large network


@lru_cache(maxsize=None)
def _find(cxx: Optional[str], path: Optional[str]) -> Optional[Tuple[str, ...]]:
    names = [cxx] if cxx else []
    for name in [*names, "c++", "g++", "clang++"]:
        parts = shlex.split(name)
        found = shutil.which(parts[0], path=path) if parts else None
        if found:
            return (found, *parts[1:])
    return None


def compiler() -> Optional[Tuple[str, ...]]:
    """Find the host's C++ compiler: $CXX, c++, g++ or clang++.

    Returns
    -------
    tuple of str or None
        Its path and the arguments that $CXX gives; None if there is none, or if $DLAAW_CPU is
        ``numpy``.
    """
    if os.environ.get("DLAAW_CPU") == "numpy":
        return None
    return _find(os.environ.get("CXX"), os.environ.get("PATH"))


def flags() -> List[str]:
    """List the compiler's flags.

    Returns
    -------
    list of str
        Never ``-ffast-math``: linked with it, a library switches subnormal numbers off in the
        whole process. Contraction is off, since the kernels write out every fused operation.
    """
    arm = platform.machine().lower() in ("arm64", "aarch64")
    position = [] if sys.platform == "win32" else ["-fPIC"]
    return [
        "-std=c++14",
        "-O2",
        "-mcpu=native" if arm else "-march=native",
        "-ffp-contract=off",
        "-fno-math-errno",
        "-fno-trapping-math",
        "-Wno-psabi",
        "-fvisibility=hidden",
        "-DDLAAW_TILE=128",
        *position,
        "-shared",
    ]


def is_built(source: str) -> bool:
    """Tell whether a program is ready to run.

    Parameters
    ----------
    source : str
        What ``codegen`` wrote.

    Returns
    -------
    bool
        True if it is loaded or in the cache.
    """
    return _key(source) in _loaded or _file(source, compiler() or ()).exists()


def library(source: str, always: bool = False) -> ctypes.CDLL:
    """Compile a program, or take it from the cache, and load it.

    Parameters
    ----------
    source : str
        What ``codegen`` wrote.
    always : bool
        Whether $DLAAW_CPU, by which NumPy trains, is left aside.

    Returns
    -------
    CDLL
        With the entries of ``kernels_cu/programs/entries.cuh``.

    Raises
    ------
    BuildError
        When there is no compiler, it refuses, or the library cannot be loaded.
    """
    key = _key(source)
    found = _loaded.get(key)
    if found is not None:
        return found
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock:
        if key not in _loaded:
            _loaded[key] = _load(source, always)
        return _loaded[key]


def _key(source: str) -> str:
    """Tell programs apart, also by the kernels in it that may be replaced."""
    added = sorted(resources.added_kernels(source).items())
    return "\0".join([source, *(part for pair in added for part in pair)])


def _load(source: str, always: bool) -> ctypes.CDLL:
    command = _find(os.environ.get("CXX"), os.environ.get("PATH")) if always else compiler()
    if command is None:
        raise BuildError("no C++ compiler found ($CXX, c++, g++, clang++)")
    file = _file(source, command)
    try:
        if not file.exists():
            _compile(source, command, file)
        return ctypes.CDLL(str(file))
    except OSError as error:
        raise BuildError(
            f"{file.parent}: the compiled kernels cannot be kept or loaded there ({error}). "
            "Set DLAAW_CACHE to a folder that can be written to and run from."
        ) from error


def _file(source: str, command: Tuple[str, ...]) -> Path:
    digest = hashlib.sha256()
    version = _version(command) if command else ""
    added = (part for pair in sorted(resources.added_kernels(source).items()) for part in pair)
    known = (source, resources.kernels_digest(), " ".join(flags()), version, _processor())
    for text in (*known, *added):
        digest.update(text.encode() + b"\0")
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return cache_dir() / (digest.hexdigest()[:32] + suffix)


@lru_cache(maxsize=None)
def _version(command: Tuple[str, ...]) -> str:
    file = Path(command[0]).stat()
    real = os.path.realpath(command[0])
    return f"{' '.join(command)} {real} {file.st_size} {file.st_mtime_ns}"


@lru_cache(maxsize=1)
def _processor() -> str:
    """Name what -march=native depends on."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            kept = [line for line in lines if line.startswith(("flags", "Features", "model name"))]
        return platform.machine() + "".join(sorted(set(kept)))
    except OSError:
        return platform.machine() + platform.processor()


def _compile(source: str, command: Tuple[str, ...], file: Path) -> None:
    import tempfile

    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=str(file.parent)) as folder:
        resources.write(folder, resources.kernel_sources())
        unit, made = Path(folder) / "program.cpp", Path(folder) / ("program" + file.suffix)
        unit.write_text(source, encoding="utf-8")
        run([*command, *flags(), f"-I{folder}", str(unit), "-o", str(made)])
        made.replace(file)


def run(command: List[str], what: str = "on the kernels", timeout_s: float = _TIMEOUT_S) -> None:
    """Run a compiler.

    Parameters
    ----------
    command : list of str
        The call.
    what : str
        What it fails at, for the message.
    timeout_s : float
        At most so long.

    Raises
    ------
    BuildError
        When it cannot be run, takes too long, or refuses its input.
    """
    import subprocess

    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            start_new_session=children.own_session(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]}: cannot be run ({error}).", tuple(command)) from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or [
            done.stderr[-300:]
        ]
        raise BuildError(
            f"{command[0]}: exit status {done.returncode} {what}: {lines[0].strip()[:300]}",
            tuple(command),
            done.stderr,
        )
