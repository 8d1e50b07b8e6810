"""Plans become trials: one training each, with its settings, rows and fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from .chain import Chain
from .faults import PlanError
from .recipe import Recipe

__all__ = ["Trial", "cut", "expand"]


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes
    ----------
    index, variant : int
        Place in the plan; which of its variants.
    fold : int or None
        The fold that tests, from 0; None without folds.
    chain : Chain
        The layers.
    spec : mapping
        The specification with the variant merged in.
    """

    index: int
    variant: int
    fold: Optional[int]
    chain: Chain
    spec: Mapping[str, Any]

    @property
    def training(self) -> Mapping[str, Any]:
        """Batches, epochs, seed, shuffle, cost_every."""
        return self.spec["training"]  # type: ignore[no-any-return]

    @property
    def settings(self) -> Mapping[str, float]:
        """Hyperparameters of the optimizer."""
        return self.spec["optimizer"]["parameters"]  # type: ignore[no-any-return]


def merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> Dict[str, Any]:
    """Lay a variant over a specification.

    Parameters
    ----------
    base, override : mapping
        Objects merge key by key; anything else is replaced.

    Returns
    -------
    dict
        A new mapping; unchanged parts are shared.
    """
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(old, Mapping)
        merged[key] = merge(old, value) if both and old else value
    return merged


def expand(spec: Mapping[str, Any], rows: int) -> List[Trial]:
    """List the trials of a plan, variant by variant, fold by fold.

    Parameters
    ----------
    spec : mapping
        The specification.
    rows : int
        Rows of the data.

    Returns
    -------
    list of Trial
        In the plan's order.

    Raises
    ------
    PlanError
        When there are more folds or batches than rows.
    """
    plan = spec["plan"]
    folds = plan.get("folds")
    if folds is not None and folds > rows:
        raise PlanError(
            f"folds: expected at most {rows}, one row each, got {folds}. Use fewer folds."
        )
    trials: List[Trial] = []
    for number, variant in enumerate(plan["variants"]):
        merged = merge(spec, variant) if variant else spec
        chain = Chain(merged["layers"]["nodes"])
        for fold in range(folds) if folds else (None,):
            trial = Trial(len(trials), number, fold, chain, merged)
            _check(trial, rows)
            trials.append(trial)
    return trials


def _check(trial: Trial, rows: int) -> None:
    plan, batches = trial.spec["plan"], int(trial.training["batches"])
    if trial.fold is not None:
        training = rows - int(
            cut(rows, plan["folds"])[trial.fold + 1] - cut(rows, plan["folds"])[trial.fold]
        )
    else:
        training = training_rows(rows, plan.get("test", "last_batch"), batches)
    if batches > rows or batches - 1 > training or training < 1:
        raise PlanError(
            f"batches: expected at most {min(rows, training + 1)} for {rows} rows ({training} of "
            f"them train), got {batches}. Use fewer batches or more rows."
        )
    kept = Recipe(trial.spec).validation_rows(training)
    if kept and training - kept < max(1, batches - 1):
        raise PlanError(
            f"early_stopping: {kept} of the {training} rows that train are kept for validation, "
            f"and the other {training - kept} make no {batches - 1} batches. Take a smaller "
            "validation_fraction or fewer batches."
        )
    smallest = (training - kept) // max(1, batches - 1)
    if trial.chain.whole_batch and smallest < 2:
        raise PlanError(
            "BatchNorm1d: expected batches of 2 rows or more, since it takes mean and variance "
            f"over the rows of a batch, got batches of {smallest}. Use fewer batches or more rows."
        )
    if training == rows and plan.get("test") != "separate":
        raise PlanError("test_fraction: no row is left to test on. Make it larger.")


def training_rows(rows: int, test: Any, batches: int) -> int:
    """Count the rows that train when there are no folds.

    Parameters
    ----------
    rows : int
        Rows of the data.
    test : str or mapping
        ``"last_batch"``, ``"separate"`` or ``{"fraction": share}``.
    batches : int
        Parts that the rows are cut into; the last one tests.

    Returns
    -------
    int
        The first so many rows train.
    """
    if test == "separate":
        return rows
    if isinstance(test, Mapping):
        return rows - round(rows * float(test["fraction"]))
    return int(cut(rows, batches)[-2]) if batches <= rows else 0


def cut(rows: int, parts: int) -> np.ndarray:
    """Cut rows into near-equal parts, as ``numpy.array_split`` does: the first have one more.

    Parameters
    ----------
    rows, parts : int
        How many of each.

    Returns
    -------
    int64 array, shape (parts + 1,)
        Where each part begins, and the end.
    """
    sizes = np.full(parts, rows // parts, np.int64)
    sizes[: rows % parts] += 1
    return np.concatenate([[0], np.cumsum(sizes)])
