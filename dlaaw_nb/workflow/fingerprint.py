"""Hashes of code: what must be the same for an earlier result to count."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
import textwrap
import types
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from dlaaw_nb.workflow.function import FunctionTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dlaaw_nb.workflow.task import Task

__all__ = ["UnstableError", "code_fingerprint", "source_of", "task_fingerprint"]

_PLAIN = (int, float, complex, str, bytes, bool, type(None), tuple, frozenset)
_LARGEST = 1 << 26  # bytes of a value from around a function that is looked into
_known: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


class UnstableError(ValueError):
    """What a function reads from around it cannot be hashed; the message names it."""


def task_fingerprint(task: Task) -> str:
    """Hash the code of a task and its parameters.

    Parameters
    ----------
    task : Task
        Of a function the function, and the functions of the person that it calls; of a class its
        source.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    code = code_fingerprint(task.function if isinstance(task, FunctionTask) else type(task))
    parameters = task.parameters
    ports = [(port.name, port.type.name) for port in task.outputs]
    text = json.dumps([code, task.kind, parameters, ports], sort_keys=True, default=repr)
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
    seen: set[int] = set()
    waiting: list[Any] = [thing]
    while waiting:
        item = waiting.pop()
        if isinstance(item, FunctionTask):
            item = item.function
        if id(item) in seen:
            continue
        seen.add(id(item))
        digest.update(_own(item).encode())
        for name, value in sorted(_surroundings(item), key=lambda pair: pair[0]):
            digest.update(f"\0{name}=".encode())
            if _is_code(value):
                waiting.append(value)
            else:
                digest.update(_plain(name, value).encode())
    return digest.hexdigest()


def source_of(thing: Any) -> str | None:
    """Read the source of a function or class, cells of a notebook included; None without one."""
    try:
        return textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):
        return None


def _own(thing: Any) -> str:
    """The code of one function or class alone, in a form that does not depend on its layout."""
    try:
        return _known[thing]
    except (KeyError, TypeError):
        pass
    source = source_of(thing)
    text = None if source is None else _normal(source)
    if text is None:
        code = getattr(thing, "__code__", None)
        text = _code_text(code) if code is not None else f"{thing.__module__}:{thing.__qualname__}"
    try:
        _known[thing] = text
    except TypeError:
        pass
    return text


def _normal(source: str) -> str | None:
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
        _code_text(const) if isinstance(const, types.CodeType) else repr(const)
        for const in code.co_consts
    ]
    return f"{code.co_code.hex()}{code.co_names}{code.co_varnames}{parts}"


def _surroundings(thing: Any) -> Iterator[tuple[str, Any]]:
    """What a function reads from around it, by name."""
    functions = [thing] if isinstance(thing, types.FunctionType) else _methods(thing)
    for base in getattr(thing, "__bases__", ()):
        yield f"base {base.__qualname__}", base
    for function in functions:
        try:
            found = inspect.getclosurevars(function)
        except ValueError:  # a name of the enclosing function that has no value yet
            continue
        yield from found.nonlocals.items()
        yield from found.globals.items()
        for name, value in zip(
            function.__code__.co_varnames[-len(function.__defaults__ or ()) :],
            function.__defaults__ or (),
            strict=False,
        ):
            yield f"default {name}", value


def _methods(thing: Any) -> list[types.FunctionType]:
    if not isinstance(thing, type) or _installed(thing):
        return []
    return [value for value in vars(thing).values() if isinstance(value, types.FunctionType)]


def _is_code(value: Any) -> bool:
    code = isinstance(value, types.FunctionType | type | FunctionTask)
    return code and not _installed(value.function if isinstance(value, FunctionTask) else value)


def _installed(thing: Any) -> bool:
    """Whether a function or class is of a library, known well enough by the library's version."""
    module = sys.modules.get(getattr(thing, "__module__", "") or "")
    if module is None:
        return False
    place = getattr(module, "__file__", None)
    if place is None:
        return module.__name__ != "__main__"
    return "site-packages" in place or "dist-packages" in place or _of_python(place)


def _of_python(place: str) -> bool:
    return place.startswith(_STANDARD)


def _plain(name: str, value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__} {getattr(value, '__version__', '')}"
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType | type):
        module = (getattr(value, "__module__", None) or "").partition(".")[0]
        version = getattr(sys.modules.get(module), "__version__", "")
        return f"{value.__module__}:{value.__qualname__} {version}"
    if isinstance(value, _PLAIN):
        return repr(value)
    import cloudpickle

    try:
        data = cloudpickle.dumps(value, protocol=5)
    except Exception as error:
        raise UnstableError(
            f"it reads {name} from around it, a {type(value).__name__} that cannot be hashed"
        ) from error
    if len(data) > _LARGEST:
        raise UnstableError(f"it reads {name} from around it, which is too large to be hashed")
    return hashlib.sha256(data).hexdigest()


_STANDARD = inspect.getsourcefile(json).rpartition("json")[0]  # type: ignore[union-attr]
