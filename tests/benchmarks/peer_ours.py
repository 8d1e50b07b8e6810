"""dlaaw_nb itself, on the same rows in the same order, from the same weights."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

import dlaaw_nb
from tests.benchmarks.peers import Trained

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.benchmarks.networks import Work


class Ours:
    """``NNWorkflow(...).train((features, labels))`` on the CPU."""

    name = "dlaaw_nb"

    def __init__(self) -> None:
        self._arrays: dict[int, tuple[Work, NDArray[np.float64], NDArray[np.float64]]] = {}

    def train(self, work: Work) -> Trained:
        """Train once; the clock of the whole call starts before the network is put together."""
        features, labels = self._whole(work)
        started = time.perf_counter()
        network = workflow(work)
        result = network.train((features, labels), target="cpu", initial=work.initial)
        whole_seconds = time.perf_counter() - started
        parameters = {name: np.asarray(value) for name, value in result.model.parameters.items()}
        return Trained(parameters, result.seconds, whole_seconds)

    def _whole(self, work: Work) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Training rows and, after them, test rows, as a user would hold them in memory."""
        kept = self._arrays.get(id(work.features))
        if kept is None or kept[0].features is not work.features:
            features = np.concatenate([work.features, work.test_features]).astype(np.float64)
            labels = np.concatenate([work.labels, work.test_labels]).astype(np.float64)
            kept = self._arrays[id(work.features)] = (work, features, labels)
        return kept[1], kept[2]


def layers(widths: tuple[int, ...]) -> list[Any]:
    """Linear layers with ReLU between them and a Sigmoid at the end."""
    chain: list[Any] = []
    for n_in, n_out in pairwise(widths):
        chain += [dlaaw_nb.Linear(n_in, n_out), dlaaw_nb.ReLU()]
    return [*chain[:-1], dlaaw_nb.Sigmoid()]


def workflow(work: Work, **hyperparameters: Any) -> Any:
    """The NNWorkflow of ``work``: one part more than it trains on, for the last one tests."""
    settings: dict[str, Any] = {
        "batches": work.batches + 1,
        "epochs": work.epochs,
        "learning_rate": work.learning_rate,
        "momentum": work.momentum,
        "shuffle": False,
        "normalize": "none",
    }
    return dlaaw_nb.NNWorkflow(layers(work.widths), **{**settings, **hyperparameters})
