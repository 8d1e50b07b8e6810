"""Draws layers as boxes, with the shapes of what passes between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dlaaw_nb.views.drawing import Drawing
from dlaaw_nb.views.palette import COLOURS, GREY
from dlaaw_nb.views.shapes import shortened
from dlaaw_nb.views.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BOX", "LayerBox", "draw_layers", "layer_places"]

BOX: Final = (126.0, 62.0)
"""Width and height of a layer's box, in CSS pixels."""

_GAP, _ROW_GAP, _SIDE, _A_ROW = 46.0, 34.0, 52.0, 5


class LayerBox(NamedTuple):
    """A layer: its name, the call that makes it, the widths of its ports, its parameters."""

    name: str
    call: str
    in_features: int
    out_features: int
    parameters: int


def layer_places(count: int) -> list[tuple[float, float]]:
    """Say where the boxes stand: from left to right, five a row.

    Parameters
    ----------
    count : int
        How many.

    Returns
    -------
    list of (float, float)
        Upper left corner of each, in CSS pixels.
    """
    width, height = BOX
    return [
        (_SIDE + at % _A_ROW * (width + _GAP), 12 + at // _A_ROW * (height + _ROW_GAP))
        for at in range(count)
    ]


def draw_layers(layers: Sequence[LayerBox], label: str) -> Drawing:
    """Draw a chain of layers.

    Parameters
    ----------
    layers : sequence of LayerBox
        From first to last.
    label : str
        What the picture says, for screen readers.

    Returns
    -------
    Drawing
        Boxes with arrows between them; on each arrow the width of what passes.
    """
    (width, height), places = BOX, layer_places(len(layers))
    right = max((x for x, _ in places), default=0.0) + width
    bottom = max((y for _, y in places), default=0.0) + height
    drawing = Drawing(right + _SIDE, bottom + 12, label)
    for layer, (x, y) in zip(layers, places, strict=True):
        _box(drawing, layer, x, y)
    if layers:
        x, y = places[0]
        _arrow(drawing, (x - _GAP, y + height / 2), (x, y + height / 2), layers[0].in_features)
        for layer, here, there in zip(layers, places, places[1:], strict=False):
            _between(drawing, layer.out_features, here, there)
        x, y = places[-1]
        end = x + width
        _arrow(
            drawing, (end, y + height / 2), (end + _GAP, y + height / 2), layers[-1].out_features
        )
    return drawing


def _box(drawing: Drawing, layer: LayerBox, x: float, y: float) -> None:
    width, height = BOX
    colour = COLOURS[0] if layer.parameters else GREY
    drawing.rect(x, y, width, height, radius=6, stroke=colour, stroke_width=1.6)
    middle = x + width / 2
    drawing.text(middle, y + 15, shortened(layer.name, 17), size=12, anchor="middle", bold=True)
    drawing.text(middle, y + 32, shortened(layer.call, 20), size=11, anchor="middle")
    text = counted(layer.parameters, "parameter") if layer.parameters else "no parameters"
    drawing.text(middle, y + 48, text, size=10, anchor="middle")


def _between(
    drawing: Drawing, units: int, here: tuple[float, float], there: tuple[float, float]
) -> None:
    (width, height), (x, y), (to_x, to_y) = BOX, here, there
    if y == to_y:
        _arrow(drawing, (x + width, y + height / 2), (to_x, to_y + height / 2), units)
        return
    middle, lane = x + width / 2, y + height + _ROW_GAP / 2
    end = to_x + width / 2
    drawing.arrow((middle, y + height), (middle, lane), (end, lane), (end, to_y))
    drawing.text(middle - 6, y + height + 9, f"{units:,}", size=10, anchor="end")


def _arrow(
    drawing: Drawing, start: tuple[float, float], end: tuple[float, float], units: int
) -> None:
    drawing.arrow(start, end)
    drawing.text((start[0] + end[0]) / 2 - 3, start[1] - 8, f"{units:,}", size=10, anchor="middle")
