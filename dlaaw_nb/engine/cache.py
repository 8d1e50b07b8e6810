"""The folder where compiled kernels are kept."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

__all__ = ["cache_dir", "clear", "size_bytes"]


def cache_dir() -> Path:
    """Say where compiled kernels are kept; the folder need not exist yet.

    Returns
    -------
    Path
        ``$DLAAW_CACHE/kernels``, else a folder of that name where the system keeps a user's caches.
    """
    root = os.environ.get("DLAAW_CACHE")
    if root:
        return Path(root) / "kernels"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "dlaaw_nb" / "kernels"


def size_bytes() -> int:
    """Measure the cache.

    Returns
    -------
    int
        Bytes of all files in it.
    """
    folder = cache_dir()
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def clear() -> int:
    """Empty the cache; what is needed is compiled again.

    Returns
    -------
    int
        Bytes that were freed.
    """
    freed = size_bytes()
    shutil.rmtree(cache_dir(), ignore_errors=True)
    return freed
