"""Turns the events of a job into results, and tells a callback how it goes.

A callback gets the events of ``dlaaw_nb.engine.execute``, between two of the collector's own:

- ``begin``, always the first: rows (of the data), networks (of the plan's variants).
- ``end``, always the last: state (``finished``, ``stopped`` or ``failed``), error (or None).

``cost`` events that carry parameters, and ``trial`` events, have ``score`` besides: the share of
test rows that are right (then as ``accuracy`` too), or R2 for numbers; NaN without test rows. Where
testing each time would slow the training, it is that of the last test. An exception of the
callback's own ends the job, and no ``end`` follows. A callback with a true attribute ``batched``
gets a few cost events a second, each with all costs since the one before in ``costs``: that is what
keeps watching cheap.
"""

from __future__ import annotations

import math
import warnings
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.engine.resources import kernels_digest
from dlaaw_nb.nn import metrics, regression
from dlaaw_nb.nn.model import Model
from dlaaw_nb.nn.placements import Placement, Placements
from dlaaw_nb.nn.training_result import TrainingResult

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

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
    labels : float64 array
        True classes, or numbers, of the rows that test: of the data, or of a separate test set.
    target : pair of float
        For numbers, what maps them to what is trained on: ``(y - offset) * scale``.
    callback : callable or None
        Takes every event.
    stop : threading.Event or None
        Interrupts when set, as a KeyboardInterrupt would.
    """

    def __init__(
        self,
        networks: Sequence[NNWorkflow],
        dataset: Dataset,
        labels: np.ndarray,
        target: tuple[float, float] = (0.0, 1.0),
        callback: Callable[[dict[str, Any]], object] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._networks, self._dataset = networks, dataset
        self._labels, self._target = labels, target
        self._task = networks[0].loss.task
        self._callback, self._stop = callback, stop
        self._scores: dict[int, float] = {}
        self._told = True  # whether the callback took the last event without raising
        self._device: Mapping[str, Any] = {}
        self._taps: dict[int, dict[str, dict[int, np.ndarray]]] = {}
        self._found: dict[int, tuple[int, TrainingResult]] = {}
        self._placements = Placements()
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
            self._tell({"event": "begin", "rows": self._dataset.rows, "networks": self._networks})
            for event in job.events(self._stop):
                self._take(event)
        except KeyboardInterrupt as interrupt:
            job.cancel()
            self.interrupted = True
            for event in job.drain(_TRAINING_S if self._device else _COMPILING_S):
                self._take(event, silent=True)
            self._end("stopped", None if self._found else interrupt)
            if not self._found:
                raise
        except BaseException as error:
            job.cancel()
            if self._told:
                self._end("failed", error)
            raise
        else:
            self._end("finished")

    @property
    def live(self) -> bool | str:
        """What the plan should say of who listens; see ``dlaaw_nb.engine.execute``."""
        if self._callback is None:
            return False
        return "batched" if getattr(self._callback, "batched", False) else True

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Which trial ran where, on targets of several nodes."""
        return self._placements.found

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
        elif kind == "schedule":
            self._placements.take(event)
        elif kind == "result":
            self.seconds = event["seconds"]
        elif kind == "log" and event["level"] == "warning":
            warnings.warn(event["message"], RuntimeWarning, stacklevel=5)
        if not silent:
            self._tell(event)

    def _tell(self, event: dict[str, Any]) -> None:
        if self._callback is None:
            return
        if "parameters" in event:
            score = self._score(event)
            share = {} if self._task == "regression" else {"accuracy": score}
            event = {**event, "score": score, **share}
        self._told = False
        self._callback(event)
        self._told = True

    def _end(self, state: str, error: BaseException | None = None) -> None:
        self._tell({"event": "end", "state": state, "error": error})

    def _score(self, event: Mapping[str, Any]) -> float:
        """Say how good the test rows are predicted, as of the last time they were tested."""
        trial, outputs = event["trial"], event.get("test_outputs")
        if outputs is not None:
            rows = event["test_rows"]
            labels = self._labels if rows is None else self._labels[rows]
            self._scores[trial] = self._measured(labels, outputs)
        return self._scores.get(trial, math.nan)

    def _measured(self, labels: np.ndarray, outputs: np.ndarray) -> float:
        if not len(labels) or not bool(np.isfinite(outputs).all()):
            return math.nan
        if self._task == "regression":
            return regression.r2(labels, self._numbers(outputs))
        return metrics.accuracy(labels, outputs)

    def _numbers(self, outputs: np.ndarray) -> np.ndarray:
        """Map what the network puts out to the label's own unit."""
        offset, scale = self._target
        return outputs.astype(np.float64) / scale + offset

    def _result(self, event: Mapping[str, Any]) -> TrainingResult:
        network, rows = self._networks[event["variant"]], event["test_rows"]
        device = {**(event.get("device") or self._device), "program": event["program"]}
        labels: np.ndarray = self._labels if rows is None else self._labels[rows]
        settings = {**network.hyperparameters, "hidden": network.hidden}
        outputs, numbers = event["test_outputs"], self._task == "regression"
        score = self._measured(labels, outputs)
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
            network.loss.score_name: None if math.isnan(score) else score,
            "best_epoch": event.get("best_epoch"),
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
            () if numbers else self._dataset.classes,
            self._dataset.feature_names,
            self._dataset.label_name,
            made,
            target=self._target,
        )
        return TrainingResult(
            model=model,
            dataset=self._dataset,
            costs=tuple(tuple(pair) for pair in event["costs"]),
            test_rows=rows,
            test_labels=labels,
            test_probabilities=None if numbers else outputs,
            test_values=self._numbers(outputs) if numbers else None,
            seconds=event["seconds"],
            device=device,
            stopped=event["stopped"],
            diverged_at=event["diverged_at"],
            epochs_done=event["epochs_done"],
            settings=settings,
            fold=event["fold"],
            taps=self._taps.get(event["trial"], {}),
            validation_costs=tuple(tuple(pair) for pair in event.get("validation_costs", ())),
            best_epoch=event.get("best_epoch"),
            early_stopped=event.get("early_stopped", False),
        )


def _version() -> str:
    import dlaaw_nb

    return dlaaw_nb.__version__
