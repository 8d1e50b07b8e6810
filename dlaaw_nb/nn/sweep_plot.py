"""Choose the picture that fits a sweep: a heat map, a trend over a number, or a row a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.views.text import settings_text, value_text

if TYPE_CHECKING:
    from dlaaw_nb.views.canvas import View

__all__ = ["NAMED_LIMIT", "sweep_view"]

NAMED_LIMIT = 25

Settings = Sequence[Mapping[str, Any]]


def sweep_view(
    settings: Settings,
    varied: Sequence[str],
    means: Sequence[float],
    variances: Sequence[float] | None,
    best: int | None,
    title: str,
    score_name: str = "accuracy",
) -> View:
    """Draw a sweep.

    Parameters
    ----------
    settings : sequence of mapping
        The hyperparameters of each point.
    varied : sequence of str
        Names of those that differ between points.
    means : sequence of float
        Mean score of each point, NaN where all its trials diverged.
    variances : sequence of float or None
        Variance over the folds; None where each point is one training.
    best : int or None
        Position of the best point.
    title : str
        The title.
    score_name : str
        What the score is called on axes.

    Returns
    -------
    View
        A heat map when two hyperparameters vary over a grid; a trend when one number varies, or
        when there are more points than can be named; one named row for each point otherwise.
    """
    from dlaaw_nb.views.settings import setting_dots, setting_trend

    if len(varied) == 2 and _is_grid(settings, varied):
        return _heat(settings, varied, means, title, score_name)
    if len(varied) == 1 and all(_is_number(point.get(varied[0])) for point in settings):
        values = [float(point[varied[0]]) for point in settings]
        name = varied[0]
        return setting_trend(
            values,
            means,
            variances,
            best=best,
            value_label=name,
            title=title,
            score_name=score_name,
        )
    if len(settings) > NAMED_LIMIT:
        numbers = [float(number) for number in range(len(settings))]
        return setting_trend(
            numbers, means, variances, best=best, title=title, score_name=score_name
        )
    labels = [settings_text(point, varied or None) for point in settings]
    return setting_dots(labels, means, variances, best=best, title=title, score_name=score_name)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _levels(settings: Settings, name: str) -> list[Any]:
    """List the different values of a hyperparameter: numbers by size, others as they come."""
    values = list({repr(point.get(name)): point.get(name) for point in settings}.values())
    return sorted(values) if all(map(_is_number, values)) else values


def _is_grid(settings: Settings, varied: Sequence[str]) -> bool:
    """Whether the points are all different and fill at least half of the table of their values."""
    cells = {tuple(repr(point.get(name)) for name in varied) for point in settings}
    size = len(_levels(settings, varied[0])) * len(_levels(settings, varied[1]))
    return len(cells) == len(settings) and size <= 2 * len(cells)


def _heat(
    settings: Settings, varied: Sequence[str], means: Sequence[float], title: str, score_name: str
) -> View:
    from dlaaw_nb.views.heat import heat_map

    # The longer list of values goes along the page.
    row, column = sorted(varied, key=lambda name: len(_levels(settings, name)))
    rows, columns = _levels(settings, row), _levels(settings, column)
    places = {repr(value): index for index, value in enumerate(rows)}
    across = {repr(value): index for index, value in enumerate(columns)}
    values = np.full((len(rows), len(columns)), np.nan)
    for point, mean in zip(settings, means, strict=True):
        values[places[repr(point.get(row))], across[repr(point.get(column))]] = mean
    names = ([value_text(value) for value in levels] for levels in (rows, columns))
    return heat_map(
        values,
        *names,
        row_label=row,
        column_label=column,
        title=title,
        value_label=f"mean test {score_name}",
    )
