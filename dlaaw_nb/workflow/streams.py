"""What tasks print goes to their logs, whatever thread or process they run in."""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from dlaaw_nb.workflow.context import TaskContext, current

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DescriptorCapture", "TaskStream", "captured"]


class TaskStream:
    """A stream that writes to the log of the task that runs here, else where it did before.

    Parameters
    ----------
    plain : text stream
        Where everything else goes.
    """

    def __init__(self, plain: TextIO) -> None:
        self.plain = plain

    def write(self, text: str) -> int:
        """Write text."""
        made = current()
        if made is None:
            return self.plain.write(text)
        made.log(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what is waiting."""
        if current() is None:
            self.plain.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


_users = 0
_lock = threading.Lock()


@contextmanager
def captured() -> Iterator[None]:
    """Let what tasks print in this process go to their logs; may be nested and shared."""
    global _users  # noqa: PLW0603 - sys.stdout is global too
    with _lock:
        _users += 1
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and not isinstance(stream, TaskStream):
                setattr(sys, name, TaskStream(stream))
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                if not _users and isinstance(stream, TaskStream):
                    setattr(sys, name, stream.plain)


class DescriptorCapture:
    """Takes what is written to this process's descriptors 1 and 2, by programs it starts too.

    For worker processes, which run one task at a time. A thread reads, so that a full pipe stops
    nobody; `drain` takes what is left when a task ends.
    """

    def __init__(self) -> None:
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        for descriptor in (1, 2):
            os.dup2(write, descriptor)
        os.close(write)
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._context: TaskContext | None = None
        threading.Thread(target=self._read_on, name="dlaaw-output", daemon=True).start()

    def begin(self, made: TaskContext) -> None:
        """Say whose output comes now."""
        self._take()
        self._context = made

    def end(self) -> None:
        """Give the task that ends what it wrote last."""
        self._take()
        self._context = None

    def _read_on(self) -> None:
        while True:
            select.select([self._read], [], [])
            self._take()

    def _take(self) -> None:
        with self._lock, suppress(BlockingIOError):
            while data := os.read(self._read, 1 << 16):
                if self._context is not None:
                    self._context.log(self._decoder.decode(data))
