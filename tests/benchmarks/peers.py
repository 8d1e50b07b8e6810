"""What a peer is, and the list of them; each library is imported only in its peer's file."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.benchmarks.networks import Work


@dataclass(frozen=True)
class Trained:
    """What a peer gives back.

    Attributes
    ----------
    parameters : dict of arrays
        Named and laid out as ``Work.initial``.
    seconds : float
        The training alone: no import, data preparation or compilation.
    whole_seconds : float or None
        The whole call as a user sees it, result object included; None where it means nothing.
    """

    parameters: dict[str, NDArray[np.floating]]
    seconds: float
    whole_seconds: float | None = None


class Peer(Protocol):
    """One system under measurement.

    A peer must train exactly ``work`` (no shuffling, no early stop) and time its own training. It
    may keep what it compiled for a shape, so that a first, unmeasured call warms it up.
    """

    name: str

    def train(self, work: Work) -> Trained:
        """Train once."""
        ...


@dataclass(frozen=True)
class _Entry:
    module: str
    distribution: str
    make: str


_ENTRIES = {
    "ours": _Entry("dlaaw_nb", "dlaaw-nb", "tests.benchmarks.peer_ours:Ours"),
    "numpy": _Entry("numpy", "numpy", "tests.benchmarks.peer_numpy:ByHand"),
    "pytorch": _Entry("torch", "torch", "tests.benchmarks.peer_pytorch:Eager"),
    "pytorch1": _Entry("torch", "torch", "tests.benchmarks.peer_pytorch:EagerOneThread"),
    "sklearn": _Entry("sklearn", "scikit-learn", "tests.benchmarks.peer_sklearn:Mlp"),
    "jax": _Entry("jax", "jax", "tests.benchmarks.peer_jax:JitScan"),
    "jax2": _Entry("jax", "jax", "tests.benchmarks.peer_jax:JitScanUnrolled"),
}

KEYS = tuple(_ENTRIES)


def available(key: str) -> bool:
    """Whether the peer's library is installed."""
    return importlib.util.find_spec(_ENTRIES[key].module) is not None


def make(key: str) -> Peer:
    """The peer of that key: ours, numpy, pytorch, pytorch1, sklearn, jax or jax2."""
    module, name = _ENTRIES[key].make.split(":")
    return cast("Peer", getattr(importlib.import_module(module), name)())


def installed(*keys: str, without: tuple[str, ...] = ()) -> dict[str, Peer]:
    """The peers among ``keys`` (all, if none is named) that can run here and are wanted."""
    wanted = [key for key in keys or KEYS if key not in without]
    return {key: make(key) for key in wanted if available(key)}


def versions() -> dict[str, str]:
    """The version of each installed library."""
    names = {entry.module: entry.distribution for entry in _ENTRIES.values()}
    return {
        name: metadata.version(name)
        for module, name in names.items()
        if module in metadata.packages_distributions()
    }


def accuracy(parameters: dict[str, NDArray[np.floating]], work: Work) -> float:
    """The share of the test rows that these parameters classify rightly; judged alike for all."""
    rows = work.test_features.astype(np.float64)
    for number in work.layers:
        rows = rows @ parameters[f"Linear{number}.weight"].T + parameters[f"Linear{number}.bias"]
        if number != work.layers[-1]:
            rows = np.maximum(rows, 0.0)
    return float(np.mean((rows[:, 0] > 0) == (work.test_labels == 1)))
