"""Adds targets to a file and takes them out; what a person wrote there stays as it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError, SaveError
from dlaaw_nb.store.files import explained, write_text
from dlaaw_nb.store.locking import locked
from dlaaw_nb.targets import targets_check, targets_file
from dlaaw_nb.targets.settings import BoardSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["add", "remove"]


def add(name: str, table: Mapping[str, Any], path: Path, *, project: bool = False) -> bool:
    """Write a target into a file, after those that are there.

    Parameters
    ----------
    name : str
        Its name.
    table : mapping
        Its keys, as in TOML; checked before anything is written.
    path : Path
        The file; made where it is missing.
    project : bool
        Whether it is a project's; the person's own is private.

    Returns
    -------
    bool
        False when the file has the very same already.

    Raises
    ------
    FormatError
        When the table or the file is wrong, or the name is taken.
    SaveError
        When it cannot be written.
    """
    targets_check.check_name(name, str(path))
    with _edited(path, project=project) as (text, there):
        if there.get(name) == table:
            return False
        if name in there:
            raise FormatError(
                f"{path}, [{name}]: expected a new name, got that of another target. "
                f"Choose another one, or first: dlaaw targets remove {name}", name,
            )  # fmt: skip
        _check(name, table, path, project=project)
        _write(path, _joined(text, name, table), {**there, name: dict(table)}, project=project)
    return True


def remove(name: str, path: Path, *, project: bool = False) -> None:
    """Take a target out of a file; comments around it stay.

    Parameters
    ----------
    name : str
        Its name.
    path : Path
        The file.
    project : bool
        Whether it is a project's.

    Raises
    ------
    FormatError
        When the file is wrong or has no such target, or a cluster in it still uses it.
    SaveError
        When it cannot be written.
    """
    with _edited(path, project=project) as (text, there):
        if name not in there:
            raise FormatError(
                f"{path}: expected one of {', '.join(there) or 'none'}, got {name!r}. "
                "dlaaw targets lists all, with their files.", name,
            )  # fmt: skip
        for other, table in there.items():
            if isinstance(table, dict) and name in [*table.get("nodes", ()), table.get("head")]:
                raise FormatError(
                    f"{path}, [{other}]: it still uses {name}. "
                    f"First: dlaaw targets remove {other}", other,
                )  # fmt: skip
        left = {key: value for key, value in there.items() if key != name}
        _write(path, _without(text, name), left, project=project)


@contextmanager
def _edited(path: Path, *, project: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Hold the file against other processes, and give what it says."""
    try:
        path.parent.mkdir(mode=0o777 if project else 0o700, parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.lock")
        with locked(lock):
            there = targets_file.tables(path)
            yield path.read_bytes().decode() if path.exists() else "", there
    except OSError as error:
        if isinstance(error, SaveError):
            raise
        raise SaveError(f"{path}: could not be written {explained(error)}") from error


def _check(name: str, table: Mapping[str, Any], path: Path, *, project: bool) -> None:
    place = targets_check.Place(str(path), name)
    if table.get("kind") != "cluster":
        targets_check.board(table, place, project=project)
        return
    known = targets_file.read()
    boards = {key: one if isinstance(one, BoardSettings) else None for key, one in known.items()}
    targets_check.cluster(table, place, boards)


def _joined(text: str, name: str, table: Mapping[str, Any]) -> str:
    import tomlkit

    added = tomlkit.dumps({name: dict(table)})
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{added}" if not text.strip() else f"{text}{end}\n{added}"


def _without(text: str, name: str) -> str:
    """Cut a table out; comments behind its last key are those of what follows."""
    import tomlkit

    document = tomlkit.parse(text)
    kept = _comments_behind(getattr(document.item(name), "as_string", str)())
    del document[name]
    rest = tomlkit.dumps(document)
    same = 0
    for before, after in zip(text, rest, strict=False):
        if before != after:
            break
        same += 1
    start = rest.rfind("\n", 0, same) + 1  # tables are whole lines
    return rest[:start] + kept + rest[start:]


def _comments_behind(body: str) -> str:
    lines = body.splitlines(keepends=True)
    at = len(lines)
    while at and (not lines[at - 1].strip() or lines[at - 1].lstrip().startswith("#")):
        at -= 1
    kept = "".join(lines[at:])
    return kept.lstrip("\r\n") if "#" in kept else ""


def _write(path: Path, text: str, meant: Mapping[str, Any], *, project: bool) -> None:
    if targets_file.parse(text.encode(), str(path)) != meant:
        raise SaveError(f"{path}: could not be changed without loss. Change it by hand.")
    write_text(path, text, private=not project)
