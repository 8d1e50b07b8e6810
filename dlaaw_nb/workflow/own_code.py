"""The code of a person's own tasks as the text of one module, with all that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.definitions import Definition, binding_name, definition_of
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.surroundings import names_in

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["code_of"]

_FUTURE = "from __future__ import annotations"


def code_of(things: Iterable[tuple[str, Any]]) -> str:
    """Write the code of functions and classes, and of what they read from around them.

    Parameters
    ----------
    things : iterable of (str, object)
        Name of the task that uses it, for messages; and a function task or a class.

    Returns
    -------
    str
        A module's text: imports, then constants, functions and classes, each after what it needs;
        empty without any.

    Raises
    ------
    GraphError
        When something cannot be written, or two things have one name.
    """
    found = _Found()
    for where, thing in things:
        found.add(binding_name(thing), thing, where)
    found.follow()
    return found.text()


class _Found:
    """Definitions by name, as they are found."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._wheres: dict[str, str] = {}
        self._made: dict[str, Definition] = {}
        self._chains: dict[str, set[str]] = {}
        self._waiting: list[str] = []

    def add(self, name: str, value: Any, where: str) -> None:
        """Take in what a name stands for."""
        known = self._values.setdefault(name, value)
        if not _same(known, value):
            raise GraphError(
                f"{where}: {name} is the name of something else in {self._wheres[name]}. Rename "
                "one of the two."
            )
        if name not in self._wheres:
            self._wheres[name] = where
            self._waiting.append(name)

    def follow(self) -> None:
        """Find what all of it needs."""
        while self._waiting:
            name = self._waiting.pop()
            where = self._wheres[name]
            chains = frozenset(self._chains.get(name, ()))
            made = definition_of(name, self._values[name], chains, where)
            self._made[name] = made
            if made.imports:
                continue
            for chain in names_in(made.text).chains:
                self._chains.setdefault(chain.partition(".")[0], set()).add(chain)
            for needed, value in made.needs.items():
                self.add(needed, value, where)
        for name, chains_ in self._chains.items():  # modules inside of packages, told later
            if name in self._made and self._made[name].imports:
                value, where = self._values[name], self._wheres[name]
                self._made[name] = definition_of(name, value, frozenset(chains_), where)

    def text(self) -> str:
        """Write the module."""
        if not self._made:
            return ""
        imports = sorted({made.text for made in self._made.values() if made.imports})
        lazy = any(made.lazy for made in self._made.values())
        lines = [line for text in imports for line in text.split("\n") if line != _FUTURE]
        parts = [_FUTURE] if lazy else []
        if lines:
            parts.append("\n".join(sorted(lines, key=_import_order)))
        parts += [self._made[name].text for name in self._order()]
        return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"

    def _order(self) -> list[str]:
        """Each after what it reads at once; where that leaves a choice, in the order of names."""
        own = sorted(name for name, made in self._made.items() if not made.imports)
        done: list[str] = []
        under_way: set[str] = set()
        stack = [(name, False) for name in reversed(own)]
        while stack:
            name, ready = stack.pop()
            if ready:
                done.append(name)
            elif name not in under_way:
                under_way.add(name)
                stack.append((name, True))
                needed = sorted(self._made[name].first & set(own), reverse=True)
                stack.extend((other, False) for other in needed if other not in under_way)
        return done


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    plain = [thing.function if isinstance(thing, FunctionTask) else thing for thing in (one, other)]
    if plain[0] is plain[1]:
        return True
    return type(one) is type(other) and type(one) in (int, float, str, bool) and one == other


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from "), line
