"""Bars with their values on top: accuracies and timespans side by side (the paper's Fig. 7, 8)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.views.palette import COLOURS, HATCHES
from dlaaw_nb.views.text import number_text, seconds_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["accuracy_bars", "comparison"]

Series = Mapping[str, Sequence[float]]

PANEL_HEIGHT = 2.6
ACCURACY_LABEL = "test accuracy (share of rows)"
SPREAD_LABEL = "test accuracy, mean ± std. dev."
SECONDS_LABEL = "timespan (seconds)"


def accuracy_bars(
    labels: Sequence[str],
    means: Sequence[float],
    variances: Sequence[float] | None = None,
    *,
    title: str = "Test accuracy",
) -> View:
    """Draw one bar for each label.

    Parameters
    ----------
    labels : sequence of str
        Below the bars.
    means : sequence of float
        Accuracies from 0 to 1; NaN leaves the bar out and says so.
    variances : sequence of float or None
        Drawn as error bars of one standard deviation; None draws none.
    title : str
        The title.

    Returns
    -------
    View
        A matplotlib figure.

    Raises
    ------
    DataError
        When the lists differ in length.
    """
    spread = None if variances is None else {"": variances}
    return comparison(labels, {"": means}, spread, title=title)


def comparison(
    groups: Sequence[str],
    accuracies: Series,
    variances: Series | None = None,
    seconds: Series | None = None,
    *,
    title: str = "Test accuracy",
) -> View:
    """Compare several ways (series) on several networks (groups): accuracies, timespans below.

    Parameters
    ----------
    groups : sequence of str
        Names along the horizontal axis.
    accuracies : mapping of str to sequence of float
        For each series, one accuracy from 0 to 1 for each group; NaN where there is none.
    variances : mapping of str to sequence of float or None
        Variance of each accuracy over folds, drawn as error bars of one standard deviation.
    seconds : mapping of str to sequence of float or None
        Timespans in seconds, drawn below, on a logarithmic axis where they span more than a factor
        of 20.
    title : str
        The title.

    Returns
    -------
    View
        A matplotlib figure.

    Raises
    ------
    DataError
        When a series has not one value for each group.
    """
    from dlaaw_nb.views.canvas import View, styled

    panels = 1 if seconds is None else 2
    names = list(dict.fromkeys([*accuracies, *(seconds or {})]))
    with styled():
        view = View((_width(groups, len(names)), PANEL_HEIGHT * panels + 0.4))
        view.label = _describe(title, groups, accuracies)
        top = view.add_subplot(panels, 1, 1)
        top.set_title(title)
        top.set_ylabel(ACCURACY_LABEL if variances is None else SPREAD_LABEL)
        _grouped(top, groups, names, accuracies, variances or {}, number_text)
        top.set_ylim(0, 1.12)
        top.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
        if seconds is not None:
            below = view.add_subplot(panels, 1, 2)
            below.set_ylabel(SECONDS_LABEL)
            _grouped(below, groups, names, seconds, {}, seconds_text)
            _time_axis(below, seconds)
        if names != [""]:
            view.legend(*top.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return view


def _width(groups: Sequence[str], series: int) -> float:
    per_bar = 0.54 if series > 1 else 0.9
    longest = max((len(name) for name in groups), default=0)
    per_group = max(per_bar * series + 0.3, 0.075 * min(longest, 24))
    return min(max(1.2 + per_group * len(groups), 4.0), 14.0)


def _describe(title: str, groups: Sequence[str], accuracies: Series) -> str:
    parts = [
        f"{name + ' ' if name else ''}{group} {number_text(value)}"
        for name, values in accuracies.items()
        for group, value in zip(groups, values, strict=False)
    ]
    shown = "; ".join(parts[:24]) + ("; ..." if len(parts) > 24 else "")
    return f"{title}: {shown or 'no results'}"


def _grouped(
    axes: Axes,
    groups: Sequence[str],
    names: Sequence[str],
    values: Series,
    variances: Series,
    write: Callable[[float], str],
) -> None:
    width = 0.8 / max(len(names), 1)
    for index, name in enumerate(names):
        heights = _checked(name, values.get(name, [math.nan] * len(groups)), groups)
        spread = _checked(name, variances.get(name, [math.nan] * len(groups)), groups)
        errors = [math.sqrt(v) if v > 0 else 0.0 for v in spread]
        places = [place - 0.4 + width * (index + 0.5) for place in range(len(groups))]
        shown = [h if math.isfinite(h) else 0.0 for h in heights]
        axes.bar(places, shown, width * 0.9, label=name, **_look(index))
        _whiskers(axes, places, shown, errors)
        texts = [write(h) if math.isfinite(h) else "none" for h in heights]
        _values(axes, places, [h + e for h, e in zip(shown, errors, strict=True)], texts)
    # Long names in many groups would run into each other.
    slanted = max((len(name) for name in groups), default=0) * len(groups) > 90
    axes.set_xticks(range(len(groups)), groups, rotation=25 if slanted else 0,
                    ha="right" if slanted else "center", rotation_mode="anchor")  # fmt: skip
    axes.set_xlim(-0.6, max(len(groups), 1) - 0.4)
    axes.tick_params(axis="x", length=0, pad=6)
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def _checked(name: str, values: Sequence[float], groups: Sequence[str]) -> list[float]:
    if len(values) != len(groups):
        raise DataError(
            f"series {name!r}: expected {len(groups)} values, one for each of the groups "
            f"{list(groups)!r}, got {len(values)}. Give NaN where a value is missing."
        )
    return [float(value) for value in values]


def _look(index: int) -> dict[str, Any]:
    return {
        "facecolor": COLOURS[index % len(COLOURS)],
        "edgecolor": "#ffffff80" if HATCHES[index % len(HATCHES)] else "none",
        "hatch": HATCHES[index % len(HATCHES)],
    }


def _whiskers(
    axes: Axes, places: Sequence[float], heights: Sequence[float], errors: Sequence[float]
) -> None:
    if any(errors):
        # Dark on a light halo: to be seen on the bar and above it, on any background.
        for colour, width in (("#ffffff", 3.2), ("#333333", 1.2)):
            axes.errorbar(places, heights, errors, fmt="none", ecolor=colour, elinewidth=width,
                          capthick=width, capsize=3)  # fmt: skip


def _values(
    axes: Axes, places: Sequence[float], tops: Sequence[float], texts: Sequence[str]
) -> None:
    for place, top, text in zip(places, tops, texts, strict=True):
        axes.annotate(text, (place, top), (0, 2), textcoords="offset points",
                      ha="center", va="bottom", fontsize=7.5)  # fmt: skip


def _time_axis(axes: Axes, seconds: Series) -> None:
    from dlaaw_nb.views.canvas import log_axis

    times = [t for values in seconds.values() for t in values if math.isfinite(t) and t > 0]
    if times and max(times) / min(times) > 20:
        log_axis(axes, "y")
        axes.set_ylim(min(times) / 3, max(times) * 4)
    else:
        axes.set_ylim(0, max(times, default=1.0) * 1.2)
