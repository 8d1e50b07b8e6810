"""Named targets in TOML: the person's own file, and that of a project, which wins.

The own file is ``targets.toml`` in the folder for settings (`DLAAW_TARGETS` names another one). A
project's is ``dlaaw-targets.toml`` in the working directory or the nearest parent that has one::

    [jetson1]
    kind = "ssh"
    host = "nvidia@jetson1"       # or user and port as keys; names of ~/.ssh/config count
    identity_file = "~/.ssh/id_ed25519"
    proxy_jump = "gateway"
    python = "python3.8"
    device = "auto"               # or "cpu", "gpu"
    cache = "~/.cache/dlaaw_nb"

    [lab-cluster]
    kind = "cluster"
    nodes = ["jetson1", "jetson2"]
    launch = "ssh"                # or "mpi", with head = "jetson1" and mpiexec = "mpiexec"

The own file may also say ``config_file`` and ``known_hosts`` instead of those in ``~/.ssh``. No
file has a password.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError
from dlaaw_nb.targets import targets_check
from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "PROJECT_FILE",
    "files",
    "parse",
    "project_file",
    "read",
    "tables",
    "user_file",
    "where",
    "whereabouts",
]

PROJECT_FILE = "dlaaw-targets.toml"
_LARGEST_BYTES = 1_000_000
Found = BoardSettings | ClusterSettings | FormatError


def user_file() -> Path:
    """Give the path of the person's own file, whether it is there or not."""
    if place := os.environ.get("DLAAW_TARGETS"):
        return Path(place).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_config_dir("dlaaw_nb"), "targets.toml")


def project_file() -> Path | None:
    """Give the project's file: the nearest from the working directory upwards.

    Returns
    -------
    Path or None
        None when there is none.

    Raises
    ------
    FormatError
        When another person could have put it there: what it says decides where data goes, and
        what runs on a board in one's name.
    """
    folder = Path.cwd()
    for place in (folder, *folder.parents):
        path = place / PROJECT_FILE
        if path.is_file():
            _check_owner(path)
            return path
    return None


def _check_owner(path: Path) -> None:
    if not hasattr(os, "geteuid"):
        return
    facts = path.stat()
    if facts.st_uid not in (os.geteuid(), 0) or facts.st_mode & 0o002:
        raise FormatError(
            f"{path}: expected a file that only you can write, got one that others can. Copy "
            f"what you trust into {user_file()}, or make it yours (chown, chmod o-w).",
            str(path),
        )  # fmt: skip


def files() -> tuple[tuple[Path, bool], ...]:
    """Give the files that count, each with whether it is the project's; the last one wins."""
    project = project_file()
    own = user_file()
    return (own, False), *(() if project is None or project == own else ((project, True),))


def read() -> dict[str, Found]:
    """Read all named targets.

    Returns
    -------
    dict of str to BoardSettings, ClusterSettings or FormatError
        By name, sorted. A table with a mistake has its error in place of settings, so that the
        others still serve.

    Raises
    ------
    FormatError
        When a file is no TOML, or has a name that no target can have.
    """
    found: dict[str, Any] = {}
    clusters: list[tuple[str, dict[str, Any], Path]] = []
    for path, project in files():
        for name, table in tables(path).items():
            found[name] = _table(name, table, path, project=project)
            clusters = [one for one in clusters if one[0] != name]
            if isinstance(table, dict) and table.get("kind") == "cluster":
                clusters.append((name, table, path))
    boards = {key: one if isinstance(one, BoardSettings) else None for key, one in found.items()}
    for name, table, path in clusters:  # their nodes may stand in the other file
        found[name] = _cluster(table, targets_check.Place(str(path), name), boards)
    return dict(sorted(found.items()))


def whereabouts() -> dict[str, dict[str, str]]:
    """Say of each named target where it is and which file says so.

    Returns
    -------
    dict of str to dict
        By name ``where`` (``nvidia@jetson1:2222``, or the names of nodes) and ``file``.

    Raises
    ------
    FormatError
        As for `read`.
    """
    from_file = {name: str(path) for path, _ in files() for name in tables(path)}
    return {
        name: {"where": where(one), "file": from_file[name]}
        for name, one in read().items()
        if name in from_file
    }


def where(settings: Found) -> str:
    """Write where a target is, for people."""
    if isinstance(settings, BoardSettings):
        user = f"{settings.user}@" if settings.user else ""
        host = f"[{settings.host}]" if ":" in settings.host and settings.port else settings.host
        jump = f" through {settings.proxy_jump}" if settings.proxy_jump else ""
        return f"{user}{host}{f':{settings.port}' if settings.port else ''}{jump}"
    if isinstance(settings, ClusterSettings):
        return ", ".join(node.name for node in settings.nodes)
    return ""


def tables(path: Path) -> dict[str, Any]:
    """Read the tables of one file, unchecked but for their names.

    Parameters
    ----------
    path : Path
        No file counts as an empty one.

    Returns
    -------
    dict
        By name, in the order of the file.

    Raises
    ------
    FormatError
        When it cannot be read, is no TOML, or has a name that no target can have.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        reason = error.strerror or str(error)
        raise FormatError(f"{path}: could not be read ({reason}). Make it readable.") from error
    return parse(content, str(path))


def parse(content: bytes, file: str) -> dict[str, Any]:
    """Read TOML, and check the names of its tables.

    Parameters
    ----------
    content : bytes
        UTF-8.
    file : str
        For errors.

    Returns
    -------
    dict
        By name, in the order of the file.

    Raises
    ------
    FormatError
        When it is no TOML, too large, or has a name that no target can have.
    """
    try:
        found = tomllib.loads(_text(content))
    except (ValueError, RecursionError) as error:
        reason = str(error)[:200] or type(error).__name__
        raise FormatError(
            f"{file}: expected TOML with a table for each target, got {reason}. "
            'Mend that line; a target is [jetson1], then kind = "ssh" and host = "...".'
        ) from error  # fmt: skip
    for name in found:
        targets_check.check_name(name, file)
    return found


def _text(content: bytes) -> str:
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"more than {_LARGEST_BYTES:,} bytes")
    return content.decode()


def _table(name: str, table: object, path: Path, *, project: bool) -> Found | None:
    place = targets_check.Place(str(path), name)
    if not isinstance(table, dict):
        return FormatError(
            f"{path}, {name}: expected a table, got {type(table).__name__} {str(table)[:40]!r}. "
            f"Write [{name}] on a line of its own before the keys of the target.", name,
        )  # fmt: skip
    if table.get("kind") == "cluster":
        return None  # when all boards are known
    try:
        return targets_check.board(table, place, project=project)
    except FormatError as error:
        return error


def _cluster(
    table: Mapping[str, Any],
    place: targets_check.Place,
    boards: Mapping[str, BoardSettings | None],
) -> Found:
    try:
        return targets_check.cluster(table, place, boards)
    except FormatError as error:
        return error
