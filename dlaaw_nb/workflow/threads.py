"""A pool of threads that a call that hangs cannot block: neither the run, nor the program's end."""

from __future__ import annotations

import ctypes
import queue
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AbandonedError", "ThreadPool"]

_GRACE_S = 0.5  # for tasks that look whether they are to stop, such as trainings


class AbandonedError(BrokenExecutor):
    """The call was given up; its thread ends by itself, or once Python has a word with it."""


class _Ended(BaseException):
    """Raised inside of a thread that was given up; tasks that catch Exception do not catch it."""


class _Place:
    """The thread that does a call, until one of both sides takes it out of the pool's dict."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._left = False

    def end(self) -> None:
        """Have `_Ended` raised in the thread, unless it comes to its end by itself meanwhile."""
        timer = threading.Timer(_GRACE_S, self._raise)
        timer.daemon = True
        timer.start()

    def leave(self) -> None:
        """Let nothing be raised any more: the thread goes its own way now."""
        with self._lock:
            self._left = True
        for _ in range(1000):  # what was raised just before is heard here
            pass

    def _raise(self) -> None:
        # A thread that is just being started goes by the number of the one that starts it.
        while threading._limbo and not self._left:  # type: ignore[attr-defined] # noqa: SLF001
            time.sleep(0.001)
        with self._lock:
            if not self._left:
                # Code that waits inside of C (time.sleep, a socket) hears of it when it comes back.
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread), ctypes.py_object(_Ended)
                )


class ThreadPool(Executor):
    """Daemon threads that take calls; one that hangs is given up and replaced.

    Parameters
    ----------
    workers : int
        How many.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads: dict[Future[Any], _Place] = {}
        self._lock = threading.Lock()
        self._count = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give a call to the next thread that is free.

        Returns
        -------
        Future
            See ``concurrent.futures``.
        """
        future: Future[Any] = Future()
        self._calls.put((future, fn, args, kwargs))
        with self._lock:
            if self._count < self.workers:
                self._start()
        return future

    def kill(self, future: Future[Any]) -> bool:
        """Give a call up: its future fails at once, its thread is asked to end and replaced.

        Parameters
        ----------
        future : Future
            What `submit` gave.

        Returns
        -------
        bool
            Whether there was something to give up.
        """
        if future.cancel():
            return True
        # Whoever takes the future out of the dict decides what comes of it: no lock is needed for
        # that, and a thread that is interrupted anywhere can hold none.
        place = self._threads.pop(future, None)
        if place is None:
            return False
        place.end()
        with self._lock:
            self._start()
        future.set_exception(AbandonedError("given up"))
        return True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end once they have nothing to do."""
        del wait, cancel_futures
        for _ in range(self.workers + 1):
            self._calls.put(None)

    def _start(self) -> None:
        self._count = min(self._count + 1, self.workers)
        threading.Thread(target=self._work, name="dlaaw-task", daemon=True).start()

    def _work(self) -> None:
        with suppress(_Ended):
            while (call := self._calls.get()) is not None:
                future, fn, args, kwargs = call
                place = self._threads[future] = _Place()
                if not future.set_running_or_notify_cancel():
                    self._threads.pop(future, None)
                elif not self._do(future, fn, args, kwargs):
                    place.leave()
                    return

    def _do(self, future: Future[Any], fn: Any, args: Any, kwargs: Any) -> bool:
        """Do a call; False where it was given up, and another thread has this one's place."""
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - belongs to whoever waits
            mine = self._threads.pop(future, None) is not None
            if mine:
                future.set_exception(error)
            return mine
        mine = self._threads.pop(future, None) is not None
        if mine:
            future.set_result(result)
        return mine
