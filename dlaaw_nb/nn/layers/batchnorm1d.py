"""Bringing each feature to mean 0 and deviation 1 over the rows of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from dlaaw_nb.nn.hyperparameters import real_number
from dlaaw_nb.nn.layers.base import SameWidthLayer
from dlaaw_nb.nn.layers.registry import register_layer

__all__ = ["BatchNorm1d"]


@register_layer
@dataclass(frozen=True, repr=False)
class BatchNorm1d(SameWidthLayer):
    """Batch normalization, ``y = weight (x - mean) / sqrt(variance + epsilon) + bias``.

    While training, mean and variance are those of the batch, of 2 rows or more; predictions take
    running ones, which each batch moves by `momentum` towards its own. As PyTorch's.

    Parameters
    ----------
    epsilon : float
        Added to the variance, above 0; 1e-5 by default.
    momentum : float
        How far a batch moves the running mean and variance, above 0, up to 1; 0.1 by default.

    Raises
    ------
    NetworkError
        When a parameter is out of its range.

    Notes
    -----
    The trained arrays are ``weight`` and ``bias``, float32, shape (features,), from 1 and 0 on; the
    kept ones ``running_mean`` and ``running_variance``, from 0 and 1 on.

    References
    ----------
    S. Ioffe, C. Szegedy, 2015, Batch normalization: accelerating deep network training by reducing
    internal covariate shift, https://arxiv.org/abs/1502.03167
    """

    epsilon: float = 1e-5
    momentum: float = 0.1

    def __post_init__(self) -> None:
        label, rule = "BatchNorm1d: epsilon", "a number above 0"
        epsilon = real_number(label, self.epsilon, rule, lambda e: e > 0)
        object.__setattr__(self, "epsilon", epsilon)
        label, rule = "BatchNorm1d: momentum", "a number above 0, up to 1"
        momentum = real_number(label, self.momentum, rule, lambda m: 0 < m <= 1)
        object.__setattr__(self, "momentum", momentum)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of ``weight`` and ``bias``."""
        return {"weight": (self.in_features or 0,), "bias": (self.in_features or 0,)}

    @property
    def buffer_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of ``running_mean`` and ``running_variance``."""
        width = (self.in_features or 0,)
        return {"running_mean": width, "running_variance": width}
