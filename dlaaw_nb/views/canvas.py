"""The figure that every view draws on. Import this module inside functions: it loads matplotlib.

Figures are made without pyplot, so no figure is kept alive and no backend is chosen for the
person's session.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from dlaaw_nb.views.html import escape, picture
from dlaaw_nb.views.palette import GREY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

__all__ = ["View", "empty", "log_axis", "styled"]

PNG_DPI = 144

# Typed loosely: which names exist depends on the version of matplotlib.
_STYLE: Any = {
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.formatter.use_mathtext": False,
    "axes.grid": False,
    "axes.labelcolor": GREY,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": GREY,
    "axes.titlesize": 10,
    "figure.facecolor": "none",
    "figure.titlesize": 10,
    "font.family": "sans-serif",
    "font.size": 9,
    "grid.alpha": 0.3,
    "grid.color": GREY,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": GREY,
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
    "text.color": GREY,
    # A column may be called "a$b": it is no formula.
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": GREY,
    "xtick.labelcolor": GREY,
    "xtick.labelsize": 8,
    "ytick.color": GREY,
    "ytick.labelcolor": GREY,
    "ytick.labelsize": 8,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the views' style, whatever style the person has set, and leave theirs as it was."""
    with mpl.rc_context(_STYLE):
        yield


class View(Figure):
    """A matplotlib figure that shows itself in a notebook without pyplot.

    Parameters
    ----------
    size : tuple of float
        Width and height in inches.
    label : str
        What the picture says, for screen readers; drawings set it when they know.
    """

    def __init__(self, size: tuple[float, float] = (6.4, 3.4), label: str = "") -> None:
        super().__init__(figsize=size, layout="constrained")
        self.set_layout_engine("constrained", w_pad=0.07, h_pad=0.07)
        self.label = label

    def to_svg(self) -> str:
        """Draw as an SVG document that may also stand inline in a page.

        Returns
        -------
        str
            SVG with ``role="img"`` and a ``<title>``; no style block (matplotlib's would restyle
            the whole page), no metadata, and only ids that are referred to, random so that two
            figures on a page do not share one. Texts and axes take JupyterLab's text colour where
            the page has one.
        """
        buffer = io.StringIO()
        salt: Any = {"svg.hashsalt": os.urandom(8).hex(), "svg.fonttype": "none"}
        with styled(), mpl.rc_context(salt):
            self.savefig(buffer, format="svg", metadata={"Date": None})
        return _tidy(buffer.getvalue(), self.label)

    def to_png(self) -> bytes:
        """Draw as a PNG with a transparent background, at twice the usual number of pixels.

        Returns
        -------
        bytes
            The file's content.
        """
        buffer = io.BytesIO()
        with styled():
            self.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Title": self.label or None})
        return buffer.getvalue()

    def to_html(self) -> str:
        """Draw as an ``<img>`` that needs nothing else.

        Returns
        -------
        str
            HTML; see `dlaaw_nb.views.html.picture`.
        """
        return picture(self.to_svg(), self.label, self.pixels[0])

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height on a page, in CSS pixels."""
        width, height = self.get_size_inches() * (PNG_DPI / 2)
        return round(width), round(height)

    def png_metadata(self) -> dict[str, int]:
        """Say at what size a notebook should show the PNG.

        Returns
        -------
        dict
            ``width`` and ``height`` in CSS pixels.
        """
        width, height = self.pixels
        return {"width": width, "height": height}

    def settle(self) -> None:
        """Keep the layout of the last drawing, so that the next one costs half the time."""
        self.set_layout_engine("none")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Show the figure where pyplot is not there to do it: in every form, whatever is asked."""
        del include, exclude
        data = {
            "text/plain": f"<{self.label or 'Figure'}>",
            "text/html": self.to_html(),
            "image/png": self.to_png(),
        }
        return data, {"image/png": self.png_metadata()}


def _tidy(svg: str, label: str) -> str:
    """Turn matplotlib's SVG file into one that is small and safe to place in a page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="[a-z]+[A-Za-z0-9.]*_\d+"', "", svg)
    svg = re.sub(r">\s+<", "><", svg)
    svg = svg.replace(GREY, f"var(--jp-ui-font-color2,{GREY})")
    name = escape(label)
    root = f'<svg role="img" aria-label="{name}" stroke-linejoin="round" stroke-linecap="butt"'
    svg = svg.replace("<svg", root, 1)
    return svg.replace(">", f"><title>{name}</title>", 1).strip()


def empty(axes: Axes, text: str) -> None:
    """Say that there is nothing to draw.

    Parameters
    ----------
    axes : matplotlib axes
        Cleared of ticks.
    text : str
        Why it is empty.
    """
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def log_axis(axes: Axes, which: str) -> None:
    """Make an axis logarithmic, with plain numbers on it.

    Parameters
    ----------
    axes : matplotlib axes
        The axes to change.
    which : str
        ``x`` or ``y``.
    """
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    # The usual formatter writes formulas, which the style turns off.
    low, high = sorted(axis.get_view_interval())
    if low > 0 and high / low < 1000:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
