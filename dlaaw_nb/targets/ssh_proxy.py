"""A command that talks to a host in place of a socket: ``ProxyCommand`` of OpenSSH."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from dlaaw_nb.errors import RemoteError

if TYPE_CHECKING:
    from dlaaw_nb.targets.ssh_route import Hop

__all__ = ["Proxy"]

_END_S = 2.0
_LINES = 5  # of standard error, for messages


class Proxy:
    """A command under way, between us and a host.

    An interrupt, which a notebook sends to all that a kernel has started, is not for it.

    Parameters
    ----------
    hop : Hop
        That has one.

    Attributes
    ----------
    sock : socket
        What the command takes for its standard input and output.

    Raises
    ------
    RemoteError
        Where no command can stand for a socket.
    """

    def __init__(self, hop: Hop) -> None:
        if os.name != "posix":
            raise RemoteError(
                f"{hop.alias}: ProxyCommand cannot be used on Windows. Take ProxyJump.", hop.alias
            )
        self.command = str(hop.proxy)
        self.sock, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self.command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self._errors_from = cast("BinaryIO", self._process.stderr)
        self._errors: deque[str] = deque(maxlen=_LINES)
        self._reader = threading.Thread(target=self._read_errors, name="dlaaw-proxy", daemon=True)
        self._reader.start()

    def _read_errors(self) -> None:
        with suppress(OSError, ValueError):
            while line := self._errors_from.readline(1000):
                self._errors.append(line.decode(errors="replace").rstrip())

    def last_words(self) -> str:
        """Say what it was, how it ended if it has, and what it wrote last."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
            self._reader.join(0.5)
        code = self._process.poll()
        state = "" if code is None else f" ended with status {code}"
        said = "\n".join(self._errors).strip()
        return f"ProxyCommand {self.command!r}{state}{': ' + said if said else ''}"

    def close(self) -> None:
        """End the command, and wait for it."""
        self.sock.close()
        with suppress(OSError):
            self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_END_S)  # children of the command may still have its standard error
        with suppress(OSError, ValueError):
            self._errors_from.close()
