"""What the one file that travels to a board begins with: ``python WORKER board|worker ...``."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import List, Optional

__all__ = ["NO_NUMPY", "main"]

NO_NUMPY = 4
"""Exit status where NumPy is missing."""

_NO_EXEC = getattr(os, "ST_NOEXEC", 8)


def main(argv: Optional[List[str]] = None) -> int:
    """Do what the first word says.

    Parameters
    ----------
    argv : list of str or None
        ``board`` (see ``board``), ``worker`` (see ``worker``), ``detach`` or ``follow`` (see
        ``detached``), and their own arguments.

    Returns
    -------
    int
        Exit status.
    """
    words = sys.argv[1:] if argv is None else argv
    try:
        import numpy as np  # noqa: F401 (the engine needs it)
    except ImportError as error:
        sys.stderr.write(f"dlaaw: {sys.executable}: {error}\n")
        return NO_NUMPY
    with contextlib.suppress(OSError):
        os.utime(sys.argv[0])  # in use; see ``keeping``
    _settle_cache(Path(sys.argv[0]).absolute().parent.parent)
    if words[:1] == ["board"]:
        from .board import main as board

        return board(words[1:])
    if words[:1] == ["worker"]:
        from .worker import main as worker

        return worker(words[1:])
    if words[:1] in (["detach"], ["follow"]):
        from . import detached

        return getattr(detached, words[0])(words[1:])  # type: ignore[no-any-return]
    sys.stderr.write(f"dlaaw: expected board, worker, detach or follow, got {words[:1]}\n")
    return 2


def _settle_cache(root: Path) -> None:
    """Choose a folder for compiled kernels from which code may be run."""
    if "DLAAW_CACHE" in os.environ:
        return
    own = f"dlaaw_nb-{os.getuid()}"
    others = [os.environ.get("XDG_RUNTIME_DIR"), "/var/tmp", "/tmp", "/dev/shm"]  # noqa: S108
    places = [root, *(Path(place, own) for place in others if place)]
    os.environ["DLAAW_CACHE"] = str(next(filter(_runs_code, places), root))


def _runs_code(place: Path) -> bool:
    """Tell whether a folder is ours, can be written to, and code in it can be run."""
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        status, system = place.stat(), os.statvfs(str(place))
    except OSError:
        return False
    ours = status.st_uid == os.getuid() and not status.st_mode & 0o022
    return ours and os.access(str(place), os.W_OK) and not system.f_flag & _NO_EXEC
