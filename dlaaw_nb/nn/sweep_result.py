"""What a sweep over hyperparameters gave: a point for each setting, with its trainings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import PlanError
from dlaaw_nb.nn.metrics import finished_mean
from dlaaw_nb.nn.placements import Placed, Placement
from dlaaw_nb.nn.result_json import json_text
from dlaaw_nb.nn.result_parts import data_content, devices_text, trial_content, trials_notes
from dlaaw_nb.nn.sweep_point import SweepPoint
from dlaaw_nb.views.shown import Shown
from dlaaw_nb.views.text import counted, number_text, seconds_text, settings_text

if TYPE_CHECKING:
    import pandas as pd

    from dlaaw_nb.nn.training_result import TrainingResult
    from dlaaw_nb.views.canvas import View

__all__ = ["Sweep", "SweepPoint"]

HTML_POINTS = 10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sweep(Placed, Shown):
    """The settings of a sweep, in the order in which they were run.

    Attributes
    ----------
    points : tuple of SweepPoint
        The settings that ran.
    seconds : float
        Time of the whole plan in seconds.
    placements : tuple of Placement
        Which training ran on which node, when; empty where there was one machine.
    """

    points: tuple[SweepPoint, ...]
    seconds: float
    placements: tuple[Placement, ...] = ()

    @property
    def best(self) -> SweepPoint:
        """The setting with the highest mean score.

        Of equal ones, that with the least variance, then the first.

        Raises
        ------
        PlanError
            When every setting diverged, or none was run.
        """
        position = self._best_position(self._means(), self._variances())
        if position is None:
            why = (
                "every setting diverged: try smaller learning rates"
                if self.points
                else "none was run"
            )
            raise PlanError(
                f"sweep of {counted(len(self.points), 'setting')}: no best one, for {why}."
            )
        return self.points[position]

    @property
    def score_name(self) -> str:
        """What the settings are judged by: ``"accuracy"``, or ``"R2"`` for numbers."""
        trials = self._trials()
        return trials[0].score_name if trials else "accuracy"

    @property
    def varied(self) -> tuple[str, ...]:
        """Names of the hyperparameters that differ between settings, in the order given."""
        return tuple(name for name in self._names() if len(set(self._column(name))) > 1)

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped a training of it."""
        return any(trial.stopped for trial in self._trials())

    def table(self) -> pd.DataFrame:
        """Tabulate the settings.

        Returns
        -------
        pandas.DataFrame
            One row for each setting in the order of the run: its hyperparameters, then accuracy (or
            R2; mean over the trials that did not diverge), variance, cost (mean of the last costs),
            seconds (sum over the trials), trials, diverged (count).
        """
        import pandas as pd

        columns: dict[str, Any] = {name: self._values(name) for name in self._names()}
        columns[self.score_name] = self._means()
        columns["variance"] = self._variances()
        columns["cost"] = [finished_mean([t.cost for t in p.trials]) for p in self.points]
        columns["seconds"] = [sum(t.seconds for t in p.trials) for p in self.points]
        columns["trials"] = [len(p.trials) for p in self.points]
        columns["diverged"] = [p.diverged for p in self.points]
        return pd.DataFrame(columns)

    def plot(self, *, title: str | None = None) -> View:
        """Draw a heat map over two hyperparameters, else mean and spread of each setting.

        Parameters
        ----------
        title : str or None
            The title; None names the network.

        Returns
        -------
        View
            A matplotlib figure, made without pyplot. Up to 25 settings are named, more are numbered
            in the order of the run; a single hyperparameter that is a number becomes the horizontal
            axis.
        """
        from dlaaw_nb.nn.sweep_plot import sweep_view

        name = self.points[0].trials[0].model.name if self._trials() else "no network"
        means, variances = self._means(), self._variances()
        folds = any(len(point.trials) > 1 for point in self.points)
        return sweep_view(
            [point.settings for point in self.points],
            self.varied,
            means,
            variances if folds else None,
            self._best_position(means, variances),
            title or f"Test {self.score_name} of {name} by setting",
            self.score_name,
        )

    def to_json(self) -> str:
        """Write the result as JSON text.

        Returns
        -------
        str
            ``{"format": "dlaaw-nb/result", "version": 1, "kind": "sweep", "network", "data",
            "best": position from 0 or null, "stopped", "seconds", "points": [{"settings", "mean",
            "variance", "diverged": count, "trials": [...]}, ...], "score_name", "placements":
            [{"trial", "node", "start_s", "end_s", "state"}, ...]}``; each trial has the keys of
            `TrainingResult.to_json` from "settings" on. Numbers that are not finite are null.
        """
        first = next(iter(self._trials()), None)
        means, variances = self._means(), self._variances()
        content = {
            "network": None if first is None else first.model.name,
            "data": None if first is None else data_content(first.dataset),
            "best": self._best_position(means, variances),
            "stopped": self.stopped,
            "seconds": self.seconds,
            "points": [
                {
                    "settings": point.settings,
                    "mean": mean,
                    "variance": variance,
                    "diverged": point.diverged,
                    "trials": [trial_content(trial) for trial in point.trials],
                }
                for point, mean, variance in zip(self.points, means, variances, strict=True)
            ],
            "score_name": self.score_name,
            "placements": self._placed_content(),
        }
        return json_text("sweep", content)

    def _trials(self) -> list[TrainingResult]:
        return [trial for point in self.points for trial in point.trials]

    def _names(self) -> list[str]:
        return list(dict.fromkeys(name for point in self.points for name in point.settings))

    def _values(self, name: str) -> list[Any]:
        return [point.settings.get(name) for point in self.points]

    def _column(self, name: str) -> list[str]:
        # As text, since lists of widths have no hash.
        return [repr(value) for value in self._values(name)]

    def _means(self) -> list[float]:
        return [point.mean for point in self.points]

    def _variances(self) -> list[float]:
        return [point.variance for point in self.points]

    @staticmethod
    def _best_position(means: list[float], variances: list[float]) -> int | None:
        finished = [i for i, mean in enumerate(means) if not math.isnan(mean)]
        return max(finished, key=lambda i: (means[i], -variances[i], -i), default=None)

    def _html(self, picture: str) -> str:
        from dlaaw_nb.views import html

        trials = self._trials()
        name = trials[0].model.name if trials else "no network"
        source = trials[0].dataset.source if trials else "no data"
        about = [
            ("settings", str(len(self.points))),
            ("trainings", str(len(trials))),
            ("time", f"{seconds_text(self.seconds)} on {devices_text(trials)}"),
        ]
        notes = map(html.note, trials_notes(trials, stopped=self.stopped))
        best = self._html_best() if self.points else ""
        title = f"Sweep of {name} on {source}"
        shown = (html.table(about), best, picture, self._schedule_html())
        return html.section(title, *notes, *shown)

    def _schedule_title(self) -> str:
        return f"Sweep over {counted(len(self.points), 'setting')}"

    def _trial_word(self) -> str:
        return "training"

    def _html_best(self) -> str:
        from dlaaw_nb.views import html

        means = self._means()
        order = sorted(range(len(means)), key=lambda i: (math.isnan(means[i]), -means[i], i))
        points = [self.points[i] for i in order[:HTML_POINTS]]
        rows = [
            (settings_text(p.settings), number_text(p.mean), number_text(p.variance, 5),
             len(p.trials), p.diverged)
            for p in points
        ]  # fmt: skip
        more = len(means) - len(rows)
        caption = f"The best {len(rows)} of {len(means)}; all of them: .table()" if more else ""
        header = ("setting", f"mean {self.score_name}", "variance", "trainings", "diverged")
        return html.table(rows, header, caption)

    def __repr__(self) -> str:
        trials = len(self._trials())
        state = "stopped, " if self.stopped else ""
        lost = sum(point.diverged for point in self.points)
        size = f"{counted(len(self.points), 'setting')}, {counted(trials, 'training')}"
        size += f", {lost} diverged" if lost else ""
        position = self._best_position(self._means(), self._variances())
        if position is None:
            return f"Sweep({state}{size}, {seconds_text(self.seconds)})"
        point = self.points[position]
        best = (
            f"best {self.score_name} {number_text(point.mean)} at {settings_text(point.settings)}"
        )
        return f"Sweep({state}{size}, {best}, {seconds_text(self.seconds)})"
