"""What hosts show to prove who they are, and how a person accepts it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dlaaw_nb.errors import RemoteError
from dlaaw_nb.targets.ssh import Connection, first_step
from dlaaw_nb.targets.ssh_errors import explain
from dlaaw_nb.targets.ssh_library import fingerprint_of, library
from dlaaw_nb.targets.ssh_route import known_hosts, pattern, route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.targets.settings import BoardSettings
    from dlaaw_nb.targets.ssh_route import Hop

__all__ = ["HostKey", "host_key", "trust"]

_LOGIN_S, _END_S = 15.0, 2.0


class HostKey(NamedTuple):
    """What a host shows to prove who it is.

    Attributes
    ----------
    kind : str
        Such as ``ssh-ed25519``.
    fingerprint : str
        ``SHA256:...``, as ssh-keygen shows it.
    line : str
        For a known_hosts file.
    """

    kind: str
    fingerprint: str
    line: str


def host_key(settings: BoardSettings) -> HostKey:
    """Ask a machine for its key, without a login.

    Parameters
    ----------
    settings : BoardSettings
        Where; hops in between have to be known already.

    Returns
    -------
    HostKey
        What it shows; nothing proves that it is the right one.

    Raises
    ------
    RemoteError
        When it does not answer.
    """
    hops = route(settings)
    between = proxy = None
    try:
        if len(hops) > 1:
            between = Connection(_up_to(settings, hops[:-1]))
            sock = between.tunnel(hops[-1])
        else:
            sock, proxy = first_step(hops[-1])
        transport = library().Transport(sock)
        try:
            transport.start_client(timeout=_LOGIN_S)
            key = transport.get_remote_server_key()
        finally:
            transport.close()
            transport.join(_END_S)
    except Exception as error:  # noqa: BLE001 (explained)
        explain(settings, hops[-1], error, "" if proxy is None else proxy.last_words())
    finally:
        for opened in (between, proxy):
            if opened is not None:
                opened.close()
    line = f"{pattern(hops[-1])} {key.get_name()} {key.get_base64()}"
    return HostKey(key.get_name(), fingerprint_of(key), line)


def _up_to(settings: BoardSettings, hops: Sequence[Hop]) -> BoardSettings:
    """Give the settings of the last host in between."""
    *before, last = [f"{hop.user}@{hop.host}:{hop.port}" for hop in hops]
    jump = ",".join(before) or "none"
    return replace(settings, host=last, user=None, port=None, proxy_jump=jump)


def trust(settings: BoardSettings, fingerprint: str) -> HostKey:
    """Note the key of a machine as known.

    Parameters
    ----------
    settings : BoardSettings
        Which machine.
    fingerprint : str
        Of the key that the person has compared.

    Returns
    -------
    HostKey
        The key, which is in the known_hosts file now.

    Raises
    ------
    RemoteError
        When the machine shows another key.
    """
    found = host_key(settings)
    if found.fingerprint != fingerprint:
        raise RemoteError(
            f"{settings.name}: expected the key {fingerprint}, it shows {found.fingerprint}. "
            "Nothing was noted.",
            settings.name,
        )
    file = known_hosts(settings)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    if found.line not in before.splitlines():
        with file.open("a", encoding="utf-8") as known:
            known.write(("" if before.endswith("\n") or not before else "\n") + found.line + "\n")
        file.chmod(0o600)
    return found
