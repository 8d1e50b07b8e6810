"""Measures of a binary classifier, in NumPy.

A row counts as class 1 when its probability is at least 0.5. Where a measure is not defined (a
division 0 / 0, one class only, no rows) it is NaN: no made-up 0.

References
----------
T. Fawcett, 2006, "An introduction to ROC analysis", Pattern Recognition Letters 27, 861-874,
https://doi.org/10.1016/j.patrec.2005.10.010
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dlaaw_nb.errors import DataError

__all__ = [
    "THRESHOLD",
    "accuracy",
    "auc",
    "confusion_matrix",
    "finished_mean",
    "finished_variance",
    "precision",
    "recall",
]

THRESHOLD = 0.5
"""Smallest probability that counts as class 1."""

Probabilities: TypeAlias = npt.NDArray[np.floating]


def confusion_matrix(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Count right and wrong rows of each class.

    Parameters
    ----------
    labels : float array of 0 and 1, shape (rows,)
        The true classes.
    probabilities : float array, shape (rows,)
        Probability of class 1.

    Returns
    -------
    int64 array, shape (2, 2)
        ``[[true negatives, false positives], [false negatives, true positives]]``: row is the true
        class, column the predicted one.

    Raises
    ------
    DataError
        When the shapes differ, a label is neither 0 nor 1, or a probability is NaN.

    References
    ----------
    Fawcett, 2006, Fig. 1 (transposed, as scikit-learn has it).
    """
    truth, scores = _checked(labels, probabilities)
    cells = 2 * (truth == 1.0) + (scores >= THRESHOLD)
    return np.bincount(cells, minlength=4).reshape(2, 2).astype(np.int64, copy=False)


def accuracy(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Share of the rows whose class was predicted right: (TP + TN) / rows.

    Parameters
    ----------
    labels : float array of 0 and 1, shape (rows,)
        The true classes.
    probabilities : float array, shape (rows,)
        Probability of class 1.

    Returns
    -------
    float
        From 0 to 1; NaN without rows.

    Raises
    ------
    DataError
        As `confusion_matrix`.

    References
    ----------
    Fawcett, 2006, Fig. 1.
    """
    counts = confusion_matrix(labels, probabilities)
    return _ratio(int(counts[0, 0] + counts[1, 1]), int(counts.sum()))


def precision(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Share of true class-1 rows among those predicted as class 1: TP / (TP + FP).

    Parameters
    ----------
    labels : float array of 0 and 1, shape (rows,)
        The true classes.
    probabilities : float array, shape (rows,)
        Probability of class 1.

    Returns
    -------
    float
        From 0 to 1; NaN when no row was predicted as class 1.

    Raises
    ------
    DataError
        As `confusion_matrix`.

    References
    ----------
    Fawcett, 2006, Fig. 1.
    """
    counts = confusion_matrix(labels, probabilities)
    return _ratio(int(counts[1, 1]), int(counts[:, 1].sum()))


def recall(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Share of the class-1 rows that were found: TP / (TP + FN).

    Parameters
    ----------
    labels : float array of 0 and 1, shape (rows,)
        The true classes.
    probabilities : float array, shape (rows,)
        Probability of class 1.

    Returns
    -------
    float
        From 0 to 1; NaN when no row is of class 1.

    Raises
    ------
    DataError
        As `confusion_matrix`.

    References
    ----------
    Fawcett, 2006, Fig. 1 (there "tp rate").
    """
    counts = confusion_matrix(labels, probabilities)
    return _ratio(int(counts[1, 1]), int(counts[1].sum()))


def auc(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Area under the ROC curve.

    How often a class-1 row gets a higher probability than a class-0 row, ties by half. Computed
    from ranks as the Mann-Whitney statistic, ``(R1 - n1 (n1 + 1) / 2) / (n0 n1)``, where R1 is the
    sum of the class-1 rows' ranks and tied rows share their mean rank.

    Parameters
    ----------
    labels : float array of 0 and 1, shape (rows,)
        The true classes.
    probabilities : float array, shape (rows,)
        Probability of class 1.

    Returns
    -------
    float
        From 0 to 1; NaN when only one class is there.

    Raises
    ------
    DataError
        As `confusion_matrix`.

    References
    ----------
    J. A. Hanley, B. J. McNeil, 1982, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143, 29-36,
    https://doi.org/10.1148/radiology.143.1.7063747
    """
    truth, scores = _checked(labels, probabilities)
    positive = truth == 1.0
    ones = int(np.count_nonzero(positive))
    zeros = truth.size - ones
    if not ones or not zeros:
        return math.nan
    rank_sum = float(_mean_ranks(scores)[positive].sum())
    return (rank_sum - ones * (ones + 1) / 2) / (zeros * ones)


def finished_mean(accuracies: npt.ArrayLike) -> float:
    """Compute the mean of the accuracies that are not NaN.

    Parameters
    ----------
    accuracies : float array, shape (trials,)
        NaN for trials that diverged.

    Returns
    -------
    float
        NaN if there is none.
    """
    values = np.asarray(accuracies, np.float64)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else math.nan


def finished_variance(accuracies: npt.ArrayLike) -> float:
    """Compute the population variance of the accuracies that are not NaN.

    Parameters
    ----------
    accuracies : float array, shape (trials,)
        NaN for trials that diverged.

    Returns
    -------
    float
        0 for a single trial, NaN if there is none.
    """
    values = np.asarray(accuracies, np.float64)
    values = values[~np.isnan(values)]
    return float(values.var()) if values.size else math.nan


def _mean_ranks(values: Probabilities) -> npt.NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means: npt.NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return means


def _checked(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike
) -> tuple[Probabilities, Probabilities]:
    truth, scores = np.asarray(labels), np.asarray(probabilities)
    if truth.ndim != 1 or truth.shape != scores.shape:
        raise DataError(
            "labels and probabilities: expected two arrays of one dimension and the same length, "
            f"got shapes {truth.shape} and {scores.shape}."
        )
    wrong = truth[(truth != 0) & (truth != 1)]
    if wrong.size:
        raise DataError(
            f"labels: expected 0 or 1 in every row, got {wrong[0]!s}. "
            "Map the two classes to 0 and 1 first."
        )
    if np.isnan(scores).any():
        row = int(np.flatnonzero(np.isnan(scores))[0])
        raise DataError(
            f"probabilities: row {row} is NaN. The training diverged: try a smaller learning_rate."
        )
    return truth, scores


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
