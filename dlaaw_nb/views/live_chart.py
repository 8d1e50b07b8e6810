"""A chart that is drawn in a millisecond, for a run that is under way; matplotlib draws the last.

SVG, written by hand. Colours read on light and on dark, for a picture in an ``<img>`` cannot see
the page's variables.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dlaaw_nb.views.html import escape
from dlaaw_nb.views.palette import COLOURS, GREY
from dlaaw_nb.views.text import number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEIGHT", "WIDTH", "live_chart"]

WIDTH, HEIGHT = 461, 245
"""Size in CSS pixels: that of the curve which takes its place."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 22, 24, 40
_MOST_POINTS = 300  # of one line; more cannot be seen
_LOG_SPAN = 100.0  # as in views.curves

Line = list[tuple[float, float]]


def live_chart(
    lines: Sequence[Sequence[tuple[float, float]]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_end: float,
    dots: Sequence[tuple[float, float]] = (),
) -> str:
    """Draw lines on axes.

    Parameters
    ----------
    lines : sequence of sequence of (float, float)
        Points of each line; those that are not finite are left out.
    title, x_label, y_label : str
        What it shows; escaped here.
    x_end : float
        Right end of the horizontal axis, from 0.
    dots : sequence of (float, float)
        Points that are no line.

    Returns
    -------
    str
        A whole SVG document.
    """
    curves = [_thinned(line) for line in lines]
    spots = _thinned(dots)
    values = [y for curve in (*curves, spots) for _, y in curve]
    axis = _Axis(values)
    x_end = max(x_end, 1.0)
    parts = [_text(_LEFT, 15, title, "start", 12), *_frame(axis, x_end, x_label, y_label)]
    for index, curve in enumerate(curves):
        points = " ".join(f"{_x(x, x_end):.1f},{axis.place(y):.1f}" for x, y in curve)
        colour = COLOURS[index % len(COLOURS)]
        width = 1.8 if len(curves) == 1 else 1.1
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="{width}" points="{points}"/>'
        )
    for x, y in spots:
        place = f'cx="{_x(x, x_end):.1f}" cy="{axis.place(y):.1f}"'
        parts.append(f'<circle {place} r="2" fill="{COLOURS[1]}" fill-opacity="0.6"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11" fill="{GREY}">'
        f"{''.join(parts)}</svg>"
    )


class _Axis:
    """The vertical axis: where a value stands, and which values are written."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values, default=0.0), max(values, default=1.0)
        self.log = low > 0 and high / low > _LOG_SPAN
        if self.log:
            low, high = math.log10(low), math.log10(high)
        margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
        self._low, self._high = low - margin, high + margin

    def place(self, value: float) -> float:
        value = math.log10(value) if self.log else value
        share = (value - self._low) / (self._high - self._low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _BOTTOM - _TOP)

    def ticks(self) -> list[float]:
        if self.log:
            whole = range(math.ceil(self._low), math.floor(self._high) + 1)
            return [10.0**power for power in whole][:: max(1, len(whole) // 5)]
        return _round_numbers(self._low, self._high)


def _round_numbers(low: float, high: float) -> list[float]:
    """Choose four to eight round numbers between two ends."""
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next((m * power for m in (5, 2) if (high - low) / (m * power) >= 4), power)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _frame(axis: _Axis, x_end: float, x_label: str, y_label: str) -> list[str]:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    parts = [
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="{GREY}"/>',
        _text((_LEFT + right) / 2, HEIGHT - 6, x_label, "middle"),
        f'<g transform="rotate(-90)">{_text(-(_TOP + bottom) / 2, 12, y_label, "middle")}</g>',
    ]
    for value in axis.ticks():
        y = axis.place(value)
        line = f'd="M{_LEFT} {y:.1f}H{right}" stroke="{GREY}" stroke-opacity="0.3"'
        parts += [f"<path {line}/>", _text(_LEFT - 5, y + 4, f"{value:g}", "end")]
    for value in _round_numbers(0, x_end):
        parts.append(_text(_x(value, x_end), bottom + 15, _count(value), "middle"))
    return parts


def _count(value: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):g} {unit}"
    return f"{value:g}"


def _x(value: float, x_end: float) -> float:
    return _LEFT + value / x_end * (WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, text: str, anchor: str, size: int = 11) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f"<text {place}>{escape(text)}</text>"


def _thinned(points: Sequence[tuple[float, float]]) -> Line:
    step = max(1, len(points) // _MOST_POINTS)
    chosen = [*points[:-1:step], *points[-1:]]
    return [(float(x), float(y)) for x, y in chosen if math.isfinite(y)]


def describe(lines: Sequence[Sequence[tuple[float, float]]], title: str) -> str:
    """Say in words what the chart shows.

    Parameters
    ----------
    lines : sequence of sequence of (float, float)
        As for `live_chart`.
    title : str
        Its title.

    Returns
    -------
    str
        One sentence, for screen readers.
    """
    ends = [line[-1][1] for line in lines if line]
    if not ends:
        return f"{title}: nothing yet"
    return f"{title}: now {number_text(sum(ends) / len(ends), 4)}"
