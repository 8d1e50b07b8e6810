"""What SSH says when there is no connection, in words that help."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, NoReturn

from dlaaw_nb.errors import RemoteError
from dlaaw_nb.targets.ssh_library import fingerprint_of, library
from dlaaw_nb.targets.ssh_route import known_hosts, pattern

if TYPE_CHECKING:
    from dlaaw_nb.targets.settings import BoardSettings
    from dlaaw_nb.targets.ssh_route import Hop

__all__ = ["Refuse", "explain"]


class Refuse:
    """Refuses a host that is not known, with its fingerprint."""

    def __init__(self, settings: BoardSettings, hop: Hop) -> None:
        self._settings, self._hop = settings, hop

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> NoReturn:  # noqa: ARG002
        """Raise; see ``paramiko.MissingHostKeyPolicy``."""
        raise _UnknownHostError(
            f"{self._settings.name}: {self._hop.host} port {self._hop.port} is not known yet. It "
            f"shows the {key.get_name()} key {fingerprint_of(key)}. If that is the key of this "
            "machine (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub, there), accept it: "
            f"dlaaw targets trust {self._settings.name} --fingerprint {fingerprint_of(key)}",
            self._settings.name,
        )


class _UnknownHostError(RemoteError):
    """A host that is in no known_hosts file."""


def explain(settings: BoardSettings, hop: Hop, error: BaseException, proxy: str = "") -> NoReturn:
    """Raise what went wrong with a connection, in words that help.

    Parameters
    ----------
    settings : BoardSettings
        Where to.
    hop : Hop
        How far it came.
    error : exception
        Of paramiko, or of the system.
    proxy : str
        What the command that stands for a socket said, where there is one.

    Raises
    ------
    RemoteError
        Always, but for an interrupt.
    """
    if isinstance(error, RemoteError) or not isinstance(error, Exception):
        raise error
    where = f"{hop.user}@{hop.host} port {hop.port}"
    between = "" if hop.alias == settings.name else "on the way, "
    reached = _of_login(hop, error) or _of_host(settings, hop, error)
    told = reached or _of_network(error) or str(error) or type(error).__name__
    if proxy and not reached:
        told = f"{told.rstrip('.')}. {proxy}"
    raise RemoteError(f"{settings.name}: {between}{where}: {told}", settings.name) from error


def _of_login(hop: Hop, error: Exception) -> str | None:
    paramiko = library()
    keys = ", ".join(hop.keys or ()) or "~/.ssh/id_*"
    put = f"Put the key there: ssh-copy-id {hop.user}@{hop.host}"
    if isinstance(error, paramiko.PasswordRequiredException):
        return f"the key ({keys}) has a passphrase. Give it to the agent once: ssh-add {keys}"
    if isinstance(error, paramiko.BadAuthenticationType):
        return f"the host takes {', '.join(error.allowed_types)} alone. {put}"
    if isinstance(error, paramiko.AuthenticationException):
        return (
            f"the host refuses user {hop.user!r} with what was offered ({keys}, the agent). Is "
            f"the user right? {put}"
        )
    if isinstance(error, FileNotFoundError):
        return f"{error.filename or keys}: there is no such key file. Name one in the target."
    if "No authentication methods" in str(error):
        return f"there is no key to offer ({keys}, the agent). ssh-keygen makes one. {put}"
    return None


def _of_host(settings: BoardSettings, hop: Hop, error: Exception) -> str | None:
    paramiko = library()
    if isinstance(error, paramiko.BadHostKeyException):
        return (
            f"the host shows another key than before: {fingerprint_of(error.key)}, expected "
            f"{fingerprint_of(error.expected_key)}. Somebody may be in between. If the board was "
            f"set up anew: ssh-keygen -R '{pattern(hop)}' -f {known_hosts(settings)}, then dlaaw "
            f"targets trust {settings.name}"
        )
    if isinstance(error, paramiko.ChannelException):
        return f"the host in between cannot reach it ({error})."
    return None


def _of_network(error: Exception) -> str | None:
    if isinstance(error, socket.gaierror):
        return f"there is no host of that name ({error}). Look at `host` in the target."
    if isinstance(error, TimeoutError):
        return "no answer. Is it switched on, and the address right?"
    if isinstance(error, ConnectionError) or type(error).__name__ == "NoValidConnectionsError":
        return f"nobody listens there ({error}). Is the port right, and sshd running?"
    return None
