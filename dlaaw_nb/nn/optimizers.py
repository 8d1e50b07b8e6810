"""Optimizers and learning-rate schedules: how gradients change the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from dlaaw_nb.errors import NetworkError
from dlaaw_nb.nn.hyperparameters import MAX_COUNT, real_number, whole_number
from dlaaw_nb.nn.parts import Part

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "CosineDecay",
    "Nesterov",
    "Optimizer",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
]

_LEAST = 1e-10  # share of the learning rate below which a training stands still


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


@dataclass(frozen=True, repr=False)
class Schedule(Part):
    """How the learning rate changes from epoch to epoch."""

    role: ClassVar[str] = "schedule"

    def refusal(self, learning_rate: float, epochs: int) -> str | None:  # noqa: ARG002
        """Say why a training with this schedule would come to nothing.

        Parameters
        ----------
        learning_rate : float
            Where it begins.
        epochs : int
            How long it lasts.

        Returns
        -------
        str or None
            What is wrong and the mend, or None when it fits.
        """
        return None


@dataclass(frozen=True, repr=False)
class Constant(Schedule):
    """The learning rate stays as it is."""


@dataclass(frozen=True, repr=False)
class StepDecay(Schedule):
    """The learning rate is multiplied by `factor` every so many epochs, as PyTorch's ``StepLR``.

    Parameters
    ----------
    every : int
        Epochs between two steps, from 1; 100 by default.
    factor : float
        Above 0, below 1; 0.5 by default.

    Raises
    ------
    NetworkError
        When a parameter is out of its range.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
    """

    every: int = 100
    factor: float = 0.5

    def __post_init__(self) -> None:
        every = whole_number("StepDecay: every", self.every, 1, MAX_STEP)
        object.__setattr__(self, "every", every)
        object.__setattr__(self, "factor", _factor("StepDecay: factor", self.factor))

    def refusal(self, learning_rate: float, epochs: int) -> str | None:
        """Say when the learning rate would be as good as 0 before the end."""
        steps = math.floor(math.log(_LEAST) / math.log(self.factor)) + 1
        if steps * self.every >= epochs:
            return None
        return (
            f"schedule: {self!r} brings the learning rate {learning_rate:g} to 0 by epoch "
            f"{steps * self.every} of {epochs}: the rest would change nothing. Take a larger "
            "factor, a larger every, or fewer epochs."
        )


@dataclass(frozen=True, repr=False)
class CosineDecay(Schedule):
    """The learning rate falls along half a cosine, from its value down to `minimum` at the end.

    Parameters
    ----------
    minimum : float
        Learning rate at the end, from 0; 0 by default, which no epoch quite reaches.

    Raises
    ------
    NetworkError
        When `minimum` is out of its range.

    References
    ----------
    I. Loshchilov, F. Hutter, 2017, SGDR: stochastic gradient descent with warm restarts,
    https://arxiv.org/abs/1608.03983
    """

    minimum: float = 0.0

    def __post_init__(self) -> None:
        label, rule = "CosineDecay: minimum", "a number from 0"
        minimum = real_number(label, self.minimum, rule, lambda rate: rate >= 0)
        object.__setattr__(self, "minimum", minimum)

    def refusal(self, learning_rate: float, epochs: int) -> str | None:  # noqa: ARG002
        """Say when it would not fall."""
        return _above(self, self.minimum, learning_rate)


@dataclass(frozen=True, repr=False)
class ReduceOnPlateau(Schedule):
    """The learning rate is multiplied by `factor` when the cost has not fallen for long enough.

    The cost is that of the validation rows, if early stopping keeps some, else of the training
    rows. It has fallen when it is below 0.9999 times the best so far. As PyTorch's
    ``ReduceLROnPlateau``.

    Parameters
    ----------
    factor : float
        Above 0, below 1; 0.5 by default.
    patience : int
        Epochs without a fall that are borne, from 0; 20 by default.
    minimum : float
        The learning rate does not go below it; above 0, 1e-6 by default.

    Raises
    ------
    NetworkError
        When a parameter is out of its range.

    References
    ----------
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
    """

    factor: float = 0.5
    patience: int = 20
    minimum: float = 1e-6

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", _factor("ReduceOnPlateau: factor", self.factor))
        patience = whole_number("ReduceOnPlateau: patience", self.patience, 0, MAX_STEP)
        object.__setattr__(self, "patience", patience)
        rule = "a number above 0, for at 0 a training stands still"
        label = "ReduceOnPlateau: minimum"
        minimum = real_number(label, self.minimum, rule, lambda rate: rate > 0)
        object.__setattr__(self, "minimum", minimum)

    def refusal(self, learning_rate: float, epochs: int) -> str | None:  # noqa: ARG002
        """Say when it could not fall."""
        return _above(self, self.minimum, learning_rate)


MAX_STEP = min(MAX_COUNT, 2**24)
"""Most epochs in a schedule's parameter; a whole number that float32 holds."""


def _factor(label: str, value: object) -> float:
    return real_number(label, value, "a number above 0 and below 1", lambda f: 0 < f < 1)


def _above(schedule: Schedule, minimum: float, learning_rate: float) -> str | None:
    if minimum <= learning_rate:
        return None
    return (
        f"schedule: {schedule!r} ends above the learning rate {learning_rate:g} where it begins. "
        "Take a smaller minimum or a larger learning_rate."
    )


def check_rate(schedule: Schedule, learning_rate: float, epochs: int) -> None:
    """Refuse a schedule that would bring a training to nothing.

    Raises
    ------
    NetworkError
        With the schedule's reason.
    """
    reason = schedule.refusal(learning_rate, epochs)
    if reason:
        raise NetworkError(reason)
