"""What a monitor knows of a run: the events so far, boiled down. Knows no notebook."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from dlaaw_nb.nn.placements import Placements

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Course"]

_MOST_POINTS = 1000  # of a curve; then every second is dropped
_MOST_VARIANTS = 2000  # among so many networks the settings that differ are looked for
_STEADY_S = 0.2  # before that a rate says nothing


class Course:
    """How a run goes.

    Attributes
    ----------
    state : str
        ``preparing``, ``running``, ``finished``, ``stopped`` or ``failed``.
    error : BaseException or None
        What ended it, where it failed.
    kind : str
        ``training``, ``folds`` or ``sweep``.
    networks : sequence of NNWorkflow
        One for each variant.
    trials : int
        How many trainings it makes.
    done, total : int
        Epochs, over all trainings.
    rows_trained : int
        Rows, each counted as often as it was trained on.
    costs : dict of int to list of (int, float)
        Curve of each training, thinned; empty for a sweep.
    scores : dict of int to float
        How good each training is on its test rows, as last told: accuracy, or R2.
    ended : list of dict
        For each training that ended: trial, variant, score, diverged.
    placements : Placements
        Which training runs on which node, on targets of several.
    telemetry : dict of str to dict
        Of nodes elsewhere, what was last measured.
    """

    def __init__(self) -> None:
        self.state: str = "preparing"
        self.error: BaseException | None = None
        self.networks: Any = ()
        self.trials = self.done = self.total = self.rows_trained = 0
        self.costs: dict[int, list[tuple[int, float]]] = {}
        self.scores: dict[int, float] = {}
        self.ended: list[dict[str, Any]] = []
        self.placements = Placements()
        self.telemetry: dict[str, dict[str, Any]] = {}
        self._began = self._started = time.perf_counter()
        self._over: float | None = None
        self._varying: tuple[str, ...] | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """Learn from one event.

        Parameters
        ----------
        event : mapping
            See ``dlaaw_nb.nn.collector``.
        """
        handler = getattr(self, f"_on_{event['event']}", None)
        if handler is not None:
            handler(event)

    @property
    def kind(self) -> str:
        """What is run."""
        if len(self.networks) > 1:
            return "sweep"
        return "folds" if self.trials > 1 else "training"

    @property
    def score_name(self) -> str:
        """What the score is: ``"accuracy"``, or ``"R2"`` for numbers."""
        return str(self.networks[0].loss.score_name) if len(self.networks) else "accuracy"

    @property
    def over(self) -> bool:
        """Whether it has ended, however."""
        return self._over is not None

    @property
    def seconds(self) -> float:
        """Time since the beginning, or that it took."""
        return (time.perf_counter() if self._over is None else self._over) - self._began

    @property
    def share(self) -> float:
        """How much of the work is done, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def rows_a_second(self) -> float:
        """Rows trained in a second; NaN as long as that means nothing."""
        spent = self._training_seconds
        return self.rows_trained / spent if spent >= _STEADY_S or self.over else math.nan

    @property
    def seconds_left(self) -> float:
        """Time still to go at the pace so far; NaN as long as that means nothing."""
        spent = self._training_seconds
        if spent < _STEADY_S or not self.done or self.over:
            return math.nan
        return spent * (self.total - self.done) / self.done

    @property
    def cost(self) -> float:
        """Mean of the last costs of all trainings; NaN without any."""
        last = [curve[-1][1] for curve in self.costs.values() if curve]
        return sum(last) / len(last) if last else math.nan

    @property
    def score(self) -> float:
        """Mean of the last scores of all trainings; NaN without any."""
        known = [value for value in self.scores.values() if not math.isnan(value)]
        return sum(known) / len(known) if known else math.nan

    def best(self) -> tuple[float, dict[str, Any]] | None:
        """Find the best variant so far.

        Returns
        -------
        tuple of (float, dict) or None
            Mean score over its trainings that ended, and its settings that vary.
        """
        sums: dict[int, list[float]] = {}
        for item in self.ended:
            if not math.isnan(item["score"]):
                sums.setdefault(item["variant"], []).append(item["score"])
        most = max(map(len, sums.values()), default=0)
        # One lucky fold is not a better setting: only those with the most folds are compared.
        means = {v: sum(found) / most for v, found in sums.items() if len(found) == most}
        if not means:
            return None
        first = max(means, key=lambda variant: (means[variant], -variant))
        network = self.networks[first]
        return means[first], {name: _setting(network, name) for name in self._names()}

    def _names(self) -> tuple[str, ...]:
        if self._varying is None:
            names: tuple[str, ...] = (
                "learning_rate", "momentum", "weight_decay", "optimizer", "schedule", "loss",
                "epochs", "batches", "hidden", "seed",
            )  # fmt: skip
            if len(self.networks) <= _MOST_VARIANTS:
                names = tuple(n for n in names if len({_setting(k, n) for k in self.networks}) > 1)
            self._varying = names
        return self._varying

    @property
    def seconds_running(self) -> float:
        """Time since the job began; of a run that is over, that it took."""
        return self._training_seconds

    @property
    def _training_seconds(self) -> float:
        return self.seconds - (self._started - self._began)

    def _on_begin(self, event: Mapping[str, Any]) -> None:
        self.networks = event["networks"]
        self._began = self._started = time.perf_counter()

    def _on_start(self, event: Mapping[str, Any]) -> None:
        self.trials, self.state = event["trials"], "running"
        self._started = time.perf_counter()

    def _on_cost(self, event: Mapping[str, Any]) -> None:
        trial = event["trial"]
        if "score" in event:
            self.scores[trial] = event["score"]
        if self.kind == "sweep":
            return
        curve = self.costs.setdefault(trial, [])
        curve.extend(event.get("costs") or [(event["epoch"], event["cost"])])
        while len(curve) > _MOST_POINTS:
            curve[:] = [*curve[:-1:2], curve[-1]]

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        self.done, self.total = event["done"], event["total"]
        self.rows_trained = event.get("rows", 0)

    def _on_trial(self, event: Mapping[str, Any]) -> None:
        trial, lost = event["trial"], event["diverged_at"]
        score = math.nan if lost is not None else event.get("score", math.nan)
        self.scores[trial] = score
        self.ended.append(
            {"trial": trial, "variant": event["variant"], "score": score, "diverged": lost}
        )

    def _on_schedule(self, event: Mapping[str, Any]) -> None:
        self.placements.take(event)

    def _on_telemetry(self, event: Mapping[str, Any]) -> None:
        self.telemetry[event["node"]] = dict(event)

    def _on_end(self, event: Mapping[str, Any]) -> None:
        self.state, self.error = event["state"], event["error"]
        self._over = self._over or time.perf_counter()


def _setting(network: Any, name: str) -> Any:
    return getattr(network, name)
