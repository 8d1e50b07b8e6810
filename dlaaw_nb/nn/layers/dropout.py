"""Leaving units out by chance while training."""

from __future__ import annotations

from dataclasses import dataclass

from dlaaw_nb.nn.hyperparameters import real_number
from dlaaw_nb.nn.layers.base import SameWidthLayer
from dlaaw_nb.nn.layers.registry import register_layer

__all__ = ["Dropout"]


@register_layer
@dataclass(frozen=True, repr=False)
class Dropout(SameWidthLayer):
    """Drops each value with probability `rate` while training, ``y = 0`` or ``x / (1 - rate)``.

    Predictions drop nothing. What is dropped follows from the network's seed.

    Parameters
    ----------
    rate : float
        From 0 to below 1; 0.5 by default.

    Raises
    ------
    NetworkError
        When `rate` is out of its range.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, 2014, Dropout: a simple
    way to prevent neural networks from overfitting,
    https://jmlr.org/papers/v15/srivastava14a.html
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        rule = "a share from 0 to below 1, for at 1 nothing would be left"
        rate = real_number("Dropout: rate", self.rate, rule, lambda share: 0 <= share < 1)
        object.__setattr__(self, "rate", rate)
