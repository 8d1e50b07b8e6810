"""What NumPy docstrings tell, as text for people: a summary, and a text for each parameter."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any, NamedTuple

__all__ = ["ParameterText", "choices_in", "parameter_texts", "summary_of"]

_SECTION = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}$", re.MULTILINE)
_MARKS = re.compile(r"``(.+?)``|`([^`]+)`")


class ParameterText(NamedTuple):
    """What a docstring says of a parameter.

    Attributes
    ----------
    type : str
        What stands behind the colon, as it is.
    text : str
        What stands below, in one line, without marks.
    """

    type: str
    text: str


def summary_of(doc: str | None) -> str:
    """Give the first paragraph of a docstring, in one line; empty where there is none."""
    first = inspect.cleandoc(doc or "").partition("\n\n")[0]
    return "" if _SECTION.match(first) else _line(first)


def parameter_texts(doc: str | None) -> dict[str, ParameterText]:
    """Read the section ``Parameters`` of a docstring.

    Parameters
    ----------
    doc : str or None
        The docstring.

    Returns
    -------
    dict of str to ParameterText
        By name, in their order; those described together (``x, y : int``) have the same text.
    """
    found: dict[str, ParameterText] = {}
    for block in re.split(r"\n(?=\S)", _section(inspect.cleandoc(doc or ""), "Parameters")):
        head, _, body = block.partition("\n")
        names, _, kind = head.partition(" : ")
        for name in names.split(","):
            if name.strip().lstrip("*").isidentifier():
                found[name.strip().lstrip("*")] = ParameterText(kind.strip(), _line(body))
    return found


def choices_in(text: str) -> list[Any] | None:
    """Read the choices that stand in braces: ``{"mean", "sum"}``, ``{True, False, "auto"}``.

    Parameters
    ----------
    text : str
        The type that a docstring gives.

    Returns
    -------
    list or None
        In their order; None where there are none.
    """
    inside = re.match(r"\{(.+)\}", text)
    if inside is None:
        return None
    try:
        return list(ast.literal_eval(f"[{inside[1]}]"))
    except (ValueError, SyntaxError):
        return None


def _section(text: str, name: str) -> str:
    heads = list(_SECTION.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=False):
        if head[1] == name:
            return text[head.end() : end].strip("\n")
    return ""


def _line(text: str) -> str:
    return _MARKS.sub(lambda mark: mark[1] or mark[2], " ".join(text.split()))
