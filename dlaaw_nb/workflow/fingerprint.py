"""Hashes of code: what must be the same for an earlier result to count."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import textwrap
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from dlaaw_nb.workflow.code_values import UnstableError, around, methods_of, value_text
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.sources import source_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.workflow.task import Task

__all__ = ["UnstableError", "code_fingerprint", "task_fingerprint"]

_known: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def task_fingerprint(task: Task) -> str:
    """Hash the code of a task and its parameters.

    Parameters
    ----------
    task : Task
        Of a function the function, and the functions of the person that it calls; of a class its
        source, and all that the instance holds.

    Returns
    -------
    str
        SHA-256 in hexadecimal.

    Raises
    ------
    UnstableError
        When something that decides the result cannot be hashed.
    """
    own = isinstance(task, FunctionTask)
    code = code_fingerprint(task.function if isinstance(task, FunctionTask) else type(task))
    ports = [(port.name, port.type.name) for port in task.outputs]
    found: list[Any] = []
    held = {} if own else {k: v for k, v in vars(task).items() if k not in ("name", "policy")}
    state = [value_text(name, held[name], found) for name in sorted(held)]
    more = [code_fingerprint(thing) for thing in found]
    text = json.dumps([code, task.kind, sorted(held), state, more, ports])
    return hashlib.sha256(text.encode()).hexdigest()


def code_fingerprint(thing: Callable[..., Any] | type) -> str:
    """Hash a function or a class by what it does, not by how it is laid out.

    Comments, docstrings and line breaks do not count. What a function reads from around it does:
    other functions and classes of the person, plain values, and the versions of libraries.

    Parameters
    ----------
    thing : function or class
        What is hashed.

    Returns
    -------
    str
        SHA-256 in hexadecimal.

    Raises
    ------
    UnstableError
        When something that it reads from around it cannot be hashed.
    """
    digest = hashlib.sha256()
    seen: dict[int, Any] = {}  # kept alive, so that no id is used twice
    waiting: list[Any] = [thing]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen[id(item)] = item
        digest.update(_own(item).encode())
        for name, value in around(item):
            text = value_text(name, value, waiting)
            digest.update(f"\0{name}={text}".encode())
    return digest.hexdigest()


def _own(thing: Any) -> str:
    """Write the code of one function or class alone, in a form that is free of its layout."""
    with suppress(KeyError, TypeError):
        return _known[thing]
    text = _text(thing)
    with suppress(TypeError):
        _known[thing] = text
    return text


def _text(thing: Any) -> str:
    if isinstance(thing, types.FunctionType):
        # Not of the function: of one that wraps another one that would give the other one's.
        return _source_text(thing.__code__) or _code_text(thing.__code__)
    if not isinstance(thing, type):
        return type(thing).__name__
    text = _source_text(thing)
    if text is not None:
        return text
    methods = [_code_text(method.__code__) for method in methods_of(thing)]
    plain = [(k, v) for k, v in vars(thing).items() if isinstance(v, str | int | float | tuple)]
    return f"{thing.__qualname__} {methods} {[pair for pair in plain if pair[0] not in _OF_CLASS]}"


_OF_CLASS = ("__module__", "__doc__", "__firstlineno__", "__static_attributes__")


def _source_text(thing: types.CodeType | type) -> str | None:
    source: str | None = None
    if isinstance(thing, type):
        source = source_text(thing)
    else:
        with suppress(OSError, TypeError):
            source = textwrap.dedent(inspect.getsource(thing))
    if source is None:
        return None
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a lambda in the middle of a call
        return None
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            node.decorator_list = []
            if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                node.body = body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _code_text(code: types.CodeType) -> str:
    parts = [
        _code_text(const) if isinstance(const, types.CodeType) else _constant(const)
        for const in code.co_consts
    ]
    return f"{code.co_code.hex()}{code.co_names}{code.co_varnames}{parts}"


def _constant(value: object) -> str:
    """Write a constant; the order of a set of words differs from process to process."""
    return str(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)
