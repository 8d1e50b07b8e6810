"""What a task prints and logs."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["TaskLog"]

_LARGEST_LOG = 256 * 1024  # characters of the beginning, and as many of the end


class TaskLog:
    """Text of any length, of which the beginning and the end are kept.

    Parameters
    ----------
    spill : str
        A file that takes the beginning as it comes, until `close`; empty for none.
    """

    def __init__(self, spill: str = "") -> None:
        self._spill = spill
        self._file: BinaryIO | None = None
        self._head: list[str] = []
        self._tail: list[str] = []
        self._room, self._end, self._left_out = _LARGEST_LOG, 0, 0
        self._lock = threading.Lock()

    def add(self, text: str) -> None:
        """Add text."""
        with self._lock:
            if self._room > 0:
                if self._spill:
                    self._write(text[: self._room])
                self._head.append(text[: self._room])
                rest = text[self._room :]
                self._room -= len(text)
                text = rest
            if text:
                self._tail.append(text)
                self._end += len(text)
                if self._end > 2 * _LARGEST_LOG:
                    whole = "".join(self._tail)
                    self._left_out += len(whole) - _LARGEST_LOG
                    self._tail, self._end = [whole[-_LARGEST_LOG:]], _LARGEST_LOG

    def _write(self, text: str) -> None:
        try:
            if self._file is None:
                Path(self._spill).parent.mkdir(parents=True, exist_ok=True)
                self._file = Path(self._spill).open("wb", buffering=0)  # noqa: SIM115 - see close
            self._file.write(text.encode(errors="replace"))
        except OSError:  # a full disk must not end a task that prints
            self._spill = ""

    def close(self) -> None:
        """Remove the file: the try has come to its end, and the text is told with that."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
                with suppress(OSError):
                    Path(self._spill).unlink()
            self._spill = ""

    def text(self) -> str:
        """Give what is kept."""
        with self._lock:
            count = self._left_out
            gap = f"\n... {count:,} characters left out ...\n" if count else ""
            return "".join((*self._head, gap, *self._tail))
