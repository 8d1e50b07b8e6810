"""One setting of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.errors import PlanError
from dlaaw_nb.nn.metrics import finished_mean, finished_variance
from dlaaw_nb.views.text import counted, number_text, settings_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.training_result import TrainingResult

__all__ = ["SweepPoint"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SweepPoint:
    """One setting of a sweep and its trainings.

    Attributes
    ----------
    settings : dict
        The hyperparameters that this setting changes; the others are the network's own.
    trials : tuple of TrainingResult
        One training, or one for each fold.
    """

    settings: Mapping[str, Any]
    trials: tuple[TrainingResult, ...]

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """Float64 array, shape (trials,): test scores, NaN where the training diverged."""
        return np.array([trial.score for trial in self.trials], np.float64)

    @property
    def accuracies(self) -> npt.NDArray[np.float64]:
        """Float64 array, shape (trials,): test accuracies, NaN where diverged, or for numbers."""
        return np.array([trial.accuracy for trial in self.trials], np.float64)

    @property
    def mean(self) -> float:
        """Mean score over the trials that did not diverge; NaN if all did."""
        return finished_mean(self.scores)

    @property
    def variance(self) -> float:
        """Population variance over the trials that did not diverge; NaN if all did."""
        return finished_variance(self.scores)

    @property
    def diverged(self) -> int:
        """Count of trials that diverged: they are not in the mean."""
        return sum(trial.diverged for trial in self.trials)

    @property
    def model(self) -> Model:
        """The trained model, where the setting was trained once.

        Raises
        ------
        PlanError
            When the setting was trained on several folds: then there is one model for each.
        """
        if len(self.trials) == 1:
            return self.trials[0].model
        raise PlanError(
            f"setting {settings_text(self.settings)}: expected one training, "
            f"got {len(self.trials)}, one for each fold. Take .trials[0].model, or train once: "
            "network.replace(**point.settings).train(data).model."
        )

    def __repr__(self) -> str:
        folds = f" over {counted(len(self.trials), 'fold')}" if len(self.trials) != 1 else ""
        lost = f", {self.diverged} diverged" if self.diverged else ""
        where = settings_text(self.settings)
        name = self.trials[0].score_name if self.trials else "accuracy"
        return f"SweepPoint({where}: {name} {number_text(self.mean)}{folds}{lost})"
