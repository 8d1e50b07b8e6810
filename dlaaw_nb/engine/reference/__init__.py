"""Layers, losses, optimizers and schedules in NumPy.

The oracle of the kernels' tests, and what trains where there is no compiler, or where a network is
too large for the fused kernels.

Arrays are row-major, (rows, units), in float32 (or float64, to judge rounding). Formulas and their
sources stand in ``kernels_cu/``, under the same names.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

import numpy as np

from .layers import LAYERS, PREDICTING, Elementwise, Layer, Pass, layer_options, register_layer
from .losses import LOSSES, Loss
from .optimizers import OPTIMIZERS, SCHEDULE_MEMORY, SCHEDULES, Optimizer, Schedule, clip

__all__ = [
    "LAYERS",
    "LOSSES",
    "OPTIMIZERS",
    "SCHEDULES",
    "SCHEDULE_MEMORY",
    "Elementwise",
    "Layer",
    "Loss",
    "Optimizer",
    "Pass",
    "Schedule",
    "clip",
    "forward",
    "gradients",
    "layer_options",
    "register_layer",
]

Array = np.ndarray


def forward(
    nodes: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Array],
    x: Array,
    seen: Pass = PREDICTING,
) -> List[Array]:
    """Run rows through a network.

    Parameters
    ----------
    nodes : sequence of mapping
        Layers of a specification.
    parameters : mapping of str to array
        By name, in PyTorch's layout; training changes the buffers among them.
    x : array, shape (rows, features)
        Normalized features.
    seen : Pass
        Whether they train, and their place.

    Returns
    -------
    list of array
        `x`, then what each layer puts out, (rows, units).
    """
    values = [x]
    for node, options in zip(nodes, layer_options(nodes)):
        own = _own(node, parameters)
        values.append(LAYERS[node["kind"]].forward(values[-1], own, options, seen))
    return values


def gradients(
    nodes: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Array],
    values: Sequence[Array],
    delta: Array,
    seen: Pass = PREDICTING,
) -> Dict[str, Array]:
    """Go back through a network.

    Parameters
    ----------
    nodes, parameters, seen
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
    options = layer_options(nodes)
    for at in range(len(nodes) - 1, -1, -1):
        node = nodes[at]
        layer = LAYERS[node["kind"]]
        # Nobody needs the delta of the data.
        parts = layer.gradients(values[0], delta) if at == 0 else None
        if parts is None:
            own = _own(node, parameters)
            delta, parts = layer.backward(values[at], values[at + 1], delta, own, options[at], seen)
        found.update({f"{node['id']}.{name}": part for name, part in parts.items()})
    return found


def _own(node: Mapping[str, Any], parameters: Mapping[str, Array]) -> Dict[str, Array]:
    layer, n, m = LAYERS[node["kind"]], int(node["in_features"]), int(node["out_features"])
    names = (*layer.shapes(n, m), *layer.buffers(n, m))
    return {name: parameters[f"{node['id']}.{name}"] for name in names}
