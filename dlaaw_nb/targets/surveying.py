"""Describes all targets at once, those far away too, within a time limit."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.targets import gateway, targets_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["LIMIT_S", "at_once", "survey"]

LIMIT_S = 8.0  # a board that answers does so in 1 or 2 s; a dead one never


def survey(timeout_s: float = LIMIT_S) -> dict[str, dict[str, Any]]:
    """Describe every target, those that cannot be used too.

    Boards are asked all at the same time.

    Parameters
    ----------
    timeout_s : float
        A target that has not answered by then counts as unreachable; cpu and gpu, which may
        have to start a driver first, are waited for.

    Returns
    -------
    dict of str to dict
        By name what `describe` gives, with ``state`` ``"available"``; or ``state``
        ``"unreachable"`` and ``error``, what is missing. A targets file that cannot be read is
        told in the same way, by the name ``targets file``. Targets of a file have ``where`` and
        ``file`` in either case.
    """
    places: dict[str, dict[str, Any]] = {}
    try:
        known, trouble = gateway.names(), {}
        places.update(targets_file.whereabouts())
    except DlaawError as error:
        known = gateway.always_there()
        trouble = {"targets file": {"state": "unreachable", "error": str(error)}}
    near = gateway.BUILT_IN
    far = at_once([name for name in known if name not in near], _state, timeout_s)
    told = {name: _state(name) for name in near}
    told.update({name: {**places.get(name, {}), **facts} for name, facts in far().items()})
    return {**told, **trouble}


def at_once(
    names: Iterable[str], ask: Callable[[str], dict[str, Any]], timeout_s: float
) -> Callable[[], dict[str, dict[str, Any]]]:
    """Ask for several names at the same time, each in a thread.

    Parameters
    ----------
    names : iterable of str
        What is asked for.
    ask : callable
        Takes a name and gives facts; must not raise.
    timeout_s : float
        At most so long in all.

    Returns
    -------
    callable
        Waits, and gives a dict of what was told by name, in the order of `names`.
    """
    found: dict[str, dict[str, Any]] = {}
    threads = {}
    for name in names:
        # Daemons: a thread that waits for a dead board must hold up nobody.
        threads[name] = threading.Thread(
            target=lambda name=name: found.update({name: ask(name)}), name="dlaaw-ask", daemon=True
        )
        threads[name].start()
    end = time.monotonic() + timeout_s

    def collect() -> dict[str, dict[str, Any]]:
        for thread in threads.values():
            thread.join(max(0.0, end - time.monotonic()))
        return {name: found.get(name) or _late(timeout_s) for name in threads}

    return collect


def _late(timeout_s: float) -> dict[str, Any]:
    error = f"No answer within {timeout_s:g} s. Is it switched on, and in this network?"
    return {"state": "unreachable", "error": error}


def _state(name: str) -> dict[str, Any]:
    try:
        return {"state": "available", **gateway.describe(name)}
    except Exception as error:  # noqa: BLE001 (a target of another package may raise anything)
        return {"state": "unreachable", "error": str(error) or type(error).__name__}
