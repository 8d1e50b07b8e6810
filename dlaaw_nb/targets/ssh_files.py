"""Files over SSH, past login shells that print."""

from __future__ import annotations

import secrets
import shlex
from contextlib import suppress
from typing import Any

from dlaaw_nb.targets.ssh_library import library

__all__ = ["open_files"]

_OPEN_S = 15.0
_MOST_NOISE = 1 << 16
_SERVERS = (  # where distributions put OpenSSH's SFTP server
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/sftp-server",
)


def open_files(transport: Any) -> Any:
    """Open an SFTP session.

    The server's own subsystem comes first. Where it fails, such as when it is started by a login
    shell that prints a banner, the server's program is started as a command, and what comes before
    a marker is left out.

    Parameters
    ----------
    transport : paramiko Transport
        Authenticated.

    Returns
    -------
    paramiko SFTPClient
        Open.

    Raises
    ------
    Exception
        What the subsystem said, where the program is not there either.
    """
    sftp = library().SFTPClient
    try:
        return sftp.from_transport(transport)
    except Exception:
        with suppress(Exception):  # the first reason is the one to tell
            return sftp(_behind_noise(transport))
        raise


def _behind_noise(transport: Any) -> Any:
    """Start the server's program; gives its channel, once what is not its own has gone by."""
    marker = secrets.token_hex(16)
    script = f"echo; echo {marker}; for p in {' '.join(_SERVERS)}; do "
    script += '[ -x "$p" ] && exec "$p"; done; exit 127'
    channel = transport.open_session(timeout=_OPEN_S)
    channel.settimeout(_OPEN_S)
    channel.exec_command(f"exec /bin/sh -c {shlex.quote(script)}")
    wanted, seen = f"\n{marker}\n".encode(), b""
    while not seen.endswith(wanted):  # the server speaks only when it is asked
        piece = channel.recv(4096)
        if not piece or len(seen) > _MOST_NOISE:
            channel.close()
            raise ConnectionError("no SFTP server was found")
        seen += piece
    return channel
