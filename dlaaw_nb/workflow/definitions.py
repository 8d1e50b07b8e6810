"""One name of a person's code as text: an import, a constant, a function, a class."""

from __future__ import annotations

import ast
import enum
import logging
import re
import sys
import types
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.documents import shown
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.import_places import import_place, public_place
from dlaaw_nb.workflow.literals import literal
from dlaaw_nb.workflow.port_type import PortType
from dlaaw_nb.workflow.read_values import values_of
from dlaaw_nb.workflow.sources import source_text
from dlaaw_nb.workflow.surroundings import lazy_hints, names_in

__all__ = ["Definition", "binding_name", "definition_of"]

_LARGEST = 100_000  # characters of a constant
_REGISTERING = ("register_task", "library.register_task", "workflow.library.register_task")


@dataclass(frozen=True)
class Definition:
    """What makes a name mean what it means.

    Attributes
    ----------
    name : str
        The name.
    text : str
        Python that binds it.
    needs : dict of str to object
        What the names that it reads stand for.
    first : frozenset of str
        Those that it reads at once, not only when it is called.
    imports : bool
        Whether it is an import.
    lazy : bool
        Whether its annotations must stay unread.
    """

    name: str
    text: str
    needs: dict[str, Any]
    first: frozenset[str] = frozenset()
    imports: bool = False
    lazy: bool = False


def binding_name(thing: Any) -> str:
    """Give the name that the source of a function or class binds."""
    own = thing.function if isinstance(thing, FunctionTask) else thing
    return str(getattr(own, "__qualname__", "")).rpartition(".")[2]


def definition_of(name: str, value: Any, chains: frozenset[str], where: str) -> Definition:
    """Write what makes a name mean a value.

    Parameters
    ----------
    name : str
        The name.
    value : object
        What it stands for.
    chains : frozenset of str
        Attributes that are read of it, for modules inside of packages.
    where : str
        The task, for messages.

    Returns
    -------
    Definition
        It does not include what it needs.

    Raises
    ------
    GraphError
        When it cannot be written.
    """
    if isinstance(value, types.ModuleType):
        return _module(name, value, chains)
    if isinstance(value, PortType):
        return _port_type(name, value, where)
    constant = literal(value) if not isinstance(value, PurePath) else None
    if constant is not None:
        if len(constant) > _LARGEST:
            raise GraphError(
                f"{where}: {name} is too large to be written beside the code "
                f"({len(constant):,} characters). Make it an input of the task."
            )
        return Definition(name, f"{name} = {constant}", {})
    place = import_place(value)
    code = isinstance(value, types.FunctionType | type | FunctionTask) or hasattr(
        value, "__wrapped__"
    )
    if place is None and code:
        return _own(name, value, where)
    place = place or (None if _made(value) else public_place(name, value))
    if place is not None:
        return _import(name, *place)
    return _made_value(name, value, where)


def _module(name: str, module: types.ModuleType, chains: frozenset[str]) -> Definition:
    full = module.__name__
    if name != full:
        head, _, last = full.rpartition(".")
        plain = (
            f"from {head} import {last}" if head and last == name else f"import {full} as {name}"
        )
        return Definition(name, plain, {}, imports=True)
    inner = {full}
    for chain in chains:
        if chain.startswith(f"{name}."):
            found = chain
            while found != name and not isinstance(sys.modules.get(found), types.ModuleType):
                found = found.rpartition(".")[0]
            inner.add(found)
    longest = [one for one in inner if not any(other.startswith(f"{one}.") for other in inner)]
    return Definition(name, "\n".join(f"import {one}" for one in sorted(longest)), {}, imports=True)


def _import(name: str, module: str, qualname: str) -> Definition:
    if module.startswith("dlaaw_nb."):
        import dlaaw_nb

        module = "dlaaw_nb" if qualname in dlaaw_nb.__all__ else module
    outer, _, inner = qualname.partition(".")
    if inner:
        alias = f"from {module} import {outer} as _{name}\n{name} = _{name}.{inner}"
        return Definition(name, alias, {}, imports=False)
    renamed = "" if outer == name else f" as {name}"
    return Definition(name, f"from {module} import {outer}{renamed}", {}, imports=True)


