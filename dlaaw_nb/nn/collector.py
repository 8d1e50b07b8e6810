"""Turns the events of a job into results."""

from __future__ import annotations

import warnings
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine.resources import kernels_digest
from dlaaw_nb.nn.model import Model
from dlaaw_nb.nn.training_result import TrainingResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.targets import Job

__all__ = ["Collector"]

# After an interrupt: a compiler is not waited for; what is in training ends within a batch or so.
_COMPILING_S, _TRAINING_S = 0.15, 10.0


class Collector:
    """Reads a job's events and keeps a result for each trial.

    Parameters
    ----------
    networks : sequence of NNWorkflow
        The network of each variant of the plan.
    dataset : Dataset
        The data.
    test_labels : float64 array or None
        Labels of a separate test set.
    callback : callable or None
        Takes every event.
    """

    def __init__(
        self,
        networks: Sequence[NNWorkflow],
        dataset: Dataset,
        test_labels: np.ndarray | None = None,
        callback: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        self._networks, self._dataset = networks, dataset
        self._labels: Any = dataset.labels if test_labels is None else test_labels
        self._callback = callback
        self._device: Mapping[str, Any] = {}
        self._taps: dict[int, dict[str, dict[int, np.ndarray]]] = {}
        self._found: dict[int, tuple[int, TrainingResult]] = {}
        self.seconds = 0.0
        self.interrupted = False

    def read(self, job: Job) -> None:
        """Read all events; an interrupt stops the job and keeps what was trained.

        Parameters
        ----------
        job : Job
            Under way.

        Raises
        ------
        KeyboardInterrupt
            When nothing was trained yet.
        """
        try:
            for event in job.events():
                self._take(event)
        except KeyboardInterrupt:
            job.cancel()
            self.interrupted = True
            for event in job.drain(_TRAINING_S if self._device else _COMPILING_S):
                self._take(event, silent=True)
            if not self._found:
                raise
        except BaseException:
            job.cancel()
            raise

    def results(self, variant: int = 0) -> tuple[TrainingResult, ...]:
        """Give the results of one variant.

        Parameters
        ----------
        variant : int
            Its number.

        Returns
        -------
        tuple of TrainingResult
            In the order of the trials; those that never began are missing.
        """
        return tuple(result for _, (of, result) in sorted(self._found.items()) if of == variant)

    def _take(self, event: dict[str, Any], silent: bool = False) -> None:
        kind = event["event"]
        if kind == "start":
            self._device = event["device"]
        elif kind == "cost":
            for name, values in event.get("taps", {}).items():
                taps = self._taps.setdefault(event["trial"], {})
                taps.setdefault(name, {})[event["epoch"]] = values
        elif kind == "trial":
            self._found[event["trial"]] = (event["variant"], self._result(event))
        elif kind == "result":
            self.seconds = event["seconds"]
        elif kind == "log" and event["level"] == "warning":
            warnings.warn(event["message"], RuntimeWarning, stacklevel=5)
        if self._callback is not None and not silent:
            self._callback(event)

    def _result(self, event: Mapping[str, Any]) -> TrainingResult:
        network, rows = self._networks[event["variant"]], event["test_rows"]
        device = {**self._device, "program": event["program"]}
        labels: np.ndarray = self._labels if rows is None else self._labels[rows]
        settings = {**network.hyperparameters, "hidden": network.hidden}
        right = (event["test_outputs"] >= 0.5) == (labels >= 0.5)
        made = {
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "dlaaw_nb": _version(),
            "data": {
                "source": self._dataset.source,
                "fingerprint": self._dataset.fingerprint,
                "rows": self._dataset.rows,
                "dropped_rows": self._dataset.dropped_rows,
            },
            "settings": {**settings, "hidden": list(network.hidden)},
            "fold": event["fold"],
            "costs": [list(pair) for pair in event["costs"]],
            "epochs_done": event["epochs_done"],
            "stopped": event["stopped"],
            "diverged_at": event["diverged_at"],
            "accuracy": float(right.mean()) if len(right) else None,
            "seconds": event["seconds"],
            "device": device,
            "kernels": kernels_digest(),
        }
        normalization = event["normalization"]
        model = Model(
            network,
            event["parameters"],
            normalization["offset"],
            normalization["scale"],
            self._dataset.classes,
            self._dataset.feature_names,
            self._dataset.label_name,
            made,
        )
        return TrainingResult(
            model=model,
            dataset=self._dataset,
            costs=tuple(tuple(pair) for pair in event["costs"]),
            test_rows=rows,
            test_labels=labels,
            test_probabilities=event["test_outputs"],
            seconds=event["seconds"],
            device=device,
            stopped=event["stopped"],
            diverged_at=event["diverged_at"],
            epochs_done=event["epochs_done"],
            settings=settings,
            fold=event["fold"],
            taps=self._taps.get(event["trial"], {}),
        )


def _version() -> str:
    import dlaaw_nb

    return dlaaw_nb.__version__
