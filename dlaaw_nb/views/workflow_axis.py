"""An axis of time: round numbers in a unit that fits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlaaw_nb.views.drawing import Drawing

__all__ = ["Tick", "TimeAxis", "time_ticks"]

_TICKS: Final = 8  # at most
_UNITS: Final = (
    (1e-6, "µs", 2e-3),
    (1e-3, "ms", 1.0),
    (1.0, "s", 120.0),
    (60.0, "min", 7_200.0),
    (3_600.0, "h", 172_800.0),
    (86_400.0, "d", math.inf),
)
"""Seconds of a unit, its sign, and the time from which on it is too small."""
_STEPS: Final = {
    "min": (0.5, 1, 2, 5, 10, 15, 20, 30),
    "h": (0.5, 1, 2, 3, 4, 6, 12),
}


class Tick(NamedTuple):
    """A mark on the axis: how many seconds it stands for, and what is written to it."""

    seconds: float
    text: str


def time_ticks(span: float, most: int = _TICKS) -> list[Tick]:
    """Choose round times from 0 on.

    Parameters
    ----------
    span : float
        The longest time that is shown, in seconds.
    most : int
        Most ticks beyond 0.

    Returns
    -------
    list of Tick
        ``0 s``, ``5 s``, ``10 s``; at least the first.
    """
    span = max(span, 1e-6)
    second, unit = next((second, unit) for second, unit, limit in _UNITS if span < limit)
    step = next(step for step in _steps(unit, span / second / most) if span / second <= step * most)
    count = int(span / second / step + 1e-9)
    return [Tick(at * step * second, f"{at * step:g} {unit}") for at in range(count + 1)]


def _steps(unit: str, least: float) -> Iterable[float]:
    yield from _STEPS.get(unit, ())
    power = 10.0 ** math.floor(math.log10(least))
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


class TimeAxis:
    """Maps seconds to pixels, and draws its lines and numbers.

    Parameters
    ----------
    left, right : float
        Where 0 and the end stand, in CSS pixels.
    span : float
        The longest time that is shown, in seconds.
    """

    def __init__(self, left: float, right: float, span: float) -> None:
        self.left, self.right = left, right
        self.span = span if math.isfinite(span) and span > 0 else 1.0

    def at(self, seconds: float) -> float:
        """Say where a time stands, in CSS pixels; never outside the axis."""
        share = min(1.0, max(0.0, seconds / self.span))
        return self.left + share * (self.right - self.left)

    def draw(self, drawing: Drawing, top: float, bottom: float) -> None:
        """Draw a line for each round time, and the numbers below.

        Parameters
        ----------
        drawing : Drawing
            Where to.
        top, bottom : float
            Ends of the lines, in CSS pixels; the numbers take 16 more.
        """
        drawing.line((self.left, bottom), (self.right, bottom), opacity=0.8)
        most = max(2, min(_TICKS, int((self.right - self.left) / 60)))
        for seconds, text in time_ticks(self.span, most):
            x = self.at(seconds)
            drawing.line((x, top), (x, bottom), opacity=0.25)
            drawing.line((x, bottom), (x, bottom + 3))
            drawing.text(x, bottom + 11, text, size=9.5, anchor="middle")
