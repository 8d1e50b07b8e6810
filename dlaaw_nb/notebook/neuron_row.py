"""What a network's neurons do with one row of the data, before and while the network trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.engine.chain import Chain
from dlaaw_nb.engine.layout import Layouts
from dlaaw_nb.engine.reference import forward
from dlaaw_nb.engine.session import initial_parameters
from dlaaw_nb.engine.trials import expand
from dlaaw_nb.nn.mapper import default_plan
from dlaaw_nb.nn.weights import checked_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["first_normalization", "first_parameters", "layer_outputs"]


def layer_outputs(
    nodes: Sequence[Mapping[str, Any]], parameters: Mapping[str, np.ndarray], x: np.ndarray
) -> list[np.ndarray]:
    """Run one row through a network.

    Parameters
    ----------
    nodes : sequence of mapping
        Layers of a specification.
    parameters : mapping of str to float32 array
        By name.
    x : float32 array, shape (features,)
        The normalized row.

    Returns
    -------
    list of float32 array, each of shape (units,)
        `x`, then what each layer puts out.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return [values[0] for values in forward(nodes, parameters, x[np.newaxis])]


def first_parameters(network: NNWorkflow, initial: Any = None) -> dict[str, np.ndarray]:
    """Give the weights that a training starts from.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    initial : mapping of str to array, or None
        What ``train(initial=...)`` is given.

    Returns
    -------
    dict of str to float32 array
        By name, in the order of the layers.

    Raises
    ------
    NetworkError
        When `initial` does not fit the network.
    """
    if initial is not None:
        return dict(checked_parameters(network.array_shapes, initial))
    return initial_parameters(Chain(network.spec()["layers"]["nodes"]), network.seed)


def first_normalization(
    network: NNWorkflow, dataset: Dataset, test: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Foretell the normalization of a training, which itself tells it only at its end.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    dataset : Dataset
        The data.
    test : str or mapping
        What tests, as a plan says it: ``"last_batch"``, ``"separate"``, ``{"fraction": share}``.

    Returns
    -------
    offset, scale : float64 array, shape (features,)
        ``(x - offset) * scale``.
    """
    spec = network.spec({**default_plan(), "kind": "train", "test": test})
    (trial,) = expand(spec, dataset.rows)
    data = {"features": dataset.features, "labels": dataset.labels}
    _, split = Layouts(data, [trial]).take(trial)
    return split.offset, split.scale
