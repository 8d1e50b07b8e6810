"""The source text of functions and classes, from modules, scripts and cells of a notebook."""

from __future__ import annotations

import ast
import inspect
import io
import linecache
import tokenize
import types
from typing import Any

__all__ = ["dedented", "definition_in", "parsed", "source_text"]

_BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)  # what ast.parse raises
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def source_text(thing: Any) -> str | None:
    """Read the source of a function or a class, its decorators included.

    Parameters
    ----------
    thing : function or class
        Defined anywhere that Python remembers the lines of: a module, a script, a cell.

    Returns
    -------
    str or None
        One definition from the first column on, without an empty line at its end; None where there
        is no source, or it is part of another statement (a lambda).
    """
    own = inspect.unwrap(thing) if callable(thing) and not isinstance(thing, type) else thing
    if isinstance(own, type):
        return _class_text(own)
    if not isinstance(own, types.FunctionType):
        return None
    try:
        text = dedented(inspect.getsource(own))
    except (OSError, TypeError, *_BROKEN):
        return None
    return _single(text, own.__name__)


def parsed(text: str) -> ast.Module | None:
    """Parse source that may be broken or hostile; None where it is no Python."""
    try:
        return ast.parse(text)
    except _BROKEN:
        return None


def definition_in(tree: ast.Module, name: str) -> _Definition | None:
    """Find what defines a name at the top of a module; the last one counts."""
    found = [node for node in tree.body if isinstance(node, _Definition) and node.name == name]
    return found[-1] if found else None


def dedented(text: str) -> str:
    """Take the indent of the first line away from all lines, but not inside of long texts.

    Parameters
    ----------
    text : str
        Source of a definition.

    Returns
    -------
    str
        The same, from the first column on; values of texts in it are unchanged.
    """
    indent = text[: len(text) - len(text.lstrip(" \t"))]
    if not indent:
        return text
    inside = _rows_inside_text(text)
    return "".join(
        line if row in inside else line.removeprefix(indent)
        for row, line in enumerate(text.splitlines(keepends=True), 1)
    )


def _rows_inside_text(text: str) -> set[int]:
    rows: set[int] = set()
    starts: list[int] = []
    names = tokenize.tok_name
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = names[token.type]
            if kind == "STRING":
                rows.update(range(token.start[0] + 1, token.end[0] + 1))
            elif kind.endswith("STRING_START"):  # of an f-string, from Python 3.12 on
                starts.append(token.start[0])
            elif kind.endswith("STRING_END"):
                rows.update(range(starts.pop() + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError, IndexError):
        pass  # the end of the block may be cut in the middle of a statement
    return rows


def _single(text: str, name: str) -> str | None:
    tree = parsed(text)
    if tree is None or len(tree.body) != 1 or definition_in(tree, name) is None:
        return None
    return text.rstrip()


def _class_text(kind: type) -> str | None:
    """Read the source of a class; ``inspect`` alone finds none of those that stand in cells."""
    for value in vars(kind).values():
        code = getattr(inspect.unwrap(value) if callable(value) else value, "__code__", None)
        if code is not None and getattr(value, "__qualname__", "").startswith(kind.__qualname__):
            found = _class_at(kind, linecache.getlines(code.co_filename), code.co_firstlineno)
            if found:
                return found
    try:
        return _single(dedented(inspect.getsource(kind)), kind.__name__)
    except (OSError, TypeError, *_BROKEN):
        return _class_in_cells(kind)


def _class_in_cells(kind: type) -> str | None:
    for entry in reversed(list(linecache.cache.values())):
        if len(entry) == 4 and entry[1] is None:  # no file that could change: a cell
            found = _class_at(kind, entry[2], None)
            if found:
                return found
    return None


def _class_at(kind: type, lines: list[str], row: int | None) -> str | None:
    """Find the class of that name that spans a row; without one the last with its methods."""
    tree = parsed("".join(lines)) if any(kind.__name__ in line for line in lines) else None
    if tree is None:
        return None
    fitting = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and node.name == kind.__name__
        and (_has_body_of(node, kind) if row is None else _spans(node, row))
    ]
    if not fitting:
        return None
    first = min([fitting[-1].lineno, *(item.lineno for item in fitting[-1].decorator_list)])
    return _single(dedented("".join(lines[first - 1 : fitting[-1].end_lineno])), kind.__name__)


def _spans(node: ast.ClassDef, row: int) -> bool:
    return node.lineno <= row <= (node.end_lineno or 0)


def _has_body_of(node: ast.ClassDef, kind: type) -> bool:
    defined = [item.name for item in node.body if isinstance(item, _Definition)]
    hinted = [
        item.target.id
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]
    hints = vars(kind).get("__annotations__") or inspect.get_annotations(kind)
    return set(defined) <= set(vars(kind)) and set(hinted) == set(hints)
