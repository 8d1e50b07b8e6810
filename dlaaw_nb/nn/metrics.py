"""Measures of classifiers, in NumPy.

Of two classes a row counts as class 1 when its probability is at least 0.5; of several, as the
class with the largest probability. Where a measure is not defined (a division 0 / 0, one class
only, no rows) it is NaN: no made-up 0.

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
    "f1",
    "finished_mean",
    "finished_variance",
    "precision",
    "predicted_classes",
    "recall",
]

THRESHOLD = 0.5
"""Smallest probability that counts as class 1."""

Probabilities: TypeAlias = npt.NDArray[np.floating]


def predicted_classes(probabilities: Probabilities) -> npt.NDArray[np.intp]:
    """Choose the class of each row.

    Parameters
    ----------
    probabilities : float array, shape (rows,) or (rows, classes)
        Probability of class 1, or of each class.

    Returns
    -------
    intp array, shape (rows,)
        1 from `THRESHOLD` on, else 0; or the class with the largest probability, of equal ones the
        first.
    """
    if probabilities.ndim == 2:
        return np.asarray(np.argmax(probabilities, axis=1), np.intp)
    return (probabilities >= THRESHOLD).astype(np.intp)


def confusion_matrix(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Count right and wrong rows of each class.

    Parameters
    ----------
    labels : float array, shape (rows,)
        The true classes: 0, 1, ...
    probabilities : float array, shape (rows,) or (rows, classes)
        Probability of class 1, or of each class.

    Returns
    -------
    int64 array, shape (classes, classes)
        Row is the true class, column the predicted one; of two classes ``[[true negatives, false
        positives], [false negatives, true positives]]``.

    Raises
    ------
    DataError
        When the shapes differ, a label is no class, or a probability is NaN.

    References
    ----------
    Fawcett, 2006, Fig. 1 (transposed, as scikit-learn has it).
    """
    truth, scores = _checked(labels, probabilities)
    count = scores.shape[1] if scores.ndim == 2 else 2
    cells = count * truth.astype(np.intp) + predicted_classes(scores)
    counts = np.bincount(cells, minlength=count * count).reshape(count, count)
    return counts.astype(np.int64, copy=False)


def accuracy(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Share of the rows whose class was predicted right.

    Parameters and errors are those of `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN without rows.

    References
    ----------
    Fawcett, 2006, Fig. 1.
    """
    truth, scores = _checked(labels, probabilities)
    return float((predicted_classes(scores) == truth).mean()) if truth.size else math.nan


def precision(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Share of true class-1 rows among those predicted as class 1: TP / (TP + FP).

    Of several classes, the mean over them all (macro average). Parameters and errors are those of
    `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN when no row was predicted as class 1, or as one of the classes.

    References
    ----------
    Fawcett, 2006, Fig. 1.
    """
    counts = confusion_matrix(labels, probabilities)
    return _chosen(counts.diagonal(), counts.sum(axis=0))


def recall(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Share of the class-1 rows that were found: TP / (TP + FN).

    Of several classes, the mean over them all (macro average). Parameters and errors are those of
    `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN when no row is of class 1, or of one of the classes.

    References
    ----------
    Fawcett, 2006, Fig. 1 (there "tp rate").
    """
    counts = confusion_matrix(labels, probabilities)
    return _chosen(counts.diagonal(), counts.sum(axis=1))


def f1(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    Of several classes, the mean over them all (macro average). Parameters and errors are those of
    `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN when class 1, or one of the classes, neither is there nor was predicted.

    References
    ----------
    Fawcett, 2006, Fig. 1 (there "F-measure").
    """
    counts = confusion_matrix(labels, probabilities)
    return _chosen(2 * counts.diagonal(), counts.sum(axis=0) + counts.sum(axis=1))


def auc(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Area under the ROC curve.

    How often a class-1 row gets a higher probability than a class-0 row, ties by half. Computed
    from ranks as the Mann-Whitney statistic, ``(R1 - n1 (n1 + 1) / 2) / (n0 n1)``, where R1 is the
    sum of the class-1 rows' ranks and tied rows share their mean rank. Of several classes, the mean
    over each of them against all others. Parameters and errors are those of `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN when only one class is there, or one of several is not.

    References
    ----------
    J. A. Hanley, B. J. McNeil, 1982, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143, 29-36,
    https://doi.org/10.1148/radiology.143.1.7063747
    """
    truth, scores = _checked(labels, probabilities)
    if scores.ndim == 1:
        return _area(truth == 1.0, scores)
    return float(np.mean([_area(truth == k, column) for k, column in enumerate(scores.T)]))


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


def _area(positive: npt.NDArray[np.bool_], scores: Probabilities) -> float:
    ones = int(np.count_nonzero(positive))
    zeros = positive.size - ones
    if not ones or not zeros:
        return math.nan
    rank_sum = float(_mean_ranks(scores)[positive].sum())
    return (rank_sum - ones * (ones + 1) / 2) / (zeros * ones)


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
    if truth.ndim != 1 or scores.ndim not in (1, 2) or len(truth) != len(scores):
        raise DataError(
            "labels and probabilities: expected one label and one probability (or one for each "
            f"class) for every row, got shapes {truth.shape} and {scores.shape}."
        )
    count = scores.shape[1] if scores.ndim == 2 else 2
    wrong = truth[(truth < 0) | (truth >= count) | (truth != np.floor(truth))]
    if wrong.size:
        names = "0 or 1" if count == 2 else f"a whole number from 0 to {count - 1}"
        raise DataError(
            f"labels: expected {names} in every row, got {wrong[0]!s}. "
            "Map the classes to their numbers first."
        )
    broken = np.isnan(scores) if scores.ndim == 1 else np.isnan(scores).any(axis=1)
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise DataError(
            f"probabilities: row {row} is NaN. The training diverged: try a smaller learning_rate."
        )
    return truth, scores


def _chosen(parts: npt.NDArray[np.int64], wholes: npt.NDArray[np.int64]) -> float:
    """Of two classes the share of the second, of several the mean of the shares."""
    shares = [_ratio(int(part), int(whole)) for part, whole in zip(parts, wholes, strict=True)]
    return shares[1] if len(shares) == 2 else float(np.mean(shares))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
