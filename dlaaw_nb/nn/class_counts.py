"""Which class each row is predicted as, and how often each is right, predicted and true."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from dlaaw_nb.errors import DataError

__all__ = [
    "THRESHOLD",
    "ClassCounts",
    "Probabilities",
    "checked_rows",
    "count_classes",
    "predicted_classes",
]

THRESHOLD = 0.5
"""Smallest probability that counts as class 1."""

Probabilities: TypeAlias = npt.NDArray[np.floating]


class ClassCounts(NamedTuple):
    """Rows of each class, int64 arrays of shape (classes,).

    They take no more room than there are classes, where a confusion matrix takes its square.
    """

    right: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    true: npt.NDArray[np.int64]


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


def count_classes(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> ClassCounts:
    """Count for each class the rows that are of it, predicted as it, and both.

    Parameters
    ----------
    labels : float array, shape (rows,)
        The true classes: 0, 1, ...
    probabilities : float array, shape (rows,) or (rows, classes)
        Probability of class 1, or of each class.

    Returns
    -------
    ClassCounts
        The counts.

    Raises
    ------
    DataError
        When the shapes differ, a label is no class, or a probability is NaN.
    """
    truth, scores = checked_rows(labels, probabilities)
    count = scores.shape[1] if scores.ndim == 2 else 2
    true, chosen = truth.astype(np.intp), predicted_classes(scores)

    def counted(classes: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        return np.bincount(classes, minlength=count).astype(np.int64, copy=False)

    return ClassCounts(counted(true[true == chosen]), counted(chosen), counted(true))


def checked_rows(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike
) -> tuple[Probabilities, Probabilities]:
    """Return labels and probabilities as arrays; errors as in `count_classes`."""
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
