"""Score by hyperparameter setting, mean and spread over the folds (the paper's Fig. 9)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dlaaw_nb.views.palette import COLOURS, GREY
from dlaaw_nb.views.text import number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["setting_dots", "setting_trend"]

ROW_HEIGHT = 0.24
LOG_SPAN = 50.0
LABEL_LIMIT = 64


def setting_dots(
    labels: Sequence[str],
    means: Sequence[float],
    variances: Sequence[float] | None = None,
    *,
    best: int | None = None,
    title: str = "Test accuracy by setting",
    score_name: str = "accuracy",
) -> View:
    """Draw a row for each setting: a dot at the mean, a line of one standard deviation around.

    Parameters
    ----------
    labels : sequence of str, length n
        What the settings are, in the order of the run. Up to about 25 read well.
    means : sequence of float, length n
        Scores, at most 1; NaN is written as "diverged".
    variances : sequence of float or None
        Variance over the folds; None where there is one trial a setting.
    best : int or None
        Position of the setting to point out.
    title : str
        The title.
    score_name : str
        What the means are: ``accuracy``, a share of rows, or ``R2``.

    Returns
    -------
    View
        A matplotlib figure.
    """
    from dlaaw_nb.views.canvas import View, empty, styled

    with styled():
        view = View(
            (6.8, 1.0 + ROW_HEIGHT * max(len(labels), 3)), _describe(title, labels, means, best)
        )
        axes = view.add_subplot()
        axes.set_title(title)
        axes.set_xlabel(_score_label(score_name, variances, " "))
        if labels:
            _rows(axes, labels, means, _spread(variances, len(means)), best)
        else:
            empty(axes, "no settings were run")
    return view


def setting_trend(
    values: Sequence[float],
    means: Sequence[float],
    variances: Sequence[float] | None = None,
    *,
    best: int | None = None,
    value_label: str = "setting (in the order of the run)",
    title: str = "Test accuracy by setting",
    score_name: str = "accuracy",
) -> View:
    """Draw a score over a number: one hyperparameter's value, or the position in a long sweep.

    Parameters
    ----------
    values : sequence of float, length n
        Along the horizontal axis, logarithmic where they are positive and span more than a factor
        of 50.
    means : sequence of float, length n
        Scores, at most 1; NaN is drawn as a cross at the bottom.
    variances : sequence of float or None
        Variance over the folds, drawn as error bars of one standard deviation.
    best : int or None
        Position of the setting to point out.
    value_label, title : str
        Label of the horizontal axis, and the title.
    score_name : str
        As for `setting_dots`.

    Returns
    -------
    View
        A matplotlib figure.
    """
    from dlaaw_nb.views.canvas import View, log_axis, styled

    with styled():
        view = View((6.4, 3.4), _describe(title, [f"{v:g}" for v in values], means, best))
        axes = view.add_subplot()
        axes.set_title(title)
        axes.set_xlabel(value_label)
        axes.set_ylabel(_score_label(score_name, variances, "\n"))
        spread = _spread(variances, len(means))
        caps = 2 if len(values) <= 40 else 0
        axes.errorbar(values, means, spread, fmt="o", color=COLOURS[0], ecolor=GREY,
                      elinewidth=0.9, capsize=caps, markersize=4)  # fmt: skip
        _trend_extremes(axes, values, means, best)
        axes.set_ylim(*_limits(means, spread))
        if min(values, default=0) > 0 and max(values) / min(values) > LOG_SPAN:
            log_axis(axes, "x")
        axes.grid(axis="y")
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3)
    return view


def _score_label(name: str, variances: Sequence[float] | None, space: str) -> str:
    plain = " (share of rows)" if name == "accuracy" else ""
    return f"test {name}" + (plain if variances is None else f"{space}(mean ± std. dev.)")


def _spread(variances: Sequence[float] | None, count: int) -> list[float]:
    if variances is None:
        return [0.0] * count
    return [math.sqrt(v) if v > 0 else 0.0 for v in variances]


def _describe(title: str, labels: Sequence[str], means: Sequence[float], best: int | None) -> str:
    text = f"{title}: {len(means)} settings"
    if best is not None:
        text += f", best {number_text(means[best])} at {labels[best]}"
    diverged = sum(math.isnan(mean) for mean in means)
    return f"{text}, {diverged} diverged" if diverged else text


def _limits(means: Sequence[float], spread: Sequence[float]) -> tuple[float, float]:
    ends = [(m - s, m + s) for m, s in zip(means, spread, strict=True) if math.isfinite(m)]
    if not ends:
        return 0.0, 1.05
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    margin = max(0.08 * (high - low), 0.01)
    # A share of rows ends at 0; R2 may be below.
    return (max(low - margin, -0.02) if low >= 0 else low - margin), min(high + margin, 1.02)


def _rows(
    axes: Axes,
    labels: Sequence[str],
    means: Sequence[float],
    spread: Sequence[float],
    best: int | None,
) -> None:
    from matplotlib.ticker import MaxNLocator

    places = range(len(labels))
    axes.errorbar(means, places, xerr=spread if any(spread) else None, fmt="o", color=COLOURS[0],
                  ecolor=GREY, elinewidth=1.4, capsize=2.5, markersize=5)  # fmt: skip
    if best is not None:
        axes.plot([means[best]], [best], marker="*", color=COLOURS[1], markersize=12, zorder=4)
    for place, mean in enumerate(means):
        text = "diverged" if math.isnan(mean) else number_text(mean)
        axes.annotate(text + ("  best" if place == best else ""), (1, place), (5, 0),
                      xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                      va="center", fontsize=8, annotation_clip=False)  # fmt: skip
    axes.set_yticks(places, [_short(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(*_limits(means, spread))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="both")
    axes.set_axisbelow(True)


def _short(label: str) -> str:
    return label if len(label) <= LABEL_LIMIT else label[: LABEL_LIMIT - 1] + "…"


def _trend_extremes(
    axes: Axes, values: Sequence[float], means: Sequence[float], best: int | None
) -> None:
    if best is not None:
        axes.plot([values[best]], [means[best]], marker="*", color=COLOURS[1], markersize=13,
                  linestyle="", zorder=4, label=f"best, {number_text(means[best])}")  # fmt: skip
    lost = [value for value, mean in zip(values, means, strict=True) if math.isnan(mean)]
    if lost:
        axes.plot(lost, [0.02] * len(lost), marker="X", color=COLOURS[1], linestyle="",
                  markersize=6, transform=axes.get_xaxis_transform(), label="diverged")  # fmt: skip
