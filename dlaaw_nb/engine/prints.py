"""What a process prints, a device's ``printf`` too, as events of the job under way."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import uuid
from typing import Any, Callable, Dict, Optional

__all__ = ["Prints"]

_HEARING_S = 2.0  # for what was printed to come through the pipe
_LONGEST = 10_000  # of a line, in letters


class Prints:
    """Takes standard output over, for good.

    Attributes
    ----------
    emit : callable or None
        Takes log events of the job under way; without one, what is printed is dropped.
    """

    def __init__(self) -> None:
        self.emit: Optional[Callable[[Dict[str, Any]], object]] = None
        self._mark, self._heard = f"--{uuid.uuid4()}--", threading.Event()
        reading, writing = os.pipe()
        os.dup2(writing, 1)
        os.close(writing)
        threading.Thread(target=self._read, args=(reading,), daemon=True).start()

    def _read(self, reading: int) -> None:
        with os.fdopen(reading, "r", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self._take(line.rstrip("\n")[:_LONGEST])

    def _take(self, text: str) -> None:
        emit = self.emit
        if text == self._mark:
            self._heard.set()
        elif emit is not None:
            emit({"event": "log", "level": "info", "message": text})

    def hear_out(self) -> None:
        """Wait until what was printed so far has been told."""
        sys.stdout.flush()
        ctypes.CDLL(None).fflush(None)  # what a device prints waits in C's buffers
        self._heard.clear()
        os.write(1, f"{self._mark}\n".encode())
        self._heard.wait(_HEARING_S)
