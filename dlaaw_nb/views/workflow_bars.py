"""The bars of a Gantt chart: one by one, or many narrow ones as one."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from dlaaw_nb.views.palette import contrast
from dlaaw_nb.views.workflow_marks import draw_sign, gravest, look_of
from dlaaw_nb.views.workflow_words import fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.views.drawing import Drawing

__all__ = ["Bar", "Piece", "draw_piece", "pieces"]

_NARROW, _CELL = 4.0, 2.0
_TIMELESS: Final = frozenset({"", "initialized", "ready", "skipped"})
_HATCH: Final = 6.0  # between the lines over what failed
_TALLER: Final = 1.4  # a narrow one that failed stands out by its height
_MARKED, _NAMED = 16.0, 52.0  # least width of a bar with a mark, and with its name


class Bar(NamedTuple):
    """A time that a worker spent on a task.

    Attributes
    ----------
    name, kind : str
        Of the task. A task that was tried again has several bars.
    lane : str
        Name of the worker.
    start, end : float
        In seconds from the start of the run. The end of what is still running does not matter. NaN,
        or the same start and end without a worker, for a task that was not worked on.
    state : str
        One of the states of `workflow_marks.STATES`.
    """

    name: str
    kind: str
    lane: str
    start: float
    end: float
    state: str

    @property
    def has_time(self) -> bool:
        """Whether there is anything to draw between a start and an end."""
        if self.state in _TIMELESS or not math.isfinite(self.start):
            return False
        return bool(self.lane) or self.state == "running" or self.end != self.start


class Piece(NamedTuple):
    """What is drawn of a bar, or of several.

    Attributes
    ----------
    left, right : float
        From where to where, in CSS pixels.
    state : str
        What gives it its colour and form.
    name : str
        What stands in it where there is room; empty for nothing.
    marked : bool
        Whether the state's mark stands in it where there is room.
    """

    left: float
    right: float
    state: str
    name: str = ""
    marked: bool = False


def pieces(spans: Sequence[Piece]) -> list[Piece]:
    """Join what is too narrow to be drawn alone.

    Parameters
    ----------
    spans : sequence of Piece
        One for each bar of a row, in order of time.

    Returns
    -------
    list of Piece
        The wide ones as they are, then the narrow ones: those of the same state that touch as one,
        and where several fall into two pixels the gravest state.
    """
    wide = [span for span in spans if span.right - span.left >= _NARROW]
    cells: dict[int, set[str]] = {}
    for span in spans:
        if span.right - span.left < _NARROW:
            for cell in range(int(span.left / _CELL), math.ceil(span.right / _CELL)):
                cells.setdefault(cell, set()).add(span.state)
    told = [(cell, gravest(cells[cell])) for cell in sorted(cells)]
    runs = groupby(enumerate(told), key=lambda at: (at[1][0] - at[0], at[1][1]))
    for (_, state), run in runs:
        held = [cell for _, (cell, _) in run]
        wide.append(Piece(held[0] * _CELL, (held[-1] + 1) * _CELL, state))
    return wide


def draw_piece(drawing: Drawing, piece: Piece, middle: float, height: float) -> None:
    """Draw a bar: its state by colour and form, and by its mark where there is room.

    What failed is hatched, or higher where it is narrow; what still runs ends in a point, what was
    cancelled is an empty frame.

    Parameters
    ----------
    drawing : Drawing
        Where to.
    piece : Piece
        The bar.
    middle, height : float
        Of the bar, in CSS pixels.
    """
    left, right, state, name, marked = piece
    width, colour = right - left, look_of(state).colour
    if state == "failed" and width < _MARKED:
        height *= _TALLER
    top = middle - height / 2
    if state == "running" and width >= 8:
        point = right - height / 2
        drawing.polygon((left, top), (point, top), (right, middle), (point, top + height),
                        (left, top + height), fill=colour)  # fmt: skip
    elif state == "cancelled" and width >= 6:
        drawing.rect(left + 0.75, top + 0.75, width - 1.5, height - 1.5, stroke=colour,
                     stroke_width=1.5)  # fmt: skip
    else:
        drawing.rect(left, top, width, height, fill=colour, stroke=None)
    if state == "failed":
        _hatch(drawing, left, right, top, height)
    ink = colour if state == "cancelled" else _ink(colour)
    if marked and width >= _MARKED:
        draw_sign(drawing, state, left + 8, middle, height / 2, ink)
    if width >= _NAMED and name:
        drawing.text(left + 17, middle, fitted(name, width - 26, 9.0), size=9, colour=ink)


def _hatch(drawing: Drawing, left: float, right: float, top: float, height: float) -> None:
    x = left + _HATCH / 2
    while x + height / 2 < right:
        drawing.line((x, top + height), (x + height / 2, top), colour="#ffffff", opacity=0.55)
        x += _HATCH


def _ink(colour: str) -> str:
    """Choose black or white, whichever reads better on a colour."""
    return max("#ffffff", "#000000", key=lambda ink: contrast(colour, ink))
