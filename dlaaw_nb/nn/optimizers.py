"""Optimizers: how gradients change the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlaaw_nb.nn.hyperparameters import real_number
from dlaaw_nb.nn.parts import Part

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Nesterov",
    "Optimizer",
]


@dataclass(frozen=True, repr=False)
class Optimizer(Part):
    """A rule that turns gradients into new weights.

    Learning rate, momentum and weight decay belong to the network, so that they can be swept
    whatever the optimizer; its other parameters are fields of it.

    Attributes
    ----------
    learning_rate : float
        The learning rate of a network that gives none.
    takes_momentum : bool
        Whether the network's momentum matters.
    """

    role: ClassVar[str] = "optimizer"
    learning_rate: ClassVar[float] = 0.1
    takes_momentum: ClassVar[bool] = False


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent with momentum, ``v = momentum v + g; w = w - learning_rate v``.

    This is PyTorch's convention: the learning rate multiplies the velocity, which starts at 0. The
    weight decay adds ``weight_decay w`` to the gradient g.

    References
    ----------
    B. T. Polyak, 1964, Some methods of speeding up the convergence of iteration methods,
    https://doi.org/10.1016/0041-5553(64)90137-5

    I. Sutskever, J. Martens, G. Dahl, G. Hinton, 2013, On the importance of initialization and
    momentum in deep learning, https://proceedings.mlr.press/v28/sutskever13.html
    """

    takes_momentum: ClassVar[bool] = True


@dataclass(frozen=True, repr=False)
class Nesterov(Optimizer):
    """SGD that looks ahead, ``v = momentum v + g; w = w - learning_rate (g + momentum v)``.

    As PyTorch's ``SGD(nesterov=True)``.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl, G. Hinton, 2013, On the importance of initialization and
    momentum in deep learning, https://proceedings.mlr.press/v28/sutskever13.html
    """

    takes_momentum: ClassVar[bool] = True


@dataclass(frozen=True, repr=False)
class _AdaptiveMoments(Optimizer):
    """What Adam and AdamW share."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    learning_rate: ClassVar[float] = 0.001

    def __post_init__(self) -> None:
        for name in ("beta1", "beta2"):
            rule = "a number from 0 to below 1"
            label = f"{self.kind}: {name}"
            value = real_number(label, getattr(self, name), rule, lambda b: 0 <= b < 1)
            object.__setattr__(self, name, value)
        label, rule = f"{self.kind}: epsilon", "a number above 0"
        value = real_number(label, self.epsilon, rule, lambda e: e > 0)
        object.__setattr__(self, "epsilon", value)


@dataclass(frozen=True, repr=False)
class Adam(_AdaptiveMoments):
    """Adam: each weight moves by the mean of its gradients over the root of their mean square.

    ``m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2``, and
    ``w = w - learning_rate m' / (sqrt(v') + epsilon)``, where m' and v' are m and v divided by
    ``1 - beta^t`` after t updates. The weight decay adds ``weight_decay w`` to g. As PyTorch's.

    Parameters
    ----------
    beta1, beta2 : float
        How long means and mean squares last, from 0 to below 1; 0.9 and 0.999 by default.
    epsilon : float
        Keeps the quotient finite, above 0; 1e-8 by default.

    Raises
    ------
    NetworkError
        When a parameter is out of its range.

    References
    ----------
    D. P. Kingma, J. Ba, 2015, Adam: a method for stochastic optimization,
    https://arxiv.org/abs/1412.6980
    """


@dataclass(frozen=True, repr=False)
class AdamW(_AdaptiveMoments):
    """Adam whose weight decay goes past the means: ``w = w (1 - learning_rate weight_decay)``.

    Parameters
    ----------
    beta1, beta2, epsilon : float
        As for Adam. The weight decay is the network's; PyTorch's AdamW takes 0.01 by default.

    Raises
    ------
    NetworkError
        When a parameter is out of its range.

    References
    ----------
    I. Loshchilov, F. Hutter, 2019, Decoupled weight decay regularization,
    https://arxiv.org/abs/1711.05101
    """
