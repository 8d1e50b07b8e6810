"""Layers that mix the features of a row."""

from __future__ import annotations

from dataclasses import dataclass

from dlaaw_nb.nn.hyperparameters import MAX_FEATURES, whole_number
from dlaaw_nb.nn.layers.base import NNTask
from dlaaw_nb.nn.layers.registry import register_layer

__all__ = ["Linear"]


@register_layer
@dataclass(frozen=True, repr=False)
class Linear(NNTask):
    """Weighted sums of the features, ``y = x W^T + b``.

    Parameters
    ----------
    in_features : int
        Columns of the input, at least 1.
    out_features : int
        Columns of the output, at least 1.

    Raises
    ------
    NetworkError
        When a width is no whole number in its range.

    Notes
    -----
    The trained arrays are ``weight``, float32, shape (out_features, in_features), and ``bias``,
    float32, shape (out_features,), as in PyTorch. Weights start uniformly in ``[-a, a]`` with
    ``a = sqrt(6 / (in_features + out_features))`` (Xavier initialization), biases at 0.

    References
    ----------
    X. Glorot, Y. Bengio, 2010, Understanding the difficulty of training deep feedforward neural
    networks, https://proceedings.mlr.press/v9/glorot10a.html

    Examples
    --------
    >>> Linear(5, 3).parameter_count
    18
    """

    in_features: int
    out_features: int

    def __post_init__(self) -> None:
        for side in ("in_features", "out_features"):
            width = whole_number(f"Linear: {side}", getattr(self, side), 1, MAX_FEATURES)
            object.__setattr__(self, side, width)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of ``weight`` and ``bias``."""
        return {"weight": (self.out_features, self.in_features), "bias": (self.out_features,)}

    def fitted(self, in_features: int) -> Linear:
        """Make the layer with as many outputs that takes a given width.

        Parameters
        ----------
        in_features : int
            Columns of the input.

        Returns
        -------
        Linear
            ``Linear(in_features, self.out_features)``.
        """
        return Linear(in_features, self.out_features)
