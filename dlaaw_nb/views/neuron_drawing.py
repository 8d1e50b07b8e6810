"""Draws the neurons of a network: weights as lines, biases as rings, activations as fillings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from dlaaw_nb.views.drawing import Drawing
from dlaaw_nb.views.palette import COLOURS, luminance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.views.neuron_scene import NeuronScene

__all__ = ["DASH", "LINES", "Look", "draw_neurons", "looks", "short_number", "sign_colour"]

LINES: Final = (0.2, 4.3)
"""Width of the line of weight 0, and what the largest weight has beyond it."""
DASH: Final = (7.0, 4.0)
"""Negative weights and biases are broken lines."""

_RINGS, _FULL = (0.6, 3.4), 0.9  # least, and most beyond it; share of colour in a full neuron
_NUMBERS = 10.5  # least radius that a number fits into
_LEGEND, _LINE = 46.0, 17.0


class Look(NamedTuple):
    """How a neuron is drawn: filling, colour of words on it, ring (colour, width, broken)."""

    fill: str
    ink: str
    ring: str
    ring_width: float
    broken: bool


def looks(scene: NeuronScene, biases: np.ndarray, activations: np.ndarray) -> list[Look]:
    """Say how the neurons of a scene look in a state.

    Parameters
    ----------
    scene : NeuronScene
        What is drawn.
    biases, activations : float array, shape (neurons,)
        See `draw_neurons`.

    Returns
    -------
    list of Look
        One for each neuron.
    """
    biases, activations = np.nan_to_num(biases), np.nan_to_num(activations)
    rings = np.where(biases == 0, 0.0, scaled(biases, _RINGS))
    column = np.array([neuron.column for neuron in scene.neurons])
    most = [max(1.0, np.abs(activations[column == c]).max()) for c in range(len(scene.columns))]
    found = []
    for at, neuron in enumerate(scene.neurons):
        full = _FULL * abs(float(activations[at])) / most[neuron.column]
        fill = _mixed(sign_colour(activations[at]), full)
        ink = "#1a1a1a" if luminance(fill) > 0.3 else "#ffffff"
        ring = sign_colour(biases[at])
        found.append(Look(fill, ink, ring, float(rings[at]), bool(biases[at] < 0)))
    return found


def draw_neurons(
    scene: NeuronScene,
    weights: np.ndarray,
    biases: np.ndarray,
    activations: np.ndarray,
    label: str,
    *,
    edges: np.ndarray | None = None,
    numbers: Sequence[str] = (),
    legend: Sequence[str] = (),
) -> Drawing:
    """Draw a state of a network.

    Parameters
    ----------
    scene : NeuronScene
        What is drawn, and where.
    weights : float array, shape (edges,)
        Of each edge: its width, relative to the largest; its colour and dash by the sign.
    biases : float array, shape (neurons,)
        A ring round each neuron, likewise; NaN for none.
    activations : float array, shape (neurons,)
        How full each neuron is, relative to the largest of its column, or to 1.
    label : str
        What the picture says, for screen readers.
    edges : int64 array or None
        Places of the edges that are drawn; None draws all.
    numbers : sequence of str
        What is written into each neuron, where there is room; empty for nothing.
    legend : sequence of str
        Lines of text under the picture, beside the signs for weights and biases; none without.

    Returns
    -------
    Drawing
        The picture.
    """
    lines = _LINE * (len(legend) - 1) if legend else 0.0
    height = scene.height + (_LEGEND + lines if legend else 0.0)
    width = max(scene.width, 420) if legend else scene.width
    drawing = Drawing(width, height, label)
    _draw_edges(drawing, scene, np.nan_to_num(weights), edges)
    for x, y, text, style, anchor in scene.labels:
        drawing.text(x, y, text, anchor=anchor, bold=style == "strong")
    _draw_neurons(drawing, scene, looks(scene, biases, activations), numbers)
    if legend:
        _draw_legend(drawing, scene.height, legend)
    return drawing


def _draw_edges(
    drawing: Drawing, scene: NeuronScene, weights: np.ndarray, edges: np.ndarray | None
) -> None:
    width = scaled(weights, LINES)
    order = np.argsort(width, kind="stable") if edges is None else edges
    for at in order.tolist():
        a, b = (scene.neurons[n] for n in scene.edges[at].tolist())
        minus = bool(weights[at] < 0)
        drawing.line(
            (a.x + scene.radius, a.y),
            (b.x - scene.radius, b.y),
            colour=COLOURS[minus],
            width=float(width[at]),
            dash=DASH if minus else (),
        )


def _draw_neurons(
    drawing: Drawing, scene: NeuronScene, found: Sequence[Look], numbers: Sequence[str]
) -> None:
    radius = scene.radius
    for at, (neuron, look) in enumerate(zip(scene.neurons, found, strict=True)):
        drawing.circle(neuron.x, neuron.y, radius, fill=look.fill)
        if look.ring_width:
            dash = DASH if look.broken else ()
            drawing.circle(neuron.x, neuron.y, radius + 2, stroke=look.ring,
                           stroke_width=look.ring_width, dash=dash)  # fmt: skip
        if numbers and radius >= _NUMBERS:
            size = 0.75 * radius if len(numbers[at]) < 5 else 0.62 * radius
            drawing.text(neuron.x, neuron.y, numbers[at], size=size, colour=look.ink,
                         anchor="middle")  # fmt: skip


def _draw_legend(drawing: Drawing, top: float, lines: Sequence[str]) -> None:
    y = top + 10
    x = 12.0
    for text, minus, ring in (
        ("positive weight", False, False),
        ("negative", True, False),
        ("positive bias", False, True),
        ("negative", True, True),
    ):
        dash = DASH if minus else ()
        if ring:
            drawing.circle(x + 12, y, 6, stroke=COLOURS[minus], stroke_width=2.2, dash=dash)
        else:
            drawing.line((x, y), (x + 24, y), colour=COLOURS[minus], width=2.6, dash=dash)
        drawing.text(x + 30, y, text, size=10)
        x += 42 + 6.1 * len(text)
    for at, line in enumerate(lines, 1):
        drawing.text(12, y + at * _LINE, line, size=10)


def scaled(values: np.ndarray, sizes: tuple[float, float]) -> np.ndarray:
    """Give sizes in proportion to numbers.

    Parameters
    ----------
    values : float array
        The numbers; their sign does not matter.
    sizes : pair of float
        Size of 0, and what the largest has beyond it.

    Returns
    -------
    float array
        One size for each.
    """
    least, more = sizes
    most = float(np.abs(values).max(initial=0.0)) or 1.0
    return np.asarray(least + more * np.abs(values) / most)


def sign_colour(value: float) -> str:
    """Give the colour of a number's sign.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        ``#rrggbb``: orange for negative numbers, blue for all others.
    """
    return COLOURS[bool(value < 0)]


def short_number(value: float) -> str:
    """Write a number in at most five characters, where that is possible.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        ``0.53``, ``-1.2``, ``38``, ``2e+05``; empty for NaN.
    """
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    if size >= 99999.5:
        return f"{value:.0e}"
    text = f"{value:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _mixed(colour: str, share: float) -> str:
    """Mix a colour with white."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)
