"""What happens to runs under way when the program ends: they are cancelled, and nobody waits."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.workflow.run import Run

__all__ = ["at_exit", "end_at_exit", "end_runs"]

_EXIT_S = 3.0  # for all runs to write down that they were cancelled

_runs: weakref.WeakSet[Run] = weakref.WeakSet()


def at_exit(call: Callable[[], object]) -> None:
    """Have a function called when the program ends, before the pools of the ecosystem wait.

    ``concurrent.futures`` and loky wait for the calls under way before ``atexit`` has its turn.
    Functions are called in the reverse order of their registration.

    Parameters
    ----------
    call : callable
        Without arguments.
    """
    register: Any = getattr(threading, "_register_atexit", atexit.register)
    with suppress(RuntimeError):  # the program ends already
        register(call)


def end_at_exit(run: Run) -> None:
    """Have a run of a thread of its own cancelled if it is under way when the program ends."""
    _runs.add(run)
    _register()


@cache
def _register() -> None:
    at_exit(end_runs)


def end_runs() -> None:
    """Cancel the runs under way: what they have finished is kept, and they can be resumed."""
    runs = [run for run in list(_runs) if not run.wait(0)]
    for run in runs:
        with suppress(Exception):
            run.cancel()
    end = time.monotonic() + _EXIT_S
    for run in runs:
        run.wait(max(0.0, end - time.monotonic()))
