"""Writes records in the background, and loses none."""

from __future__ import annotations

import atexit
import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from dlaaw_nb.store.database import Database, is_passing, sqlite_trouble
from dlaaw_nb.store.pending import Pending
from dlaaw_nb.store.rows import run_snapshot, task_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.store.records import RunRecord, TaskRecord

__all__ = ["Recorder"]

_BUSY_S = 0.5
"""Seconds that one try waits for another process; a thread that waits can be told nothing."""
_LONGEST_PAUSE_S = 2.0
_GATHER_S = 0.05
"""Seconds between two transactions while records come in: a thread that wakes for each record takes
time from those who make them."""
_EXIT_S = 10.0

Item = TypeVar("Item")


class Recorder:
    """A queue of records, and the thread that writes them.

    What is put is taken as it is at that moment. The newest record of a run, a task or a product
    counts. While the database cannot be written, because another process locks it or the disk is
    full, records wait in memory; when the file was deleted, all records of this recorder are
    written again.

    Parameters
    ----------
    path : Path
        The database.

    Attributes
    ----------
    trouble : str
        What hinders the writing, and what to do; empty while it goes well.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        self._begin()
        _recorders.add(self)

    def after_fork(self) -> None:
        """Begin anew in a child: the thread is the parent's, and so is what waits."""
        self._database.close()
        self._begin()

    def _begin(self) -> None:
        self._runs: deque[tuple[Any, ...]] = deque()
        self._tasks: deque[tuple[Any, ...]] = deque()
        self._products: deque[DataProduct] = deque()
        self._exports: deque[tuple[Any, ...]] = deque()
        self._flushes: deque[threading.Event] = deque()
        self._pending = Pending()
        self._database = Database(self.path, _BUSY_S)
        self._wake = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._hurry = False

    def run(self, record: RunRecord) -> None:
        """Write down a run, or what became of it."""
        self._runs.append(run_snapshot(record))
        self._tell()

    def task(self, record: TaskRecord) -> None:
        """Write down a task, or what became of it.

        Its products must be put before it.
        """
        self._tasks.append(task_snapshot(record))
        self._tell()

    def product(self, product: DataProduct) -> None:
        """Write down a product."""
        self._products.append(product)
        self._tell()

    def export(self, path: str | os.PathLike[str], hash: str) -> None:  # noqa: A002
        """Write down that a product was saved as a file.

        Parameters
        ----------
        path : str or path
            The file.
        hash : str
            Of the product.
        """
        self._exports.append((os.path.realpath(path), hash, time.time()))
        self._tell()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all is written that was put before.

        Parameters
        ----------
        timeout_s : float
            How long to wait at most.

        Returns
        -------
        bool
            Whether it is; if not, `trouble` says why, and the writing goes on.
        """
        if self._thread is None:
            return True
        written = threading.Event()
        self._hurry = True
        self._flushes.append(written)
        self._tell()
        return written.wait(timeout_s)

    def close(self, timeout_s: float = 10.0) -> bool:
        """Write what waits, and end the thread.

        Parameters
        ----------
        timeout_s : float
            How long to wait at most. What could not be written until then is still tried until the
            process ends.

        Returns
        -------
        bool
            Whether all is written.
        """
        done = self.flush(timeout_s)
        self._closing = True
        self._wake.set()
        thread = self._thread
        if done and thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        return done

    def _tell(self) -> None:
        if not self._wake.is_set():
            self._wake.set()
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._closing = False
                    self._thread = threading.Thread(
                        target=self._work, name="dlaaw-recorder", daemon=True
                    )
                    self._thread.start()

    def _work(self) -> None:
        """Write until closed and nothing waits."""
        pause = 0.0
        while True:
            self._wake.wait()
            self._wake.clear()
            self._hurry = False
            self._take()
            if self._write():
                pause = 0.0
                if self._ended():
                    return
                self._rest(_GATHER_S)
            else:
                pause = min(_LONGEST_PAUSE_S, 2 * pause or 0.05)
                self._rest(pause)
                self._wake.set()

    def _rest(self, seconds: float) -> None:
        """Wait, but not while somebody waits for us."""
        end = time.monotonic() + seconds
        while not (self._hurry or self._closing) and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.01))
        if self.trouble:
            time.sleep(0.01)  # in a hurry, too, another process must get its turn

    def _ended(self) -> bool:
        with self._start:
            if not self._closing or self._waits():
                return False
            self._thread = None
            if self._waits():  # put just now by somebody who saw that we still live
                self._thread = threading.current_thread()
                return False
            self._database.close()
            return True

    def _waits(self) -> bool:
        return bool(self._runs or self._tasks or self._products or self._exports or self._flushes)

    def _take(self) -> None:
        """Take over what was put: all that was put before a flush, and the products of each task.

        So flushes come first and tasks are counted before products; what is put meanwhile waits for
        the next time.
        """
        pending = self._pending
        _move(self._flushes, len(self._flushes), pending.flush)
        tasks = len(self._tasks)
        _move(self._products, len(self._products), pending.product)
        _move(self._tasks, tasks, pending.task)
        _move(self._runs, len(self._runs), pending.run)
        _move(self._exports, len(self._exports), pending.export)

    def _write(self) -> bool:
        """Write what waits in one transaction; say whether nothing waits any more."""
        pending = self._pending
        if not pending:
            return True
        try:
            connection, fresh = self._database.connection(create=True)
            assert connection is not None  # noqa: S101 - for the type checker
            if fresh:
                pending.again()
            pending.write(connection)
        except Exception as error:  # noqa: BLE001 - a thread that ended would lose what comes
            self.trouble = sqlite_trouble(self.path, error)
            if isinstance(error, sqlite3.Error) and not is_passing(error):
                with contextlib.suppress(sqlite3.Error):
                    self._database.close()
            return False
        self.trouble = ""
        pending.written()
        return True


def _move(queue: deque[Item], count: int, take: Callable[[Item], None]) -> None:
    for _ in range(count):
        take(queue.popleft())


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _after_fork() -> None:
    for recorder in list(_recorders):
        recorder.after_fork()


def _at_exit() -> None:
    end = time.monotonic() + _EXIT_S
    for recorder in list(_recorders):
        recorder.close(max(0.0, end - time.monotonic()))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
