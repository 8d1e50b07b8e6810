"""A chart of rows over time: names, bars, an axis, a head and a legend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dlaaw_nb.views.drawing import Drawing
from dlaaw_nb.views.shapes import shortened
from dlaaw_nb.views.workflow_axis import TimeAxis
from dlaaw_nb.views.workflow_bars import Bar, Piece, draw_piece, pieces
from dlaaw_nb.views.workflow_legend import Legend, draw_head, head_height
from dlaaw_nb.views.workflow_marks import MARK, draw_mark, sorted_states
from dlaaw_nb.views.workflow_words import fitted, fitted_name, word_width

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Chart", "Row"]

_MARGIN, _AXIS, _AFTER = 16.0, 22.0, 128.0  # the last is room behind the axis for words
_NAMES, _SIZE, _SMALL = 150.0, 10.0, 9.5  # room for names; font sizes
_WIDE, _NARROW, _PIXELS = 860.0, 600.0, 400_000.0  # a PNG of more pixels would be coarse


class Row(NamedTuple):
    """A row of the chart.

    Attributes
    ----------
    name : str
        What stands before it.
    bars : list of Bar
        In order of time.
    text : str
        What stands behind it.
    is_task : bool
        Whether it is a task, and not a worker with many.
    """

    name: str
    bars: list[Bar]
    text: str
    is_task: bool


class Chart:
    """A chart of rows over time.

    Parameters
    ----------
    rows : sequence of Row
        From top to bottom.
    span : float
        Seconds from the left to the right.
    """

    def __init__(self, rows: Sequence[Row], span: float) -> None:
        self._rows, self._span = rows, span
        self._step = 19.0 if len(rows) <= 20 else 13.0

    def draw(self, title: str, text: str, now: float | None) -> Drawing:
        """Draw it.

        Parameters
        ----------
        title, text : str
            What stands above, and with it is the picture's label.
        now : float or None
            Seconds at which a line says so.

        Returns
        -------
        Drawing
            The picture.
        """
        is_now = now is not None and math.isfinite(now) and bool(self._rows)
        top = _MARGIN + head_height(title, text) + 8.0 * is_now
        bottom = top + self._step * len(self._rows)
        below = bottom + _AXIS + _MARGIN
        width = min(_WIDE, max(_NARROW, _PIXELS / (below + 30)))
        states = sorted_states(bar.state for row in self._rows for bar in row.bars)
        legend = Legend([*states], width - 2 * _MARGIN)
        label = f"{shortened(title, 120)}: {text}" if title else text
        drawing = Drawing(width, below + legend.height, label)
        draw_head(drawing, title, text, _MARGIN, _MARGIN - 4)
        axis = self._axis(width)
        axis.draw(drawing, top, bottom)
        if is_now:
            _draw_now(drawing, axis.at(now or 0.0), top, bottom)
        for at, row in enumerate(self._rows):
            self._draw_row(drawing, row, axis, top + self._step * (at + 0.5))
        legend.draw(drawing, _MARGIN, bottom + _AXIS)
        return drawing

    def _axis(self, width: float) -> TimeAxis:
        names = (fitted_name(row.name, _NAMES, _SIZE) for row in self._rows)
        room = max((word_width(name, _SIZE) for name in names), default=0.0)
        return TimeAxis(_MARGIN + room + 10, width - _MARGIN - _AFTER, self._span)

    def _draw_row(self, drawing: Drawing, row: Row, axis: TimeAxis, middle: float) -> None:
        name = fitted_name(row.name, _NAMES, _SIZE)
        drawing.text(axis.left - 8, middle, name, size=_SIZE, anchor="end")
        draw = _draw_task if row.is_task else _draw_worker
        draw(drawing, row, axis, middle, 0.62 * self._step)


def _draw_task(drawing: Drawing, row: Row, axis: TimeAxis, middle: float, height: float) -> None:
    last = row.bars[-1]
    timed = [bar for bar in row.bars if bar.has_time]
    spans = [_span(bar, axis)._replace(marked=bar is not last) for bar in timed]
    for piece in pieces(spans):
        draw_piece(drawing, piece, middle, height)
    end = max((span.right for span in spans), default=axis.left) + 6
    radius = min(MARK, height / 2)
    draw_mark(drawing, last.state, end + radius, middle, radius)
    left = end + 2 * radius + 5
    text = fitted(row.text, drawing.width - left - _MARGIN / 2, _SMALL)
    drawing.text(left, middle, text, size=_SMALL)


def _draw_worker(drawing: Drawing, row: Row, axis: TimeAxis, middle: float, height: float) -> None:
    spans = [_span(bar, axis)._replace(name=bar.name, marked=True) for bar in row.bars]
    for piece in pieces(spans):
        gap = 1.0 if piece.right - piece.left >= 5 else 0.0
        draw_piece(drawing, piece._replace(right=piece.right - gap), middle, height)
    room = drawing.width - axis.right - 8 - _MARGIN / 2
    drawing.text(axis.right + 8, middle, fitted(row.text, room, _SMALL), size=_SMALL)


def _span(bar: Bar, axis: TimeAxis) -> Piece:
    left = axis.at(bar.start)
    return Piece(left, max(axis.at(bar.end), left + 2), bar.state)


def _draw_now(drawing: Drawing, x: float, top: float, bottom: float) -> None:
    drawing.line((x, top - 3), (x, bottom), dash=(3.0, 3.0))
    drawing.text(x, top - 9, "now", size=9, anchor="middle")
