"""Predicted probabilities: their histogram, by true class if known, and the confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dlaaw_nb.views.palette import COLOURS, DASHES, GREY, HATCHES, luminance
from dlaaw_nb.views.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["class_view", "confusion_view", "probability_view"]

BINS = 20
LIGHT, DARK = "#dfe9f3", "#0b5394"


def probability_view(
    probabilities: npt.NDArray[np.floating],
    classes: tuple[object, object],
    labels: npt.NDArray[np.floating] | None = None,
    confusion: npt.NDArray[np.integer] | None = None,
    *,
    title: str = "Predicted probabilities",
) -> View:
    """Draw how the probabilities are spread.

    Parameters
    ----------
    probabilities : float array, shape (rows,)
        Probability of the second class.
    classes : tuple of two objects
        The classes' own names; the first stands for 0, the second for 1.
    labels : float array of 0 and 1, shape (rows,), or None
        The true classes, where they are known: then one histogram for each.
    confusion : int array, shape (2, 2), or None
        ``[[true negatives, false positives], [false negatives, true positives]]``; drawn beside the
        histogram.
    title : str
        The title.

    Returns
    -------
    View
        A matplotlib figure.
    """
    from dlaaw_nb.views.canvas import View, empty, styled

    with styled():
        view = View((6.4 if confusion is None else 7.6, 3.2))
        view.label = f"{title}: {counted(len(probabilities), 'row')} between 0 and 1"
        ratio = [1.0] if confusion is None else [1.9, 1.0]
        panels = view.subplots(1, len(ratio), squeeze=False, width_ratios=ratio)[0]
        panels[0].set_title(title)
        panels[0].set_xlabel(f"probability of {classes[1]}")
        panels[0].set_ylabel("rows")
        if len(probabilities):
            _histogram(panels[0], probabilities, classes, labels)
        else:
            empty(panels[0], "no rows")
        if confusion is not None:
            _confusion(panels[1], confusion, classes)
    return view


def confusion_view(
    confusion: npt.NDArray[np.integer],
    classes: Sequence[object],
    *,
    title: str = "Confusion matrix",
) -> View:
    """Draw a confusion matrix by itself.

    Parameters
    ----------
    confusion : int array, shape (classes, classes)
        Row is the true class, column the predicted one.
    classes : sequence of object
        The classes' own names.
    title : str
        The title.

    Returns
    -------
    View
        A matplotlib figure.
    """
    from dlaaw_nb.views.canvas import View, styled

    side = 3.0 if len(classes) == 2 else min(1.6 + 0.42 * len(classes), 9.0)
    with styled():
        view = View((side + 0.4, side))
        right, total = int(np.trace(confusion)), int(confusion.sum())
        view.label = f"{title}: {right} of {total} rows right"
        axes = view.add_subplot()
        _confusion(axes, confusion, classes)
        axes.set_title(title)
    return view


def class_view(
    counts: Sequence[int], classes: Sequence[object], *, title: str = "Predicted classes"
) -> View:
    """Draw how many rows were predicted as each class.

    Parameters
    ----------
    counts : sequence of int
        Rows of each class.
    classes : sequence of object
        Their names.
    title : str
        The title.

    Returns
    -------
    View
        A matplotlib figure.
    """
    from dlaaw_nb.views.canvas import View, styled

    with styled():
        view = View((6.4, min(1.2 + 0.26 * len(classes), 9.0)))
        view.label = f"{title}: " + ", ".join(
            f"{name} {count}" for name, count in list(zip(classes, counts, strict=True))[:12]
        )
        axes = view.add_subplot()
        axes.set_title(title)
        axes.set_xlabel("rows")
        places = range(len(classes))
        axes.barh(places, counts, color=COLOURS[0])
        axes.set_yticks(places, [_short(name) for name in classes])
        axes.set_ylim(len(classes) - 0.4, -0.6)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
    return view


def _histogram(
    axes: Axes,
    probabilities: npt.NDArray[np.floating],
    classes: tuple[object, object],
    labels: npt.NDArray[np.floating] | None,
) -> None:
    from matplotlib.ticker import MaxNLocator

    edges = np.linspace(0.0, 1.0, BINS + 1)
    groups = (
        [np.ones(len(probabilities), bool)] if labels is None else [labels < 0.5, labels >= 0.5]
    )
    for index, chosen in enumerate(groups):
        name = f"{classes[index]} ({np.count_nonzero(chosen)})"
        counts, _ = np.histogram(probabilities[chosen], edges)
        axes.stairs(counts, edges, fill=True, facecolor=COLOURS[index], edgecolor=COLOURS[index],
                    linewidth=0, alpha=0.35, hatch=HATCHES[index] or None)  # fmt: skip
        axes.stairs(counts, edges, color=COLOURS[index], linewidth=1.6,
                    linestyle=DASHES[index], label=f"truly {name}")  # fmt: skip
    # Lower than the legend above it.
    axes.axvline(0.5, ymax=0.74, color=GREY, linewidth=1.0, linestyle=":")
    axes.set_xlim(-0.02, 1.02)
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(axis="y")
    if labels is not None:
        axes.legend(loc="upper center")


def _confusion(axes: Axes, confusion: npt.NDArray[np.integer], classes: Sequence[object]) -> None:
    from matplotlib.colors import LinearSegmentedColormap, to_hex
    from matplotlib.patches import Rectangle

    shades = LinearSegmentedColormap.from_list("shades", [LIGHT, DARK])
    size = None if len(classes) <= 10 else max(3.0, 80 / len(classes))
    total, most = int(confusion.sum()), max(int(confusion.max()), 1)
    for (row, column), count in np.ndenumerate(confusion):
        colour = to_hex(shades(int(count) / most))
        # Opaque cells, so that the numbers in them read on any background.
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor=GREY))
        share = f"\n{100 * int(count) / total:.1f} %" if total and len(classes) == 2 else ""
        axes.text(column, row, f"{count}{share}", ha="center", va="center", fontsize=size,
                  color="#ffffff" if luminance(colour) < 0.2 else "#000000")  # fmt: skip
    names, places = [_short(name) for name in classes], range(len(classes))
    slanted = sum(map(len, names)) > 5 * len(names) and len(names) > 2
    axes.set_xticks(places, names, rotation=45 if slanted else 0)
    axes.set_yticks(places, names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.tick_params(length=0)
    axes.set_title("Confusion matrix (rows)")


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= 14 else text[:13] + "…"
