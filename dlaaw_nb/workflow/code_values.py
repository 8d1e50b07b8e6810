"""What code reads from around it: globals, closures, defaults, and values as text to be hashed."""

from __future__ import annotations

import builtins
import dis
import functools
import hashlib
import inspect
import io
import sys
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.function import FunctionTask

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["UnstableError", "around", "is_installed", "methods_of", "value_text"]

_PLAIN = frozenset((int, float, complex, str, bytes, bool, type(None)))
_LARGEST = 1 << 26  # bytes of a value from around a function that is looked into
_MANY = 1000  # items of a container, from which on it is pickled rather than spelled out
_WRAPPERS = (types.MethodType, functools.partial, FunctionTask)


class UnstableError(ValueError):
    """What a function reads from around it cannot be hashed; the message names it."""


def around(thing: Any) -> Iterator[tuple[str, Any]]:
    """List what a function, a class or a wrapper of either reads from around it.

    Parameters
    ----------
    thing : object
        Code.

    Yields
    ------
    name : str
        Where it has it from.
    value : object
        What is there now.
    """
    if isinstance(thing, FunctionTask):
        yield "function", thing.function
    elif isinstance(thing, functools.partial):
        yield from (("func", thing.func), ("args", thing.args), ("keywords", thing.keywords))
    elif isinstance(thing, types.MethodType):
        yield from (("function", thing.__func__), ("self", thing.__self__))
    elif isinstance(thing, type):
        for base in thing.__bases__:
            yield f"base {base.__qualname__}", base
        for function in () if is_installed(thing) else methods_of(thing):
            yield from _of_function(function)
    elif isinstance(thing, types.FunctionType):
        yield from _of_function(thing)
    elif hasattr(thing, "__wrapped__"):
        yield "wrapped", thing.__wrapped__
    else:
        yield "class", type(thing)
        yield "object", thing


def methods_of(kind: type) -> list[types.FunctionType]:
    """List the functions that a class defines itself, without those that ``dataclass`` wrote."""
    found = []
    made = "__dataclass_fields__" in vars(kind)
    for name, value in vars(kind).items():
        for function in _functions(value):
            written = function.__code__.co_filename != "<string>"
            if written or not (made and name.startswith("__")):
                found.append(function)
    return found


def value_text(name: str, value: Any, found: list[Any]) -> str:
    """Write a value as text that is the same in every process.

    Parameters
    ----------
    name : str
        Where it was found, for messages.
    value : object
        Anything.
    found : list
        Code in it is added, to be hashed by whoever calls.

    Returns
    -------
    str
        The text, or a hash of it.

    Raises
    ------
    UnstableError
        When it cannot be pickled, or is too large.
    """
    if type(value) in _PLAIN:
        return repr(value)
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__} {_version(value.__name__)}"
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType | type):
        return _definition_text(value, found)
    if isinstance(value, _WRAPPERS) or (callable(value) and hasattr(value, "__wrapped__")):
        found.append(value)
        return f"code {type(value).__name__}"
    if type(value) in (list, tuple, dict, set, frozenset) and len(value) <= _MANY:
        return _container_text(name, value, found)
    if not is_installed(type(value)):
        found.append(type(value))
    return _pickled(name, value, found)


def is_installed(thing: Any) -> bool:
    """Whether a function or class is of a library, known well enough by the library's version."""
    name = getattr(thing, "__module__", None) or ""
    if not name:
        return isinstance(thing, types.BuiltinFunctionType)
    if name.partition(".")[0] == "dlaaw_nb":
        return True
    if name == "builtins":  # also what was defined by exec() in a space without a name
        return getattr(builtins, getattr(thing, "__name__", ""), None) is thing
    module = sys.modules.get(name)
    if module is None:
        return False
    place = getattr(module, "__file__", None)
    if place is None:
        return name != "__main__" and (name in sys.builtin_module_names or _is_frozen(module))
    return "-packages" in place or place.startswith(_STANDARD)


def _is_frozen(module: types.ModuleType) -> bool:
    return getattr(getattr(module, "__spec__", None), "origin", None) in ("built-in", "frozen")


def _functions(value: Any) -> Iterator[types.FunctionType]:
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    parts = [value]
    if isinstance(value, property):
        parts = [value.fget, value.fset, value.fdel]
    elif isinstance(value, functools.cached_property):
        parts = [value.func]
    yield from (part for part in parts if isinstance(part, types.FunctionType))


def _of_function(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    names, attributes = _names(function.__code__)
    read = {name: function.__globals__[name] for name in names if name in function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # a name of the enclosing function that has no value yet
            read[name] = cell.cell_contents
    for name, value in sorted(read.items(), key=lambda pair: pair[0]):
        yield name, value
        if isinstance(value, types.ModuleType):
            yield from _of_module(name, value, attributes)
    yield "defaults", function.__defaults__
    yield "named defaults", function.__kwdefaults__


def _of_module(
    name: str, module: types.ModuleType, attributes: frozenset[str]
) -> Iterator[tuple[str, Any]]:
    """List what is read from a module of the person's: ``helpers.scale`` by its name."""
    place = getattr(module, "__file__", None)
    own = place is not None and not is_installed(types.SimpleNamespace(__module__=module.__name__))
    for attribute in sorted(attributes & vars(module).keys()) if own else ():
        value = vars(module)[attribute]
        yield f"{name}.{attribute}", value
        if isinstance(value, types.ModuleType) and value is not module:
            yield from _of_module(f"{name}.{attribute}", value, attributes - {attribute})


@functools.lru_cache(maxsize=4096)
def _names(code: types.CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """Names that code, with what is nested in it, reads from its module; and all that it names."""
    names, attributes = set(), set(code.co_names)
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner, more = _names(constant)
            names |= inner
            attributes |= more
    return frozenset(names), frozenset(attributes)


def _definition_text(value: Any, found: list[Any]) -> str:
    if not is_installed(value):
        found.append(value)
        return f"code {value.__name__}"
    module = getattr(value, "__module__", None) or ""
    return f"{module}:{value.__qualname__} {_version(module)}"


def _container_text(name: str, value: Any, found: list[Any]) -> str:
    try:
        if type(value) is dict:
            parts = [
                f"{value_text(name, key, found)}: {value_text(name, item, found)}"
                for key, item in value.items()
            ]
        else:
            parts = [value_text(name, item, found) for item in value]
    except RecursionError:
        return _pickled(name, value, found)
    if type(value) in (set, frozenset):
        parts.sort()
    return f"{type(value).__name__}({', '.join(parts)})"


def _pickled(name: str, value: Any, found: list[Any]) -> str:
    """Hash an object by its state; code of the person's in it is hashed as code."""
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc] # it has no types
        def persistent_id(self, obj: Any) -> str | None:
            if not isinstance(obj, types.FunctionType | type) or is_installed(obj):
                return None
            found.append(obj)
            return f"code {obj.__name__}"

    try:
        with io.BytesIO() as file:
            Pickler(file, protocol=5).dump(value)
            data = file.getvalue()
    except Exception as error:
        raise UnstableError(
            f"it reads {name} from around it, a {type(value).__name__} that cannot be hashed"
        ) from error
    if len(data) > _LARGEST:
        raise UnstableError(f"it reads {name} from around it, which is too large to be hashed")
    return hashlib.sha256(data).hexdigest()


def _version(module: str) -> str:
    return str(getattr(sys.modules.get(module.partition(".")[0]), "__version__", ""))


_STANDARD = str(inspect.getsourcefile(hashlib)).rpartition("hashlib")[0]
