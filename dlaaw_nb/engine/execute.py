"""The one function that every target runs: a specification and data in, events out.

Events are dicts; ``event`` says which:

- ``log``: level, message.
- ``start``: trials (how many), device.
- ``cost``: trial, epoch, cost, parameters after that epoch, and taps; test_outputs of those
  parameters (and test_rows) as often as that takes a hundredth of the time, and at the end.
  What the plan calls ``live`` says for whom: true, somebody who wants each; ``"batched"``, a
  watcher whom a few a second serve, with all costs since the last in ``costs`` as (epoch, cost);
  false, nobody (the costs then come with the trial).
- ``progress``: done, total (epochs over all trials), and rows, each counted as often as it was
  trained on; likewise.
- ``trial``: one trial is finished, stopped or diverged; its parameters (of a diverged one the last
  finite ones, of early stopping the best ones), normalization, test outputs, best_epoch and
  early_stopped, validation_costs like costs. Trials of which a stop left no
  whole epoch have none, but for a single one.
- ``prediction``: outputs by layer.
- ``result``: seconds.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from . import device, kernel_program, reference
from .chain import Chain
from .faults import BuildError
from .layout import Layout, Layouts, Split
from .programs import Program, choose, fits_kernels, key_of
from .session import Session, Stop
from .trials import Trial, expand

__all__ = ["execute"]

Emit = Callable[[Dict[str, Any]], None]
_SHORT_S, _LONG_S = 0.005, 0.05  # a call of the kernels should take about so long
_TESTING = 0.01  # share of a live training's time that goes into testing it on the way
_RATE = 1e10  # operations a second that the kernels surely reach


def execute(
    spec: Mapping[str, Any], data: Mapping[str, Any], emit: Emit, stop: Optional[Stop] = None
) -> None:
    """Carry out a specification on this machine.

    Parameters
    ----------
    spec : mapping
        A specification with its plan.
    data : mapping
        ``features`` float64 (rows, features) and ``labels`` (rows,); for a separate test set
        ``test_features``; ``initial``, parameters to start from; for a prediction ``parameters``
        and ``normalization`` (offset, scale).
    emit : callable
        Takes each event; called from several threads, one at a time.
    stop : Stop or None
        Ends trainings when set; what was trained so far still comes as events.

    Raises
    ------
    PlanError
        When the plan does not fit the data.
    """
    begin = time.perf_counter()
    lock = threading.Lock()

    def one_at_a_time(event: Dict[str, Any]) -> None:
        with lock:
            emit(event)

    if spec["plan"]["kind"] == "predict":
        _predict(spec, data, one_at_a_time)
    else:
        _train(spec, data, one_at_a_time, stop or Stop())
    emit({"event": "result", "seconds": time.perf_counter() - begin})


def _train(spec: Mapping[str, Any], data: Mapping[str, Any], emit: Emit, stop: Stop) -> None:
    rows = len(data["labels"])
    trials = expand(spec, rows)
    programs = choose(trials, rows, emit)
    emit({"event": "start", "trials": len(trials), "device": device.describe()})
    Runner(data, programs, emit, stop, trials).run()


class Runner:
    """Shares the trials of a plan out to the machine's cores."""

    def __init__(
        self,
        data: Mapping[str, Any],
        programs: Mapping[Tuple[Any, ...], Program],
        emit: Emit,
        stop: Stop,
        trials: Sequence[Trial],
    ) -> None:
        self._data, self._programs, self._emit, self._stop = data, programs, emit, stop
        self._trials = trials
        self._total = sum(int(trial.training["epochs"]) for trial in trials)
        self._done = self._rows = 0
        self._lock = threading.Lock()
        self._layouts = Layouts(data, trials)

    def run(self) -> None:
        """Run all trials, the longest first; the last ones share the cores that are left."""
        order = sorted(self._trials, key=lambda t: -t.chain.count * int(t.training["epochs"]))
        cores = device.cores()
        shared = 0 if cores == 1 else len(order) % cores
        alone, rest = order[: len(order) - shared], order[len(order) - shared :]
        if cores == 1 or len(order) == 1:
            for trial in order:
                self._trial(trial, cores)
            return
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(lambda trial: self._trial(trial, 1), alone))
            list(pool.map(lambda trial: self._trial(trial, cores // shared), rest))

    def _trial(self, trial: Trial, team: int) -> None:
        if self._stop.is_set():
            return
        layout, split = self._layouts.take(trial)
        program = self._programs[key_of(trial)]
        session = program.start(trial, layout, split, self._stop, self._data.get("initial"), team)
        live = trial.spec["plan"].get("live", True)
        if trial.spec["plan"].get("taps"):
            live = True
        tester = Tester(self._data.get("test_features"), session)
        costs: List[Tuple[int, float]] = []
        work = (
            6.0 * session.train_rows * trial.chain.count * min(session.cost_every, session.epochs)
        )
        step = 1 if live is True else max(1, int(_LONG_S / 2 * _RATE / work))
        while not session.over and not self._stop.is_set():
            before, seconds = session.epoch, session.seconds
            new = session.advance(session.end_of(step))
            costs += new
            if live:
                self._report(trial, tester, new, session.epoch - before)
            took = session.seconds - seconds
            if live is not True:
                step = (
                    step * 2 if took < _SHORT_S else max(1, step // 2) if took > _LONG_S else step
                )
        if session.epoch == 0 and self._stop.is_set() and len(self._trials) > 1:
            return  # stopped before its first epoch was whole: as if it had not begun
        self._finish(trial, tester, costs, program.name)

    def _report(self, trial: Trial, tester: Tester, costs: Sequence[Any], epochs: int) -> None:
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
                    event["taps"] = _taps(trial, session, taps)
            self._emit(event)
        with self._lock:
            self._done += epochs
            self._rows += epochs * session.train_rows
            if session.early:  # what is not trained any more counts as done
                self._done += session.epochs - session.epoch
            done, rows = self._done, self._rows
        self._emit({"event": "progress", "done": done, "total": self._total, "rows": rows})

    def _finish(
        self, trial: Trial, tester: Tester, costs: List[Tuple[int, float]], program: str
    ) -> None:
        session, split = tester.session, tester.session.split
        self._emit(
            {
                "event": "trial",
                "trial": trial.index,
                "variant": trial.variant,
                "fold": trial.fold,
                "costs": costs,
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


def _taps(trial: Trial, session: Session, wanted: Sequence[str]) -> Dict[str, np.ndarray]:
    """Give what layers put out on all rows of the data, in the order as given."""
    found = _layer_outputs(trial.chain, session.parameters(), session.layout, session.split, wanted)
    back = np.argsort(session.layout.order)
    return {name: output[back] for name, output in found.items()}


def _layer_outputs(
    chain: Chain,
    parameters: Mapping[str, np.ndarray],
    layout: Layout,
    split: Split,
    wanted: Sequence[str],
) -> Dict[str, np.ndarray]:
    if fits_kernels(chain):
        try:
            return kernel_program.layer_outputs(
                chain, parameters, layout, split, wanted, constant=True
            )
        except BuildError:
            pass  # training has said so already; NumPy gives the same to rounding
    x = (layout.x[:, : layout.rows].T - split.offset_32) * split.scale_32
    with np.errstate(over="ignore", invalid="ignore"):
        values = reference.forward(chain.nodes, parameters, x)
    return {name: value for name, value in zip(chain.names, values[1:]) if name in wanted}


def _predict(spec: Mapping[str, Any], data: Mapping[str, Any], emit: Emit) -> None:
    chain = Chain(spec["layers"]["nodes"])
    normalization = data["normalization"]
    base = (np.asarray(normalization["offset"]), np.asarray(normalization["scale"]))
    layout = Layout.as_given(data["features"], base)
    emit({"event": "start", "trials": 1, "device": device.describe()})
    wanted = [chain.names[-1], *(spec["plan"].get("outputs") or ())]
    parameters = {name: np.asarray(data["parameters"][name], np.float32) for name in chain.arrays}
    outputs = _layer_outputs(chain, parameters, layout, layout.plain(), wanted)
    emit({"event": "prediction", "outputs": outputs})
