"""Draws a drawing as PNG with Pillow."""

from __future__ import annotations

import io
import itertools
import math
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from dlaaw_nb.views.shapes import Circle, Line, Polygon, Rect, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlaaw_nb.views.drawing import Drawing
    from dlaaw_nb.views.shapes import Shape

__all__ = ["png", "text_width"]

_REDUCE = 2
"""Each pixel of the PNG is made from so many pixels in either direction."""
_SCALES = (2.0, 1.5, 1.0, 0.5, 0.25, 0.1)
_LARGEST = 400_000
"""Pixels of a PNG, before it gets fewer for each CSS pixel."""

Point = tuple[float, float]


def png(drawing: Drawing) -> bytes:
    """Draw a drawing as PNG.

    Parameters
    ----------
    drawing : Drawing
        The picture.

    Returns
    -------
    bytes
        See `Drawing.to_png`.
    """
    area = drawing.width * drawing.height
    scale = next((s for s in _SCALES if s * s * area <= _LARGEST), _SCALES[-1])
    fine = scale * _REDUCE
    size = (math.ceil(drawing.width * scale) * _REDUCE, math.ceil(drawing.height * scale) * _REDUCE)
    image = Image.new("RGBA", size)
    brush = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        _draw(brush, shape, fine)
    info = PngImagePlugin.PngInfo()
    if drawing.label:
        info.add_itxt("Title", drawing.label)
    buffer = io.BytesIO()
    _reduced(image).save(buffer, format="png", compress_level=3, pnginfo=info)
    return buffer.getvalue()


def _reduced(image: Image.Image) -> Image.Image:
    """Average the pixels, and keep 256 colours: a third of the file in a tenth of the time."""
    # Pillow mixes all four channels, which on transparent black is premultiplied colour: as such
    # the pixels are averaged, or every edge would get a dark rim.
    bands = [band.reduce(_REDUCE) for band in image.split()]
    small = Image.merge("RGBa", bands).convert("RGBA")
    return small.quantize(256, method=Image.Quantize.FASTOCTREE)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Measure text as the PNG draws it.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Font size in pixels.
    bold : bool
        Whether it is bold.

    Returns
    -------
    float
        Pixels; what a browser makes of it is rarely wider, for the font is a wide one.
    """
    return float(_font(20, bold).getlength(text)) * size / 20


def _draw(brush: ImageDraw.ImageDraw, shape: Shape, scale: float) -> None:
    if isinstance(shape, Line):
        _line(brush, shape, scale)
    elif isinstance(shape, Polygon):
        brush.polygon([(x * scale, y * scale) for x, y in shape.points], fill=_rgb(shape.fill))
    elif isinstance(shape, Rect):
        _rect(brush, shape, scale)
    elif isinstance(shape, Circle):
        _circle(brush, shape, scale)
    else:
        _text(brush, shape, scale)


def _line(brush: ImageDraw.ImageDraw, shape: Line, scale: float) -> None:
    points = [(x * scale, y * scale) for x, y in shape.points]
    colour = tuple(round(shape.opacity * channel) for channel in (*_rgb(shape.colour), 255))
    width = max(1, round(shape.width * scale))
    if not shape.dash:
        brush.line(points, fill=colour, width=width, joint="curve" if len(points) > 2 else None)
        return
    for start, end in _dashes(points, [length * scale for length in shape.dash]):
        brush.line((start, end), fill=colour, width=width)


def _dashes(points: Sequence[Point], lengths: Sequence[float]) -> Iterator[tuple[Point, Point]]:
    """Cut a line into the parts that are drawn; each part of the line starts with a dash."""
    drawn, left_out = lengths[0], lengths[1] if len(lengths) > 1 else lengths[0]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        total = math.hypot(x1 - x0, y1 - y0)
        if not total:
            continue
        dx, dy = (x1 - x0) / total, (y1 - y0) / total
        at = 0.0
        while at < total:
            end = min(at + drawn, total)
            yield (x0 + dx * at, y0 + dy * at), (x0 + dx * end, y0 + dy * end)
            at += drawn + left_out


def _rect(brush: ImageDraw.ImageDraw, shape: Rect, scale: float) -> None:
    box = [v * scale for v in (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)]
    brush.rounded_rectangle(
        box,
        radius=shape.radius * scale,
        fill=_rgb(shape.fill) if shape.fill else None,
        outline=_rgb(shape.stroke) if shape.stroke else None,
        width=max(1, round(shape.stroke_width * scale)),
    )


def _circle(brush: ImageDraw.ImageDraw, shape: Circle, scale: float) -> None:
    # Pillow draws an outline inwards from the box, SVG on either side of it.
    outer = shape.radius + (shape.stroke_width / 2 if shape.stroke else 0)
    box = [v * scale for v in (shape.x - outer, shape.y - outer, shape.x + outer, shape.y + outer)]
    width = max(1, round(shape.stroke_width * scale))
    outline = _rgb(shape.stroke) if shape.stroke else None
    fill = _rgb(shape.fill) if shape.fill else None
    if not shape.dash:
        brush.ellipse(box, fill=fill, outline=outline, width=width)
        return
    brush.ellipse(box, fill=fill)
    per_pixel = 180 / (math.pi * shape.radius)
    drawn, step = shape.dash[0] * per_pixel, (shape.dash[0] + shape.dash[-1]) * per_pixel
    for index in range(max(1, round(360 / step))):
        brush.arc(box, index * step, index * step + drawn, fill=outline, width=width)


def _text(brush: ImageDraw.ImageDraw, shape: Text, scale: float) -> None:
    font = _font(max(1, round(shape.size * scale)), shape.bold)
    place = (shape.x * scale, (shape.y + 0.35 * shape.size) * scale)
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
    brush.text(place, shape.text, fill=_rgb(shape.colour), font=font, anchor=anchor)


@lru_cache(maxsize=256)
def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@lru_cache(maxsize=64)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    folder = _fonts()
    if folder is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)


@lru_cache(maxsize=1)
def _fonts() -> Path | None:
    """Find the fonts that matplotlib brings along, without importing it."""
    spec = find_spec("matplotlib")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        if (folder / "DejaVuSans.ttf").exists():
            return folder
    return None
