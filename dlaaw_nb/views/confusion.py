"""Confusion matrices: numbers in cells, and for many classes a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dlaaw_nb.views.palette import GREY, luminance
from dlaaw_nb.views.shapes import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["WRITTEN_LIMIT", "confusion_view", "draw_confusion"]

WRITTEN_LIMIT = 20
"""Up to so many classes each count is written into its cell."""

LIGHT, DARK = "#dfe9f3", "#0b5394"
_NAMED, _NAME_LENGTH = 40, 14


def confusion_view(
    confusion: npt.NDArray[np.integer],
    classes: Sequence[object],
    *,
    rows: npt.NDArray[np.integer] | None = None,
    title: str = "Confusion matrix",
) -> View:
    """Draw a confusion matrix by itself.

    Parameters
    ----------
    confusion : int array, shape (classes, classes)
        Row is the true class, column the predicted one.
    classes : sequence of object
        The classes' own names.
    rows : int array, shape (classes,), or None
        Rows of each true class, where the matrix is a part of a larger one; None takes its sums.
    title : str
        The title.

    Returns
    -------
    View
        A matplotlib figure; above 20 classes a heat map whose colours are shares of each true
        class, so that a class of few rows is seen too.
    """
    from dlaaw_nb.views.canvas import View, styled

    written = len(classes) <= WRITTEN_LIMIT
    side = 3.0 if len(classes) == 2 else min(1.8 + 0.42 * len(classes), 6.4)
    with styled():
        view = View((side + (0.4 if written else 1.3), side))
        totals = confusion.sum(axis=1) if rows is None else rows
        right, total = int(np.trace(confusion)), int(totals.sum())
        view.label = f"{title}: {right} of {total} rows right"
        axes = view.add_subplot()
        if written:
            draw_confusion(axes, confusion, classes)
        else:
            _draw_shares(view, axes, confusion / np.maximum(totals, 1)[:, None], classes)
        axes.set_title(title, wrap=True)
    return view


def draw_confusion(
    axes: Axes, confusion: npt.NDArray[np.integer], classes: Sequence[object]
) -> None:
    """Draw a confusion matrix with its counts into axes.

    Parameters
    ----------
    axes : matplotlib axes
        Where.
    confusion, classes
        As for `confusion_view`.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_hex
    from matplotlib.patches import Rectangle

    shades = LinearSegmentedColormap.from_list("shades", [LIGHT, DARK])
    size = None if len(classes) <= 8 else 7.0
    total, most = int(confusion.sum()), max(int(confusion.max(initial=0)), 1)
    for (row, column), count in np.ndenumerate(confusion):
        colour = to_hex(shades(int(count) / most))
        # Opaque cells, so that the numbers in them read on any background.
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor=GREY))
        share = f"\n{100 * int(count) / total:.1f} %" if total and len(classes) == 2 else ""
        axes.text(column, row, f"{count}{share}", ha="center", va="center", fontsize=size,
                  color="#ffffff" if luminance(colour) < 0.2 else "#000000")  # fmt: skip
    axes.set_xlim(-0.5, len(classes) - 0.5)
    axes.set_ylim(len(classes) - 0.5, -0.5)
    _name(axes, classes)
    axes.set_title("Confusion matrix (rows)")


def _draw_shares(
    view: View, axes: Axes, shares: npt.NDArray[np.floating], classes: Sequence[object]
) -> None:
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    # The lightest shade is for a few rows; none at all is left white.
    shades = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#9fc3e0", DARK, "#04203a"])
    # One bitmap: a shape for each cell would make the SVG large.
    norm = PowerNorm(0.5, 0, 100)  # a few wrong rows are seen too
    image = axes.imshow(100 * shares, cmap=shades, norm=norm, interpolation="nearest")
    _name(axes, classes)
    bar = view.colorbar(image, ax=axes, label="share of the true class (%)", shrink=0.8,
                        ticks=[0, 1, 5, 10, 25, 50, 100])  # fmt: skip
    bar.outline.set_edgecolor(GREY)


def _name(axes: Axes, classes: Sequence[object]) -> None:
    step = -(-len(classes) // _NAMED)
    places = range(0, len(classes), step)
    names = [shortened(classes[place], _NAME_LENGTH) for place in places]
    crowded = sum(map(len, names)) > 5 * len(names) and len(names) > 2
    upright = len(names) > WRITTEN_LIMIT
    small = 6.0 if len(names) > 25 else None
    axes.set_xticks(places, names, rotation=90 if upright else 45 if crowded else 0,
                    ha="right" if crowded and not upright else "center",
                    rotation_mode="default" if upright else "anchor", fontsize=small)  # fmt: skip
    axes.set_yticks(places, names, fontsize=small)
    axes.set_aspect("equal")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.tick_params(length=0)
