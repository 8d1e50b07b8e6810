"""What a k-fold cross-validation gave: one training for each fold, their mean and variance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.nn.judged import CLASS_MEASURES, Pooled
from dlaaw_nb.nn.metrics import finished_mean, finished_variance
from dlaaw_nb.nn.placements import Placed, Placement
from dlaaw_nb.nn.result_json import json_text
from dlaaw_nb.nn.result_parts import (
    data_content,
    devices_text,
    epochs_text,
    trial_content,
    trials_notes,
)
from dlaaw_nb.views.shown import Shown
from dlaaw_nb.views.text import counted, number_text, seconds_text, settings_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.training_result import TrainingResult
    from dlaaw_nb.views.canvas import View

__all__ = ["CrossValidation"]

HTML_FOLDS = 20


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CrossValidation(Placed, Shown):
    """The trainings of a cross-validation, and how they did on average.

    Attributes
    ----------
    trials : tuple of TrainingResult
        One for each fold that ran, in the order of the folds.
    seconds : float
        Time of the whole plan in seconds.
    settings : dict
        Hyperparameters and ``folds``.
    placements : tuple of Placement
        Which fold ran on which node, when; empty where there was one machine.
    """

    trials: tuple[TrainingResult, ...]
    seconds: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    placements: tuple[Placement, ...] = ()

    @property
    def score_name(self) -> str:
        """What the folds are judged by: ``"accuracy"``, or ``"R2"`` for numbers."""
        return self.trials[0].score_name if self.trials else "accuracy"

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """Float64 array, shape (folds,): test scores, NaN where the training diverged."""
        return np.array([trial.score for trial in self.trials], np.float64)

    @property
    def accuracies(self) -> npt.NDArray[np.float64]:
        """Float64 array, shape (folds,): test accuracies, NaN where diverged, or for numbers."""
        return np.array([trial.accuracy for trial in self.trials], np.float64)

    @property
    def pooled(self) -> Pooled:
        """The test rows of all folds together: every row once, with all measures and pictures."""
        network, rows = self._network, sum(len(trial.test_labels) for trial in self.trials)
        return Pooled(self.trials, f"{network}, {counted(rows, 'row')} of all folds")

    @property
    def mean(self) -> float:
        """Mean score over the folds that did not diverge; NaN if all did."""
        return finished_mean(self.scores)

    @property
    def variance(self) -> float:
        """Population variance over the folds that did not diverge; NaN if all did."""
        return finished_variance(self.scores)

    @property
    def diverged(self) -> int:
        """Count of folds that diverged: they are not in the mean."""
        return sum(trial.diverged for trial in self.trials)

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it: a fold is cut short or has not run."""
        cut = any(trial.stopped for trial in self.trials)
        return cut or len(self.trials) < self.settings.get("folds", 0)

    @property
    def models(self) -> tuple[Model, ...]:
        """The model of each fold."""
        return tuple(trial.model for trial in self.trials)

    def table(self) -> pd.DataFrame:
        """Tabulate the folds.

        Returns
        -------
        pandas.DataFrame
            One row for each fold: fold, accuracy, precision, recall, f1, auc (for numbers r2, rmse,
            mae), cost, seconds, epochs, diverged (the epoch, missing if it did not), stopped; node,
            where it ran elsewhere.
        """
        import pandas as pd

        rows = [_fold_row(number, trial) for number, trial in enumerate(self.trials)]
        columns = ("fold", *self._measures, "cost", "seconds", "epochs")
        frame = pd.DataFrame(rows, columns=[*columns, "diverged", "stopped"])
        if self._nodes:
            frame["node"] = self._nodes
        return frame.astype({"diverged": "Int64"})

    def plot(self, *, title: str | None = None, size: tuple[float, float] = (7.0, 3.4)) -> View:
        """Draw the cost by epoch of every fold, and their mean.

        Parameters
        ----------
        title : str or None
            The title; None names the network, the folds and the mean accuracy.
        size : tuple of float
            Width and height in inches.

        Returns
        -------
        View
            A matplotlib figure, made without pyplot.
        """
        from dlaaw_nb.views.curves import cost_curves

        names = {_fold_name(number, trial): trial for number, trial in enumerate(self.trials)}
        lost = {n: t.diverged_at for n, t in names.items() if t.diverged_at is not None}
        curves = {name: trial.costs for name, trial in names.items()}
        title = title or f"Training cost of {self._network}, {counted(len(self.trials), 'fold')}"
        return cost_curves(curves, mean=True, diverged=lost, title=title, size=size)

    def to_json(self) -> str:
        """Write the result as JSON text.

        Returns
        -------
        str
            ``{"format": "dlaaw-nb/result", "version": 1, "kind": "cross_validation", "network",
            "data", "settings", "mean", "variance", "diverged": count, "stopped", "seconds",
            "trials": [...], "score_name", "placements": [{"trial", "node", "start_s", "end_s",
            "state"}, ...]}``; each trial has the keys of `TrainingResult.to_json`
            from "settings" on; mean and variance are of the score. Numbers that are not finite are
            null.
        """
        content = {
            "network": self._network if self.trials else None,
            "data": data_content(self.trials[0].dataset) if self.trials else None,
            "settings": self.settings,
            "mean": self.mean,
            "variance": self.variance,
            "diverged": self.diverged,
            "stopped": self.stopped,
            "seconds": self.seconds,
            "trials": [trial_content(trial) for trial in self.trials],
            "score_name": self.score_name,
            "placements": self._placed_content(),
        }
        return json_text("cross_validation", content)

    @property
    def _nodes(self) -> list[str]:
        """Where each fold ran; empty where all ran on this machine."""
        nodes = [str(trial.device.get("node", "")) for trial in self.trials]
        return nodes if any(nodes) else []

    @property
    def _network(self) -> str:
        return self.trials[0].model.name if self.trials else "no network"

    @property
    def _measures(self) -> tuple[str, ...]:
        return self.trials[0].measures if self.trials else CLASS_MEASURES

    def _html(self, picture: str) -> str:
        from dlaaw_nb.views import html

        scores = self._measures
        rows = [
            (number, *(number_text(getattr(trial, score)) for score in scores),
             number_text(trial.cost, 4), epochs_text(trial), seconds_text(trial.seconds))
            for number, trial in enumerate(self.trials[:HTML_FOLDS])
        ]  # fmt: skip
        header = ("fold", *scores, "cost", "trained", "time")
        if self._nodes:
            header = (*header, "on")
            rows = [(*row, node) for row, node in zip(rows, self._nodes, strict=False)]
        about = self._summary_rows()
        source = self.trials[0].dataset.source if self.trials else "no data"
        title = f"Cross-validation of {self._network} on {source}"
        more = len(self.trials) - len(rows)
        if self.trials and self.pooled.task != "binary" and self.diverged < len(self.trials):
            pooled = self.pooled
            numbers = pooled.task == "regression"
            view = pooled.plot_residuals() if numbers else pooled.plot_confusion()
            picture += view.to_html()
        folds = html.table(rows, header, f"and {more} more: see .table()" if more else "")
        notes = map(html.note, trials_notes(self.trials, stopped=self.stopped))
        shown = (html.table(about), folds if rows else "", picture, self._schedule_html())
        return html.section(title, *notes, *shown)

    def _schedule_title(self) -> str:
        return f"{self._network}, {counted(len(self.trials), 'fold')}"

    def _trial_word(self) -> str:
        return "fold"

    def _summary_rows(self) -> list[tuple[str, str]]:
        return [
            (f"mean {self.score_name}", number_text(self.mean)),
            ("variance", number_text(self.variance, 5)),
            ("time", f"{seconds_text(self.seconds)} on {devices_text(self.trials)}"),
            ("settings", settings_text(self.settings)),
        ]

    def __repr__(self) -> str:
        state = "stopped, " if self.stopped else ""
        score = (
            f"{self.score_name} {number_text(self.mean)}, variance {number_text(self.variance, 5)}"
        )
        lost = f", {self.diverged} diverged" if self.diverged else ""
        folds = counted(len(self.trials), "fold")
        return f"CrossValidation({state}{score} over {folds}{lost}, {seconds_text(self.seconds)})"


def _fold_name(number: int, trial: TrainingResult) -> str:
    return f"fold {number if trial.fold is None else trial.fold}"


def _fold_row(number: int, trial: TrainingResult) -> tuple[Any, ...]:
    fold = number if trial.fold is None else trial.fold
    scores = (getattr(trial, name) for name in trial.measures)
    return (
        fold,
        *scores,
        trial.cost,
        trial.seconds,
        trial.epochs_done,
        trial.diverged_at,
        trial.stopped,
    )
