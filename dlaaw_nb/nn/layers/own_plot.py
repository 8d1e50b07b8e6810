"""Pictures of activations, by the code that trains them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlaaw_nb.engine.reference.layers import PREDICTING
from dlaaw_nb.errors import NetworkError
from dlaaw_nb.nn.layers.base import ElementwiseLayer
from dlaaw_nb.nn.layers.own_trust import require_own_trust

if TYPE_CHECKING:
    import numpy.typing as npt

    from dlaaw_nb.views.canvas import View

__all__ = ["activation_values", "plot_activations"]

_POINTS = 481


def activation_values(
    layer: ElementwiseLayer, x: npt.ArrayLike
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Call an activation on numbers.

    Parameters
    ----------
    layer : ElementwiseLayer
        Such as ``Swish(beta=2.0)`` or ``ReLU()``.
    x : array
        What goes in.

    Returns
    -------
    tuple of array
        What it puts out, and its derivative there; float32, of x's shape.

    Raises
    ------
    NetworkError
        When it is no activation.
    TrustError
        When its source came from a file that is not trusted.
    BuildError
        When it is one in source and there is no compiler.
    """
    from dlaaw_nb.engine.reference import LAYERS

    if not isinstance(layer, ElementwiseLayer):
        raise NetworkError(f"expected an activation, such as ReLU(), got {layer!r:.80}.")
    require_own_trust([layer], layer.kind)
    kind = LAYERS[layer.spec_kind]
    options = [float(layer.hyperparameters[name]) for name in kind.options]  # type: ignore[arg-type]
    given = np.asarray(x, np.float32)
    y = kind.forward(given, {}, options, PREDICTING)
    slope, _ = kind.backward(given, y, np.ones_like(given), {}, options, PREDICTING)
    return y, slope


def plot_activations(*layers: ElementwiseLayer, low: float = -5.0, high: float = 5.0) -> View:
    """Draw activations beside their derivatives.

    Parameters
    ----------
    *layers : ElementwiseLayer
        Such as ``Swish(), ReLU()``.
    low, high : float
        From where to where.

    Returns
    -------
    View
        A matplotlib figure.

    Raises
    ------
    NetworkError, TrustError, BuildError
        As for `activation_values`.
    """
    from dlaaw_nb.views.activation_curves import activation_curves

    x = np.linspace(low, high, _POINTS, dtype=np.float32)
    curves = {repr(layer): activation_values(layer, x) for layer in layers}
    return activation_curves(
        x.tolist(), {name: (y.tolist(), slope.tolist()) for name, (y, slope) in curves.items()}
    )
