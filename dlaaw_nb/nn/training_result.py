"""What one training gave: a model, its costs, and how it did on the rows it had not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.nn import metrics
from dlaaw_nb.nn.judged import Judged
from dlaaw_nb.nn.result_json import json_text
from dlaaw_nb.nn.result_parts import (
    DIVERGED_HINT,
    confusion_rows,
    data_content,
    device_text,
    epochs_text,
    trial_content,
)
from dlaaw_nb.views.shown import Shown
from dlaaw_nb.views.text import counted, number_text, seconds_text, settings_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.views.canvas import View

__all__ = ["TrainingResult"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TrainingResult(Judged, Shown):
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
    test_labels : float64 array, shape (n,)
        Their true classes, 0, 1, ..., or their true numbers.
    test_probabilities : float32 array, shape (n,) or (n, classes), or None
        Probability of class 1, or of each class, that the model gives them; None for numbers.
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
    test_values : float64 array, shape (n,), or None
        The numbers that the model predicts for the test rows; None for classes.
    validation_costs : tuple of (int, float)
        Like the costs, over the rows that early stopping keeps for validation.
    best_epoch : int or None
        Epoch whose parameters the model has, where early stopping chose it.
    early_stopped : bool
        Whether the training ended because it got no better.

    Notes
    -----
    A measure that is not defined, and all of a diverged training, are NaN.
    """

    model: Model
    dataset: Dataset
    costs: tuple[tuple[int, float], ...]
    test_rows: npt.NDArray[np.int64] | None
    test_labels: npt.NDArray[np.float64]
    test_probabilities: npt.NDArray[np.float32] | None
    seconds: float
    device: Mapping[str, Any]
    stopped: bool = False
    diverged_at: int | None = None
    epochs_done: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    fold: int | None = None
    taps: Mapping[str, Mapping[int, npt.NDArray[np.float32]]] = field(default_factory=dict)
    test_values: npt.NDArray[np.float64] | None = None
    validation_costs: tuple[tuple[int, float], ...] = ()
    best_epoch: int | None = None
    early_stopped: bool = False

    _missing = math.nan

    @property
    def task(self) -> str:
        """What is predicted: ``"binary"``, ``"multiclass"`` or ``"regression"``."""
        return self.model.network.loss.task

    @property
    def classes(self) -> tuple[object, ...]:
        """The class values; none for numbers."""
        return self.model.classes

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Int64 array, shape (classes, classes), row the true class, column the predicted one.

        Of two classes ``[[tn, fp], [fn, tp]]``; zeros if the training diverged; (0, 0) for numbers.
        """
        count = len(self.classes)
        pair = self.pair()
        if pair is None or not count:
            return np.zeros((count, count), np.int64)
        return metrics.confusion_matrix(*pair)

    @property
    def test_outputs(self) -> npt.NDArray[np.floating]:
        """The probabilities, or the numbers, that the model gives the test rows."""
        found = self.test_probabilities if self.test_values is None else self.test_values
        return np.zeros(0) if found is None else found

    @property
    def cost(self) -> float:
        """The last cost that was reported; NaN without any."""
        return float(self.costs[-1][1]) if self.costs else math.nan

    @property
    def diverged(self) -> bool:
        """Whether costs or weights became NaN or infinite."""
        return self.diverged_at is not None

    @property
    def _about(self) -> str:
        return f"{self.model.name}, {counted(len(self.test_labels), 'test row')}"

    @property
    def label_name(self) -> str:
        """Name of what is predicted."""
        return str(self.model.label_name)

    def pair(self) -> tuple[Any, Any] | None:
        """Give true and predicted test rows; None of a diverged training."""
        if self.diverged or bool(np.isnan(self.test_outputs).any()):
            return None
        return self.test_labels, self.test_outputs

    def report(self) -> pd.DataFrame:
        """Tabulate the measures.

        Returns
        -------
        pandas.DataFrame
            One column, ``value``; the index names the measure: accuracy, precision, recall, f1, auc
            (for numbers r2, rmse, mae), of two classes true_negatives, false_positives,
            false_negatives, true_positives, then cost, seconds, epochs, test_rows.
        """
        import pandas as pd

        values: dict[str, float] = {name: getattr(self, name) for name in self.measures}
        if self.task == "binary":
            names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
            values |= dict(zip(names, self.confusion.ravel().tolist(), strict=True))
        values |= {
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
        curves = {"training": self.costs}
        if self.validation_costs:
            curves["validation"] = self.validation_costs
        return cost_curves(curves, diverged=lost, title=title, size=size)

    def to_json(self) -> str:
        """Write the result as JSON text, without weights (`Model.save` writes them) and rows.

        Returns
        -------
        str
            ``{"format": "dlaaw-nb/result", "version": 1, "kind": "training", "network", "data":
            {"source", "rows", "dropped_rows", "fingerprint"}, "settings", "fold", "accuracy",
            "precision", "recall", "auc", "confusion": [[tn, fp], [fn, tp]], "test_rows": count,
            "cost", "costs": [[epoch, cost], ...], "seconds", "device", "epochs_done", "stopped",
            "diverged_at", "task", "f1", "r2", "rmse", "mae", "validation_costs", "best_epoch",
            "early_stopped", "score_name", "score", "log_loss", "by_class": {"class": [...],
            "precision", "recall", "f1", "rows", "predicted"}}``. Numbers that are not finite are
            null, and so are ``confusion`` and ``by_class`` for numbers and for more than 100
            classes.
        """
        about = {"network": self.model.name, "data": data_content(self.dataset)}
        return json_text("training", {**about, **trial_content(self)})

    def _notes(self) -> list[str]:
        if self.diverged_at is not None:
            return [f"Diverged at epoch {self.diverged_at}. {DIVERGED_HINT}"]
        notes = [f"Stopped after {epochs_text(self)}."] if self.stopped else []
        if self.best_epoch is not None:
            ended = f"Ended early, after {epochs_text(self)}. " if self.early_stopped else ""
            notes.append(f"{ended}The model is that of epoch {self.best_epoch}, the best.")
        return notes

    def _html(self, picture: str) -> str:
        from dlaaw_nb.views import html

        rows = [(name, number_text(getattr(self, name))) for name in self.measures]
        rows += confusion_rows(self.confusion, self.classes) if len(self.classes) == 2 else []
        rows += [
            (f"cost after {epochs_text(self)}", number_text(self.cost, 4)),
            ("time", f"{seconds_text(self.seconds)} on {device_text(self.device)}"),
            ("settings", settings_text(self.settings)),
        ]
        if not self.classes and not self.diverged:
            picture += self.plot_residuals().to_html()
        elif len(self.classes) > 2 and not self.diverged:
            picture += self.plot_confusion().to_html()
        title = f"Training of {self.model.name} on {self.dataset.source}"
        return html.section(title, *map(html.note, self._notes()), html.table(rows), picture)

    def __repr__(self) -> str:
        time = f"{seconds_text(self.seconds)} on {self.device.get('kind', 'unknown device')}"
        if self.diverged_at is not None:
            return f"TrainingResult(diverged at epoch {self.diverged_at}, {time})"
        state = "stopped, " if self.stopped else "stopped early, " if self.early_stopped else ""
        score = f"{self.score_name} {number_text(self.score)}, cost {number_text(self.cost, 4)}"
        return f"TrainingResult({state}{score} after {epochs_text(self)}, {time})"
