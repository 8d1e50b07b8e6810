"""Modules made of code that a file brought, once the person trusts it."""

from __future__ import annotations

import itertools
import linecache
import sys
from types import ModuleType
from typing import Any

from dlaaw_nb.errors import FormatError

__all__ = ["CodeModule", "module_of", "run_code"]

_numbers = itertools.count(1)


class CodeModule(ModuleType):
    """A module made of text.

    Nothing is found in it by name from outside: pickle then cannot refer to what it holds, which no
    other process could import, and cloudpickle carries it by value.

    Attributes
    ----------
    __source__ : str
        The text.
    """

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise AttributeError(name)


def run_code(text: str, label: str = "code") -> dict[str, Any]:
    """Run code in a module of its own.

    Parameters
    ----------
    text : str
        Python. The caller answers for it.
    label : str
        What tracebacks call it.

    Returns
    -------
    dict
        What it defines, by name.

    Raises
    ------
    FormatError
        When it cannot be run.
    """
    number = next(_numbers)
    name = f"dlaaw_code_{number}"
    word = "".join(char if char.isalnum() else "_" for char in label)[:60]
    file = f"{word}-{number}.py"
    module = CodeModule(name)
    space = vars(module)
    space.update(__file__=file, __source__=text)
    lines = [f"{line}\n" for line in text.split("\n")]
    linecache.cache[file] = (len(text), None, lines, file)  # tracebacks and inspect read it there
    sys.modules[name] = module  # dataclasses and annotations are resolved there
    try:
        exec(compile(text, file, "exec", dont_inherit=True), space)  # noqa: S102 - it is trusted
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise FormatError(
            f"{label}: it could not be run ({type(error).__name__}: {error}). Mend the code in the "
            "file, or install what it imports."
        ) from error
    return space


def module_of(thing: Any) -> CodeModule | None:
    """Give the module made of text that a function or class was defined in; None for others."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    return module if isinstance(module, CodeModule) else None
