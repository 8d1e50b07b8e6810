"""Named targets in TOML files: the user's own, and the project's, which goes before it.

::

    [jetson1]
    kind = "ssh"
    host = "scientist@jetson1.lab"

    [lab-cluster]
    kind = "cluster"
    nodes = ["jetson1", "xavier"]
    launch = "mpi"

Keys are the attributes of `BoardSettings` and `ClusterSettings`. No secret is in such a file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import platformdirs

from dlaaw_nb.errors import TargetError
from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROJECT_FILE", "add", "named", "project_file", "remove", "user_file"]

PROJECT_FILE = "dlaaw-targets.toml"
"""Name of a project's file, in the working directory or one above it."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_TAKEN = ("cpu", "gpu")
_BOARD = {
    "host": str, "user": str, "port": int, "identity_file": str, "proxy_jump": str, "python": str,
    "device": str, "cache": str,
}  # fmt: skip
_CLUSTER = {"nodes": list, "launch": str, "head": str, "mpiexec": str}
_WORDS = {str: "text", int: "a whole number", list: "a list of names"}
_CHOICES = {"device": ("auto", "cpu", "gpu"), "launch": ("ssh", "mpi")}

Settings = BoardSettings | ClusterSettings


class _Table(NamedTuple):
    """A table of a file."""

    file: Path
    name: str
    values: Mapping[str, Any]

    def refuse(self, key: str, expected: str, came: object, mend: str = "") -> TargetError:
        return TargetError(
            f"{self.file}: [{self.name}] {key}: expected {expected}, got {came!r}. {mend}".strip()
        )


def user_file() -> Path:
    """Say where the user's file is; it need not exist.

    Returns
    -------
    Path
        ``$DLAAW_TARGETS``, else ``targets.toml`` in the user's folder for configuration.
    """
    given = os.environ.get("DLAAW_TARGETS")
    folder = platformdirs.user_config_dir("dlaaw_nb", appauthor=False)
    return Path(given) if given else Path(folder) / "targets.toml"


def project_file() -> Path | None:
    """Find the project's file, in the working directory or above it."""
    here = Path.cwd()
    places = (folder / PROJECT_FILE for folder in (here, *here.parents))
    return next((place for place in places if place.is_file()), None)


def named() -> dict[str, Settings]:
    """Read all named targets.

    Returns
    -------
    dict of str to BoardSettings or ClusterSettings
        By name; a project's table goes before the user's of that name.

    Raises
    ------
    TargetError
        With file, table and key, when something in a file is not as it should be.
    """
    files = [user_file(), project_file()]
    tables: dict[str, _Table] = {}
    for file in files:
        if file is not None and file.is_file():
            tables.update(_tables(file))
    boards = {n: _board(t) for n, t in tables.items() if t.values["kind"] == "ssh"}
    clusters = {n: _cluster(t, boards) for n, t in tables.items() if t.values["kind"] != "ssh"}
    return {name: boards.get(name) or clusters[name] for name in tables}


def _tables(file: Path) -> dict[str, _Table]:
    found = {}
    for name, values in _document(file).items():
        table = _Table(file, str(name), values if isinstance(values, dict) else {})
        if not isinstance(values, dict):
            raise table.refuse("", "a table", values, f"Write [{name}] with its keys below.")
        _check_name(file, table.name)
        _check_keys(table)
        found[table.name] = table
    return found


def _document(file: Path) -> Any:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{file}: cannot be read: {error}") from error
    except TOMLKitError as error:
        raise TargetError(f"{file}: not TOML: {error}. Mend that line.") from error


def _check_name(file: Path, name: str) -> None:
    if name in _TAKEN or not _NAME.fullmatch(name):
        raise TargetError(
            f"{file}: [{name}]: expected a name of letters, digits, '_', '-' and '.' that begins "
            f"with a letter and is none of {', '.join(_TAKEN)}. Choose another one."
        )


