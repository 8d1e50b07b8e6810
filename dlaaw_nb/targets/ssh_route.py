"""The way to a machine: its own settings, and what the SSH configuration says of it."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import RemoteError
from dlaaw_nb.targets.ssh_library import library

if TYPE_CHECKING:
    from dlaaw_nb.targets.settings import BoardSettings

__all__ = ["Hop", "known_hosts", "pattern", "route"]


class Hop(NamedTuple):
    """One hop: where it is, and as whom."""

    alias: str
    host: str
    port: int
    user: str
    keys: list[str] | None
    known_as: str


def route(settings: BoardSettings) -> list[Hop]:
    """Work out the hops to a machine from its settings and the SSH configuration.

    Parameters
    ----------
    settings : BoardSettings
        Where to.

    Returns
    -------
    list of Hop
        The last is the machine itself.

    Raises
    ------
    RemoteError
        When the configuration cannot be read.
    """
    paramiko = library()
    file = settings.config_file or Path("~/.ssh/config").expanduser()
    config = paramiko.SSHConfig()
    if file.is_file():
        try:
            config = paramiko.SSHConfig.from_path(str(file))
        except Exception as error:
            raise RemoteError(
                f"{settings.name}: {file}: cannot be read as an SSH configuration: {error}",
                settings.name,
            ) from error
    user, _, host = settings.host.rpartition("@")
    name, _, port = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
    found = config.lookup(name)
    jumps = settings.proxy_jump or found.get("proxyjump") or ""
    if jumps.lower() == "none":
        jumps = ""
    hops = [_hop(config, jump.strip()) for jump in jumps.split(",") if jump.strip()]
    keys = [settings.identity_file] if settings.identity_file else found.get("identityfile")
    hops.append(
        Hop(
            settings.name,
            found.get("hostname", name),
            settings.port or int(port or found.get("port", 22)),
            settings.user or user or found.get("user") or getpass.getuser(),
            [str(Path(key).expanduser()) for key in keys] if keys else None,
            found.get("hostkeyalias", found.get("hostname", name)),
        )
    )
    return hops


def _hop(config: Any, text: str) -> Hop:
    user, _, host = text.rpartition("@")
    name, _, port = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
    found = config.lookup(name)
    hostname = found.get("hostname", name)
    return Hop(
        text,
        hostname,
        int(port or found.get("port", 22)),
        user or found.get("user") or getpass.getuser(),
        found.get("identityfile"),
        found.get("hostkeyalias", hostname),
    )


def known_hosts(settings: BoardSettings) -> Path:
    """Say which file has the keys of known hosts."""
    return settings.known_hosts or Path("~/.ssh/known_hosts").expanduser()


def pattern(hop: Hop) -> str:
    """Give the name of a host in a known_hosts file."""
    return hop.known_as if hop.port == 22 else f"[{hop.known_as}]:{hop.port}"