def _own(name: str, value: Any, where: str) -> Definition:
    own = value.function if isinstance(value, FunctionTask) else value
    bound = binding_name(own)
    if bound != name and bound.isidentifier():
        return Definition(name, f"{name} = {bound}", {bound: value}, frozenset({bound}))
    text = source_text(own)
    if text is None:
        raise GraphError(f"{where}: {_why_no_source(name, own)}")
    text = _without_registering(text)
    _refuse_nonlocal(text, name, where)
    names, lazy = names_in(text), lazy_hints(own)
    needs, missing = values_of(names, own, text)
    strange = sorted(missing & names.first)
    if strange:
        raise GraphError(
            f"{where}: {name} reads {strange[0]} of a function around it when it is defined, which "
            "a file cannot hold. Define it outside of that function, or make it an input of the "
            "task."
        )
    # A hint that cannot be found any more may stay unread.
    lazy = lazy or bool(missing & names.hints)
    hints = frozenset() if lazy else names.hints
    strict = (names.first | hints) & set(needs)
    return Definition(name, text, needs, frozenset(strict), lazy=lazy)


def _why_no_source(name: str, own: Any) -> str:
    if getattr(own, "__name__", "") == "<lambda>":
        return (
            "a lambda has no source that could be written into a file. Write it as a function: "
            "def name(...): return ..."
        )
    return (
        f"{name} has no source that could be written into a file. Define it in a cell, a script or "
        "a module, with def or class."
    )


def _refuse_nonlocal(text: str, name: str, where: str) -> None:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Nonlocal) and not _bound_inside(tree, node):
            raise GraphError(
                f"{where}: {name} changes {', '.join(node.names)} of the function around it, which "
                "a file cannot hold. Let it return what it counts."
            )


def _bound_inside(tree: ast.Module, nonlocal_: ast.Nonlocal) -> bool:
    """Whether the function that binds the names is part of the text itself."""
    try:
        compile(ast.unparse(tree), "definition", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return bool(nonlocal_.names)


def _without_registering(text: str) -> str:
    """Leave out the decorator that makes a kind known by its name, which may be done only once."""
    node = ast.parse(text).body[0]
    lines = text.split("\n")
    drop: set[int] = set()
    for decorator in getattr(node, "decorator_list", ()):
        bare = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(bare).endswith(_REGISTERING):
            drop.update(range(decorator.lineno, (decorator.end_lineno or 0) + 1))
    return "\n".join(line for row, line in enumerate(lines, 1) if row not in drop)


def _made(value: Any) -> bool:
    return isinstance(value, PurePath | re.Pattern | logging.Logger | enum.Enum)


def _made_value(name: str, value: Any, where: str) -> Definition:
    """Write a value of a few well known classes as the call that makes it."""
    made: tuple[str, dict[str, Any]]
    if isinstance(value, PurePath):
        import pathlib

        kind = "Path" if hasattr(value, "exists") else "PurePath"
        made = f"pathlib.{kind}({literal(str(value))})", {"pathlib": pathlib}
    elif isinstance(value, re.Pattern):
        flags = value.flags & ~re.UNICODE if isinstance(value.pattern, str) else value.flags
        text = f"re.compile({literal(value.pattern)}{f', {flags}' if flags else ''})"
        made = text, {"re": re}
    elif isinstance(value, logging.Logger):
        made = f"logging.getLogger({literal(value.name)})", {"logging": logging}
    elif isinstance(value, enum.Enum):
        kind = type(value).__name__
        made = f"{kind}[{literal(value.name)}]", {kind: type(value)}
    else:
        raise GraphError(
            f"{where}: it reads {name} from around it, {_article(value)} {shown(value)}, which a "
            "file cannot hold. Make it an input of the task, make it inside of the function, or "
            "put it into a module."
        )
    return Definition(name, f"{name} = {made[0]}", dict(made[1]), frozenset(made[1]))


def _article(value: Any) -> str:
    word = type(value).__name__
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"


def _port_type(name: str, value: PortType, where: str) -> Definition:
    from dlaaw_nb.workflow.own_types import registration

    place = public_place(name, value)
    return _import(name, *place) if place else registration(name, value, where)
