"""A warm pool of processes that can be killed one by one.

Each worker is a loky executor of its own with one process, so that a process that dies or is killed
takes nothing but its own call with it. loky needs no main guard, and carries functions from cells.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import weakref
from collections import deque
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.exits import at_exit, end_runs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ProcessPool", "end_tree", "warm_pool"]

IDLE_S = 600
"""Seconds after which a process that has nothing to do ends."""


class ProcessPool(Executor):
    """Processes that are kept warm, each of which can be killed alone.

    Calls wait in the pool until a process is free, so that a process has one call at a time.

    Parameters
    ----------
    workers : int
        How many.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._slots: list[Any] = [None] * workers
        self._busy: list[Future[Any] | None] = [None] * workers
        self._waiting: deque[tuple[Future[Any], Callable[[Any], Future[Any]]]] = deque()
        self._doomed: set[Future[Any]] = set()
        self._begun: weakref.WeakSet[Any] = weakref.WeakSet()
        self._stale: set[int] = set()  # slots whose process is to be replaced
        self._closed = False
        self._lock = threading.RLock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give a call to a process that has nothing to do, now or once there is one.

        Returns
        -------
        Future
            See ``concurrent.futures``; it fails with a ``BrokenExecutor`` if its process dies.

        Raises
        ------
        RuntimeError
            After `shutdown`.
        """
        if self._closed:
            raise RuntimeError("the pool of processes is shut down")
        future: Future[Any] = Future()
        self._waiting.append((future, lambda slot: slot.submit(fn, *args, **kwargs)))
        self._start_waiting()
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
            Whether the call ends now.
        """
        if future.cancel():
            return True
        with self._lock:
            if future.done() or future not in self._busy:
                return False
            self._doomed.add(future)  # for one that is just being given to its process
            number = self._busy.index(future)
            self._drop(number, self._slots[number])
        return True

    def renew(self) -> None:
        """Let each call that is not given to a process yet get a new one."""
        with self._lock:
            self._stale = {number for number, slot in enumerate(self._slots) if slot is not None}

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
            self._closed = True
            slots = [slot for slot in self._slots if slot is not None]
            self._slots = [None] * self.workers
            self._stale.clear()
        for slot in slots:
            if cancel_futures:
                _end_slot(slot)
            slot.shutdown(wait=wait, kill_workers=cancel_futures)

    def _start_waiting(self) -> None:
        while True:
            with self._lock:
                number = self._free_slot()
                if number is None or not self._waiting:
                    return
                future, call = self._waiting.popleft()
                if not future.set_running_or_notify_cancel():
                    continue
                self._busy[number] = future
            self._give(number, future, call)

    def _give(self, number: int, future: Future[Any], call: Callable[[Any], Future[Any]]) -> None:
        try:
            slot = self._slot(number)
            inner = call(slot)
        except BaseException as error:  # noqa: BLE001 - belongs to whoever waits
            self._free(number, future)
            future.set_exception(error)
            return
        if slot not in self._begun:
            # Each of loky's executors registers with its first call that the program waits for it.
            self._begun.add(slot)
            at_exit(_end_pools)
        with self._lock:
            if future in self._doomed:
                self._drop(number, slot)
        inner.add_done_callback(partial(self._take, number, future))

    def _take(self, number: int, future: Future[Any], inner: Future[Any]) -> None:
        """Hand on what came of a call, and give its process the next one."""
        self._free(number, future)
        try:
            result = inner.result()
        except BaseException as error:  # noqa: BLE001 - belongs to whoever waits
            future.set_exception(error)
        else:
            future.set_result(result)
        if not self._closed or self._waiting:
            self._start_waiting()

    def _drop(self, number: int, slot: Any) -> None:
        """Kill a process; the next call gets a new one, even if this one's had just ended."""
        if self._slots[number] is slot:
            self._slots[number] = None
            self._stale.discard(number)
        if slot is not None:
            _end_slot(slot)

    def _free(self, number: int, future: Future[Any]) -> None:
        with self._lock:
            self._busy[number] = None
            self._doomed.discard(future)

    def _slot(self, number: int) -> Any:
        with self._lock:
            slot = self._slots[number]
            if number in self._stale:
                self._stale.remove(number)
                slot.shutdown(wait=False)
            if slot is None or slot._flags.broken or slot._flags.shutdown:  # noqa: SLF001
                slot = self._slots[number] = _new_slot()
            return slot

    def _free_slot(self) -> int | None:
        free = [number for number, future in enumerate(self._busy) if future is None]
        if not free:
            return None
        # One that is there already comes before one that must be started.
        return next((number for number in free if self._slots[number] is not None), free[0])


_pools: dict[int, tuple[ProcessPool, float]] = {}
_pools_lock = threading.Lock()


def warm_pool(workers: int) -> ProcessPool:
    """Give the pool of a size; its processes start anew where a person's module has changed.

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
        pool = known[0] if known is not None else ProcessPool(workers)
        if known is None or known[1] < changed:
            pool.renew()  # its processes may have imported what has changed since
            _pools[workers] = pool, max(changed, time.time())
        return pool


def _end_pools() -> None:
    end_runs()
    for pool, _ in _pools.values():
        with suppress(Exception):
            pool.shutdown(wait=False, cancel_futures=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)  # the processes are the parent's


def end_tree(pid: int) -> None:
    """Kill a process and all that it started, also what has lost its parent since.

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
    known = {process.pid for process in family}
    if _session(pid) == pid:
        family[:0] = [
            process
            for process in psutil.process_iter([])
            if process.pid not in known and _session(process.pid) == pid
        ]
    for process in family:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (OSError, AttributeError):  # gone, or a system without sessions
        return -1


def _end_slot(slot: Any) -> None:
    for pid in list(getattr(slot, "_processes", None) or ()):  # loky has no public name for it
        end_tree(pid)


def _new_slot() -> Any:
    import loky

    return loky.ProcessPoolExecutor(
        max_workers=1,
        timeout=IDLE_S,
        initializer=_begin,
        initargs=(os.getpid(), sys.path),
        # What a worker remembers is bounded; loky would take it for a leak, and end the worker.
        env={"LOKY_MAX_MEMORY_LEAK_SIZE": "1e18"},
    )


def _begin(parent: int, path: list[str]) -> None:
    """Get a worker process ready."""
    from dlaaw_nb.workflow import worker
    from dlaaw_nb.workflow.streams import DescriptorCapture, TaskStream

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for whoever started the run
    with suppress(OSError, AttributeError):
        os.setsid()  # all that its tasks start can be found by that
    sys.path[:] = path
    worker.output = DescriptorCapture()
    sys.stdout = TaskStream(sys.stdout)
    sys.stderr = TaskStream(sys.stderr)
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
