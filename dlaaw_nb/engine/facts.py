"""What a machine has that matters to us."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from pathlib import Path
from typing import Any, Dict, Optional

import numpy as np

from . import build, device

__all__ = ["facts"]

_FIRST_LINE = 200  # letters of it


def facts() -> Dict[str, Any]:
    """Look around.

    Returns
    -------
    dict
        host, system, machine, board (its model, of a Jetson), release (of JetPack), python, numpy,
        cores, memory_mb, compiler, nvcc, pycuda, mpi4py, mpiexec, cache; None for what is missing.
    """
    command = build.compiler()
    return {
        "host": socket.gethostname(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "board": _line("/proc/device-tree/model"),
        "release": _line("/etc/nv_tegra_release"),
        "python": f"{platform.python_version()} ({sys.executable})",
        "numpy": np.__version__,
        "cores": device.cores(),
        "memory_mb": _memory_mb(),
        "compiler": command[0] if command else None,
        "nvcc": shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin"),
        "pycuda": _version("pycuda"),
        "mpi4py": _version("mpi4py"),
        "mpiexec": shutil.which("mpiexec"),
        "cache": os.environ.get("DLAAW_CACHE"),
    }


def _line(file: str) -> Optional[str]:
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.replace("\0", "").strip().split("\n")[0][:_FIRST_LINE] or None


def _memory_mb() -> Optional[int]:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (ValueError, OSError, AttributeError):
        return None


def _version(package: str) -> Optional[str]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
