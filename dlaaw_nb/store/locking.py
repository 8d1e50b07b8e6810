"""A lock between processes, for moments."""

from __future__ import annotations

import contextlib
import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["locked"]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock; the system lets go of it when the process ends.

    Parameters
    ----------
    path : Path
        Made where it is missing, and left behind: removing it would let two in.

    Raises
    ------
    OSError
        When the file cannot be made. A disk that knows no locks is no error.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with contextlib.suppress(OSError):
            _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if os.name == "nt":
        windows: Any = importlib.import_module("msvcrt")
        windows.locking(descriptor, windows.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
