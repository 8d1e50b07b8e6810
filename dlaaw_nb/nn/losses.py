"""Losses: what a training makes small, and what each asks of the network's end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dlaaw_nb.nn.hyperparameters import real_number
from dlaaw_nb.nn.layers import Linear, NNTask, Sigmoid, Softmax
from dlaaw_nb.nn.parts import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Huber",
    "Loss",
    "MeanSquaredError",
    "fitting_loss",
]


@dataclass(frozen=True, repr=False)
class Loss(Part):
    """A loss function.

    An implementer derives a frozen dataclass whose fields are the loss's parameters, says what it
    is for in `task`, and must say in `refusal` what it needs of the last layers. It computes
    nothing; the kernels do.

    Attributes
    ----------
    task : {"binary", "multiclass", "regression"}
        What labels it takes: two classes, several classes, or numbers.
    """

    role: ClassVar[str] = "loss"
    task: ClassVar[str] = ""

    def refusal(self, layers: Sequence[NNTask]) -> str | None:
        """Say why a network cannot be trained with this loss.

        Parameters
        ----------
        layers : sequence of NNTask
            The placed layers, at least one.

        Returns
        -------
        str or None
            What is wrong and the mend, or None when it fits.
        """
        raise NotImplementedError(f"{self.kind} must say what it needs: override refusal()")


@dataclass(frozen=True, repr=False)
class BinaryCrossEntropy(Loss):
    """Binary cross-entropy, ``-(t log y + (1 - t) log(1 - y))``, mean over the rows.

    Each logarithm counts as -100 at least, as in PyTorch's ``BCELoss``. It needs one output
    between 0 and 1: a Sigmoid of width 1 at the end.

    References
    ----------
    C. M. Bishop, 2006, Pattern Recognition and Machine Learning, equation 4.90;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
    """

    task: ClassVar[str] = "binary"

    def refusal(self, layers: Sequence[NNTask]) -> str | None:
        """Say why these layers do not end in one probability, and what would mend it."""
        last = layers[-1]
        if isinstance(last, Sigmoid) and last.out_features == 1:
            return None
        return (
            "binary cross-entropy needs one output between 0 and 1 from a Sigmoid at the end, but "
            f"{last.name} puts out {last.out_features}. {_mend(layers)} For several classes end "
            "with Softmax(), for numbers give loss='MeanSquaredError'."
        )


@dataclass(frozen=True, repr=False)
class CrossEntropy(Loss):
    """Cross-entropy, ``-log y[t]`` of the right class t, mean over the rows.

    It needs a Softmax at the end, as wide as there are classes. Softmax and loss are computed in
    one step, so that no probability is rounded to 0 before its logarithm.

    References
    ----------
    C. M. Bishop, 2006, Pattern Recognition and Machine Learning, equation 4.108;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    """

    task: ClassVar[str] = "multiclass"

    def refusal(self, layers: Sequence[NNTask]) -> str | None:
        """Say why these layers do not end in probabilities of several classes."""
        last = layers[-1]
        if isinstance(last, Softmax) and (last.out_features or 0) > 1 and len(layers) > 1:
            return None
        mend = "Append Softmax()."
        if isinstance(last, Softmax) or last.out_features == 1:
            mend = "End with Linear(n, classes), Softmax()."
        return (
            "cross-entropy needs a Softmax at the end, as wide as there are classes, but "
            f"{last.name} puts out {last.out_features}. {mend}"
        )


@dataclass(frozen=True, repr=False)
class _NumberLoss(Loss):
    """A loss against numbers."""

    task: ClassVar[str] = "regression"

    def refusal(self, layers: Sequence[NNTask]) -> str | None:
        """Say why these layers do not end in one number."""
        last = layers[-1]
        if last.out_features == 1 and not isinstance(last, Softmax):
            return None
        return (
            f"{self.kind} needs one output, the number that is predicted, but {last.name} puts "
            f"out {last.out_features}. End with Linear({last.in_features}, 1)."
        )


@dataclass(frozen=True, repr=False)
class MeanSquaredError(_NumberLoss):
    """Squared error, ``(y - t)^2``, mean over the rows: regression.

    It needs one output, usually a Linear layer at the end.

    References
    ----------
    C. M. Bishop, 2006, Pattern Recognition and Machine Learning, equation 1.2;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
    """


@dataclass(frozen=True, repr=False)
class Huber(_NumberLoss):
    """Huber's loss: squared error near 0, and beyond `delta` a straight line, for outliers.

    ``e^2 / 2`` where ``|e| <= delta``, else ``delta (|e| - delta / 2)``, with ``e = y - t``.

    Parameters
    ----------
    delta : float
        Where the line begins, above 0, in the units of the target as it is trained on
        (deviations, unless ``normalize_target="none"``); 1 by default.

    Raises
    ------
    NetworkError
        When `delta` is out of its range.

    References
    ----------
    P. J. Huber, 1964, Robust estimation of a location parameter,
    https://doi.org/10.1214/aoms/1177703732
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        delta = real_number("Huber: delta", self.delta, "a number above 0", lambda d: d > 0)
        object.__setattr__(self, "delta", delta)


def fitting_loss(layers: Sequence[NNTask]) -> Loss:
    """Choose the loss that the last layer asks for.

    Parameters
    ----------
    layers : sequence of NNTask
        The placed layers.

    Returns
    -------
    Loss
        Cross-entropy behind a Softmax, else binary cross-entropy, which may refuse.
    """
    last = layers[-1]
    several = isinstance(last, Softmax) and len(layers) > 1
    return CrossEntropy() if several else BinaryCrossEntropy()


def _mend(layers: Sequence[NNTask]) -> str:
    last = layers[-1]
    if last.out_features == 1:
        return "Append Sigmoid()."
    if isinstance(last, Sigmoid) and len(layers) > 1 and isinstance(layers[-2], Linear):
        wide = layers[-2]
        return f"Write Linear({wide.in_features}, 1) for {wide.name}."
    return f"Append Linear({last.out_features}, 1), Sigmoid()."
