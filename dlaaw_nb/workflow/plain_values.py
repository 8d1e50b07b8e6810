"""Values as plain JSON, and parameters back from it in the form in which a class wants them."""

from __future__ import annotations

import json
import math
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import PurePath
from types import UnionType
from typing import Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.documents import MAX_DEPTH, shown
from dlaaw_nb.workflow.task import Task

__all__ = ["plain_value", "restored", "values_text"]

_UNIONS = (typing.Union, UnionType)
_MOST_BITS = 14_000  # Python reads numbers of 4,300 digits


def plain_value(value: Any, where: str, depth: int = 0) -> Any:  # noqa: PLR0911 - one for each kind
    """Write a value with what JSON has.

    Parameters
    ----------
    value : object
        None, a truth value, number, text, path, list, tuple or mapping by text; of NumPy single
        numbers.
    where : str
        What it is, for the message.
    depth : int
        How deep in another value it stands.

    Returns
    -------
    object
        The same in dict, list, str, int, float, bool and None; numbers are exact.

    Raises
    ------
    GraphError
        When it holds something else, NaN or an infinity.
    """
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return _short(value, where)
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if depth < MAX_DEPTH and isinstance(value, (list, tuple)):
        return [
            plain_value(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)
        ]
    if depth < MAX_DEPTH and isinstance(value, Mapping) and all(type(key) is str for key in value):
        return {key: plain_value(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    single = _single_number(value)
    if single is not None:
        return plain_value(single, where, depth)
    if isinstance(value, float):
        raise GraphError(
            f"{where}: {value!r} cannot stand in a file. Use a finite number, or None."
        )
    raise GraphError(
        f"{where}: expected a plain value (text, numbers, lists, mappings by text), got "
        f"{type(value).__name__} {shown(value)}, which a file cannot hold. Save it as a file of "
        "its own and give its path, or leave it to a run."
    )


def values_text(values: Mapping[str, Any]) -> str:
    """Write values as text to be hashed: the same before they are saved and after.

    Parameters
    ----------
    values : mapping of str to object
        Any; those that a file cannot hold are told by their repr.

    Returns
    -------
    str
        One line.
    """
    return json.dumps({name: _told(value) for name, value in values.items()})


def restored(kind: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Bring parameters from a file into the form that a class wants: tuples and paths.

    Parameters
    ----------
    kind : type of Task
        A class whose parameters are its fields is asked for their types; any other gets them as
        they are.
    parameters : mapping
        As JSON gave them.

    Returns
    -------
    dict
        The parameters.
    """
    plain = getattr(kind, "from_parameters", None)
    if not is_dataclass(kind) or getattr(plain, "__func__", None) is not _own_way:
        return dict(parameters)
    try:
        hints = typing.get_type_hints(kind)
    except Exception:  # noqa: BLE001 - whatever evaluating an annotation of a class raises
        hints = {}
    made = dict(parameters)
    for item in fields(kind):
        if item.name in made:
            hint = hints.get(item.name, _default_type(item))
            made[item.name] = _fitted(made[item.name], hint)
    return made


_own_way = Task.from_parameters.__func__  # type: ignore[attr-defined]


def _told(value: Any) -> Any:
    try:
        return plain_value(value, "")
    except GraphError:
        return {"repr": repr(value)}


def _short(value: int, where: str) -> int:
    """Refuse a number of more digits than Python reads."""
    if value.bit_length() > _MOST_BITS:
        raise GraphError(
            f"{where}: a number of {value.bit_length():,} bits cannot stand in a file. Write it as "
            "text."
        )
    return value


def _single_number(value: Any) -> Any:
    """Give the plain number that one of NumPy is, without importing it; None for others."""
    if type(value).__module__ != "numpy" or getattr(value, "shape", None) != ():
        return None
    single = value.item()
    return single if type(single) in (bool, int, float, str) else None


def _default_type(item: Any) -> Any:
    if item.default is not MISSING:
        return type(item.default)
    return type(item.default_factory()) if item.default_factory is not MISSING else Any


def _fitted(value: Any, hint: Any) -> Any:  # noqa: PLR0911 - one for each kind
    """Give a value from JSON as its annotation says; as it is where that says nothing."""
    origin, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is typing.Annotated:
        return _fitted(value, parts[0])
    if origin in _UNIONS:
        return _first_fitted(value, parts)
    if isinstance(value, str) and isinstance(origin, type) and issubclass(origin, PurePath):
        return origin(value)
    if isinstance(value, list) and origin is tuple:
        return tuple(_items(value, parts))
    if isinstance(value, list) and origin is list and parts:
        return [_fitted(item, parts[0]) for item in value]
    if isinstance(value, dict) and origin is dict and len(parts) == 2:
        return {key: _fitted(item, parts[1]) for key, item in value.items()}
    return value


def _first_fitted(value: Any, parts: tuple[Any, ...]) -> Any:
    if isinstance(value, str) and str in parts:
        return value
    for part in parts:
        made = _fitted(value, part)
        if made is not value:
            return made
    return value


def _items(values: list[Any], parts: tuple[Any, ...]) -> list[Any]:
    if not parts:
        return values
    if len(parts) == 2 and parts[1] is Ellipsis:
        return [_fitted(value, parts[0]) for value in values]
    if len(parts) != len(values):
        return values
    return [_fitted(value, part) for value, part in zip(values, parts, strict=True)]
