"""The way to a machine: its own settings, and what the SSH configuration says of it."""

from __future__ import annotations

import getpass
import glob
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import RemoteError
from dlaaw_nb.targets.ssh_library import library

if TYPE_CHECKING:
    from dlaaw_nb.targets.settings import BoardSettings

__all__ = ["Hop", "known_hosts", "pattern", "route"]


_MOST_HOPS, _MOST_INCLUDES = 8, 16


class Hop(NamedTuple):
    """One hop: where it is, and as whom; ``proxy`` is the command to reach it by, or None."""

    alias: str
    host: str
    port: int
    user: str
    keys: list[str] | None
    known_as: str
    proxy: str | None = None


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
        When the configuration cannot be read, or its jumps go in a circle.
    """
    paramiko = library()
    file = settings.config_file or Path("~/.ssh/config").expanduser()
    config = paramiko.SSHConfig()
    if file.is_file():
        try:
            config = paramiko.SSHConfig.from_text(_with_includes(file, file.parent))
        except Exception as error:
            raise RemoteError(
                f"{settings.name}: {file}: cannot be read as an SSH configuration: {error}",
                settings.name,
            ) from error
    last, jumps = _hop(config, settings.host, settings)
    hops = [*_jumps(config, settings, jumps, []), last]
    # A command is for the first hop: those behind it are reached through the one before.
    return [hops[0], *(hop._replace(proxy=None) for hop in hops[1:])]


def _jumps(config: Any, settings: BoardSettings, jumps: str, seen: list[str]) -> list[Hop]:
    """Work out the hops before a machine, those before its jumps too."""
    names = [] if jumps.lower() == "none" else [n.strip() for n in jumps.split(",") if n.strip()]
    hops: list[Hop] = []
    for place, name in enumerate(names):
        if name in seen or len(seen) >= _MOST_HOPS:
            raise RemoteError(
                f"{settings.name}: ProxyJump goes in a circle: {' -> '.join([*seen, name])}",
                settings.name,
            )
        hop, before = _hop(config, name)
        if place == 0:  # as OpenSSH does: those after it are reached through it
            hops += _jumps(config, settings, before, [*seen, name])
        hops.append(hop)
    return hops


def _hop(config: Any, text: str, own: BoardSettings | None = None) -> tuple[Hop, str]:
    """Look one hop up; gives the jumps before it as well."""
    user, _, host = text.rpartition("@")
    name, _, port = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
    found = config.lookup(name)
    hostname = found.get("hostname", name)
    keys = [own.identity_file] if own and own.identity_file else found.get("identityfile")
    jumps = (own and own.proxy_jump) or found.get("proxyjump") or ""
    proxy = None if own and own.proxy_jump else found.get("proxycommand")
    hop = Hop(
        own.name if own else text,
        hostname,
        (own and own.port) or int(port or found.get("port", 22)),
        (own and own.user) or user or found.get("user") or getpass.getuser(),
        [str(Path(key).expanduser()) for key in keys] if keys else None,
        found.get("hostkeyalias", hostname),
        None if (proxy or "none").lower() == "none" else proxy,
    )
    return hop, jumps


def _with_includes(file: Path, folder: Path, depth: int = 0) -> str:
    """Read a configuration; the files that it includes stand in their places.

    What follows ``Include`` within a ``Host`` or ``Match`` still belongs to that.
    """
    if depth > _MOST_INCLUDES:
        raise RecursionError(f"{file}: files include each other without an end")
    lines, block = [], ""
    for line in file.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        word, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        if word.lower() in ("host", "match"):
            block = line
        if word.lower() != "include":
            lines.append(line)
            continue
        for given in shlex.split(rest):
            shown = Path(given).expanduser()
            pattern = str(shown if shown.is_absolute() else folder / shown)
            for found in sorted(glob.glob(pattern)):  # noqa: PTH207 (patterns may be absolute)
                lines += [_with_includes(Path(found), folder, depth + 1), block]
    return "\n".join(lines)


def known_hosts(settings: BoardSettings) -> Path:
    """Say which file has the keys of known hosts."""
    return settings.known_hosts or Path("~/.ssh/known_hosts").expanduser()


def pattern(hop: Hop) -> str:
    """Give the name of a host in a known_hosts file."""
    return hop.known_as if hop.port == 22 else f"[{hop.known_as}]:{hop.port}"
