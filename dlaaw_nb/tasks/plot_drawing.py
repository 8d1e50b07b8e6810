"""Pictures of columns. Import this module inside functions: it loads matplotlib."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.store.picture import Picture
from dlaaw_nb.views.canvas import View, empty, styled
from dlaaw_nb.views.palette import COLOURS, DASHES, GREY, HATCHES, MARKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["Drawn", "drawn"]

_MOST_LABELS = 30
_MOST_MARKED = 60
_lock = threading.Lock()  # matplotlib's style is one for all threads


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn.

    Attributes
    ----------
    chart : str
        ``line``, ``scatter``, ``bar``, ``hist``, ``box`` or ``heat``.
    series : sequence of (str, float64 array of shape (rows,))
        Names and numbers; NaN is left open.
    places : array of shape (rows,), or list of str
        Where the rows stand along the axis, or what they are called.
    label : str
        What the picture says, for screen readers.
    title, x_label, y_label : str
        Text at it; none where empty.
    bins : int
        Bars of a histogram.
    size : tuple of float
        Width and height in inches.
    """

    chart: str
    series: Sequence[tuple[str, NDArray[np.float64]]]
    places: Any
    label: str
    title: str
    x_label: str
    y_label: str
    bins: int
    size: tuple[float, float]


def drawn(what: Drawn) -> Picture:
    """Draw columns.

    Parameters
    ----------
    what : Drawn
        The numbers, and how they are to look.

    Returns
    -------
    Picture
        The same for the same numbers.
    """
    with _lock, styled():
        view = View(what.size, what.label)
        axes = view.add_subplot()
        axes.set_title(what.title)
        axes.set_xlabel(what.x_label)
        axes.set_ylabel(what.y_label)
        if any(np.isfinite(numbers).any() for _, numbers in what.series):
            _CHARTS[what.chart](axes, what)
        else:
            empty(axes, "no numbers")
        return Picture(view.to_png(), *view.pixels, view.label)


def _style(at: int) -> dict[str, Any]:
    return {"color": COLOURS[at % len(COLOURS)]}


def _legend(axes: Axes, what: Drawn) -> None:
    if len(what.series) > 1:
        axes.legend()


def _line(axes: Axes, what: Drawn) -> None:
    few = len(what.places) <= _MOST_MARKED
    for at, (name, numbers) in enumerate(what.series):
        turn = at // len(COLOURS) + at
        axes.plot(
            what.places, _finite(numbers), label=name, linestyle=DASHES[turn % len(DASHES)],
            marker=MARKERS[at % len(MARKERS)] if few else "", markersize=3.5, linewidth=1.4,
            **_style(at),
        )  # fmt: skip
    _legend(axes, what)


def _scatter(axes: Axes, what: Drawn) -> None:
    for at, (name, numbers) in enumerate(what.series):
        marker = MARKERS[(at // len(COLOURS) + at) % len(MARKERS)]
        axes.plot(
            what.places, _finite(numbers), marker, label=name, markersize=4, alpha=0.8,
            markeredgewidth=0, **_style(at),
        )  # fmt: skip
    _legend(axes, what)


def _bar(axes: Axes, what: Drawn) -> None:
    count = len(what.series)
    at_rows = np.arange(len(what.places))
    for at, (name, numbers) in enumerate(what.series):
        shift = (at - (count - 1) / 2) * 0.8 / count
        axes.bar(
            at_rows + shift, np.nan_to_num(_finite(numbers)), 0.8 / count, label=name,
            hatch=HATCHES[at % len(HATCHES)], edgecolor=GREY, linewidth=0.4, **_style(at),
        )  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=0.6)
    _name_ticks(axes, [str(place) for place in what.places])
    _legend(axes, what)


def _hist(axes: Axes, what: Drawn) -> None:
    known = [numbers[np.isfinite(numbers)] for _, numbers in what.series]
    alpha = 1.0 if len(known) == 1 else 0.7  # so that those behind are seen
    edges = np.histogram_bin_edges(np.concatenate(known), what.bins)
    for at, ((name, _), numbers) in enumerate(zip(what.series, known, strict=True)):
        counts, _edges = np.histogram(numbers, edges)
        axes.stairs(
            counts, edges, fill=True, label=name, alpha=alpha, hatch=HATCHES[at % len(HATCHES)],
            edgecolor=GREY, facecolor=COLOURS[at % len(COLOURS)],
        )  # fmt: skip
    if len(what.series) == 1:
        axes.set_xlabel(what.x_label or what.series[0][0])
    axes.set_ylabel(what.y_label if len(what.series) > 1 and what.y_label else "rows")
    _legend(axes, what)


def _box(axes: Axes, what: Drawn) -> None:
    known = [numbers[np.isfinite(numbers)] for _, numbers in what.series]
    line = {"color": GREY}
    parts = axes.boxplot(
        known, boxprops={**line}, whiskerprops={**line}, capprops={**line},
        flierprops={"markeredgecolor": GREY, "markersize": 4},
    )  # fmt: skip
    for at, (box, median) in enumerate(zip(parts["boxes"], parts["medians"], strict=True)):
        box.set(**_style(at), linewidth=1.4)
        median.set(**_style(at), linewidth=3)
    axes.set_xticks(range(1, len(known) + 1), [name for name, _ in what.series])
    _turn_long(axes, [name for name, _ in what.series])


def _heat(axes: Axes, what: Drawn) -> None:
    grid = np.ma.masked_invalid(np.column_stack([numbers for _, numbers in what.series]))
    image = axes.imshow(grid, cmap="cividis", aspect="auto", interpolation="nearest")
    bar = axes.figure.colorbar(image, ax=axes)
    bar.outline.set_edgecolor(GREY)
    names = [name for name, _ in what.series]
    _name_ticks(axes, names)
    steps = range(0, len(what.places), -(-len(what.places) // _MOST_LABELS))
    axes.set_yticks(list(steps), [str(what.places[at])[:40] for at in steps])
    axes.set_xlabel("")
    axes.set_ylabel(what.x_label)


def _name_ticks(axes: Axes, names: Sequence[str]) -> None:
    """Name the places along the axis; of very many every second, third, ... one."""
    steps = range(0, len(names), -(-len(names) // _MOST_LABELS))
    axes.set_xticks(list(steps), [names[at][:40] for at in steps])
    _turn_long(axes, [names[at] for at in steps])


def _turn_long(axes: Axes, names: Sequence[str]) -> None:
    if sum(map(len, names)) > 60 or len(names) > 12:
        axes.tick_params(axis="x", labelrotation=90)


def _finite(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(numbers), numbers, np.nan)


_CHARTS: dict[str, Callable[[Axes, Drawn], None]] = {
    "line": _line,
    "scatter": _scatter,
    "bar": _bar,
    "hist": _hist,
    "box": _box,
    "heat": _heat,
}
