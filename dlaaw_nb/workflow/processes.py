"""A warm pool of processes that can be killed one by one.

Each worker is a loky executor of its own with one process, so that a process that dies or is killed
takes nothing but its own job with it. loky needs no main guard, and carries functions from cells.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ProcessPool", "end_tree", "warm_pool"]

IDLE_S = 600
"""Seconds after which a process that has nothing to do ends."""


class ProcessPool(Executor):
    """Processes that are kept warm, each of which can be killed alone.

    Parameters
    ----------
    workers : int
        How many.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._slots: list[Any] = [None] * workers
        self._busy: list[Future[Any] | None] = [None] * workers
        self._lock = threading.Lock()
        self._turn = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give a call to a process that has nothing to do, else to the one next in turn.

        Returns
        -------
        Future
            See ``concurrent.futures``; it fails with a ``BrokenExecutor`` if its process dies.
        """
        with self._lock:
            number = self._free_slot()
            slot = self._slots[number]
            if slot is None or slot._flags.broken or slot._flags.shutdown:  # noqa: SLF001
                slot = self._slots[number] = _new_slot()
            future: Future[Any] = slot.submit(fn, *args, **kwargs)
            self._busy[number] = future
            return future

    def kill(self, future: Future[Any]) -> bool:
        """Kill the process that does a call, and all that it started.

        Parameters
        ----------
        future : Future
            What `submit` gave.

        Returns
        -------
        bool
            Whether there was something to kill.
        """
        with self._lock:
            if future not in self._busy or future.done():
                return False
            slot = self._slots[self._busy.index(future)]
        for pid in list(slot._processes):  # noqa: SLF001 - loky has no public name for it
            end_tree(pid)
        return True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all processes.

        Parameters
        ----------
        wait : bool
            Whether to wait until they are gone.
        cancel_futures : bool
            Whether to end those that still work.
        """
        with self._lock:
            slots = [slot for slot in self._slots if slot is not None]
            self._slots = [None] * self.workers
        for slot in slots:
            if cancel_futures:
                for pid in list(slot._processes):  # noqa: SLF001
                    end_tree(pid)
            slot.shutdown(wait=wait, kill_workers=cancel_futures)

    def _free_slot(self) -> int:
        free = [i for i, future in enumerate(self._busy) if future is None or future.done()]
        if free:
            # One that is there already comes before one that must be started.
            return next((i for i in free if self._slots[i] is not None), free[0])
        self._turn = (self._turn + 1) % self.workers
        return self._turn


_pools: dict[int, tuple[ProcessPool, float]] = {}
_pools_lock = threading.Lock()


def warm_pool(workers: int) -> ProcessPool:
    """Give the pool of a size; it is made once, and anew where a person's module has changed.

    Parameters
    ----------
    workers : int
        How many processes.

    Returns
    -------
    ProcessPool
        Shared by all runs of this process.
    """
    with _pools_lock:
        changed = _last_change()
        known = _pools.get(workers)
        if known is not None and known[1] >= changed:
            return known[0]
        if known is not None:  # its processes have imported what has changed since
            known[0].shutdown(wait=False)
        pool = ProcessPool(workers)
        _pools[workers] = pool, max(changed, time.time())
        return pool


@atexit.register
def _end_pools() -> None:
    for pool, _ in _pools.values():
        with suppress(Exception):
            pool.shutdown(wait=False, cancel_futures=True)


def end_tree(pid: int) -> None:
    """Kill a process and all that it started, children first asked to stop.

    Parameters
    ----------
    pid : int
        Of a process of ours.
    """
    import psutil

    try:
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _new_slot() -> Any:
    import loky

    return loky.ProcessPoolExecutor(
        max_workers=1, timeout=IDLE_S, initializer=_begin, initargs=(os.getpid(), sys.path)
    )


def _begin(parent: int, path: list[str]) -> None:
    """Get a worker process ready."""
    import signal

    from dlaaw_nb.workflow import worker
    from dlaaw_nb.workflow.streams import DescriptorCapture, TaskStream

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for whoever started the run
    sys.path[:] = path
    worker.output = DescriptorCapture()
    sys.stdout = TaskStream(sys.stdout)  # type: ignore[assignment]
    sys.stderr = TaskStream(sys.stderr)  # type: ignore[assignment]
    threading.Thread(target=_watch, args=(parent,), name="dlaaw-parent", daemon=True).start()


def _watch(parent: int) -> None:
    """End this process, and what it started, once the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    end_tree(os.getpid())


def _last_change() -> float:
    """When a module of the person's, which a worker may have imported, was changed last."""
    latest = 0.0
    for module in list(sys.modules.values()):
        place = getattr(module, "__file__", None)
        if place and "-packages" not in place and not place.startswith(_STANDARD):
            with suppress(OSError):
                latest = max(latest, os.stat(place).st_mtime)  # noqa: PTH116 - for speed
    return latest


_STANDARD = os.path.dirname(os.__file__)  # noqa: PTH120