def _check_keys(table: _Table) -> None:
    kind = table.values.get("kind")
    if kind not in ("ssh", "cluster"):
        raise table.refuse("kind", '"ssh" or "cluster"', kind)
    keys = _BOARD if kind == "ssh" else _CLUSTER
    for key, value in table.values.items():
        if key == "kind":
            continue
        if key in ("password", "passphrase"):
            raise TargetError(
                f"{table.file}: [{table.name}] {key}: no secret belongs in this file. Remove it, "
                "and use a key: ssh-copy-id, and ssh-add for its passphrase."
            )
        if key not in keys:
            raise table.refuse(key, f"one of kind, {', '.join(keys)}", key)
        if not isinstance(value, keys[key]) or isinstance(value, bool):
            raise table.refuse(key, _WORDS[keys[key]], value)
        if key in _CHOICES and value not in _CHOICES[key]:
            raise table.refuse(key, f"one of {', '.join(_CHOICES[key])}", value)


def _board(table: _Table) -> BoardSettings:
    values = {key: value for key, value in table.values.items() if key != "kind"}
    if not values.get("host"):
        raise table.refuse("host", "a name or an address", values.get("host"))
    if not 0 < values.get("port", 22) < 65536:
        raise table.refuse("port", "a number from 1 to 65535", values["port"])
    plain = {k: int(v) if isinstance(v, int) else str(v) for k, v in values.items()}
    return BoardSettings(table.name, **plain)  # type: ignore[arg-type]


def _cluster(table: _Table, boards: Mapping[str, BoardSettings]) -> ClusterSettings:
    values = table.values
    nodes = [str(node) for node in values.get("nodes", ())]
    known = ", ".join(boards) or "none"
    if not nodes:
        raise table.refuse("nodes", f"names of targets of kind ssh ({known})", nodes)
    for node in nodes:
        if node not in boards:
            raise table.refuse("nodes", f"names of targets of kind ssh ({known})", node)
    if len(set(nodes)) < len(nodes):
        raise table.refuse("nodes", "each name once", nodes)
    head = values.get("head")
    if head is not None and head not in boards:
        raise table.refuse("head", f"a target of kind ssh ({known})", str(head))
    return ClusterSettings(
        table.name,
        tuple(boards[node] for node in nodes),
        str(values.get("launch", "ssh")),
        None if head is None else boards[str(head)],
        str(values.get("mpiexec", "mpiexec")),
    )


def add(name: str, values: Mapping[str, Any], file: Path | None = None) -> Path:
    """Add a target to a file, or replace it there.

    Parameters
    ----------
    name : str
        Of the target.
    values : mapping
        kind and the other keys of its table.
    file : Path or None
        None for the user's. What else is in it stays as it is, comments too.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TargetError
        When the table is not as it should be; the file is untouched then.
    """
    import tomlkit

    place = file or user_file()
    _check_name(place, name)
    table = _Table(place, name, dict(values))
    _check_keys(table)
    if values["kind"] == "ssh":
        _board(table)
    else:
        known = {n: s for n, s in named().items() if isinstance(s, BoardSettings)}
        _cluster(table, known)
    with _Locked(place):
        document = _document(place) if place.is_file() else tomlkit.document()
        made = tomlkit.table()
        for key, value in values.items():
            made.add(key, value)
        document[name] = made
        _write(place, tomlkit.dumps(document))
    return place


def remove(name: str) -> Path:
    """Remove a target from the file that it stands in.

    Parameters
    ----------
    name : str
        Of the target.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TargetError
        When no file has it, or a cluster needs it.
    """
    import tomlkit

    for settings in named().values():
        if isinstance(settings, ClusterSettings) and name in [n.name for n in settings.nodes]:
            raise TargetError(
                f"target {name}: the cluster {settings.name} has it as a node. Remove that first, "
                "or take the node out of it."
            )
    for file in (project_file(), user_file()):
        if file is not None and file.is_file():
            with _Locked(file):
                document = _document(file)
                if name in document:
                    del document[name]
                    _write(file, tomlkit.dumps(document))
                    return file
    raise TargetError(f"target {name}: neither {user_file()} nor a {PROJECT_FILE} has it.")


def _write(file: Path, text: str) -> None:
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.chmod(0o600)
    part.replace(file)


class _Locked:
    """Keeps other processes from changing a file meanwhile."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = file.with_name(f".{file.name}.lock")

    def __enter__(self) -> None:
        self._file = self._lock.open("w")
        if os.name == "posix":
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()
