"""Measures of classifiers, in NumPy.

Of two classes a row counts as class 1 when its probability is at least 0.5; of several, as the
class with the largest probability. Where a measure is not defined (a division 0 / 0, one class
only, no rows) it is NaN: no made-up 0. A mean over classes leaves out those for which the measure
is not defined, such as a class that no test row is of.

References
----------
T. Fawcett, 2006, "An introduction to ROC analysis", Pattern Recognition Letters 27, 861-874,
https://doi.org/10.1016/j.patrec.2005.10.010
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dlaaw_nb.nn.class_counts import (
    THRESHOLD,
    Probabilities,
    checked_rows,
    count_classes,
    predicted_classes,
)

__all__ = [
    "THRESHOLD",
    "accuracy",
    "auc",
    "confusion_matrix",
    "f1",
    "f1_by_class",
    "finished_mean",
    "finished_variance",
    "log_loss",
    "precision",
    "precision_by_class",
    "predicted_classes",
    "recall",
    "recall_by_class",
]

_LEAST_LOGARITHM = -100.0


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
    truth, scores = checked_rows(labels, probabilities)
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
    truth, scores = checked_rows(labels, probabilities)
    return float((predicted_classes(scores) == truth).mean()) if truth.size else math.nan


def precision(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Share of true class-1 rows among those predicted as class 1: TP / (TP + FP).

    Of several classes, the mean over those that were predicted (macro average). Parameters and
    errors are those of `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN when no row was predicted as class 1.

    References
    ----------
    Fawcett, 2006, Fig. 1.
    """
    return _chosen(precision_by_class(labels, probabilities))


def recall(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Share of the class-1 rows that were found: TP / (TP + FN).

    Of several classes, the mean over those that are there (macro average). Parameters and errors
    are those of `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN when no row is of class 1.

    References
    ----------
    Fawcett, 2006, Fig. 1 (there "tp rate").
    """
    return _chosen(recall_by_class(labels, probabilities))


def f1(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    Of several classes, the mean over those that are there or were predicted (macro average).
    Parameters and errors are those of `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN when class 1 neither is there nor was predicted.

    References
    ----------
    Fawcett, 2006, Fig. 1 (there "F-measure").
    """
    return _chosen(f1_by_class(labels, probabilities))


def precision_by_class(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Compute the precision of each class: float64, shape (classes,); see `precision`."""
    counts = count_classes(labels, probabilities)
    return _ratios(counts.right, counts.predicted)


def recall_by_class(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Compute the recall of each class: float64, shape (classes,); see `recall`."""
    counts = count_classes(labels, probabilities)
    return _ratios(counts.right, counts.true)


def f1_by_class(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Compute F1 of each class: float64, shape (classes,); see `f1`."""
    counts = count_classes(labels, probabilities)
    return _ratios(2 * counts.right, counts.predicted + counts.true)


def log_loss(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Mean of ``-log p``, p being the probability that the true class was given.

    A logarithm counts as -100 at least, as in training. Parameters and errors are those of
    `confusion_matrix`.

    Returns
    -------
    float
        0 at best; NaN without rows.

    References
    ----------
    C. M. Bishop, 2006, Pattern Recognition and Machine Learning, equations 4.90 and 4.108
    """
    truth, scores = checked_rows(labels, probabilities)
    if not truth.size:
        return math.nan
    given = scores.astype(np.float64)
    if given.ndim == 2:
        given = given[np.arange(len(given)), truth.astype(np.intp)]
    else:
        given = np.where(truth == 1.0, given, 1.0 - given)
    with np.errstate(divide="ignore"):
        return 0.0 - float(np.maximum(np.log(given), _LEAST_LOGARITHM).mean())


def auc(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Area under the ROC curve.

    How often a class-1 row gets a higher probability than a class-0 row, ties by half. Computed
    from ranks as the Mann-Whitney statistic, ``(R1 - n1 (n1 + 1) / 2) / (n0 n1)``, where R1 is the
    sum of the class-1 rows' ranks and tied rows share their mean rank. Of several classes, the mean
    over those that are there, each against all others. Parameters and errors are those of
    `confusion_matrix`.

    Returns
    -------
    float
        From 0 to 1; NaN when only one class is there.

    References
    ----------
    J. A. Hanley, B. J. McNeil, 1982, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143, 29-36,
    https://doi.org/10.1148/radiology.143.1.7063747
    """
    truth, scores = checked_rows(labels, probabilities)
    if scores.ndim == 1:
        return _area(np.flatnonzero(truth == 1.0), scores)
    rows = np.argsort(truth, kind="stable")
    parts = np.split(rows, np.cumsum(np.bincount(truth.astype(np.intp), minlength=scores.shape[1])))
    areas = [_area(part, scores[:, k]) for k, part in enumerate(parts[:-1])]
    return finished_mean(areas)


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


def _area(positive: npt.NDArray[np.intp], scores: Probabilities) -> float:
    """Compute the area for the rows that are positive, against all others."""
    ones, zeros = len(positive), len(scores) - len(positive)
    if not ones or not zeros:
        return math.nan
    # A sort, and a search for the positive rows alone, serves thousands of classes.
    ordered, found = np.sort(scores), scores[positive]
    below = np.searchsorted(ordered, found, "left").sum(dtype=np.float64)
    not_above = np.searchsorted(ordered, found, "right").sum(dtype=np.float64)
    # Ranks from 1, ties by their mean: (below + 1 + not_above) / 2.
    rank_sum = (below + not_above + ones) / 2
    return float((rank_sum - ones * (ones + 1) / 2) / (zeros * ones))


def _chosen(shares: npt.NDArray[np.float64]) -> float:
    """Of two classes the share of the second, of several the mean of those that are known."""
    return float(shares[1]) if len(shares) == 2 else finished_mean(shares)


def _ratios(parts: npt.NDArray[np.int64], wholes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    ratios = np.full(len(parts), np.nan)
    np.divide(parts, wholes, out=ratios, where=wholes > 0)
    return ratios
