"""A picture of time over rows, both logarithmic; as SVG, without matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dlaaw_nb.views.drawing import Drawing
from dlaaw_nb.views.palette import COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = {"ours": "dlaaw_nb", "graph": "PyTorch, CUDA graph", "jax2": "JAX jit+scan"}
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 640, 420, 70, 20, 180, 50
_DASHES = ((), (6, 3), (2, 2))


def plot(points: Mapping[str, Mapping[int, float]]) -> str | None:
    """Draw seconds for an epoch by rows; None where there is nothing to draw."""
    every = [(rows, s) for found in points.values() for rows, s in found.items() if s > 0]
    if not every:
        return None
    low_x, high_x = _decades([rows for rows, _ in every])
    low_y, high_y = _decades([seconds for _, seconds in every])
    drawing = Drawing(_WIDTH, _HEIGHT, "Time of one epoch over the training rows")

    def place(rows: float, seconds: float) -> tuple[float, float]:
        wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        x = _LEFT + wide * (math.log10(rows) - low_x) / (high_x - low_x)
        return x, _HEIGHT - _BOTTOM - high * (math.log10(seconds) - low_y) / (high_y - low_y)

    for power in range(low_x, high_x + 1):
        x, y = place(10.0**power, 10.0**low_y)
        drawing.line((x, y), (x, _TOP), opacity=0.3)
        drawing.text(x, y + 14, f"1e{power}", anchor="middle")
    for power in range(low_y, high_y + 1):
        x, y = place(10.0**low_x, 10.0**power)
        drawing.line((x, y), (_WIDTH - _RIGHT, y), opacity=0.3)
        drawing.text(x - 6, y, f"1e{power + 3} ms", anchor="end")
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    drawing.text(middle, _HEIGHT - 14, "training rows", anchor="middle")
    for number, (key, found) in enumerate(points.items()):
        if found:
            line = [place(rows, seconds) for rows, seconds in sorted(found.items())]
            drawing.line(*line, colour=COLOURS[number], width=2, dash=_DASHES[number])
            for x, y in line:
                drawing.circle(x, y, 3, fill=COLOURS[number], stroke=None)
            y = _TOP + 14 + 18 * number
            at = _WIDTH - _RIGHT + 12
            drawing.line((at, y), (at + 24, y), colour=COLOURS[number], width=2,
                         dash=_DASHES[number])  # fmt: skip
            drawing.text(at + 30, y, NAMES[key])
    return drawing.to_svg()


def _decades(values: list[float] | list[int]) -> tuple[int, int]:
    low = math.floor(math.log10(min(values)))
    return low, max(low + 1, math.ceil(math.log10(max(values)) - 1e-9))
