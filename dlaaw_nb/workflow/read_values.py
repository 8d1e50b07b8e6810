"""What the names that a definition reads from around it stand for."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlaaw_nb.workflow.surroundings import Names

__all__ = ["values_of"]


def values_of(names: Names, own: Any, text: str) -> tuple[dict[str, Any], frozenset[str]]:
    """Find what names stand for.

    Parameters
    ----------
    names : Names
        What a definition reads.
    own : function or class
        What was defined.
    text : str
        Its source.

    Returns
    -------
    values : dict of str to object
        Without what is Python's own.
    missing : frozenset of str
        Names that stand for nothing that could be found: those of a function around it that has
        ended, say.
    """
    import dlaaw_nb

    cells, around, given = _cells_of(own), _namespace_of(own), _given_once(own, text)
    values, missing = {}, set()
    for key in sorted(names.first | names.later | names.hints):
        python = getattr(builtins, key, None)
        if key in given and (key not in names.later or cells.get(key, given[key]) is given[key]):
            values[key] = given[key]
        elif key in cells:
            values[key] = cells[key]
        elif key in around:
            if python is None or around[key] is not python:
                values[key] = around[key]
        elif key in dlaaw_nb.__all__:  # imported inside of the function around it
            values[key] = getattr(dlaaw_nb, key)
        elif not hasattr(builtins, key):
            missing.add(key)
    return values, frozenset(missing)


def _given_once(own: Any, text: str) -> dict[str, Any]:
    """Give what defaults and bases were when it was defined; names may mean something else now."""
    node = ast.parse(text).body[0]
    if isinstance(own, type) and isinstance(node, ast.ClassDef):
        pairs = zip(node.bases, own.__bases__, strict=False)  # NamedTuple leaves a plain tuple
        bases = [(base.id, kind) for base, kind in pairs if isinstance(base, ast.Name)]
        return {name: kind for name, kind in bases if kind.__module__ != "builtins"}
    if not isinstance(own, types.FunctionType) or not isinstance(
        node, ast.FunctionDef | ast.AsyncFunctionDef
    ):
        return {}
    parts = node.args
    found = dict(_named(parts.defaults, list(own.__defaults__ or ())))
    named = own.__kwdefaults__ or {}
    wanted = [named.get(one.arg) for one in parts.kwonlyargs]
    return found | dict(_named(parts.kw_defaults, wanted))


def _named(nodes: list[Any], values: list[Any]) -> list[tuple[str, Any]]:
    if len(nodes) != len(values):
        return []
    pairs = zip(nodes, values, strict=True)
    return [(node.id, value) for node, value in pairs if isinstance(node, ast.Name)]


def _namespace_of(thing: Any) -> dict[str, Any]:
    """Give the names around a function or class; those of its module."""
    own = inspect.unwrap(thing) if not isinstance(thing, type) else thing
    if isinstance(own, types.FunctionType):
        return own.__globals__
    for value in vars(own).values() if isinstance(own, type) else ():
        plain = inspect.unwrap(value) if callable(value) else value
        if isinstance(plain, types.FunctionType) and plain.__module__ == own.__module__:
            return plain.__globals__
    module = sys.modules.get(getattr(own, "__module__", None) or "")
    return {} if module is None else vars(module)


def _cells_of(thing: Any) -> dict[str, Any]:
    """Give what a function, or the methods of a class, read from functions around them."""
    if isinstance(thing, type):
        methods = [value for value in vars(thing).values() if callable(value)]
        return {key: item for one in methods for key, item in _cells_of(_plain(one)).items()}
    own = _plain(thing)
    if not isinstance(own, types.FunctionType):
        return {}
    found = {}
    for name, cell in zip(own.__code__.co_freevars, own.__closure__ or (), strict=True):
        with suppress(ValueError):  # a name that has no value yet
            found[name] = cell.cell_contents
    found.pop("__class__", None)
    return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, type) else inspect.unwrap(value)
