"""Losses: what a training makes small, and what each asks of the network's end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from dlaaw_nb.nn.layers import Linear, NNTask, Sigmoid

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BinaryCrossEntropy", "Loss"]


@dataclass(frozen=True)
class Loss:
    """A loss function.

    An implementer derives a frozen dataclass whose fields are the loss's parameters, and must say
    in `refusal` what it needs of the last layers. It computes nothing; the kernels do.
    """

    @property
    def kind(self) -> str:
        """Name of the class, as written in specifications."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, float]:
        """The fields by name."""
        return asdict(self)

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


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Binary cross-entropy, ``-(t log y + (1 - t) log(1 - y))``, mean over the rows.

    Each logarithm counts as -100 at least, as in PyTorch's ``BCELoss``. It needs one output
    between 0 and 1: a Sigmoid of width 1 at the end.

    References
    ----------
    C. M. Bishop, 2006, Pattern Recognition and Machine Learning, equation 4.90;
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
    """

    def refusal(self, layers: Sequence[NNTask]) -> str | None:
        """Say why these layers do not end in one probability, and what would mend it."""
        last = layers[-1]
        if isinstance(last, Sigmoid) and last.out_features == 1:
            return None
        return (
            "binary cross-entropy needs one output between 0 and 1 from a Sigmoid at the end, but "
            f"{last.name} puts out {last.out_features}. {_mend(layers)}"
        )


def _mend(layers: Sequence[NNTask]) -> str:
    last = layers[-1]
    if last.out_features == 1:
        return "Append Sigmoid()."
    if isinstance(last, Sigmoid) and len(layers) > 1 and isinstance(layers[-2], Linear):
        wide = layers[-2]
        return f"Write Linear({wide.in_features}, 1) for {wide.name}."
    return f"Append Linear({last.out_features}, 1), Sigmoid()."
