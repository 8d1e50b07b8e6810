"""Where what a person uses can be imported from."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from dlaaw_nb.workflow.code_module import CodeModule
from dlaaw_nb.workflow.function import FunctionTask

__all__ = ["import_place", "public_place"]

_SCRIPTS = ("__main__", "__mp_main__")


def import_place(thing: Any) -> tuple[str, str] | None:
    """Find the module that a function, class or function task can be imported from.

    Parameters
    ----------
    thing : function, class or FunctionTask
        Anything that may know its module.

    Returns
    -------
    tuple of module, name, or None
        The name may be of a class inside of another; None for what stands in a cell or script, or
        inside of a function.
    """
    own = thing.function if isinstance(thing, FunctionTask) else thing
    module = getattr(own, "__module__", None)
    name = getattr(own, "__qualname__", None) or getattr(own, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    return (module, name) if _stands_at(module, name, own) else None


def public_place(name: str, value: Any) -> tuple[str, str] | None:
    """Find a module that holds an object, under the name it has where it is used or its own.

    Parameters
    ----------
    name : str
        How it is called where it is used.
    value : object
        Anything.

    Returns
    -------
    tuple of module, name, or None
        Of several modules the one of the shortest name; one without underscores comes first.
    """
    known = import_place(value)
    if known is not None and not known[0].startswith("_"):
        return known
    own = getattr(value, "__name__", None)
    names = [name, own] if isinstance(own, str) else [name]
    found = []
    for module, holder in list(sys.modules.items()):
        space = getattr(holder, "__dict__", {})
        found += [
            (module, key)
            for key in names
            if space.get(key) is value and _stands_at(module, key, value)
        ]
    return min(found, key=_by_openness) if found else known


def _by_openness(place: tuple[str, str]) -> tuple[bool, int, tuple[str, str]]:
    hidden = any(part.startswith("_") for part in place[0].split("."))
    return hidden, len(place[0]), place


def _stands_at(module: str, name: str, wanted: Any) -> bool:
    found: Any = sys.modules.get(module)
    if module in _SCRIPTS or isinstance(found, CodeModule) or "<" in name:
        return False
    if getattr(found, "__spec__", None) is None:
        return False
    try:
        for part in name.split("."):
            found = inspect.getattr_static(found, part)
    except AttributeError:
        return False
    return found is wanted or (isinstance(found, FunctionTask) and found.function is wanted)
