"""What a definition reads from around it: names in its source, and what they stand for."""

from __future__ import annotations
import __future__

import ast
import inspect
import symtable
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Names", "lazy_hints", "names_in"]

_MODULE_NAMES = frozenset(vars(types.ModuleType("any"))) | {"__file__", "__builtins__"}
_INNER = ("listcomp", "setcomp", "dictcomp", "genexpr", "genexp")


@dataclass(frozen=True)
class Names:
    """Names that a definition reads from around it.

    Attributes
    ----------
    first : frozenset of str
        Read when it is defined: decorators, bases, defaults, bodies of classes.
    later : frozenset of str
        Read when it runs.
    hints : frozenset of str
        Read in annotations.
    chains : frozenset of str
        Attributes that are read one after the other, such as ``xml.etree.ElementTree``.
    """

    first: frozenset[str]
    later: frozenset[str]
    hints: frozenset[str]
    chains: frozenset[str]


def names_in(source: str) -> Names:
    """Find the names that a definition reads from around it.

    Parameters
    ----------
    source : str
        Source of one function or class.

    Returns
    -------
    Names
        Without its own name, and what every module has.
    """
    tree = ast.parse(source)
    hints = set(_hint_names(tree))
    chains = {text for node in ast.walk(tree) if (text := _chain(node))}
    bare = ast.fix_missing_locations(_Bare().visit(tree))
    table = symtable.symtable(ast.unparse(bare), "definition", "exec")
    own = {str(vars(child)["name"]) for child in bare.body if _named(child)}
    first: set[str] = set()
    later: set[str] = set()
    for name, early in _read(table, early=True):
        (first if early else later).add(name)
    known = own | _MODULE_NAMES
    return Names(
        frozenset(first - known),
        frozenset(later - first - known),
        frozenset(hints - known),
        frozenset(chains),
    )


def lazy_hints(thing: Any) -> bool:
    """Whether a definition was made under ``from __future__ import annotations``."""
    flag = __future__.annotations.compiler_flag
    if isinstance(thing, type):
        inside = [_plain(value) for value in vars(thing).values() if callable(value)]
        own = [one for one in inside if getattr(one, "__module__", None) == thing.__module__]
        flags = [one.__code__.co_flags for one in own if isinstance(one, types.FunctionType)]
        hints = inspect.get_annotations(thing).values()
        return any(flags_ & flag for flags_ in flags) or _all_text(hints)
    own_function = _plain(thing)
    return isinstance(own_function, types.FunctionType) and bool(
        own_function.__code__.co_flags & flag
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, type) else inspect.unwrap(value)


def _all_text(hints: Any) -> bool:
    found = list(hints)
    return bool(found) and all(isinstance(hint, str) for hint in found)


def _named(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _read(table: symtable.SymbolTable, *, early: bool) -> Iterator[tuple[str, bool]]:
    for symbol in table.get_symbols():
        top = table.get_type() == "module" and symbol.is_referenced()
        if symbol.is_global() or top:
            yield symbol.get_name(), early
    for child in table.get_children():
        inner = str(child.get_type()) == "class" or child.get_name() in _INNER
        yield from _read(child, early=early and inner)


class _Bare(ast.NodeTransformer):
    """Takes annotations away, which are looked at by themselves."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        value = node.value or ast.Constant(None)
        return self.generic_visit(ast.Assign([node.target], value))


def _hint_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        found = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        for hint in found:
            if isinstance(hint, ast.expr):
                yield from _names_of_hint(hint)


def _names_of_hint(hint: ast.expr) -> Iterator[str]:
    for node in ast.walk(hint):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = ast.parse(node.value, mode="eval")
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            yield from (part.id for part in ast.walk(inner) if isinstance(part, ast.Name))


def _chain(node: ast.AST) -> str:
    """Write the attributes of a name with dots; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not parts or not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
