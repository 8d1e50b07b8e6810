"""Cost by epoch: a curve for a training, one for each fold and their mean for several."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dlaaw_nb.views.palette import COLOURS, DASHES, GREY, MARKERS
from dlaaw_nb.views.text import number_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["cost_curves", "mean_curve"]

Curve = Sequence[tuple[int, float]]

LEGEND_LIMIT = 8
MARKER_LIMIT = 12
LOG_SPAN = 100.0
DIVERGED_LOG_SPAN = 10.0


def cost_curves(
    series: Mapping[str, Curve],
    *,
    mean: bool = False,
    diverged: Mapping[str, int] | None = None,
    title: str = "Training cost",
    cost_label: str = "cost (mean loss per row)",
    size: tuple[float, float] = (6.4, 3.4),
) -> View:
    """Draw costs by epoch.

    Parameters
    ----------
    series : mapping of str to sequence of (int, float)
        For each curve its name and its (epoch, cost) points; costs that are not finite are left out
        of the line.
    mean : bool
        Draw the curves thinner, and the mean of those that did not diverge, over the epochs that
        they all have.
    diverged : mapping of str to int or None
        For curves that ran off to NaN or infinity, the epoch in which they did; marked by a cross.
    title, cost_label : str
        The title and the label of the vertical axis.
    size : tuple of float
        Width and height in inches.

    Returns
    -------
    View
        A matplotlib figure. The cost axis is logarithmic where the costs span more than a factor of
        100, or of 10 when a curve diverged.
    """
    from dlaaw_nb.views.canvas import View, empty, styled

    finite = {name: _finite(curve) for name, curve in series.items()}
    with styled():
        view = View(size, _describe(title, finite))
        axes = view.add_subplot()
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.set_ylabel(cost_label)
        if any(finite.values()):
            _draw(axes, finite, mean, diverged or {})
        else:
            empty(axes, "no costs were recorded")
        _mark_diverged(axes, finite, diverged or {})
        _legend(axes, len(series) if any(finite.values()) else 0)
    return view


def mean_curve(series: Mapping[str, Curve]) -> list[tuple[int, float]]:
    """Average several curves over the epochs that all of them have.

    Parameters
    ----------
    series : mapping of str to sequence of (int, float)
        Curves of (epoch, cost) points. Costs that are not finite count as absent, curves without
        any point too.

    Returns
    -------
    list of (int, float)
        Epoch and mean cost, by epoch.
    """
    curves = [dict(_finite(curve)) for curve in series.values()]
    curves = [curve for curve in curves if curve]
    shared = set.intersection(*map(set, curves)) if curves else set()
    return [(epoch, sum(c[epoch] for c in curves) / len(curves)) for epoch in sorted(shared)]


def _finite(curve: Curve) -> list[tuple[int, float]]:
    return [(int(epoch), float(cost)) for epoch, cost in curve if math.isfinite(cost)]


def _describe(title: str, series: Mapping[str, Curve]) -> str:
    curves = [curve for curve in series.values() if curve]
    if not curves:
        return f"{title}: no costs were recorded"
    if len(curves) == 1:
        (first, start), (last, end) = curves[0][0], curves[0][-1]
        was = f"{number_text(start, 4)} at epoch {first}"
        return f"{title}: from {was} to {number_text(end, 4)} at epoch {last}"
    ends = [curve[-1][1] for curve in curves]
    lowest, highest = number_text(min(ends), 4), number_text(max(ends), 4)
    return f"{title}: {len(curves)} curves that end between {lowest} and {highest}"


def _draw(axes: Axes, series: Mapping[str, Curve], mean: bool, diverged: Mapping[str, int]) -> None:
    from matplotlib.ticker import MaxNLocator

    from dlaaw_nb.views.canvas import log_axis

    many = len(series) > LEGEND_LIMIT
    for index, (name, curve) in enumerate(series.items()):
        label = name if not many else ("each curve" if index == 0 else None)
        _line(axes, curve, 0 if many else index, label, mean or many)
    whole = {name: curve for name, curve in series.items() if name not in diverged}
    if mean and len(whole) > 1:
        label = f"mean of {len(whole)}" if diverged else "mean"
        points = _columns(mean_curve(whole))
        axes.plot(*points, color=GREY, linewidth=2.6, alpha=0.8, label=label, zorder=3)
    costs = [cost for curve in series.values() for _, cost in curve]
    span = DIVERGED_LOG_SPAN if diverged else LOG_SPAN
    if min(costs) > 0 and max(costs) / min(costs) > span:
        log_axis(axes, "y")
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.grid(axis="y")


def _line(axes: Axes, curve: Curve, index: int, label: str | None, thin: bool) -> None:
    axes.plot(
        *_columns(curve),
        color=COLOURS[index % len(COLOURS)],
        linestyle=DASHES[index % len(DASHES)],
        marker=MARKERS[index % len(MARKERS)],
        markevery=max(1, len(curve) // MARKER_LIMIT),
        markersize=3 if thin else 4,
        linewidth=1.0 if thin else 1.8,
        alpha=0.85 if thin else 1.0,
        label=label,
    )


def _columns(curve: Curve) -> tuple[list[int], list[float]]:
    return [epoch for epoch, _ in curve], [cost for _, cost in curve]


def _mark_diverged(axes: Axes, series: Mapping[str, Curve], diverged: Mapping[str, int]) -> None:
    for index, name in enumerate(series):
        if name not in diverged:
            continue
        colour = COLOURS[index % len(COLOURS)]
        top = axes.get_xaxis_transform()
        text = f"diverged at epoch {diverged[name]}"
        text = text if len(series) == 1 else f"{name} {text}"
        axes.plot([diverged[name]], [0.97], marker="X", color=colour, markersize=8, linestyle="",
                  transform=top, clip_on=False, label=text)  # fmt: skip


def _legend(axes: Axes, curves: int) -> None:
    """Name the curves beside the axes; a lone curve needs no name, only its cross does."""
    handles, labels = axes.get_legend_handles_labels()
    if curves > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3)
    elif labels and labels[-1].startswith("diverged"):
        axes.legend(handles[-1:], labels[-1:], loc="upper left")
