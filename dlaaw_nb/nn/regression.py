"""Measures of predicted numbers, in NumPy. Where one is not defined it is NaN."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["mae", "r2", "residuals", "rmse"]


def residuals(truth: npt.ArrayLike, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Give how much each prediction is below the truth.

    Parameters
    ----------
    truth, values : float array, shape (rows,)
        True and predicted numbers.

    Returns
    -------
    float64 array, shape (rows,)
        Truth minus prediction.
    """
    return np.asarray(truth, np.float64) - np.asarray(values, np.float64)


def r2(truth: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Share of the variance that is predicted, ``1 - sum (t - y)^2 / sum (t - mean t)^2``.

    Parameters
    ----------
    truth, values : float array, shape (rows,)
        True and predicted numbers.

    Returns
    -------
    float
        1 at best, 0 for a prediction of the mean, negative for worse; NaN for fewer than two
        different truths.

    References
    ----------
    N. R. Draper, H. Smith, 1998, Applied Regression Analysis, section 1.3
    """
    t = np.asarray(truth, np.float64)
    if not t.size or t.min() == t.max():
        return math.nan
    distances = t - t.mean()
    largest = float(np.abs(distances).max())  # squares of very large or small numbers get lost
    spread = float(((distances / largest) ** 2).sum())
    return 1.0 - float(((residuals(t, values) / largest) ** 2).sum()) / spread


def rmse(truth: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the numbers; NaN without rows."""
    errors = residuals(truth, values)
    if not errors.size:
        return math.nan
    largest = float(np.abs(errors).max()) or 1.0
    return largest * math.sqrt(float(((errors / largest) ** 2).mean()))


def mae(truth: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Mean absolute error, in the unit of the numbers; NaN without rows."""
    errors = residuals(truth, values)
    return float(np.abs(errors).mean()) if errors.size else math.nan
