"""Trains with NumPy, layer by layer: for large networks, and where there is no compiler.

The same rows, batches, order and formulas as the kernels; sums are made by NumPy's BLAS, so results
agree to rounding.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from . import reference
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
        self.dtype = program.dtype
        first = initial_parameters(trial.chain, int(trial.training["seed"]), initial)
        self.weights = {name: value.astype(self.dtype) for name, value in first.items()}
        _, states, self._update = reference.OPTIMIZERS[trial.spec["optimizer"]["kind"]]
        self._state = {
            k: [np.zeros_like(w) for _ in range(states)] for k, w in self.weights.items()
        }
        self._value, self._slope = reference.LOSSES[trial.spec["loss"]["kind"]]
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
            while self.epoch < end and not self.stop.is_set() and self.diverged is None:
                before = {name: weight.copy() for name, weight in self.weights.items()}
                cost = self._train_epoch(self.epoch in wanted)
                if not all(np.isfinite(w).all() for w in self.weights.values()):
                    self.diverged, self.weights = self.epoch, before
                if cost is None:
                    break
                if self.epoch in wanted:
                    costs.append((self.epoch, cost))
                self.epoch += 1
        self.seconds += time.perf_counter() - begin
        return costs

    def _train_epoch(self, report: bool) -> Optional[float]:
        """Train one epoch; its mean loss, or None if it was stopped."""
        total = 0.0
        bounds = cut(self.split.train_rows, self.parts)
        for begin, end in zip(bounds, bounds[1:]):
            sums: Dict[str, np.ndarray] = {}
            for at in range(begin, end, _CHUNK):
                if self.stop.is_set():
                    return None
                total += self._accumulate(at, min(at + _CHUNK, end), end - begin, sums, report)
            for name, weight in self.weights.items():
                self._update(weight, sums[name], self._state[name], self.settings)
        return total / self.split.train_rows

    def _accumulate(
        self, begin: int, end: int, rows: int, sums: Dict[str, np.ndarray], report: bool
    ) -> float:
        nodes = self.trial.chain.nodes
        values = reference.forward(nodes, self.weights, self._x[begin:end])
        t = self._t[begin:end]
        delta = self._slope(values[-1], t) / self.dtype.type(rows)
        for name, part in reference.gradients(nodes, self.weights, values, delta).items():
            sums[name] = sums[name] + part if name in sums else part
        return float(self._value(values[-1], t).sum(dtype=np.float64)) if report else 0.0

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
