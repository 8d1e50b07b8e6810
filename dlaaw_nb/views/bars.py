"""Bars with their values on top: scores and timespans side by side (the paper's Fig. 7 and 8)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.views.palette import COLOURS, GREY, HATCHES
from dlaaw_nb.views.text import number_text, seconds_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["accuracy_bars", "comparison"]

Series = Mapping[str, Sequence[float]]

PANEL_HEIGHT = 2.6
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
    score_name: str = "accuracy",
) -> View:
    """Compare several ways (series) on several networks (groups): scores, timespans below.

    Parameters
    ----------
    groups : sequence of str
        Names along the horizontal axis.
    accuracies : mapping of str to sequence of float
        For each series, one score for each group, at most 1 and below 0 only for R2; NaN where
        there is none.
    variances : mapping of str to sequence of float or None
        Variance of each score over folds, drawn as error bars of one standard deviation.
    seconds : mapping of str to sequence of float or None
        Timespans in seconds, drawn below, on a logarithmic axis where they span more than a factor
        of 20.
    title : str
        The title.
    score_name : str
        What the scores are: ``accuracy``, a share of rows, or ``R2``.

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
        top.set_ylabel(_score_label(score_name, spread=variances is not None))
        _grouped(top, groups, names, accuracies, variances or {}, number_text)
        _score_axis(top, accuracies, variances or {})
        if seconds is not None:
            below = view.add_subplot(panels, 1, 2)
            below.set_ylabel(SECONDS_LABEL)
            _grouped(below, groups, names, seconds, {}, seconds_text)
            _time_axis(below, seconds)
        if names != [""]:
            view.legend(*top.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return view


def _score_label(name: str, *, spread: bool) -> str:
    if spread:
        return f"test {name}, mean ± std. dev."
    return f"test {name} (share of rows)" if name == "accuracy" else f"test {name}"


def _score_axis(axes: Axes, scores: Series, variances: Series) -> None:
    """Let the axis begin at 0, or below where a score (R2) is negative."""
    lows = [
        score - math.sqrt(max(variance, 0.0))
        for name, values in scores.items()
        for score, variance in zip(values, variances.get(name, [0.0] * len(values)), strict=False)
        if math.isfinite(score) and math.isfinite(variance)
    ]
    lowest = min(lows, default=0.0)
    negative = any(value < 0 for values in scores.values() for value in values)
    if not negative:
        axes.set_ylim(0, 1.12)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
        return
    axes.set_ylim(lowest - 0.12 * (1 - lowest), 1 + 0.12 * (1 - lowest))
    axes.axhline(0.0, color=GREY, linewidth=1.0)


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
        tops = [h + e if h >= 0 else max(h + e, 0.0) for h, e in zip(shown, errors, strict=True)]
        _values(axes, places, tops, texts)
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
