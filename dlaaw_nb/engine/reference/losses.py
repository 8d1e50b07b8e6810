"""Losses in NumPy, under the names of ``kernels_cu/losses/``, where formulas and sources stand."""

from __future__ import annotations

from typing import Callable, Dict, NamedTuple, Sequence, Tuple, Union

import numpy as np

__all__ = ["LOSSES", "Loss"]

Array = np.ndarray
Options = Union[Sequence[float], np.ndarray]
Formula = Callable[[Array, Array, Options], Array]


class Loss(NamedTuple):
    """What a loss computes, from outputs (rows, units), labels (rows, 1) and options.

    Attributes
    ----------
    value : callable
        Loss of each row, (rows, 1).
    gradient : callable
        Its derivative by the outputs, (rows, units).
    options : tuple of str
        Names of its hyperparameters in the kernels' order.
    takes_in : str
        Kind of the last layer that is part of the loss: it takes what goes into that layer.
    """

    value: Formula
    gradient: Formula
    options: Tuple[str, ...] = ()
    takes_in: str = ""


def _clamped_log(p: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(p), -100))


def _classes(z: Array, t: Array) -> Array:
    return np.asarray(np.arange(z.shape[1]) == t, z.dtype)


def _cross_entropy(z: Array, t: Array, _: Options) -> Array:
    most = z.max(axis=1, keepdims=True)
    total = np.log(np.exp(z - most).sum(axis=1, keepdims=True)) + most
    return np.asarray(total - (z * _classes(z, t)).sum(axis=1, keepdims=True))


def _cross_entropy_slope(z: Array, t: Array, _: Options) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    e /= e.sum(axis=1, keepdims=True)
    return np.asarray(e - _classes(z, t))


def _huber(p: Array, t: Array, o: Options) -> Array:
    e, delta = np.abs(p - t), p.dtype.type(o[0])
    return np.asarray(np.where(e > delta, delta * (e - delta / 2), e * e / 2))


LOSSES: Dict[str, Loss] = {
    "BinaryCrossEntropy": Loss(
        lambda p, t, o: -(t * _clamped_log(p) + (1 - t) * _clamped_log(1 - p)),
        lambda p, t, o: (p - t) / np.maximum(p * (1 - p), p.dtype.type(1e-12)),
    ),
    "CrossEntropy": Loss(_cross_entropy, _cross_entropy_slope, takes_in="Softmax"),
    "MeanSquaredError": Loss(lambda p, t, o: (p - t) ** 2, lambda p, t, o: 2 * (p - t)),
    "Huber": Loss(
        _huber, lambda p, t, o: np.clip(p - t, -p.dtype.type(o[0]), p.dtype.type(o[0])), ("delta",)
    ),
}
"""Each kind of loss by its name."""
