"""What trainings under way tell: costs, progress, outputs on the rows that test, the end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

import numpy as np

from .layout import Layout

if TYPE_CHECKING:
    from .session import Session
    from .trials import Trial

__all__ = ["Reporter", "Tester", "is_live", "next_step", "taps_of"]

_SHORT_S, _LONG_S = 0.005, 0.05  # a call of the kernels should take about so long
_TESTING = 0.01  # share of a live training's time that goes into testing it on the way

Emit = Callable[[Dict[str, Any]], None]
Taps = Callable[["Trial", "Session", Sequence[str]], Dict[str, np.ndarray]]


class Reporter:
    """Turns what trainings do into the events of a job.

    Parameters
    ----------
    trials : sequence of Trial
        All trials of the job.
    emit : callable
        Takes each event, from any thread.
    taps : callable
        Gives what layers of a trial put out, on all rows of the data as given.
    """

    def __init__(self, trials: Sequence[Trial], emit: Emit, taps: Taps) -> None:
        self._emit, self._taps = emit, taps
        self._total = sum(int(trial.training["epochs"]) for trial in trials)
        self._done = self._rows = 0
        self._lock = threading.Lock()

    def costs(self, trial: Trial, tester: Tester, costs: Sequence[Any], epochs: int) -> None:
        """Tell what a slice of a training brought.

        Parameters
        ----------
        trial : Trial
            The trial.
        tester : Tester
            Its tester.
        costs : sequence of (int, float)
            Epochs and costs that are new.
        epochs : int
            How many epochs it trained.
        """
        session, plan = tester.session, trial.spec["plan"]
        batched = plan.get("live", True) == "batched" and not plan.get("taps")
        for epoch, cost in costs[-1:] if batched else costs:
            event: Dict[str, Any] = {
                "event": "cost",
                "trial": trial.index,
                "epoch": epoch,
                "cost": cost,
            }
            if batched:
                event["costs"] = costs
            if (epoch, cost) == costs[-1]:
                event["parameters"] = session.parameters()
                if tester.due():
                    event["test_outputs"], event["test_rows"] = tester.outputs(), tester.rows
                taps = plan.get("taps") or ()
                if taps:
                    event["taps"] = self._taps(trial, session, taps)
            self._emit(event)
        with self._lock:
            self._done += epochs
            self._rows += epochs * session.train_rows
            if session.early:  # what is not trained any more counts as done
                self._done += session.epochs - session.epoch
            done, rows = self._done, self._rows
        self._emit({"event": "progress", "done": done, "total": self._total, "rows": rows})

    def end(
        self, trial: Trial, tester: Tester, costs: Sequence[Tuple[int, float]], program: str
    ) -> None:
        """Tell how a training ended.

        Parameters
        ----------
        trial : Trial
            The trial.
        tester : Tester
            Its tester.
        costs : sequence of (int, float)
            All its costs.
        program : str
            Name of what ran it.
        """
        session, split = tester.session, tester.session.split
        self._emit(
            {
                "event": "trial",
                "trial": trial.index,
                "variant": trial.variant,
                "fold": trial.fold,
                "costs": list(costs),
                "validation_costs": session.validation_costs,
                "parameters": session.parameters(),
                "normalization": {"offset": split.offset, "scale": split.scale},
                "test_rows": tester.rows,
                "test_outputs": tester.outputs(),
                "seconds": session.seconds,
                "epochs_done": session.epoch,
                "stopped": not session.over,
                "best_epoch": session.best_epoch,
                "early_stopped": session.early,
                "diverged_at": session.diverged,
                "program": program,
            }
        )


def is_live(trial: Trial) -> Any:
    """Say for whom a trial tells its costs.

    Parameters
    ----------
    trial : Trial
        The trial.

    Returns
    -------
    bool or str
        True for somebody who wants each, ``"batched"``, or False for nobody.
    """
    plan: Mapping[str, Any] = trial.spec["plan"]
    return True if plan.get("taps") else plan.get("live", True)


def next_step(step: int, seconds: float) -> int:
    """Choose how many costs the next call should report.

    Parameters
    ----------
    step : int
        How many the last one reported.
    seconds : float
        How long it took.

    Returns
    -------
    int
        Twice or half as many, where it was short or long.
    """
    if seconds < _SHORT_S:
        return step * 2
    return max(1, step // 2) if seconds > _LONG_S else step


def taps_of(layer_outputs: Callable[..., Dict[str, np.ndarray]]) -> Taps:
    """Make what a reporter asks for taps.

    Parameters
    ----------
    layer_outputs : callable
        A machine's.

    Returns
    -------
    callable
        Gives what layers of a trial put out on all rows of the data, in the order as given.
    """

    def taps(trial: Trial, session: Session, wanted: Sequence[str]) -> Dict[str, np.ndarray]:
        layout = session.layout
        found = layer_outputs(trial.chain, session.parameters(), layout, session.split, wanted)
        back = np.argsort(layout.order)
        return {name: output[back] for name, output in found.items()}

    return taps


class Tester:
    """What a training under way puts out for the rows it is tested on.

    Parameters
    ----------
    features : float64 array, shape (rows, features), or None
        A separate test set; None tests on the rows that do not train.
    session : Session
        The training.
    """

    def __init__(self, features: Optional[np.ndarray], session: Session) -> None:
        self._features, self.session = features, session
        self._layout: Optional[Layout] = None
        self._spent, self._latest, self._final = 0.0, -1, False

    @property
    def rows(self) -> Optional[np.ndarray]:
        """Places in the given data of the rows that test; None for a separate test set."""
        if self._features is not None:
            return None
        return self.session.layout.order[self.session.split.gap_begin : self.session.split.gap_end]

    def due(self) -> bool:
        """Tell whether testing again leaves the training 99 hundredths of the time."""
        return (
            self._latest < 0 or self.session.over or self._spent <= _TESTING * self.session.seconds
        )

    def outputs(self) -> np.ndarray:
        """Run the rows through the network as it is now.

        Returns
        -------
        float32 array, shape (rows,) or (rows, outputs)
            What it puts out.
        """
        if not self._final:  # a stop within an epoch changes weights too
            begin = time.perf_counter()
            self._outputs = self._predict()
            self._spent += time.perf_counter() - begin
            self._latest, self._final = self.session.epoch, self.session.over
        return self._outputs

    def _predict(self) -> np.ndarray:
        session, split = self.session, self.session.split
        if self._features is None:
            outputs = session.predict(session.layout, split.gap_begin, split.gap_end)
        else:
            if self._layout is None:
                self._layout = Layout.as_given(self._features, session.layout.base)
            outputs = session.predict(self._layout, 0, len(self._features))
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
