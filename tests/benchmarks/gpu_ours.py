"""dlaaw_nb as people call it, ``train`` and ``sweep`` with a target; no Jupyter is needed."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

import dlaaw_nb
from dlaaw_nb.engine.chain import Chain
from dlaaw_nb.engine.session import initial_parameters
from tests.benchmarks import networks
from tests.benchmarks.peer_ours import workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.networks import Hyperparameters, Network, Work

NAME = "dlaaw_nb"


class Train:
    """One training: its own seconds, and those of the whole call."""

    def __init__(self, work: Work, target: str, *, warm: bool = True) -> None:
        self._target, self._work = target, work
        classes = work.widths[-1] > 1
        labels = work.labels.astype(np.float64)
        self._test: Any = None
        if classes:  # a separate test set, so that all rows train
            self._data = work.features.astype(np.float64), labels
            self._test = work.test_features.astype(np.float64), work.test_labels.astype(np.float64)
        else:
            features = np.concatenate([work.features, work.test_features])
            self._data = (
                features.astype(np.float64),
                np.concatenate([labels, work.test_labels.astype(np.float64)]),
            )
        self._network = _classes(work) if classes else workflow(work, cost_every=work.epochs)
        self.result: Any = None
        if warm:
            self()
        self.remark = f"program `{self.result.device.get('program')}`" if self.result else ""

    def __call__(self) -> dict[str, float]:
        started = time.perf_counter()
        self.result = self._network.train(
            self._data, test=self._test, target=self._target, initial=self._work.initial
        )
        whole = time.perf_counter() - started
        if self.result.epochs_done != self._work.epochs:
            raise RuntimeError(f"{self.result.epochs_done} of {self._work.epochs} epochs done")
        return {"": float(self.result.seconds), "whole": whole}

    def parameters(self) -> list[dict[str, Any]]:
        """What the last run trained."""
        return [{k: np.asarray(v) for k, v in self.result.model.parameters.items()}]


class Sweep:
    """Folds x settings in one call: seconds of the job in its worker, and of the whole call."""

    def __init__(
        self,
        network: Network,
        settings: Sequence[Hyperparameters],
        target: str,
        epochs: int,
        *,
        warm: bool = True,
    ) -> None:
        features, labels = networks.prepared(network.data)
        self._data = features.astype(np.float64), labels.astype(np.float64)
        work = networks.train_and_test(network).with_epochs(epochs)
        self._workflow = workflow(work, cost_every=epochs, seed=network.seed)
        self._target, self._trials = target, len(settings) * networks.FOLDS
        self._settings = [
            {"learning_rate": chosen.learning_rate, "momentum": chosen.momentum}
            for chosen in settings
        ]
        self._sweep: Any = None  # the last one
        self.remark = ""
        if warm:
            self()
            results = [result for point in self._sweep.points for result in point.trials]
            programs = {str(result.device.get("program")) for result in results}
            self.remark = f"program `{', '.join(sorted(programs))}`"

    def __call__(self) -> dict[str, float]:
        started = time.perf_counter()
        self._sweep = self._workflow.sweep(
            self._data, settings=self._settings, folds=networks.FOLDS, target=self._target
        )
        whole = time.perf_counter() - started
        done = sum(len(point.trials) for point in self._sweep.points)
        if done != self._trials:
            raise RuntimeError(f"{done} of {self._trials} trials done")
        return {"": float(self._sweep.seconds), "whole": whole}

    def initial(self) -> dict[str, np.ndarray]:
        """The weights that all trials start from."""
        spec = self._workflow.spec()
        return initial_parameters(Chain(spec["layers"]["nodes"]), spec["training"]["seed"])

    def parameters(self) -> list[dict[str, Any]]:
        """What the last run trained, setting by setting, fold by fold."""
        return [
            {k: np.asarray(v) for k, v in result.model.parameters.items()}
            for point in self._sweep.points
            for result in point.trials
        ]


def _classes(work: Work) -> Any:
    layers: list[Any] = []
    for before, after in pairwise(work.widths):
        layers += [dlaaw_nb.Linear(before, after), dlaaw_nb.ReLU()]
    return dlaaw_nb.NNWorkflow(
        [*layers[:-1], dlaaw_nb.Softmax()], batches=work.batches + 1, epochs=work.epochs,
        learning_rate=work.learning_rate, momentum=work.momentum, shuffle=False,
        normalize="none", cost_every=work.epochs,
    )  # fmt: skip
