"""Layers, losses and optimizers in NumPy.

The oracle of the kernels' tests, and what trains where there is no compiler, or where a network is
too large for the fused kernels.

Arrays are row-major, (rows, units), in float32 (or float64, to judge rounding). Formulas and their
sources stand in ``kernels_cu/``, under the same names.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np

__all__ = ["ACTIVATIONS", "LOSSES", "OPTIMIZERS", "forward", "gradients"]

Array = np.ndarray


def _sigmoid(x: Array) -> Array:
    one = x.dtype.type(1)
    with np.errstate(over="ignore"):
        return np.asarray(one / (one + np.exp(-x)))


# Kind -> (y from x, dx from y and dy).
ACTIVATIONS: Dict[str, Tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "ReLU": (
        lambda x: np.where(x < 0, x.dtype.type(0), x),
        lambda y, dy: np.where(y > 0, dy, y.dtype.type(0)),
    ),
    "Tanh": (np.tanh, lambda y, dy: dy * (1 - y * y)),
    "Sigmoid": (_sigmoid, lambda y, dy: dy * (y * (1 - y))),
}


def _clamped_log(p: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(p), -100))


# Kind -> (loss of each row, its derivative by the output).
LOSSES: Dict[str, Tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]]] = {
    "BinaryCrossEntropy": (
        lambda p, t: -(t * _clamped_log(p) + (1 - t) * _clamped_log(1 - p)),
        lambda p, t: (p - t) / np.maximum(p * (1 - p), p.dtype.type(1e-12)),
    ),
}


def _sgd(w: Array, g: Array, state: List[Array], settings: Sequence[float]) -> None:
    (velocity,) = state
    velocity *= w.dtype.type(settings[1])
    velocity += g
    w -= w.dtype.type(settings[0]) * velocity


# Kind -> (names of the settings in the kernels' order, arrays of state, update in place).
OPTIMIZERS: Dict[str, Tuple[Tuple[str, ...], int, Callable[..., None]]] = {
    "SGD": (("learning_rate", "momentum"), 1, _sgd),
}


def forward(
    nodes: Sequence[Mapping[str, Any]], parameters: Mapping[str, Array], x: Array
) -> List[Array]:
    """Run rows through a network.

    Parameters
    ----------
    nodes : sequence of mapping
        Layers of a specification.
    parameters : mapping of str to array
        By name, in PyTorch's layout.
    x : array, shape (rows, features)
        Normalized features.

    Returns
    -------
    list of array
        `x`, then what each layer puts out, (rows, units).
    """
    values = [x]
    for node in nodes:
        if node["kind"] == "Linear":
            y = values[-1] @ parameters[node["id"] + ".weight"].T
            y += parameters[node["id"] + ".bias"]
        else:
            y = ACTIVATIONS[node["kind"]][0](values[-1])
        values.append(y)
    return values


def gradients(
    nodes: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Array],
    values: Sequence[Array],
    delta: Array,
) -> Dict[str, Array]:
    """Go back through a network.

    Parameters
    ----------
    nodes, parameters
        As for `forward`.
    values : sequence of array
        What `forward` returned.
    delta : array, shape (rows, outputs)
        Derivative of the loss by the output.

    Returns
    -------
    dict of str to array
        Derivative by each parameter, summed over the rows.
    """
    found: Dict[str, Array] = {}
    for at in range(len(nodes) - 1, -1, -1):
        node = nodes[at]
        if node["kind"] == "Linear":
            found[node["id"] + ".weight"] = delta.T @ values[at]
            found[node["id"] + ".bias"] = delta.sum(axis=0)
            if at > 0:
                delta = delta @ parameters[node["id"] + ".weight"]
        else:
            delta = ACTIVATIONS[node["kind"]][1](values[at + 1], delta)
    return found
