"""Processes that a process started: found, asked to end, and ended."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["descendants", "end_all", "runs"]

_WAIT_S = 1.0


def descendants(pid: int | None) -> list[Any]:
    """Find what a process started, and what these did.

    Parameters
    ----------
    pid : int or None
        The process; None for one that did not start.

    Returns
    -------
    list of psutil.Process
        Empty too when it is gone.
    """
    import psutil

    if pid is None:
        return []
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []


def end_all(family: Iterable[Any], *, force: bool) -> None:
    """Ask processes to end, or end them by force and wait; those that are gone are no matter."""
    import psutil

    members = list(family)
    for member in members:
        with suppress(psutil.Error):
            (member.kill if force else member.terminate)()
    if force:
        psutil.wait_procs(members, timeout=_WAIT_S)


def runs(member: Any) -> bool:
    """Whether a process still does something."""
    import psutil

    try:
        return bool(member.is_running() and member.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
