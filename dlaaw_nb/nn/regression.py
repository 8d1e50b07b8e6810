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
    spread = float(((t - t.mean()) ** 2).sum()) if t.size else 0.0
    return 1.0 - float((residuals(t, values) ** 2).sum()) / spread if spread else math.nan


def rmse(truth: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the numbers; NaN without rows."""
    errors = residuals(truth, values)
    return math.sqrt(float((errors**2).mean())) if errors.size else math.nan


def mae(truth: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Mean absolute error, in the unit of the numbers; NaN without rows."""
    errors = residuals(truth, values)
    return float(np.abs(errors).mean()) if errors.size else math.nan
