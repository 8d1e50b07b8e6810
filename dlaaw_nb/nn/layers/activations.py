"""Layers without trained parameters that bend each number by itself."""

from __future__ import annotations

from dataclasses import dataclass

from dlaaw_nb.nn.layers.base import ElementwiseLayer
from dlaaw_nb.nn.layers.registry import register_layer

__all__ = ["ReLU", "Sigmoid", "Tanh"]


@register_layer
@dataclass(frozen=True, repr=False)
class ReLU(ElementwiseLayer):
    """Rectified linear unit, ``y = max(x, 0)``; its slope at 0 counts as 0.

    References
    ----------
    V. Nair, G. E. Hinton, 2010, Rectified linear units improve restricted Boltzmann machines,
    https://icml.cc/Conferences/2010/papers/432.pdf
    """


@register_layer
@dataclass(frozen=True, repr=False)
class Tanh(ElementwiseLayer):
    """Hyperbolic tangent, ``y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))``, between -1 and 1.

    References
    ----------
    Y. LeCun, L. Bottou, G. B. Orr, K.-R. Mueller, 1998, Efficient BackProp,
    https://doi.org/10.1007/3-540-49430-8_2
    """


@register_layer
@dataclass(frozen=True, repr=False)
class Sigmoid(ElementwiseLayer):
    """Logistic function, ``y = 1 / (1 + exp(-x))``, between 0 and 1: a probability.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton, R. J. Williams, 1986, Learning representations by
    back-propagating errors, https://doi.org/10.1038/323533a0
    """
