"""What a board keeps of ours, and for how long."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Iterator, Tuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["keep"]

_DAY_S = 86400.0
_BORN = 1767225600.0  # 2026: nothing of ours is older
_MOST_DATA = 2 << 30  # bytes; the oldest go
_DATA_S, _WORKERS_S, _JOBS_S, _SESSIONS_S = 7 * _DAY_S, 30 * _DAY_S, 30 * _DAY_S, _DAY_S


def keep(root: Path, now: float) -> None:
    """Remove what nobody has used for long, or what there is no room for.

    Data goes after a week, or the oldest of more than 2 GiB; a session's folder that nobody has
    touched for a day; a detached job 30 days after its last event; a worker of another version 30
    days after it was last started. A time before there was any of this, or after now, is of a wrong
    clock, such as that of a board without a battery before it has reached a network: it counts as
    now, from then on.

    Parameters
    ----------
    root : Path
        Our folder on the board.
    now : float
        Seconds since 1970.
    """
    kept = 0
    data = [(_age(file, status, now), file, status) for file, status in _entries(root / "data")]
    for age, file, status in sorted(data):
        kept += status.st_size
        if kept > _MOST_DATA or age > _DATA_S:
            _remove(file)
    for file, status in _entries(root / "worker"):
        if _age(file, status, now) > _WORKERS_S:
            _remove(file)
    for folder, status in _entries(root / "sessions"):
        if _age(folder, status, now) > _SESSIONS_S:
            _remove(folder)
    for folder, status in _entries(root / "jobs"):
        ages = [
            _age(folder, status, now),
            *(_age(file, stat, now) for file, stat in _entries(folder)),
        ]
        if min(ages) > _JOBS_S:
            _remove(folder)


def _age(path: Path, status: os.stat_result, now: float) -> float:
    """Give the seconds since something was used, and mend the time where a clock was wrong."""
    if _BORN <= status.st_mtime <= now + _DAY_S:
        return now - status.st_mtime
    with contextlib.suppress(OSError):
        os.utime(str(path), (now, now))
    return 0.0


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
