"""Predicted classes: probabilities of two, by true class if known, and counts of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dlaaw_nb.views.confusion import draw_confusion
from dlaaw_nb.views.palette import COLOURS, DASHES, GREY, HATCHES
from dlaaw_nb.views.shapes import shortened
from dlaaw_nb.views.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["class_view", "probability_view"]

BINS = 20
MOST_BARS = 30


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
            draw_confusion(panels[1], confusion, classes)
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
        A matplotlib figure; of more than 30 classes it shows the 30 with most rows.
    """
    from matplotlib.ticker import MaxNLocator

    from dlaaw_nb.views.canvas import View, styled

    pairs = list(zip(classes, counts, strict=True))
    if len(pairs) > MOST_BARS:
        most = sorted(range(len(pairs)), key=lambda k: (-pairs[k][1], k))[:MOST_BARS]
        pairs = [pairs[k] for k in sorted(most)]
        title = f"{title}: the {MOST_BARS} of {len(classes)} classes with most rows"
    with styled():
        view = View((6.4, 1.2 + 0.26 * max(len(pairs), 2)))
        view.label = f"{title}: " + ", ".join(f"{name} {count}" for name, count in pairs[:12])
        axes = view.add_subplot()
        axes.set_title(title)
        axes.set_xlabel("rows")
        places = range(len(pairs))
        axes.barh(places, [count for _, count in pairs], color=COLOURS[0])
        axes.set_yticks(places, [shortened(name, 14) for name, _ in pairs])
        axes.set_ylim(len(pairs) - 0.4, -0.6)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
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
