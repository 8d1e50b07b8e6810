"""Asks several machines at the same time, and waits for none of them longer than it should."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["at_once"]


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
