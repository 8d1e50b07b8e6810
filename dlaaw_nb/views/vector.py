"""Writes a drawing as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlaaw_nb.views.html import escape
from dlaaw_nb.views.palette import GREY
from dlaaw_nb.views.shapes import Circle, Line, Polygon, Rect, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlaaw_nb.views.drawing import Drawing
    from dlaaw_nb.views.shapes import Shape

__all__ = ["svg"]


def svg(drawing: Drawing) -> str:
    """Write a drawing as SVG that may stand in a page.

    Parameters
    ----------
    drawing : Drawing
        The picture.

    Returns
    -------
    str
        See `Drawing.to_svg`.
    """
    name = escape(drawing.label)
    width, height = drawing.width, drawing.height
    body = "".join(map(_element, drawing.shapes))
    body = body.replace(f'"{GREY}"', f'"var(--jp-ui-font-color2,{GREY})"')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{name}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'fill="none"><title>{name}</title>{body}</svg>'
    )


def _element(shape: Shape) -> str:
    if isinstance(shape, Line):
        path = "L".join(f"{_n(x)} {_n(y)}" for x, y in shape.points)
        faint = f' opacity="{_n(shape.opacity)}"' if shape.opacity < 1 else ""
        return f'<path d="M{path}"{_stroke(shape.colour, shape.width, shape.dash)}{faint}/>'
    if isinstance(shape, Polygon):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
        return f'<polygon points="{points}" fill="{shape.fill}"/>'
    if isinstance(shape, Text):
        return _text(shape)
    line = _stroke(shape.stroke, shape.stroke_width, shape.dash)
    fill = f' fill="{shape.fill}"' if shape.fill else ""
    if isinstance(shape, Circle):
        place = f'cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}"'
        return f"<circle {place}{fill}{line}/>"
    return _rect(shape, fill + line)


def _rect(shape: Rect, style: str) -> str:
    place = f'x="{_n(shape.x)}" y="{_n(shape.y)}"'
    size = f'width="{_n(shape.width)}" height="{_n(shape.height)}" rx="{_n(shape.radius)}"'
    return f"<rect {place} {size}{style}/>"


def _text(shape: Text) -> str:
    weight = ' font-weight="600"' if shape.bold else ""
    anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
    # Not every viewer knows dominant-baseline; a third of the size is the middle of the letters.
    place = f'x="{_n(shape.x)}" y="{_n(shape.y + 0.35 * shape.size)}"'
    style = f'font-size="{_n(shape.size)}" fill="{shape.colour}"{weight}{anchor}'
    return f"<text {place} {style}>{escape(shape.text)}</text>"


def _stroke(colour: str | None, width: float, dash: Iterable[float]) -> str:
    if colour is None:
        return ""
    lengths = " ".join(map(_n, dash))
    broken = f' stroke-dasharray="{lengths}"' if lengths else ""
    return f' stroke="{colour}" stroke-width="{_n(width)}"{broken}'


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
