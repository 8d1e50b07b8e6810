"""What a drawing is made of, in CSS pixels, and the words that may stand in it."""

from __future__ import annotations

import unicodedata
from typing import Final, Literal, NamedTuple

__all__ = [
    "Anchor", "Circle", "Line", "Polygon", "Rect", "Shape", "Text", "clean", "shortened",
]  # fmt: skip

Anchor = Literal["start", "middle", "end"]

_DIRECTING: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_INVALID: Final = ("Cc", "Cs")


class Line(NamedTuple):
    """A line through points, with an arrow head at its end if wished."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float
    dash: tuple[float, ...]
    opacity: float


class Polygon(NamedTuple):
    """A filled polygon without an outline."""

    points: tuple[tuple[float, float], ...]
    fill: str


class Rect(NamedTuple):
    """A rectangle with round corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str | None
    stroke: str | None
    stroke_width: float
    dash: tuple[float, ...]


class Circle(NamedTuple):
    """A circle; a dash makes its ring a broken one."""

    x: float
    y: float
    radius: float
    fill: str | None
    stroke: str | None
    stroke_width: float
    dash: tuple[float, ...]


class Text(NamedTuple):
    """A line of text, its middle at the height `y`."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: Anchor
    bold: bool


Shape = Line | Polygon | Rect | Circle | Text


def clean(text: object) -> str:
    """Make text fit for one line of a picture.

    Parameters
    ----------
    text : object
        Anything; its ``str`` is taken.

    Returns
    -------
    str
        Without line breaks; characters that XML forbids became U+FFFD, and those that turn the
        direction of what follows are gone. Text from right to left stays as it is.
    """
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    words = " ".join(text.split())
    kept = (c for c in words if c not in _DIRECTING)
    return "".join("\N{REPLACEMENT CHARACTER}" if _invalid(c) else c for c in kept)


def _invalid(character: str) -> bool:
    return unicodedata.category(character) in _INVALID or character in "\ufffe\uffff"


def shortened(text: object, length: int) -> str:
    """Cut text to a count of characters.

    Parameters
    ----------
    text : object
        Anything; see `clean`.
    length : int
        Most characters, at least 2.

    Returns
    -------
    str
        The text, its end replaced by an ellipsis where it is too long.
    """
    # Cut before cleaning: a name may be as long as a file.
    text = clean(str(text)[: 4 * length])
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
