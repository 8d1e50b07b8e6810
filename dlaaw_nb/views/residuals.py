"""Predicted numbers against true ones, and what is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlaaw_nb.views.palette import COLOURS, GREY
from dlaaw_nb.views.text import counted

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["number_view", "residual_view"]

_MOST_DOTS = 2000  # evenly chosen of more, so that the SVG stays small
_BINS = 30


def residual_view(
    truth: npt.NDArray[np.floating],
    values: npt.NDArray[np.floating],
    *,
    name: str = "label",
    title: str = "Predictions",
) -> View:
    """Draw predicted against true numbers, and the residuals by what was predicted.

    Parameters
    ----------
    truth, values : float array, shape (rows,)
        True and predicted numbers.
    name : str
        What the numbers are.
    title : str
        The title.

    Returns
    -------
    View
        A matplotlib figure of two panels: on the line (left), or at 0 (right), predictions are
        right. Of more than 2000 rows as many are drawn.
    """
    from dlaaw_nb.views.canvas import View, empty, styled

    with styled():
        view = View((7.6, 3.4))
        view.label = f"{title}: {counted(len(truth), 'row')}, predicted against true {name}"
        left, right = view.subplots(1, 2)
        left.set_title(title, loc="left")
        left.set_xlabel(f"true {name}")
        left.set_ylabel(f"predicted {name}")
        right.set_xlabel(f"predicted {name}")
        right.set_ylabel("true minus predicted")
        if len(truth):
            chosen = np.unique(np.linspace(0, len(truth) - 1, _MOST_DOTS).astype(np.intp))
            t, y = np.asarray(truth, float)[chosen], np.asarray(values, float)[chosen]
            ends = [min(t.min(), y.min()), max(t.max(), y.max())]
            left.plot(ends, ends, color=GREY, linewidth=1.0)
            right.axhline(0.0, color=GREY, linewidth=1.0)
            _dots(left, t, y)
            _dots(right, y, t - y)
        else:
            empty(left, "no rows")
            empty(right, "no rows")
    return view


def number_view(
    values: npt.NDArray[np.floating], *, name: str = "label", title: str = "Predictions"
) -> View:
    """Draw how predicted numbers are spread.

    Parameters
    ----------
    values : float array, shape (rows,)
        Predicted numbers.
    name, title : str
        What they are, and the title.

    Returns
    -------
    View
        A matplotlib figure.
    """
    from dlaaw_nb.views.canvas import View, empty, styled

    with styled():
        view = View((6.4, 3.2), f"{title}: {counted(len(values), 'row')}")
        axes = view.add_subplot()
        axes.set_title(title)
        axes.set_xlabel(f"predicted {name}")
        axes.set_ylabel("rows")
        if len(values):
            counts, edges = np.histogram(values, _BINS)
            axes.stairs(counts, edges, fill=True, color=COLOURS[0], alpha=0.6)
            axes.grid(axis="y")
        else:
            empty(axes, "no rows")
    return view


def _dots(axes: Axes, x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> None:
    alpha = 0.75 if len(x) <= 500 else 0.4
    axes.plot(x, y, "o", color=COLOURS[0], markersize=3.5, alpha=alpha, markeredgewidth=0)
    axes.grid(axis="both")
