"""The machine that is always there: the processor, with the kernels in threads, or NumPy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from . import device, kernel_program, reference
from .faults import BuildError
from .layout import Layouts
from .programs import Program, choose, fits_kernels, key_of
from .reporting import Reporter, Tester, is_live, next_step, taps_of

if TYPE_CHECKING:
    from .chain import Chain
    from .layout import Layout, Split
    from .session import Stop
    from .trials import Trial

__all__ = ["Processor"]

Emit = Callable[[Dict[str, Any]], None]
_LONG_S = 0.05  # a call of the kernels should take about so long
_RATE = 1e10  # operations a second that the kernels surely reach


class Processor:
    """What carries plans out where there is no GPU: the machine's own processor."""

    def describe(self) -> Dict[str, Any]:
        """Describe it; see ``device.describe``.

        Returns
        -------
        dict
            kind, name, cores, compiler.
        """
        return device.describe()

    def train(
        self, trials: Sequence[Trial], data: Mapping[str, Any], emit: Emit, stop: Stop
    ) -> None:
        """Train the trials of a plan.

        Parameters
        ----------
        trials : sequence of Trial
            All of them.
        data : mapping
            See ``execute``.
        emit : callable
            Takes the events, the first of them ``start``.
        stop : Stop
            Ends trainings.
        """
        programs = choose(trials, len(data["labels"]), emit)
        emit({"event": "start", "trials": len(trials), "device": self.describe()})
        Runner(data, programs, emit, stop, trials).run()

    def layer_outputs(
        self,
        chain: Chain,
        parameters: Mapping[str, np.ndarray],
        layout: Layout,
        split: Split,
        wanted: Sequence[str],
    ) -> Dict[str, np.ndarray]:
        """Give what layers put out on all rows of a layout.

        Parameters
        ----------
        chain : Chain
            The layers.
        parameters : mapping of str to array
            By name.
        layout, split
            The rows, and the normalization of the training.
        wanted : sequence of str
            Names of layers.

        Returns
        -------
        dict of str to float32 array, shape (rows, units)
            By name of the layer, in the layout's order.
        """
        return layer_outputs(chain, parameters, layout, split, wanted)


def layer_outputs(
    chain: Chain,
    parameters: Mapping[str, np.ndarray],
    layout: Layout,
    split: Split,
    wanted: Sequence[str],
) -> Dict[str, np.ndarray]:
    """Give what layers put out on all rows of a layout; see ``Processor.layer_outputs``."""
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
        self._data, self._programs, self._stop, self._trials = data, programs, stop, trials
        self._reporter = Reporter(trials, emit, taps_of(layer_outputs))
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
        live = is_live(trial)
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
                self._reporter.costs(trial, tester, new, session.epoch - before)
            if live is not True:
                step = next_step(step, session.seconds - seconds)
        if session.epoch == 0 and self._stop.is_set() and len(self._trials) > 1:
            return  # stopped before its first epoch was whole: as if it had not begun
        self._reporter.end(trial, tester, costs, program.name)
