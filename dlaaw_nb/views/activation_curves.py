"""What activations put out, and their slopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dlaaw_nb.views.palette import COLOURS, DASHES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["activation_curves"]

Numbers = Sequence[float]


def activation_curves(
    x: Numbers,
    curves: Mapping[str, tuple[Numbers, Numbers]],
    *,
    size: tuple[float, float] = (6.4, 2.6),
) -> View:
    """Draw activations beside their derivatives.

    Parameters
    ----------
    x : sequence of float
        What goes in.
    curves : mapping of str to pair of sequences of float
        For each activation its name, what it puts out, and its derivative.
    size : tuple of float
        Width and height in inches.

    Returns
    -------
    View
        A matplotlib figure.
    """
    from dlaaw_nb.views.canvas import View, styled

    with styled():
        view = View(size, f"Activations and their derivatives: {', '.join(curves)}")
        left, right = view.subplots(1, 2)
        for axes, title, part in ((left, "what it puts out", 0), (right, "its derivative", 1)):
            axes.set_title(title)
            axes.set_xlabel("x")
            axes.grid()
            for index, (name, pair) in enumerate(curves.items()):
                _line(axes, x, pair[part], index, name)
        left.legend(loc="upper left")
    return view


def _line(axes: Axes, x: Numbers, y: Numbers, index: int, label: str) -> None:
    colour, dash = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
    axes.plot(x, y, color=colour, linestyle=dash, linewidth=1.8, label=label)
