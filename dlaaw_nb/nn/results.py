"""Results a person wants to look at: tables, pictures, JSON, and what a saved notebook keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from dlaaw_nb.errors import PlanError
from dlaaw_nb.nn.cross_validation import CrossValidation
from dlaaw_nb.nn.prediction import Prediction
from dlaaw_nb.nn.sweep_result import Sweep, SweepPoint
from dlaaw_nb.nn.training_result import TrainingResult

if TYPE_CHECKING:
    from dlaaw_nb.views.canvas import View

__all__ = ["CrossValidation", "Prediction", "Sweep", "SweepPoint", "TrainingResult", "compare"]

Comparable: TypeAlias = TrainingResult | CrossValidation
Row: TypeAlias = Mapping[str, Comparable]


def compare(
    results: Row | Mapping[str, Row], *, seconds: bool = True, title: str | None = None
) -> View:
    """Draw scores and timespans of several results side by side (the paper's Fig. 7 and 8).

    Parameters
    ----------
    results : mapping of str to TrainingResult or CrossValidation, or mapping of str to such
    mappings
        ``{"network 1": result, ...}``, or with one more level for what is compared: ``{"cpu":
        {"network 1": result, ...}, "gpu": {...}}``. A network that one of them lacks is left open.
    seconds : bool
        Whether to draw the timespans too.
    title : str or None
        The title; None names the score.

    Returns
    -------
    View
        A matplotlib figure, made without pyplot. Cross-validations have error bars of one standard
        deviation.

    Raises
    ------
    PlanError
        When some are judged by accuracy and others by R2.
    """
    from dlaaw_nb.views.bars import comparison

    nested = any(isinstance(value, Mapping) for value in results.values())
    table = cast("Mapping[str, Row]", results if nested else {"": results})
    groups = list(dict.fromkeys(name for row in table.values() for name in row))
    folds = any(isinstance(r, CrossValidation) for row in table.values() for r in row.values())
    names = sorted({result.score_name for row in table.values() for result in row.values()})
    if len(names) > 1:
        raise PlanError(
            f"compare: expected results judged by one score, got {' and '.join(names)}. Compare "
            "networks of classes and networks of numbers by themselves."
        )
    score_name = names[0] if names else "accuracy"
    return comparison(
        groups,
        {way: [_mean(row.get(group)) for group in groups] for way, row in table.items()},
        {way: [_variance(row.get(g)) for g in groups] for way, row in table.items()}
        if folds
        else None,
        {way: [_seconds(row.get(g)) for g in groups] for way, row in table.items()}
        if seconds
        else None,
        title=title or f"Test {score_name}",
        score_name=score_name,
    )


def _mean(result: Comparable | None) -> float:
    if isinstance(result, CrossValidation):
        return result.mean
    return float("nan") if result is None else float(result.score)


def _variance(result: Comparable | None) -> float:
    return result.variance if isinstance(result, CrossValidation) else float("nan")


def _seconds(result: Comparable | None) -> float:
    return float("nan") if result is None else result.seconds
