"""Holds tables of a targets file against the rules, and makes settings of them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import FormatError
from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Address", "Place", "address", "board", "check_name", "cluster", "forbidden"]

_NAME = re.compile(r"\w[\w.-]{0,62}")
_HOST = re.compile(r"[\w%:][\w.%:-]{0,253}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_BUILT_IN = ("cpu", "gpu")
_OWN_ONLY = ("config_file", "known_hosts")  # a project must not widen whom its readers trust
_BOARD: dict[str, type] = {
    "kind": str, "host": str, "user": str, "port": int, "identity_file": str, "proxy_jump": str,
    "python": str, "device": str, "cache": str, "config_file": str, "known_hosts": str,
}  # fmt: skip
_CLUSTER: dict[str, type] = {
    "kind": str, "nodes": list, "launch": str, "head": str, "mpiexec": str,
}  # fmt: skip
_KINDS = {"ssh": _BOARD, "cluster": _CLUSTER}
_WORDS = {str: "text in quotes", int: "a whole number", list: "a list of names"}
_PATHS = ("identity_file", "config_file", "known_hosts")


class Place(NamedTuple):
    """Where a table stands, for errors: ``targets.toml, [jetson1]``."""

    file: str
    table: str

    def wrong(self, key: str, expected: str, came: str, mend: str) -> FormatError:
        """Make the error for a key."""
        text = f"{self.file}, [{self.table}], {key}: expected {expected}, got {came}. {mend}"
        return FormatError(text, f"{self.table}.{key}")


class Address(NamedTuple):
    """The parts of ``user@host:port``."""

    host: str
    user: str | None
    port: int | None


def check_name(name: str, file: str) -> None:
    """Refuse a name that cannot be a target's.

    Parameters
    ----------
    name : str
        The table's name.
    file : str
        Where it stands, or is to stand.

    Raises
    ------
    FormatError
        When it is not of letters, digits, ``.``, ``_`` and ``-``, or is that of a target that is
        always there.
    """
    if name.casefold() in _BUILT_IN:
        raise FormatError(
            f"{file}, [{name}]: expected a name of its own, got that of a target that is always "
            f"there. Call it {name}1, say.", name,
        )  # fmt: skip
    if not _NAME.fullmatch(name):
        raise FormatError(
            f"{file}, [{_shown(name)}]: expected a name of at most 63 letters, digits, '.', '_' "
            f"and '-', got {_shown(name)}. Choose another name, such as jetson1.", name,
        )  # fmt: skip


def address(text: str) -> Address:
    """Take ``user@host:port`` apart; user and port may be missing.

    Parameters
    ----------
    text : str
        ``jetson1``, ``nvidia@10.0.0.7``, ``nvidia@jetson1:2222`` or ``nvidia@[fe80::1%eth0]:22``.

    Returns
    -------
    Address
        Its parts.

    Raises
    ------
    ValueError
        What is wrong with it, without what could be a password.
    """
    user, sign, rest = text.rpartition("@")
    if ":" in user:
        raise ValueError("a user without ':'; passwords stand in no file, SSH keys do")
    if sign and (not user or user[0] == "-" or re.search(r"[\s\x00-\x1f\x7f]", user)):
        raise ValueError(f"a user before the '@', got {_shown(text)}")
    host, port = rest, ""
    if bracketed := re.fullmatch(r"\[([^\]]*)\](?::(.*))?", rest):
        host, port = bracketed[1], bracketed[2] or ""
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    if not _HOST.fullmatch(host):
        raise ValueError(f"a host such as jetson1 or nvidia@10.0.0.7:22, got {_shown(text)}")
    if not port and rest.endswith(":") and rest.count(":") == 1:
        raise ValueError(f"a port after the ':', got {_shown(text)}")
    if port and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise ValueError(f"a port from 1 to 65535, got {_shown(text)}")
    return Address(host, user or None, int(port) if port else None)


def forbidden(key: str) -> bool:
    """Say whether a key's name is that of a secret, whose value no message may show."""
    return any(word in key.casefold() for word in ("password", "passphrase", "secret", "token"))


def board(table: Mapping[str, Any], place: Place, *, project: bool) -> BoardSettings:
    """Make settings of a table with ``kind = "ssh"``.

    Parameters
    ----------
    table : mapping
        As TOML gives it.
    place : Place
        For errors.
    project : bool
        Whether the file came with a project, and may therefore not say whose keys are trusted.

    Returns
    -------
    BoardSettings
        With paths made absolute, from the folder of the file.

    Raises
    ------
    FormatError
        For a key that is unknown, missing, of the wrong type or out of its range.
    """
    _check_keys(table, place)
    for key in _OWN_ONLY if project else ():
        if key in table:
            raise place.wrong(
                key, "no such key in a project's file", "one",
                "Put it into your own file, for it decides whom you trust.",
            )  # fmt: skip
    values = {key: value for key, value in table.items() if key != "kind"}
    found = _address(values.pop("host"), values, place)
    if "port" in values and not 0 < values["port"] < 65536:
        raise place.wrong("port", "1 to 65535", str(values["port"]), "SSH usually has 22.")
    _check_choice(values, "device", ("auto", "cpu", "gpu"), place)
    for key in ("user", "proxy_jump", "python"):
        if str(values.get(key, "")).startswith("-"):
            raise place.wrong(
                key, "no '-' at its begin", _shown(values[key]), "It would read as an option."
            )
    for key in _PATHS:
        if key in values:
            values[key] = Path(place.file).parent / Path(values[key]).expanduser()
    if "identity_file" in values:
        values["identity_file"] = str(values["identity_file"])
    user, port = found.user or values.pop("user", None), found.port or values.pop("port", None)
    return BoardSettings(place.table, found.host, user=user, port=port, **values)


