"""What a board keeps of ours, and for how long."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Iterator, Tuple

if TYPE_CHECKING:
    import os
    from pathlib import Path

__all__ = ["keep"]

_DAY_S = 86400.0
_MOST_DATA = 2 << 30  # bytes; the oldest go
_DATA_S, _WORKERS_S, _JOBS_S, _SESSIONS_S = 7 * _DAY_S, 30 * _DAY_S, 30 * _DAY_S, _DAY_S


def keep(root: Path, now: float) -> None:
    """Remove what nobody has used for long, or what there is no room for.

    Data goes after a week, or the oldest of more than 2 GiB; a session's folder that nobody has
    touched for a day; a detached job 30 days after its last event; a worker of another version 30
    days after it was last started.

    Parameters
    ----------
    root : Path
        Our folder on the board.
    now : float
        Seconds since 1970.
    """
    kept = 0
    data = [(status.st_mtime, status.st_size, file) for file, status in _entries(root / "data")]
    for changed, size, file in sorted(data, reverse=True):
        kept += size
        if kept > _MOST_DATA or now - changed > _DATA_S:
            _remove(file)
    for file, status in _entries(root / "worker"):
        if now - status.st_mtime > _WORKERS_S:
            _remove(file)
    for folder, status in _entries(root / "sessions"):
        if now - status.st_mtime > _SESSIONS_S:
            _remove(folder)
    for folder, status in _entries(root / "jobs"):
        times = [status.st_mtime, *(inner.st_mtime for _, inner in _entries(folder))]
        if now - max(times) > _JOBS_S:
            _remove(folder)


def _entries(folder: Path) -> Iterator[Tuple[Path, os.stat_result]]:
    for entry in folder.glob("*"):
        with contextlib.suppress(OSError):  # somebody else has removed it
            yield entry, entry.stat()


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(str(entry), ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        entry.unlink()
