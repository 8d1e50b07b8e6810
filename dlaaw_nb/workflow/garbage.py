"""Python's search for cycles: done less often while a large run makes many objects that stay."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["seldom_searched"]

_MANY = 1000
"""Tasks of a run from which on it matters: each search walks all that was made before it."""
_PER_TASK, _MOST = 5, 50_000


class _Threshold:
    """Python's threshold while large runs are under way, and what it was before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._before = self._ours = gc.get_threshold()

    def begin(self, objects: int) -> None:
        with self._lock:
            self._runs += 1
            if self._runs == 1:
                self._before = gc.get_threshold()
                self._ours = (max(objects, self._before[0]), *self._before[1:])
                gc.set_threshold(*self._ours)

    def end(self) -> None:
        with self._lock:
            self._runs -= 1
            if not self._runs and gc.get_threshold() == self._ours:  # else somebody has set theirs
                gc.set_threshold(*self._before)


_threshold = _Threshold()


@contextmanager
def seldom_searched(tasks: int) -> Iterator[None]:
    """Let more objects come together before Python looks for cycles that nobody needs.

    Of 10,000 trivial tasks in one process a third of the time went there. Small runs change
    nothing, so that a task's own garbage goes as soon as ever.

    Parameters
    ----------
    tasks : int
        Of the run.
    """
    if tasks < _MANY or not gc.isenabled():
        yield
        return
    _threshold.begin(min(_PER_TASK * tasks, _MOST))
    try:
        yield
    finally:
        _threshold.end()
