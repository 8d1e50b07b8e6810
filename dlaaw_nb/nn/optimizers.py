"""Optimizers: how gradients change the weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["SGD", "Optimizer"]


@dataclass(frozen=True)
class Optimizer:
    """A rule that turns gradients into new weights.

    An implementer derives a frozen dataclass whose fields are the rule's parameters. It computes
    nothing; the kernels do.
    """

    @property
    def kind(self) -> str:
        """Name of the class, as written in specifications."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, float]:
        """The fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent with momentum, ``v = momentum v + g; w = w - learning_rate v``.

    This is PyTorch's convention: the learning rate multiplies the velocity, which starts at 0.

    Parameters
    ----------
    learning_rate : float
        Step size, above 0.
    momentum : float
        Share of the last step that is kept, from 0 to below 1.

    References
    ----------
    B. T. Polyak, 1964, Some methods of speeding up the convergence of iteration methods,
    https://doi.org/10.1016/0041-5553(64)90137-5

    I. Sutskever, J. Martens, G. Dahl, G. Hinton, 2013, On the importance of initialization and
    momentum in deep learning, https://proceedings.mlr.press/v28/sutskever13.html
    """

    learning_rate: float
    momentum: float
