"""Draws the edges of a workflow: level where they leave and arrive, and curves between."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dlaaw_nb.views.palette import GREY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlaaw_nb.views.drawing import Drawing
    from dlaaw_nb.views.workflow_columns import Point

__all__ = ["dashes", "draw_edge", "port_dot", "smooth"]

_PIECES, _RISE = 14, 12.0  # lines of a curve: at least, and one more for so many pixels
_ROUND: Final = 6.0
_HEAD, _HALF = 7.0, 3.2  # length and half width of an arrow's head
_DASH: Final = (6.0, 4.0)


def draw_edge(
    drawing: Drawing,
    route: Sequence[Point],
    *,
    colour: str = GREY,
    width: float = 1.2,
    broken: bool = False,
) -> None:
    """Draw an edge with a head at its end.

    Parameters
    ----------
    drawing : Drawing
        Where to.
    route : sequence of (float, float)
        See `workflow_layout.Places`; the last is where the tip is.
    colour : str
        ``#rrggbb``.
    width : float
        In CSS pixels.
    broken : bool
        Whether it is a dashed line.
    """
    x, y = route[-1]
    line = smooth([*route[:-1], (x - _HEAD + 1, y)])
    for part in dashes(line, *_DASH) if broken else [line]:
        drawing.line(*part, colour=colour, width=width)
    half = _HALF + max(0.0, width - 1.2) / 2
    drawing.polygon((x, y), (x - _HEAD, y - half), (x - _HEAD, y + half), fill=colour)


def port_dot(drawing: Drawing, x: float, y: float) -> None:
    """Draw a port.

    Parameters
    ----------
    drawing : Drawing
        Where to.
    x, y : float
        Its middle.
    """
    drawing.circle(x, y, 2.6, fill=GREY, stroke=None)


def smooth(route: Sequence[Point]) -> list[Point]:
    """Turn the points of a route into those of a line without corners.

    Parameters
    ----------
    route : sequence of (float, float)
        See `workflow_layout.Places`.

    Returns
    -------
    list of (float, float)
        Points close enough for a curve.
    """
    line = [route[0]]
    for at, (one, other) in enumerate(pairwise(route)):
        before, after = route[max(0, at - 1)], route[min(len(route) - 1, at + 2)]
        if one[0] != other[0] and one[1] != other[1]:
            line.extend(_curve(one, other))
            continue
        start = _cut(one, other) if _corner(before, one, other) else one
        end = _cut(other, one) if _corner(one, other, after) else other
        if start != one:
            line.extend(_bent(line[-1], one, start))
        line.append(end)
    return line


def dashes(line: Sequence[Point], drawn: float, left_out: float) -> Iterator[list[Point]]:
    """Cut a line into dashes that go round its bends.

    Parameters
    ----------
    line : sequence of (float, float)
        The line's points.
    drawn, left_out : float
        Lengths of a dash and of a gap, in CSS pixels.

    Yields
    ------
    list of (float, float)
        The points of a dash.
    """
    dash, rest, on = [line[0]], drawn, True
    for one, other in pairwise(line):
        at, length = one, math.dist(one, other)
        while length > rest:
            share = rest / length
            at = (at[0] + share * (other[0] - at[0]), at[1] + share * (other[1] - at[1]))
            length -= rest
            if on:
                yield [*dash, at]
            on, dash = not on, [at]
            rest = drawn if on else left_out
        rest -= length
        dash.append(other)
    if on and len(dash) > 1:
        yield dash


def _curve(one: Point, other: Point) -> Iterator[Point]:
    """Give a cubic curve that is level at both ends, without its first point."""
    (x0, y0), (x1, y1) = one, other
    pieces = min(48, _PIECES + int(abs(y1 - y0) / _RISE))
    for step in range(1, pieces + 1):
        t = step / pieces
        # The control points are halfway across, at the height of either end.
        along = 1.5 * t * (1 - t) + t**3
        rise = t * t * (3 - 2 * t)
        yield x0 + along * (x1 - x0), y0 + rise * (y1 - y0)


def _corner(one: Point, middle: Point, other: Point) -> bool:
    level = one[1] == middle[1] and one[0] != middle[0]
    upright = one[0] == middle[0] and one[1] != middle[1]
    turns_up = middle[0] == other[0] and middle[1] != other[1]
    turns_level = middle[1] == other[1] and middle[0] != other[0]
    return (level and turns_up) or (upright and turns_level)


def _cut(corner: Point, other: Point) -> Point:
    """Go from a corner along one of its sides to where its bend ends."""
    length = math.dist(corner, other)
    share = min(_ROUND, length / 2) / length
    return corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1])


def _bent(start: Point, corner: Point, end: Point) -> Iterator[Point]:
    for step in range(1, 7):
        t = step / 6
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        yield (
            a * start[0] + b * corner[0] + c * end[0],
            a * start[1] + b * corner[1] + c * end[1],
        )
