"""An interrupt (Ctrl-C, a notebook's Stop) cancels a run, wherever in the run it comes."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.context import current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["interrupts_cancel"]


@contextmanager
def interrupts_cancel(cancel: Callable[[], None]) -> Iterator[None]:
    """Let an interrupt call a function, instead of raising KeyboardInterrupt at an odd place.

    A second interrupt raises it after all, and so does the first where a task runs in this very
    thread. Where a person has a handler of their own, or outside of the main thread, nothing is
    changed.

    Parameters
    ----------
    cancel : callable
        Called in the middle of anything: it must not wait for a lock.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    told = False

    def interrupt(*_: Any) -> None:
        nonlocal told
        again, told = told, True
        cancel()
        if again or current() is not None:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
