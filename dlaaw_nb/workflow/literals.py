"""Python text of values and calls, laid out as formatters do."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Group", "Node", "call", "flat", "literal", "prefixed", "render", "value_node"]

_WIDTH = 88
_ONE_TUPLE = ",)"


class Group(NamedTuple):
    """Items between brackets.

    Attributes
    ----------
    head : str
        What stands before the opening bracket, which is its last character.
    items : tuple of Node
        What stands between, with commas.
    close : str
        The closing bracket.
    """

    head: str
    items: tuple[Node, ...]
    close: str


Node = str | Group
"""A piece of Python: text that is never broken, or a group."""


def call(name: str, positional: Iterable[Node] = (), by_name: Mapping[str, Node] = {}) -> Group:
    """Make a call.

    Parameters
    ----------
    name : str
        What is called.
    positional : iterable of Node
        Arguments in order.
    by_name : mapping of str to Node
        Arguments by name; those whose names cannot be written so go by ``**{...}``.

    Returns
    -------
    Group
        The call.
    """
    good = {key: node for key, node in by_name.items() if _is_word(key)}
    items = [*positional, *(prefixed(f"{key}=", node) for key, node in good.items())]
    odd = [prefixed(f"{_text(key)}: ", node) for key, node in by_name.items() if not _is_word(key)]
    if odd:
        items.append(Group("**{", tuple(odd), "}"))
    return Group(f"{name}(", tuple(items), ")")


def prefixed(text: str, node: Node) -> Node:
    """Put text before a node, such as ``x=``."""
    return text + node if isinstance(node, str) else node._replace(head=text + node.head)


def flat(node: Node) -> str:
    """Write a node on one line."""
    if isinstance(node, str):
        return node
    return node.head + ", ".join(flat(item) for item in node.items) + node.close


def render(node: Node, indent: int = 0, after: int = 0) -> str:
    """Write a node on one line where it fits, else one item a line.

    Parameters
    ----------
    node : Node
        What to write.
    indent : int
        Columns that stand before its first line, and before all of its others.
    after : int
        Columns that must be left behind it.

    Returns
    -------
    str
        The lines; only the first has no indent.
    """
    text = flat(node)
    if isinstance(node, str) or not node.items or indent + len(text) + after <= _WIDTH:
        return text
    inner, close = "\n" + " " * (indent + 4), "\n" + " " * indent + node.close.lstrip(",")
    body = ", ".join(flat(item) for item in node.items)
    called = node.close == ")" and node.head[-2:-1].isidentifier()
    if called and indent + 4 + len(body) <= _WIDTH:
        return f"{node.head}{inner}{body}{close}"
    lines = [f"{inner}{render(item, indent + 4, 1)}," for item in node.items]
    return node.head + "".join(lines) + close


def value_node(value: Any) -> Node | None:
    """Write a plain value.

    Parameters
    ----------
    value : object
        None, a truth value, number, text or bytes, or a tuple, list, dict or set of them; of
        exactly these types, for a derived one would come back as another.

    Returns
    -------
    Node or None
        None for anything else.
    """
    try:
        return _node(value)
    except (RecursionError, ValueError):  # it holds itself, or a number has too many digits
        return None


def literal(value: Any) -> str | None:
    """Write a plain value on one line: see `value_node`."""
    node = value_node(value)
    return None if node is None else flat(node)


def _node(value: Any) -> Node | None:
    kind = type(value)
    if value is None or kind in (bool, int, bytes):
        return repr(value)
    if kind is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if kind is complex:
        return f"complex({_node(value.real)}, {_node(value.imag)})"
    if kind is str:
        return _text(value)
    if isinstance(value, PurePath):
        return _text(str(value))
    return _box(value, kind)


def _box(value: Any, kind: type) -> Node | None:  # noqa: PLR0911 - one for each kind
    if kind is dict:
        keys, values = [_node(key) for key in value], [_node(item) for item in value.values()]
        if None in keys or None in values:
            return None
        pairs = zip(keys, values, strict=True)
        return Group("{", tuple(prefixed(f"{flat(k)}: ", v) for k, v in pairs if k and v), "}")
    if kind not in (tuple, list, set, frozenset):
        return None
    items = [_node(item) for item in value]
    if None in items:
        return None
    nodes = tuple(item for item in items if item)
    if kind in (set, frozenset):
        nodes = tuple(sorted(nodes, key=flat))
        if not nodes:
            return f"{kind.__name__}()"
        return Group("{", nodes, "}") if kind is set else Group("frozenset({", nodes, "})")
    if kind is tuple:
        return Group("(", nodes, _ONE_TUPLE if len(nodes) == 1 else ")")
    return Group("[", nodes, "]")


def _text(value: str) -> str:
    """Write a text in double quotes where that needs no escapes."""
    text = repr(value)
    if text[0] == "'" and '"' not in value:
        return '"' + text[1:-1].replace("\\'", "'") + '"'
    return text


def _is_word(key: str) -> bool:
    from keyword import iskeyword

    return key.isidentifier() and key.isascii() and not iskeyword(key)
