"""Trains with NumPy, layer by layer: for large networks, and where there is no compiler.

The same rows, batches, order and formulas as the kernels; sums are made by NumPy's BLAS, so results
agree to rounding.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from . import random, reference
from .session import Session, Stop, initial_parameters
from .trials import Trial, cut

if TYPE_CHECKING:
    from .layout import Layout, Split

__all__ = ["NumpyProgram"]

_CHUNK = 512  # rows at a time: bounds memory, and the time until Stop


class NumpyProgram:
    """The reference as a program.

    Parameters
    ----------
    dtype : dtype
        float32 as the kernels, or float64 to judge rounding.
    """

    name = "numpy"

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = np.dtype(dtype)

    def start(
        self,
        trial: Trial,
        layout: Layout,
        split: Split,
        stop: Stop,
        initial: Optional[Mapping[str, Any]],
        team: int,  # noqa: ARG002 (same interface as KernelProgram.start)
    ) -> NumpySession:
        """Begin a training; see ``KernelProgram.start``. `team` is NumPy's own affair."""
        return NumpySession(self, trial, layout, split, stop, initial)


class NumpySession(Session):
    """One training by NumPy."""

    def __init__(
        self,
        program: NumpyProgram,
        trial: Trial,
        layout: Layout,
        split: Split,
        stop: Stop,
        initial: Optional[Mapping[str, Any]],
    ) -> None:
        super().__init__(trial, layout, split, stop)
        self.dtype, chain, recipe = program.dtype, trial.chain, self.recipe
        first = initial_parameters(chain, int(trial.training["seed"]), initial)
        self.weights = {name: value.astype(self.dtype) for name, value in first.items()}
        self._optimizer = reference.OPTIMIZERS[recipe.optimizer]
        self._schedule = reference.SCHEDULES[recipe.schedule]
        self._memory = np.zeros(reference.SCHEDULE_MEMORY)
        self._state = {
            name: [np.zeros(shape, self.dtype) for _ in range(self._optimizer.states)]
            for name, shape in chain.shapes.items()
        }
        self._loss = reference.LOSSES[recipe.loss]
        part_of_loss = self._loss.takes_in == chain.kinds[-1]
        self._nodes = chain.nodes[:-1] if part_of_loss else chain.nodes
        self._chunk = self.train_rows if chain.whole_batch else _CHUNK
        self._best: Optional[Tuple[float, int, Dict[str, np.ndarray]]] = None
        rows: Any = slice(0, split.gap_begin)
        if split.gap_end < layout.rows:
            rows = layout.training_rows(split)
        self._x = self._load(layout, rows)
        self._t = layout.t[rows].astype(self.dtype)[:, None]

    def _load(self, layout: Layout, rows: Any) -> np.ndarray:
        if self.split.in_place and self.dtype == np.float32:
            return np.asarray(layout.x[:, rows].T)  # BLAS takes it as it lies: no copy of a slice
        part = layout.x[:, rows] - self.split.offset_32[:, None]
        part *= self.split.scale_32[:, None]
        return np.ascontiguousarray(part.T.astype(self.dtype, copy=False))

    def advance(self, end: int) -> List[Tuple[int, float]]:
        """Train up to epoch `end`; see ``Session.advance``."""
        begin = time.perf_counter()
        wanted = set(self.reported(self.epoch, end))
        costs: List[Tuple[int, float]] = []
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while self.epoch < end and not self.stop.is_set() and not self.over:
                before = {name: weight.copy() for name, weight in self.weights.items()}
                cost = self._train_epoch(self.epoch in wanted or self.recipe.watches)
                if not all(np.isfinite(w).all() for w in self.weights.values()):
                    self.diverged, self.weights = self.epoch, before
                if cost is None:
                    break
                self._watch(cost, self.epoch in wanted)
                if self.epoch in wanted:
                    costs.append((self.epoch, cost))
                self.epoch += 1
                if self.early:
                    break
        if self._best is not None and self.over and self.diverged is None:
            _, self.best_epoch, self.weights = self._best
        self.seconds += time.perf_counter() - begin
        return costs

    def _train_epoch(self, report: bool) -> Optional[float]:
        """Train one epoch; its mean loss, or None if it was stopped."""
        recipe, total = self.recipe, 0.0
        rate = float(recipe.settings[0])
        rate *= self._schedule.factor(
            rate, recipe.schedule_settings, self.epoch, self.epochs, self._memory
        )
        order = np.arange(self.train_rows)
        if recipe.reshuffle:
            key = random.epoch_key(recipe.shuffle_key, self.epoch)
            order = random.shuffled(key, self.train_rows)
        bounds = cut(self.train_rows, self.parts)
        for number, (begin, end) in enumerate(zip(bounds, bounds[1:])):
            sums: Dict[str, np.ndarray] = {}
            for at in range(begin, end, self._chunk):
                if self.stop.is_set():
                    return None
                stop = min(at + self._chunk, end)
                rows: Any = order[at:stop] if recipe.reshuffle else slice(at, stop)
                total += self._accumulate(rows, at, end - begin, sums, report)
            reference.clip(sums, recipe.clip_norm)
            for name, gradient in sums.items():
                self._optimizer.update(
                    self.weights[name],
                    gradient,
                    self._state[name],
                    recipe.settings,
                    rate,
                    self.epoch * self.parts + number + 1,
                )
        return total / self.train_rows

    def _accumulate(
        self, rows: Any, place: int, batch: int, sums: Dict[str, np.ndarray], report: bool
    ) -> float:
        key = random.epoch_key(self.recipe.dropout_key, self.epoch)
        seen = reference.Pass(True, key, int(place))
        values = reference.forward(self._nodes, self.weights, self._x[rows], seen)
        t, options = self._t[rows], self.recipe.loss_options
        delta = self._loss.gradient(values[-1], t, options) / self.dtype.type(batch)
        found = reference.gradients(self._nodes, self.weights, values, delta, seen)
        for name, part in found.items():
            sums[name] = sums[name] + part if name in sums else part
        if not report:
            return 0.0
        return float(self._loss.value(values[-1], t, options).sum(dtype=np.float64))

    def _watch(self, cost: float, report: bool) -> None:
        """Look at an epoch's cost, as the schedule and early stopping do."""
        recipe = self.recipe
        if self.validation_rows and (report or recipe.watches):
            cost = self._validate()
            if report:
                self.validation_costs.append((self.epoch, cost))
        if self._schedule.observe:
            rate = float(recipe.settings[0])
            self._schedule.observe(rate, recipe.schedule_settings, cost, self._memory)
        if not recipe.patience or self.diverged is not None:
            return
        if self._best is None or cost < self._best[0] - recipe.min_delta:
            kept = {name: weight.copy() for name, weight in self.weights.items()}
            self._best = cost, self.epoch, kept
        self.early = self.epoch - self._best[1] >= recipe.patience

    def _validate(self) -> float:
        total = 0.0
        for at in range(self.train_rows, len(self._x), _CHUNK):
            rows = slice(at, at + _CHUNK)
            z = reference.forward(self._nodes, self.weights, self._x[rows])[-1]
            losses = self._loss.value(z, self._t[rows], self.recipe.loss_options)
            total += float(losses.sum(dtype=np.float64))
        return total / self.validation_rows

    def parameters(self) -> Dict[str, np.ndarray]:
        """Give the parameters as they are now; see ``Session.parameters``."""
        return {name: weight.astype(np.float32) for name, weight in self.weights.items()}

    def predict(self, layout: Layout, begin: int, end: int) -> np.ndarray:
        """Run rows through the network; see ``Session.predict``."""
        outputs = []
        with np.errstate(over="ignore", invalid="ignore"):
            for at in range(begin, end, _CHUNK):
                x = self._load(layout, slice(at, min(at + _CHUNK, end)))
                outputs.append(reference.forward(self.trial.chain.nodes, self.weights, x)[-1])
        return np.concatenate(outputs).astype(np.float32)
