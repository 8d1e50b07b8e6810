"""What a network's neurons do with one row of the data, before and while the network trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.engine.chain import Chain
from dlaaw_nb.engine.random import permutation
from dlaaw_nb.engine.reference import forward
from dlaaw_nb.engine.session import initial_parameters
from dlaaw_nb.engine.trials import training_rows
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
        return dict(checked_parameters(network.parameter_shapes, initial))
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
        ``(x - offset) * scale``; the engine's own but for rounding.
    """
    features, width = dataset.features, dataset.n_features
    rows = training_rows(dataset.rows, test, network.batches)
    if network.normalize_on == "train" and 0 < rows < dataset.rows:
        order = permutation(network.seed, dataset.rows) if network.shuffle else slice(None)
        features = features[np.arange(dataset.rows)[order][:rows]]
    if network.normalize == "minmax":
        offset = features.min(axis=0)
        spread = features.max(axis=0) - offset
    elif network.normalize == "standard":
        offset, spread = features.mean(axis=0), features.std(axis=0)
    else:
        return np.zeros(width), np.ones(width)
    return offset, 1.0 / np.where(spread > 0, spread, 1.0)
