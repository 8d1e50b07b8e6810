"""A command under way on another machine."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import Any

from dlaaw_nb.targets.ssh_library import library

__all__ = ["Process"]

_STDERR_LINES, _LINE = 20, 2000


class Process:
    """A command under way on another machine.

    Parameters
    ----------
    channel : paramiko Channel
        With the command started.
    command : str
        What was started.

    Attributes
    ----------
    timeout_s : float
        A read that waits longer than that raises TimeoutError.
    """

    def __init__(self, channel: Any, command: str) -> None:
        self._channel, self.command = channel, command
        self.timeout_s = 60.0
        self._errors: deque[str] = deque(maxlen=_STDERR_LINES)
        self._reader = threading.Thread(target=self._keep, name="dlaaw-stderr", daemon=True)
        self._reader.start()

    def _keep(self) -> None:
        rest = ""
        while True:
            try:
                piece = self._channel.recv_stderr(65536)
            except OSError:
                piece = b""
            if not piece:
                break
            *lines, rest = (rest + piece.decode(errors="replace")).split("\n")
            self._errors.extend(line[:_LINE] for line in lines)
            rest = rest[:_LINE]
        if rest:
            self._errors.append(rest)

    def read(self, count: int) -> bytes:
        """Read at most so many bytes of its output; none at its end.

        Raises
        ------
        TimeoutError
            When nothing comes for `timeout_s`.
        """
        self._channel.settimeout(self.timeout_s)
        found: bytes = self._channel.recv(count)
        return found

    def send(self, content: bytes) -> None:
        """Send to its input.

        Raises
        ------
        OSError
            When it does not listen any more.
        """
        self._channel.settimeout(self.timeout_s)
        try:
            self._channel.sendall(content)
        except (EOFError, library().SSHException) as error:  # a connection that ends meanwhile
            raise ConnectionResetError("the connection was lost") from error

    @property
    def over(self) -> bool:
        """Whether it has ended, as far as is known."""
        return bool(self._channel.exit_status_ready())

    def wait(self, timeout_s: float) -> int:
        """Give its exit status; -1 where it has none, or not in time."""
        if not self._channel.status_event.wait(timeout_s):
            return -1
        self._reader.join(1.0)
        return int(self._channel.exit_status)

    def last_words(self) -> str:
        """Give the last lines that it wrote to standard error."""
        return "\n".join(self._errors).strip()

    def close(self) -> None:
        """Close its input and output; what listens to that ends."""
        with suppress(Exception):
            self._channel.close()
