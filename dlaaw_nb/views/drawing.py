"""A light surface for pictures of boxes, circles, lines and words: SVG and PNG from one list.

Matplotlib needs some 100 ms for such a picture, this surface less than 50 ms. Colours are those of
the views' palette, and the background is transparent, so that a picture reads on light and dark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.views.html import picture
from dlaaw_nb.views.palette import GREY
from dlaaw_nb.views.shapes import (
    Circle,
    Line,
    Polygon,
    Rect,
    Shape,
    Text,
    clean,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.views.shapes import Anchor

__all__ = ["Drawing", "clean", "shortened"]


class Drawing:
    """A picture as a list of shapes, in CSS pixels from the upper left corner.

    Parameters
    ----------
    width, height : float
        Size in CSS pixels.
    label : str
        What the picture says, for screen readers.

    Attributes
    ----------
    width, height : int
        Size in CSS pixels.
    label : str
        What the picture says.
    shapes : list of Shape
        What was drawn, from back to front.
    """

    def __init__(self, width: float, height: float, label: str = "") -> None:
        self.width, self.height = round(width), round(height)
        self.label = clean(label)
        self.shapes: list[Shape] = []

    def line(
        self,
        *points: tuple[float, float],
        colour: str = GREY,
        width: float = 1.0,
        dash: Sequence[float] = (),
        opacity: float = 1.0,
    ) -> None:
        """Draw a line.

        Parameters
        ----------
        *points : pair of float
            From first to last.
        colour : str
            ``#rrggbb``.
        width : float
            In pixels.
        dash : sequence of float
            Lengths drawn and left out, by turns; empty for a solid line.
        opacity : float
            From 0 to 1.
        """
        self.shapes.append(Line(points, colour, width, tuple(dash), opacity))

    def arrow(self, *points: tuple[float, float], colour: str = GREY, width: float = 1.2) -> None:
        """Draw a line with a head at its end; its last part is level or upright.

        Parameters
        ----------
        *points : pair of float
            From first to last, where the tip is.
        colour : str
            ``#rrggbb``.
        width : float
            In pixels.
        """
        (x0, y0), (x, y) = points[-2:]
        length = max(abs(x - x0), abs(y - y0)) or 1.0
        dx, dy = 7 * (x - x0) / length, 7 * (y - y0) / length
        self.line(*points[:-1], (x - dx, y - dy), colour=colour, width=width)
        base = x - dx, y - dy
        side = dy * 0.5, dx * 0.5
        self.polygon(
            (x, y), (base[0] + side[0], base[1] - side[1]), (base[0] - side[0], base[1] + side[1]),
            fill=colour,
        )  # fmt: skip

    def polygon(self, *points: tuple[float, float], fill: str) -> None:
        """Fill a polygon.

        Parameters
        ----------
        *points : pair of float
            Its corners.
        fill : str
            ``#rrggbb``.
        """
        self.shapes.append(Polygon(points, fill))

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        radius: float = 0.0,
        fill: str | None = None,
        stroke: str | None = GREY,
        stroke_width: float = 1.0,
        dash: Sequence[float] = (),
    ) -> None:
        """Draw a rectangle.

        Parameters
        ----------
        x, y, width, height : float
            Upper left corner and size.
        radius : float
            Of the corners.
        fill, stroke : str or None
            Colours of area and outline; None leaves it out.
        stroke_width : float
            Of the outline.
        dash : sequence of float
            Of the outline in SVG; a PNG draws it solid.
        """
        self.shapes.append(
            Rect(x, y, width, height, radius, fill, stroke, stroke_width, tuple(dash))
        )

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        *,
        fill: str | None = None,
        stroke: str | None = GREY,
        stroke_width: float = 1.0,
        dash: Sequence[float] = (),
    ) -> None:
        """Draw a circle.

        Parameters
        ----------
        x, y, radius : float
            Centre and radius of the ring's middle.
        fill, stroke : str or None
            Colours of area and ring; None leaves it out.
        stroke_width : float
            Of the ring.
        dash : sequence of float
            Of the ring; empty for a solid one.
        """
        self.shapes.append(Circle(x, y, radius, fill, stroke, stroke_width, tuple(dash)))

    def text(
        self,
        x: float,
        y: float,
        text: object,
        *,
        size: float = 11.0,
        colour: str = GREY,
        anchor: Anchor = "start",
        bold: bool = False,
    ) -> None:
        """Write a line of text.

        Parameters
        ----------
        x, y : float
            Where the anchor is, and the middle of the line's height.
        text : object
            Its ``str`` is written; see `clean`.
        size : float
            Font size in pixels.
        colour : str
            ``#rrggbb``.
        anchor : {"start", "middle", "end"}
            Which part of the text is at `x`.
        bold : bool
            Whether it stands out.
        """
        self.shapes.append(Text(x, y, clean(text), size, colour, anchor, bold))

    def to_svg(self) -> str:
        """Write the picture as SVG that may stand in a page.

        Returns
        -------
        str
            SVG with ``role="img"`` and a ``<title>``, without styles, scripts and ids. Grey takes
            JupyterLab's text colour where the page has one.
        """
        from dlaaw_nb.views.vector import svg

        return svg(self)

    def to_png(self) -> bytes:
        """Draw the picture as PNG, its background transparent.

        Returns
        -------
        bytes
            The file's content, with more pixels than CSS pixels where that is not too many.
        """
        from dlaaw_nb.views.raster import png

        return png(self)

    def to_html(self) -> str:
        """Write the picture as an ``<img>`` that needs nothing else.

        Returns
        -------
        str
            HTML; see `dlaaw_nb.views.html.picture`.
        """
        return picture(self.to_svg(), self.label, self.width)

    def png_metadata(self) -> dict[str, int]:
        """Say at what size a notebook should show the PNG.

        Returns
        -------
        dict
            ``width`` and ``height`` in CSS pixels.
        """
        return {"width": self.width, "height": self.height}

    def bundle(self, html: str = "", text: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
        """Give all static forms.

        Parameters
        ----------
        html : str
            HTML to stand for the picture's own; empty takes the picture alone.
        text : str
            Plain text; empty takes the label.

        Returns
        -------
        data, metadata : dict
            A MIME bundle of ``text/plain``, ``text/html`` and ``image/png``, and its metadata.
        """
        data = {
            "text/plain": text or f"<{self.label or 'Drawing'}>",
            "text/html": html or self.to_html(),
            "image/png": self.to_png(),
        }
        return data, {"image/png": self.png_metadata()}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        del include, exclude
        return self.bundle()
