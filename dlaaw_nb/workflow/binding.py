"""What a person gives a workflow becomes values on their way."""

from __future__ import annotations

import difflib
import os
import time
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError, DataError, GraphError, MissingDataError, StoreError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.converters import offer
from dlaaw_nb.workflow.port_type import type_of
from dlaaw_nb.workflow.types import FILE, STR
from dlaaw_nb.workflow.values import Ref, keep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.flat import Flat
    from dlaaw_nb.workflow.port_type import PortType

__all__ = ["bind", "bind_value", "check_given", "conversion", "reads_paths"]

_SETTLED_S = 2.0  # a file that was changed later may change again without showing it
_hashes: dict[tuple[str, int, int, int], str] = {}


def bind(
    flat: Flat,
    given: Mapping[str, Any],
    store: Store,
    *,
    copy: bool = False,
) -> dict[str, Ref]:
    """Make a reference of every input that a flat workflow reads.

    Parameters
    ----------
    flat : Flat
        The workflow.
    given : mapping of str to object
        What was given for this run, by name of the input.
    store : Store
        Where values are kept.
    copy : bool
        Whether files go into the store, for workers that may not see them where they lie.

    Returns
    -------
    dict of str to Ref
        By input.

    Raises
    ------
    GraphError
        When an input is missing or unknown, or a value fits no port that it feeds.
    DataError
        When a file cannot be read.
    """
    check_given(flat, given)
    readers = _readers(flat)
    refs = {}
    for name, declared in flat.inputs.items():
        if name in readers or name in given:
            value = given.get(name, declared.default)
            kinds = [declared.type] if declared.type is not None else readers.get(name, [])
            refs[name] = bind_value(name, value, kinds, store, flat.base(name), copy=copy)
            for one in readers.get(name, []):
                conversion(refs[name], one, f"input {name}")
    return refs


def check_given(flat: Flat, given: Mapping[str, Any]) -> None:
    """Make sure that a workflow is given what it needs, and nothing else.

    Raises
    ------
    GraphError
        When an input is missing or unknown.
    """
    strange = [name for name in given if name not in flat.inputs]
    if strange:
        near = difflib.get_close_matches(strange[0], flat.inputs, 1)
        names = ", ".join(name for name in flat.inputs if "." not in name) or "none"
        hint = f"Did you mean {near[0]!r}?" if near else f"Its inputs: {names}."
        raise GraphError(f"input {strange[0]!r}: the workflow has none of that name. {hint}")
    readers = _readers(flat)
    missing = [
        name
        for name, declared in flat.inputs.items()
        if declared.default is NOTHING and name not in given and name in readers
    ]
    if missing:
        raise GraphError(
            f"missing: {', '.join(missing)}. Give each a value: run({missing[0]}=...)."
        )


def conversion(ref: Ref, wanted: PortType, where: str) -> str:
    """Name the task that turns what was given into what a port takes; empty where none is needed.

    Raises
    ------
    GraphError
        When there is none.
    """
    if wanted.accepts(ref.type):
        return ""
    kind = offer(ref.type, wanted)
    if kind is None:
        raise GraphError(f"{where}: {wanted.refusal(ref.type)}.")
    return kind


def _readers(flat: Flat) -> dict[str, list[PortType]]:
    """List the types of the ports that each input feeds."""
    readers: dict[str, list[PortType]] = {}
    for node in flat.nodes.values():
        for port in node.task.inputs:
            for source in node.feeds.get(port.name, ()):
                if not source.task:
                    readers.setdefault(source.port, []).append(port.type)
    return readers


def reads_paths(kind: PortType) -> bool:
    """Whether text that is given to a port of a type is the path or URL of a file to be read."""
    return kind.name == "file" or bool(kind.check("") and offer(STR, kind) is None)


def bind_value(
    name: str,
    value: Any,
    kinds: Iterable[PortType],
    store: Store,
    base: Path | None = None,
    *,
    copy: bool = False,
) -> Ref:
    """Make a reference of a value: of a path or URL the file, of anything else itself.

    Parameters
    ----------
    name : str
        Of the input, for messages.
    value : object
        What was given, or an item of a list that a map goes over.
    kinds : iterable of PortType
        Of the ports that it feeds.
    store, base, copy
        See `bind`; `base` is what a relative path is looked for in first.

    Returns
    -------
    Ref
        The reference; every one of `kinds` takes it, or there is a converter for it.

    Raises
    ------
    GraphError
        When the value fits one of them not.
    DataError
        When a file cannot be read.
    CodecError
        When a value is not what it seems to be.
    """
    wanted = list(kinds)
    try:
        if _is_path(value, wanted):
            ref = _file(value, wanted, store, base, copy=copy)
        else:
            ref, _ = keep(value, _kind(value, wanted), store.objects)
    except (CodecError, DataError, StoreError) as error:
        raise type(error)(f"input {name}: {error}") from error
    for one in wanted:
        conversion(ref, one, f"input {name}")
    return ref


def _kind(value: Any, wanted: list[PortType]) -> PortType:
    exact = wanted[0] if len({kind.name for kind in wanted}) == 1 else None
    if exact is not None and exact.name != "any" and exact.check(value) is None:
        return exact
    return type_of(value)


def _is_path(value: Any, wanted: list[PortType]) -> bool:
    if isinstance(value, PurePath):
        return True
    if not isinstance(value, str):
        return False
    return any(reads_paths(kind) for kind in wanted)


def _file(
    value: Any, wanted: list[PortType], store: Store, base: Path | None, *, copy: bool
) -> Ref:
    text = os.fspath(value)
    if "://" in text:
        from dlaaw_nb.store.fetching import fetch

        path = fetch(text, store.folder / "fetched")
        stored = store.objects.put_file(path, move=True)
        return Ref(FILE, stored.hash, stored.size, text, filename=path.name, location=text)
    path = Path(text).expanduser()
    if base is not None and (base / path).is_file():
        path = base / path
    if path.is_file():
        return _local_file(path, store, copy=copy)
    named = next((kind for kind in wanted if kind.name != "file"), None)
    kind = None if named is None else offer(FILE, named)
    if kind is not None and not path.exists():
        return _by_name(text, kind, store)
    what = "a folder" if path.is_dir() else "nothing"
    raise MissingDataError(
        f"{text!r}: expected a file, found {what} ({path.absolute()}). Check the name, or give the "
        "whole path.",
        source=text,
    )


def _local_file(path: Path, store: Store, *, copy: bool) -> Ref:
    path = path.absolute()
    if copy:
        stored = store.objects.put_file(path)
        hash_, size = stored.hash, stored.size
    else:
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns, status.st_ino)
        hash_ = _hashes.get(key) or _digest(path)
        if time.time() - status.st_mtime > _SETTLED_S:
            _hashes[key] = hash_
        size = status.st_size
    return Ref(FILE, hash_, size, path.name, filename=path.name, location=str(path))


def _by_name(text: str, kind: str, store: Store) -> Ref:
    """Read what has a name but is no file: a data set of the package."""
    from dlaaw_nb.workflow.library import ready_task

    task = ready_task(kind)
    run: Any = task.run  # type: ignore[attr-defined]
    value = run(**{task.inputs[0].name: Path(text)})
    ref, _ = keep(value, task.outputs[0].type, store.objects)
    ref.location = text
    return ref


def _digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        digest = hashlib.sha256()
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
