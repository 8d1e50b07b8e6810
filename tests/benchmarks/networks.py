"""The paper's five networks, data sets and hyperparameter sets, as one piece of work for all.

References
----------
The paper's Table 1 ("Specifications of neural networks and their target datasets").
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

BATCHES = 6
EPOCHS = 1000
FOLDS = 5


@dataclass(frozen=True)
class Network:
    """One column of Table 1: Linear layers with ReLU between them and a Sigmoid at the end.

    ``seed`` draws the initial weights; where 0 gives a network whose ReLUs are all dead from the
    start (4-2-1), another one stands, for such a training has nothing to compare.
    """

    number: int
    widths: tuple[int, ...]
    data: str
    seed: int = 0

    @property
    def title(self) -> str:
        """The widths as words, ``5-3-1``."""
        return "-".join(map(str, self.widths))

    @property
    def small(self) -> bool:
        """Whether the data set is one of the three with less than 1500 rows."""
        return self.number <= 3


@dataclass(frozen=True)
class Hyperparameters:
    """One of the paper's four hyperparameter sets."""

    learning_rate: float = 0.1
    momentum: float = 0.9


NETWORKS = (
    Network(1, (5, 3, 1), "breast_cancer"),
    Network(2, (8, 5, 3, 1), "pima_diabetes"),
    Network(3, (4, 2, 1), "banknote", seed=1),
    Network(4, (13, 8, 5, 3, 1), "grid_stability"),
    Network(5, (16, 8, 5, 3, 1), "bank_marketing"),
)

HYPERPARAMETERS = (
    Hyperparameters(0.1, 0.9),
    Hyperparameters(0.01, 0.9),
    Hyperparameters(0.01, 0.1),
    Hyperparameters(0.1, 0.1),
)


@dataclass(frozen=True)
class Work:
    """One training, the same for every peer.

    Attributes
    ----------
    widths : tuple of int
        Inputs, then the outputs of each Linear layer.
    features : float32 array, shape (rows, widths[0])
        Normalized and already in their final order: no peer shuffles.
    labels : float32 array, shape (rows,)
        0 or 1.
    batches : int
        ``numpy.array_split`` cuts the training rows into that many parts.
    test_features, test_labels : float32 arrays
        Rows that no step sees.
    initial : dict of float32 arrays
        ``Linear1.weight`` (out, in), ``Linear1.bias`` (out,), ...: PyTorch's layout.
    epochs, learning_rate, momentum
        Plain SGD, PyTorch's convention of momentum.
    """

    widths: tuple[int, ...]
    features: NDArray[np.float32]
    labels: NDArray[np.float32]
    batches: int
    test_features: NDArray[np.float32]
    test_labels: NDArray[np.float32]
    initial: dict[str, NDArray[np.float32]]
    epochs: int = EPOCHS
    learning_rate: float = 0.1
    momentum: float = 0.9

    @property
    def layers(self) -> range:
        """Numbers of the Linear layers, from 1."""
        return range(1, len(self.widths))

    def parts(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Features and labels of each batch."""
        yield from zip(
            np.array_split(self.features, self.batches),
            np.array_split(self.labels, self.batches),
            strict=True,
        )

    def with_epochs(self, epochs: int) -> Work:
        """The same work, shorter or longer."""
        return replace(self, epochs=epochs)


def data_path(name: str) -> Path:
    """The CSV file of a data set, in the folder that ``DLAAW_DATA`` names."""
    folder = os.environ.get("DLAAW_DATA")
    if not folder:
        raise SystemExit("Set DLAAW_DATA to the folder with the paper's five CSV files.")
    path = Path(folder) / f"{name}.csv"
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; DLAAW_DATA names the folder {folder}.")
    return path


@cache
def prepared(name: str, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features scaled to 0..1 and labels of a data set, rows shuffled with a seed."""
    table = np.loadtxt(data_path(name), delimiter=",", dtype=np.float64)
    table = table[np.random.default_rng(seed).permutation(len(table))]
    features, labels = table[:, :-1], table[:, -1]
    low, high = features.min(axis=0), features.max(axis=0)
    scaled = (features - low) / np.where(high > low, high - low, 1.0)
    return np.ascontiguousarray(scaled, dtype=np.float32), labels.astype(np.float32)


def xavier(widths: tuple[int, ...], seed: int) -> dict[str, NDArray[np.float32]]:
    """Xavier-uniform weights and zero biases.

    References
    ----------
    Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks", https://proceedings.mlr.press/v9/glorot10a.html
    """
    rng = np.random.default_rng(seed)
    parameters: dict[str, NDArray[np.float32]] = {}
    for number, (n_in, n_out) in enumerate(pairwise(widths), start=1):
        bound = np.sqrt(6.0 / (n_in + n_out))
        weight = rng.uniform(-bound, bound, size=(n_out, n_in))
        parameters[f"Linear{number}.weight"] = weight.astype(np.float32)
        parameters[f"Linear{number}.bias"] = np.zeros(n_out, np.float32)
    return parameters


def train_and_test(network: Network, chosen: Hyperparameters = HYPERPARAMETERS[0]) -> Work:
    """The paper's way: six parts, five train, the last one tests."""
    features, labels = prepared(network.data)
    n_train = len(labels) - len(np.array_split(labels, BATCHES)[-1])
    return Work(
        network.widths,
        features[:n_train],
        labels[:n_train],
        BATCHES - 1,
        features[n_train:],
        labels[n_train:],
        xavier(network.widths, network.seed),
        learning_rate=chosen.learning_rate,
        momentum=chosen.momentum,
    )


def fold(network: Network, chosen: Hyperparameters, number: int, folds: int = FOLDS) -> Work:
    """One fold of a cross-validation: part ``number`` tests, the other rows train."""
    features, labels = prepared(network.data)
    held_out = np.zeros(len(labels), dtype=bool)
    held_out[np.array_split(np.arange(len(labels)), folds)[number]] = True
    return Work(
        network.widths,
        np.ascontiguousarray(features[~held_out]),
        labels[~held_out],
        BATCHES - 1,
        features[held_out],
        labels[held_out],
        xavier(network.widths, network.seed),
        learning_rate=chosen.learning_rate,
        momentum=chosen.momentum,
    )
