"""The work of the GPU benchmarks as arrays that each peer takes: batches, folds, settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks import networks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.networks import Hyperparameters, Network, Work

RATES = (0.1, 0.05, 0.02, 0.01, 0.005)
MOMENTA = (0.9, 0.7, 0.5, 0.1)
WIDE = (784, 256, 128, 10)


@dataclass(frozen=True)
class Sizes:
    """How much of everything is run."""

    device: str  # of PyTorch: cuda or cpu
    target: str  # ours
    quick: bool
    rounds: int
    epochs: int = networks.EPOCHS
    judged: int = 100  # epochs after which weights are compared

    @property
    def unit(self) -> int:
        """Epochs of one call of a compiled program."""
        return min(self.judged, self.epochs)


def settings(quick: bool = False) -> list[Hyperparameters]:
    """Learning rates x momenta, 20 of them; 4 where it must be quick."""
    count = 2 if quick else None
    return [networks.Hyperparameters(r, m) for r in RATES[:count] for m in MOMENTA[:count]]


def folds(network: Network, initial: dict[str, np.ndarray] | None = None) -> list[Work]:
    """The five folds, the same initial weights in each."""
    made = [
        networks.fold(network, networks.HYPERPARAMETERS[0], number)
        for number in range(networks.FOLDS)
    ]
    return made if initial is None else [replace(work, initial=initial) for work in made]


def wide(batch: int, rows: int, seed: int = 0) -> Work:
    """784-256-128-10 on synthetic rows that a random plane for each class labels."""
    rng = np.random.default_rng(seed)
    features = rng.random((rows, WIDE[0]), dtype=np.float32)
    planes = rng.standard_normal((WIDE[0], WIDE[-1]), dtype=np.float32)
    labels = ((features - 0.5) @ planes).argmax(axis=1).astype(np.float32)
    initial = networks.xavier(WIDE, seed)
    test = features[:batch], labels[:batch]
    return networks.Work(
        WIDE, features, labels, rows // batch, *test, initial, learning_rate=0.01, momentum=0.9
    )


def grown(network: Network, rows: int) -> Work:
    """A training on so many synthetic rows, plus a batch that tests."""
    rng = np.random.default_rng(0)
    count = rows + rows // (networks.BATCHES - 1)
    features = rng.random((count, network.widths[0]), dtype=np.float32)
    plane = rng.standard_normal(network.widths[0], dtype=np.float32)
    labels = ((features - 0.5) @ plane > 0).astype(np.float32)
    return networks.Work(
        network.widths, features[:rows], labels[:rows], networks.BATCHES - 1,
        features[rows:], labels[rows:], networks.xavier(network.widths, network.seed),
        learning_rate=0.01,
    )  # fmt: skip


def operations(widths: Sequence[int], rows: int, epochs: int) -> float:
    """Three products of each layer for each row, a multiplication and an addition each."""
    return 6.0 * sum(a * b for a, b in pairwise(widths)) * rows * epochs


def data_bytes(widths: Sequence[int], rows: int, epochs: int) -> float:
    """Features and labels in float32, read once each epoch."""
    return 4.0 * (widths[0] + 1) * rows * epochs


def padded(work: Work) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each batch with its rows' shares of the cost, all of one length."""
    parts = list(work.parts())
    most = max(len(y) for _, y in parts)
    return [_padded([part], most, squeeze=True) for part in parts]


def stacked(folds: Sequence[Work]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each batch of all folds: features, labels, shares of the cost; padded rows have none."""
    every = [list(work.parts()) for work in folds]
    return [_padded(parts, max(len(y) for _, y in parts)) for parts in zip(*every, strict=True)]


def _padded(
    parts: Sequence[tuple[np.ndarray, np.ndarray]], rows: int, *, squeeze: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = (len(parts), rows)
    features = np.zeros((*shape, parts[0][0].shape[1]), np.float32)
    labels, shares = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for number, (x, y) in enumerate(parts):
        features[number, : len(y)], labels[number, : len(y)] = x, y
        shares[number, : len(y)] = 1 / len(y)
    return (features[0], labels[0], shares[0]) if squeeze else (features, labels, shares)
