"""The head and the foot of a picture of tasks: what it shows, and what its marks mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dlaaw_nb.views.palette import COLOURS, GREY
from dlaaw_nb.views.workflow_edges import dashes
from dlaaw_nb.views.workflow_marks import MARK, draw_mark
from dlaaw_nb.views.workflow_words import fitted, word_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.views.drawing import Drawing

__all__ = ["LIVE", "NETWORK", "STACK", "Legend", "draw_head", "head_height"]

LIVE: Final = "passes while its source runs"
NETWORK: Final = "network"
STACK: Final = "several tasks"

_LINE, _SIZE, _SIGN, _GAP = 20.0, 10.0, 20.0, 16.0
_HEAD: Final = 18.0


def head_height(title: str, text: str) -> float:
    """Say how much room the head takes, in CSS pixels."""
    lines = bool(title) + bool(text)
    return _HEAD * lines + 8.0 if lines else 0.0


def draw_head(drawing: Drawing, title: str, text: str, x: float, y: float) -> None:
    """Write a title and, below, a line of text.

    Parameters
    ----------
    drawing : Drawing
        Where to.
    title, text : str
        The words; an empty one takes no room.
    x, y : float
        Upper left corner.
    """
    room = drawing.width - 2 * x
    if title:
        drawing.text(x, y + 8, fitted(title, room, 13.0, bold=True), size=13, bold=True)
        y += _HEAD
    if text:
        drawing.text(x, y + 8, fitted(text, room, 11.0), size=11)


class Entry(NamedTuple):
    """A place in the legend: which sign, and what it means."""

    sign: str
    text: str
    x: float
    line: int


class Legend:
    """Signs and what they mean, in as many lines as they need.

    Parameters
    ----------
    signs : sequence of str
        States, and `LIVE`, `NETWORK`, `STACK`.
    room : float
        Width of a line, in CSS pixels.

    Attributes
    ----------
    height : float
        Height of it all, in CSS pixels; 0 where there is nothing to explain.
    """

    def __init__(self, signs: Sequence[str], room: float) -> None:
        self.entries: list[Entry] = []
        x, line = 0.0, 0
        for sign in signs:
            text = fitted(sign, 160.0, _SIZE)
            wide = _SIGN + word_width(text, _SIZE)
            if x and x + wide > room:
                x, line = 0.0, line + 1
            self.entries.append(Entry(sign, text, x, line))
            x += wide + _GAP
        self.height = _LINE * (line + 1) + 4.0 if signs else 0.0

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw it with its upper left corner at a place."""
        for sign, text, right, line in self.entries:
            left, middle = x + right, y + 4 + _LINE * (line + 0.5)
            _draw_sign(drawing, sign, left, middle)
            drawing.text(left + _SIGN, middle, text, size=_SIZE)


def _draw_sign(drawing: Drawing, sign: str, x: float, y: float) -> None:
    if sign == LIVE:
        for dash in dashes([(x - 2, y), (x + 15, y)], 5.0, 3.0):
            drawing.line(*dash, colour=COLOURS[0], width=1.4)
    elif sign == NETWORK:
        drawing.rect(x, y - 6, 14, 12, radius=3, stroke=COLOURS[0], stroke_width=1.2)
        drawing.rect(x + 2.5, y - 3.5, 9, 7, radius=1.5, stroke=COLOURS[0], stroke_width=0.8)
    elif sign == STACK:
        drawing.rect(x, y - 4, 11, 9, radius=2, stroke=GREY, stroke_width=1.2)
        drawing.line((x + 2, y - 6), (x + 13, y - 6), (x + 13, y + 3), colour=GREY, width=1.0)
    else:
        draw_mark(drawing, sign, x + MARK, y, MARK - 0.5)
