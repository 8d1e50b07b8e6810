"""What one training gave: a model, its costs, and how it did on the rows it had not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.nn import metrics
from dlaaw_nb.nn.result_json import json_text
from dlaaw_nb.nn.result_parts import (
    DIVERGED_HINT,
    data_content,
    device_text,
    epochs_text,
    trial_content,
)
from dlaaw_nb.views.shown import Shown
from dlaaw_nb.views.text import number_text, seconds_text, settings_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.views.canvas import View

__all__ = ["TrainingResult"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TrainingResult(Shown):
    """One finished, stopped or diverged training; measures are computed when asked for.

    Attributes
    ----------
    model : Model
        The trained network; of a stopped or diverged training, with the parameters it last had.
    dataset : Dataset
        The data that was given, training and test rows together.
    costs : tuple of (int, float)
        Epoch and cost: the mean loss over the training rows in that epoch's own forward passes.
    test_rows : int64 array, shape (n,), or None
        Rows of `dataset` that were tested on; None where a separate test set was given.
    test_labels : float64 array of 0 and 1, shape (n,)
        Their true classes.
    test_probabilities : float32 array, shape (n,)
        Probability of class 1 that the model gives them.
    seconds : float
        Time of the training in seconds, without compiling and reading data.
    device : dict
        What it ran on: ``kind`` ("cpu", "gpu"), ``name``, ``cores``, ...
    stopped : bool
        Whether somebody stopped it before the last epoch.
    diverged_at : int or None
        Epoch, from 0, in which costs or weights became NaN or infinite; None if they did not.
    epochs_done : int
        Count of epochs that were trained.
    settings : dict
        Hyperparameters: epochs, batches, learning_rate, momentum, seed, ...
    fold : int or None
        Which fold of a cross-validation was the test set, from 0; None outside of one.
    taps : dict of str to dict of int to float32 array, shape (training rows, width)
        For tapped layers, what they put out at each reported epoch.
    """

    model: Model
    dataset: Dataset
    costs: tuple[tuple[int, float], ...]
    test_rows: npt.NDArray[np.int64] | None
    test_labels: npt.NDArray[np.float64]
    test_probabilities: npt.NDArray[np.float32]
    seconds: float
    device: Mapping[str, Any]
    stopped: bool = False
    diverged_at: int | None = None
    epochs_done: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    fold: int | None = None
    taps: Mapping[str, Mapping[int, npt.NDArray[np.float32]]] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Share of the test rows that the model gets right; NaN if diverged, or without rows."""
        return (
            metrics.accuracy(self.test_labels, self.test_probabilities)
            if self._judged
            else math.nan
        )

    @property
    def precision(self) -> float:
        """Share of true class-1 rows among those predicted so; NaN if there are none."""
        return (
            metrics.precision(self.test_labels, self.test_probabilities)
            if self._judged
            else math.nan
        )

    @property
    def recall(self) -> float:
        """Share of the class-1 test rows that the model finds; NaN if there are none."""
        return self._measure(metrics.recall)

    @property
    def auc(self) -> float:
        """Area under the ROC curve; NaN if only one class was tested."""
        return self._measure(metrics.auc)

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Int64 array, shape (2, 2): ``[[tn, fp], [fn, tp]]``; zeros if the training diverged."""
        if not self._judged:
            return np.zeros((2, 2), np.int64)
        return metrics.confusion_matrix(self.test_labels, self.test_probabilities)

    @property
    def cost(self) -> float:
        """The last cost that was reported; NaN without any."""
        return float(self.costs[-1][1]) if self.costs else math.nan

    @property
    def diverged(self) -> bool:
        """Whether costs or weights became NaN or infinite."""
        return self.diverged_at is not None

    @property
    def _judged(self) -> bool:
        return not self.diverged and not bool(np.isnan(self.test_probabilities).any())

    def _measure(self, measure: Callable[[Any, Any], float]) -> float:
        return measure(self.test_labels, self.test_probabilities) if self._judged else math.nan

    def report(self) -> pd.DataFrame:
        """Tabulate the measures.

        Returns
        -------
        pandas.DataFrame
            One column, ``value``; the index names the measure: accuracy, precision, recall, auc,
            true_negatives, false_positives, false_negatives, true_positives, cost, seconds, epochs,
            test_rows.
        """
        import pandas as pd

        counts = self.confusion
        values = {
            **{name: getattr(self, name) for name in ("accuracy", "precision", "recall", "auc")},
            "true_negatives": int(counts[0, 0]),
            "false_positives": int(counts[0, 1]),
            "false_negatives": int(counts[1, 0]),
            "true_positives": int(counts[1, 1]),
            "cost": self.cost,
            "seconds": self.seconds,
            "epochs": self.epochs_done,
            "test_rows": len(self.test_labels),
        }
        index = pd.Index(list(values), name="measure")
        return pd.DataFrame({"value": np.array(list(values.values()), float)}, index=index)

    def costs_frame(self) -> pd.DataFrame:
        """Tabulate the costs.

        Returns
        -------
        pandas.DataFrame
            Columns ``epoch`` (int64) and ``cost`` (float64), one row for each reported epoch.
        """
        import pandas as pd

        epochs = np.array([epoch for epoch, _ in self.costs], np.int64)
        costs = np.array([cost for _, cost in self.costs], np.float64)
        return pd.DataFrame({"epoch": epochs, "cost": costs})

    def plot(self, *, title: str | None = None, size: tuple[float, float] = (6.4, 3.2)) -> View:
        """Draw the cost by epoch.

        Parameters
        ----------
        title : str or None
            The title; None names the network.
        size : tuple of float
            Width and height in inches.

        Returns
        -------
        View
            A matplotlib figure, made without pyplot.
        """
        from dlaaw_nb.views.curves import cost_curves

        lost = {} if self.diverged_at is None else {"training": self.diverged_at}
        title = title or f"Training cost of {self.model.name}"
        return cost_curves({"training": self.costs}, diverged=lost, title=title, size=size)

    def to_json(self) -> str:
        """Write the result as JSON text, without weights (`Model.save` writes them) and rows.

        Returns
        -------
        str
            ``{"format": "dlaaw-nb/result", "version": 1, "kind": "training", "network", "data":
            {"source", "rows", "dropped_rows", "fingerprint"}, "settings", "fold", "accuracy",
            "precision", "recall", "auc", "confusion": [[tn, fp], [fn, tp]], "test_rows": count,
            "cost", "costs": [[epoch, cost], ...], "seconds", "device", "epochs_done", "stopped",
            "diverged_at"}``. Numbers that are not finite are null.
        """
        about = {"network": self.model.name, "data": data_content(self.dataset)}
        return json_text("training", {**about, **trial_content(self)})

    def _notes(self) -> list[str]:
        if self.diverged_at is not None:
            return [f"Diverged at epoch {self.diverged_at}. {DIVERGED_HINT}"]
        return [f"Stopped after {epochs_text(self)}."] if self.stopped else []

    def _html(self, picture: str) -> str:
        from dlaaw_nb.views import html

        rows: list[tuple[str, str]] = [
            (name, number_text(getattr(self, name)))
            for name in ("accuracy", "precision", "recall", "auc")
        ]
        (tn, fp), (fn, tp) = self.confusion.tolist()
        no, yes = self.dataset.classes
        rows += [
            (f"true class {no}: predicted {no} / {yes}", f"{tn} / {fp}"),
            (f"true class {yes}: predicted {no} / {yes}", f"{fn} / {tp}"),
            (f"cost after {epochs_text(self)}", number_text(self.cost, 4)),
            ("time", f"{seconds_text(self.seconds)} on {device_text(self.device)}"),
            ("settings", settings_text(self.settings)),
        ]
        title = f"Training of {self.model.name} on {self.dataset.source}"
        return html.section(title, *map(html.note, self._notes()), html.table(rows), picture)

    def __repr__(self) -> str:
        time = f"{seconds_text(self.seconds)} on {self.device.get('kind', 'unknown device')}"
        if self.diverged_at is not None:
            return f"TrainingResult(diverged at epoch {self.diverged_at}, {time})"
        state = "stopped, " if self.stopped else ""
        score = f"accuracy {number_text(self.accuracy)}, cost {number_text(self.cost, 4)}"
        return f"TrainingResult({state}{score} after {epochs_text(self)}, {time})"
