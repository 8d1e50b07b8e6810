"""Probabilities of several classes."""

from __future__ import annotations

from dataclasses import dataclass

from dlaaw_nb.nn.layers.base import SameWidthLayer
from dlaaw_nb.nn.layers.registry import register_layer

__all__ = ["Softmax"]


@register_layer
@dataclass(frozen=True, repr=False)
class Softmax(SameWidthLayer):
    """Makes the numbers of a row probabilities, ``y_k = exp(x_k) / sum_j exp(x_j)``.

    At the end of a network it gives the probability of each class, and the loss is cross-entropy.
    Inside a network it may stand too.

    References
    ----------
    J. S. Bridle, 1990, Probabilistic interpretation of feedforward classification network outputs,
    https://doi.org/10.1007/978-3-642-76153-9_28
    """
