"""The codec of figures: whatever draws itself becomes a finished picture."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.codec import Codec, register_codec, unfit
from dlaaw_nb.store.picture import Picture
from dlaaw_nb.store.png import SIGNATURE
from dlaaw_nb.store.text import one_line, shown

if TYPE_CHECKING:
    from dlaaw_nb.store.blob import Blob, Buffer

__all__ = ["FIGURE", "is_figure"]

_CSS_DPI = 96


class _FigureCodec(Codec):
    """Pictures; figures of matplotlib, views and drawings become one."""

    name = "png-1"
    suffix = ".png"
    media_type = "image/png"

    def settle(self, value: Any) -> Any:
        if isinstance(value, Picture):
            return value
        try:
            return _picture(value)
        except CodecError:
            return value

    def encode(self, value: Any) -> list[Buffer]:
        return [_picture(value).png]

    def decode(self, blob: Blob) -> Picture:
        return Picture(blob.bytes())

    def preview(self, value: Any) -> str:
        if isinstance(value, Picture):
            size = f"{value.width} x {value.height} pixels"
            return one_line(f"{value.alt}, {size}" if value.alt else size)
        label = getattr(value, "label", "") if is_figure(value) else ""
        return one_line(label) if isinstance(label, str) and label else shown(value)


def is_figure(value: object) -> bool:
    """Whether a value is a picture, a drawing, or a figure of matplotlib; imports none of them."""
    if isinstance(value, Picture):
        return True
    drawing = sys.modules.get("dlaaw_nb.views.drawing")
    if drawing is not None and isinstance(value, drawing.Drawing):
        return True
    figure = sys.modules.get("matplotlib.figure")
    return figure is not None and isinstance(value, figure.Figure)


def _picture(value: Any) -> Picture:
    if isinstance(value, Picture):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)) and bytes(value[:8]) == SIGNATURE:
        return Picture(bytes(value))
    if not is_figure(value):
        mend = "Give a figure of matplotlib, or the bytes of a PNG file."
        raise unfit(FIGURE.name, "a figure", value, mend)
    try:
        return _drawn(value)
    except CodecError:
        raise
    except Exception as error:
        raise CodecError(
            f"codec {FIGURE.name}: the figure could not be drawn ({type(error).__name__}: "
            f"{one_line(str(error), 120)}). Mend it, or leave it out."
        ) from error


def _drawn(value: Any) -> Picture:
    drawing = sys.modules.get("dlaaw_nb.views.drawing")
    if drawing is not None and isinstance(value, drawing.Drawing):
        return Picture(value.to_png(), value.width, value.height, value.label)
    canvas = sys.modules.get("dlaaw_nb.views.canvas")
    if canvas is not None and isinstance(value, canvas.View):
        width, height = value.pixels
        return Picture(value.to_png(), width, height, value.label)
    buffer = io.BytesIO()
    value.savefig(buffer, format="png")
    scale = _CSS_DPI / value.dpi
    width, height = (round(side * scale) for side in _pixels(buffer.getvalue()))
    return Picture(buffer.getvalue(), max(1, width), max(1, height), _title(value))


def _pixels(png: bytes) -> tuple[int, int]:
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _title(figure: Any) -> str:
    """Say what a figure shows, in the words that stand on it."""
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    return ", ".join(dict.fromkeys(title for title in titles if title))


FIGURE = register_codec(_FigureCodec())
