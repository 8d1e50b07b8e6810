"""Layers without trained parameters that bend each number by itself."""

from __future__ import annotations

from dataclasses import dataclass

from dlaaw_nb.nn.hyperparameters import real_number
from dlaaw_nb.nn.layers.base import ElementwiseLayer
from dlaaw_nb.nn.layers.registry import register_layer

__all__ = ["ELU", "GELU", "LeakyReLU", "ReLU", "Sigmoid", "Tanh"]


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
class LeakyReLU(ElementwiseLayer):
    """Rectified linear unit that lets a little through, ``y = x`` from 0 on, ``slope x`` below.

    Parameters
    ----------
    slope : float
        From 0 to below 1; 0.01 by default.

    Raises
    ------
    NetworkError
        When `slope` is out of its range.

    References
    ----------
    A. L. Maas, A. Y. Hannun, A. Y. Ng, 2013, Rectifier nonlinearities improve neural network
    acoustic models, https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf
    """

    slope: float = 0.01

    def __post_init__(self) -> None:
        rule = "a number from 0 to below 1"
        slope = real_number("LeakyReLU: slope", self.slope, rule, lambda s: 0 <= s < 1)
        object.__setattr__(self, "slope", slope)


@register_layer
@dataclass(frozen=True, repr=False)
class ELU(ElementwiseLayer):
    """Exponential linear unit, ``y = x`` from 0 on, ``alpha (exp(x) - 1)`` below.

    Parameters
    ----------
    alpha : float
        How far below 0 it goes, above 0; 1 by default.

    Raises
    ------
    NetworkError
        When `alpha` is out of its range.

    References
    ----------
    D.-A. Clevert, T. Unterthiner, S. Hochreiter, 2016, Fast and accurate deep network learning by
    exponential linear units (ELUs), https://arxiv.org/abs/1511.07289
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        alpha = real_number("ELU: alpha", self.alpha, "a number above 0", lambda a: a > 0)
        object.__setattr__(self, "alpha", alpha)


@register_layer
@dataclass(frozen=True, repr=False)
class GELU(ElementwiseLayer):
    """Gaussian error linear unit, ``y = x P(x)``, P being the normal distribution function.

    The exact form, by the error function, as PyTorch's.

    References
    ----------
    D. Hendrycks, K. Gimpel, 2016, Gaussian error linear units (GELUs),
    https://arxiv.org/abs/1606.08415
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