def cluster(
    table: Mapping[str, Any], place: Place, boards: Mapping[str, BoardSettings | None]
) -> ClusterSettings:
    """Make settings of a table with ``kind = "cluster"``.

    Parameters
    ----------
    table : mapping
        As TOML gives it.
    place : Place
        For errors.
    boards : mapping
        All names that can be nodes; None for those that are no boards.

    Returns
    -------
    ClusterSettings
        With the settings of its nodes.

    Raises
    ------
    FormatError
        For a wrong key, a node that is unknown, no board, or named twice.
    """
    _check_keys(table, place)
    _check_choice(table, "launch", ("ssh", "mpi"), place)
    nodes = tuple(_node(name, "nodes", place, boards) for name in table["nodes"])
    twice = {name for name in table["nodes"] if table["nodes"].count(name) > 1}
    if twice or not nodes:
        came = f"{min(twice)!r} twice" if twice else "none"
        raise place.wrong("nodes", "each node once, at least one", came, 'nodes = ["jetson1"].')
    mpiexec = table.get("mpiexec", "mpiexec")
    if not _words_of(mpiexec):
        wanted = "a command as for a shell"
        raise place.wrong("mpiexec", wanted, repr(mpiexec), 'mpiexec = "/opt/mpi/bin/mpiexec".')
    head = table.get("head")
    return ClusterSettings(
        place.table, nodes, launch=table.get("launch", "ssh"),
        head=None if head is None else _node(head, "head", place, boards),
        mpiexec=mpiexec,
    )  # fmt: skip


def _words_of(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation without an end
        return []


def _node(
    name: object, key: str, place: Place, boards: Mapping[str, BoardSettings | None]
) -> BoardSettings:
    known = sorted(one for one, board in boards.items() if board is not None)
    mend = f"Known are {', '.join(known) or 'none yet'}; dlaaw targets add NAME --ssh user@host."
    if not isinstance(name, str) or name not in boards:
        raise place.wrong(key, "names of ssh targets", _shown(name), mend)
    found = boards[name]
    if found is None:
        raise place.wrong(key, "names of ssh targets", f"{name!r}, which is not one", mend)
    return found


def _check_keys(table: Mapping[str, Any], place: Place) -> None:
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise place.wrong(
            "kind", "'ssh' or 'cluster'", "none" if kind is None else _shown(kind),
            'Write kind = "ssh".',
        )  # fmt: skip
    known = _KINDS[kind]
    for key, value in table.items():
        if forbidden(key):
            raise place.wrong(
                key, "no secret in this file", "one",
                "Remove it and log in by a key: ssh-keygen, then ssh-copy-id.",
            )  # fmt: skip
        if key not in known:
            raise place.wrong(
                _shown(key).strip("'"), f"one of {', '.join(known)}", _shown(key), "Mend the key."
            )
        _check_type(key, value, known[key], place)
    needed = "host" if kind == "ssh" else "nodes"
    if needed not in table:
        example = 'host = "nvidia@jetson1".' if kind == "ssh" else 'nodes = ["jetson1"].'
        raise place.wrong(needed, _WORDS[known[needed]], "none", f"Write {example}")


def _check_type(key: str, value: object, kind: type, place: Place) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise place.wrong(key, _WORDS[kind], _shown(value), f"Mend the value of {key}.")
    if isinstance(value, str) and (not value.strip() or _UNPRINTABLE.search(value)):
        raise place.wrong(
            key, "text of one line", _shown(value), "Leave the key out for what is usual."
        )


def _check_choice(
    values: Mapping[str, Any], key: str, choices: tuple[str, ...], place: Place
) -> None:
    if key in values and values[key] not in choices:
        expected = f"one of {', '.join(choices)}"
        raise place.wrong(key, expected, _shown(values[key]), f'Write {key} = "{choices[0]}".')


def _address(text: str, values: Mapping[str, Any], place: Place) -> Address:
    try:
        found = address(text)
    except ValueError as error:
        wanted, _, came = str(error).partition(", got ")
        raise place.wrong("host", wanted, came or "another", "Mend the address.") from None
    for key in ("user", "port"):
        if key in values and getattr(found, key) is not None:
            raise place.wrong(
                key, "it once", f"one in host = {_shown(text)} too", f"Leave {key} out."
            )
    return found


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
