"""Lays the data out as the kernels want it: once for all trials with the same order of rows.

Features become float32 only after an affine map in float64, so that a column of large numbers with
small differences keeps them: the normalization over the rows that train. Folds share a layout, made
with the normalization over all rows; each fold's own is a second map on top, which the kernels
apply as they load a tile.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

import numpy as np

from . import random
from .trials import Trial, cut, training_rows

__all__ = ["Layout", "Layouts", "Split"]

_BLOCK = 512  # rows that are gathered at a time
_PAD = 512  # floats behind the last row: a tile may be read beyond it


@dataclass(frozen=True)
class Split:
    """The rows of one trial, in the layout's order.

    Attributes
    ----------
    gap_begin, gap_end : int
        Rows that do not train; they test, unless there is a separate test set.
    train_rows : int
        Rows that train: all others.
    offset, scale : float64 array, shape (features,)
        Normalization: ``(x - offset) * scale``, for the data as given.
    offset_32, scale_32 : float32 array, shape (features,)
        The same for the layout's values.
    in_place : bool
        Whether the layout's values need no second normalization.
    """

    gap_begin: int
    gap_end: int
    train_rows: int
    offset: np.ndarray
    scale: np.ndarray
    offset_32: np.ndarray
    scale_32: np.ndarray
    in_place: bool


class Layout:
    """The data in one order.

    Attributes
    ----------
    order : int64 array, shape (rows,)
        Place in the given data of each row here.
    bounds : int64 array
        Segments of rows: folds, or what trains and what tests.
    x : float32 array, shape (features, stride)
        Features, feature-major.
    t : float32 array, shape (stride,)
        Labels.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        order: np.ndarray,
        bounds: np.ndarray,
        normalize: str = "none",
        base: Optional[Tuple[np.ndarray, np.ndarray]] = None,
        learn_on: Optional[int] = None,
    ) -> None:
        features, labels = data["features"], data.get("labels")
        self.order, self.bounds, self.normalize = order, bounds, normalize
        self.rows, self.features = features.shape
        self._segments = [_Segment(features, order[a:b]) for a, b in zip(bounds, bounds[1:])]
        learnt = self._segments if learn_on is None else [self._segments[learn_on]]
        self.base = _affine(learnt, normalize, self.features) if base is None else base
        self._splits: Dict[Tuple[int, str], Split] = {}
        self.x = np.zeros((self.features, self.rows + _PAD), np.float32)
        self.t = np.zeros(self.rows + _PAD, np.float32)
        offset, scale = self.base
        for begin in range(0, self.rows, _BLOCK):  # by rows: a column at a time misses the caches
            block = features[order[begin : begin + _BLOCK]]
            block = np.subtract(block, offset, out=block if block.dtype == np.float64 else None)
            block *= scale
            self.x[:, begin : begin + len(block)] = block.T
        if labels is not None:
            self.t[: self.rows] = labels[order]

    @classmethod
    def as_given(cls, features: np.ndarray, base: Tuple[np.ndarray, np.ndarray]) -> Layout:
        """Lay rows out in their own order, for a prediction.

        Parameters
        ----------
        features : float64 array, shape (rows, features)
            The rows.
        base : pair of float64 array
            Offset and scale of the layout's values.

        Returns
        -------
        Layout
            Without labels.
        """
        order = np.arange(len(features))
        return cls({"features": features}, order, np.array([0, len(features)]), base=base)

    def plain(self) -> Split:
        """Give the split of a prediction: every row, no second normalization.

        Returns
        -------
        Split
            Without a gap.
        """
        zeros, ones = np.zeros(self.features, np.float32), np.ones(self.features, np.float32)
        return Split(self.rows, self.rows, self.rows, *self.base, zeros, ones, True)

    def split(self, gap: Tuple[int, int], segment: int, normalize_on: str) -> Split:
        """Give a trial its rows and its normalization.

        Parameters
        ----------
        gap : pair of int
            Rows that do not train.
        segment : int
            Which segment that is, or -1 if all train.
        normalize_on : str
            ``"train"`` learns the normalization on the training rows, ``"all"`` on all.

        Returns
        -------
        Split
            For one trial.
        """
        known = self._splits.get((segment, normalize_on))
        if known is not None:
            return known
        kept = [s for k, s in enumerate(self._segments) if k != segment or normalize_on == "all"]
        offset, scale = _affine(kept, self.normalize, self.features)
        base_offset, base_scale = self.base
        offset_32 = ((offset - base_offset) * base_scale).astype(np.float32)
        scale_32 = (scale / base_scale).astype(np.float32)
        in_place = not offset_32.any() and bool((scale_32 == 1).all())
        train_rows = self.rows - (gap[1] - gap[0])
        split = Split(gap[0], gap[1], train_rows, offset, scale, offset_32, scale_32, in_place)
        self._splits[segment, normalize_on] = split
        return split

    def training_rows(self, split: Split) -> np.ndarray:
        """List a trial's training rows in the order in which they train.

        Parameters
        ----------
        split : Split
            The trial's rows.

        Returns
        -------
        int64 array, shape (train_rows,)
            Places in this layout.
        """
        places = np.arange(self.rows)
        return np.concatenate([places[: split.gap_begin], places[split.gap_end :]])


class _Segment:
    """Some rows of the data and what a normalization needs to know of them."""

    def __init__(self, features: np.ndarray, rows: np.ndarray) -> None:
        self._features, self._order = features, rows
        self.rows = len(rows)
        self._range: Any = None
        self._moments: Any = None

    def _blocks(self) -> Iterator[np.ndarray]:
        """Yield the rows in blocks, so that there is no second copy of the data."""
        for begin in range(0, self.rows, _BLOCK):
            yield self._features[self._order[begin : begin + _BLOCK]]

    def range(self) -> Tuple[np.ndarray, np.ndarray]:
        if self._range is None:
            low, high = zip(*((block.min(axis=0), block.max(axis=0)) for block in self._blocks()))
            self._range = np.min(low, axis=0), np.max(high, axis=0)
        return self._range  # type: ignore[no-any-return]

    def moments(self) -> Tuple[int, np.ndarray, np.ndarray]:
        """Rows, mean, and sum of squares around it."""
        if self._moments is None:
            mean = np.sum([block.sum(axis=0) for block in self._blocks()], axis=0) / self.rows
            squares = np.sum(
                [((block - mean) ** 2).sum(axis=0) for block in self._blocks()], axis=0
            )
            self._moments = self.rows, mean, squares
        return self._moments  # type: ignore[no-any-return]


def _affine(segments: Any, normalize: str, features: int) -> Tuple[np.ndarray, np.ndarray]:
    """Offset and scale; a constant column keeps scale 1."""
    segments = [s for s in segments if s.rows]
    if normalize == "minmax":
        ranges = [s.range() for s in segments]
        low = np.minimum.reduce([r[0] for r in ranges])
        width = np.maximum.reduce([r[1] for r in ranges]) - low
        return low, 1.0 / np.where(width > 0, width, 1.0)
    if normalize == "standard":
        rows, mean, squares = segments[0].moments()
        for segment in segments[1:]:  # Chan, Golub and LeVeque, 1979: moments of parts put together
            more, other, its_squares = segment.moments()
            step = other - mean
            squares = squares + its_squares + step**2 * (rows * more / (rows + more))
            mean = mean + step * (more / (rows + more))
            rows += more
        deviation = np.sqrt(squares / rows)
        return mean, 1.0 / np.where(deviation > 0, deviation, 1.0)
    return np.zeros(features), np.ones(features)


class Layouts:
    """The layouts that the trials of a plan share; each is dropped with its last trial.

    Parameters
    ----------
    data : mapping
        ``features`` (rows, features) float64 and ``labels`` (rows,).
    trials : sequence of Trial
        All trials of the plan.
    """

    def __init__(self, data: Mapping[str, Any], trials: Sequence[Trial]) -> None:
        self._data = data
        self._users = Counter(self.key(trial) for trial in trials)
        self._known: Dict[Tuple[Any, ...], Layout] = {}
        self._lock = threading.Lock()

    def key(self, trial: Trial) -> Tuple[Any, ...]:
        """Say what makes a layout different from another.

        Parameters
        ----------
        trial : Trial
            A trial.

        Returns
        -------
        tuple
            Seed, folds, stratified, training rows, normalization.
        """
        plan, training = trial.spec["plan"], trial.training
        folds, batches = plan.get("folds"), int(training["batches"])
        rows = len(self._data["labels"])
        train = None if folds else training_rows(rows, plan.get("test", "last_batch"), batches)
        seed = int(training["seed"]) if training["shuffle"] else None
        normalize = trial.spec["preprocessing"]["normalize"]
        return (seed, folds, bool(plan.get("stratified")), train, normalize)

    def take(self, trial: Trial) -> Tuple[Layout, Split]:
        """Give a trial its layout and its rows in it.

        Parameters
        ----------
        trial : Trial
            The trial; each takes once.

        Returns
        -------
        Layout, Split
            Data in the trial's order, and which rows train.
        """
        key = self.key(trial)
        with self._lock:
            layout = self._known.get(key) or self._make(*key)
            self._known[key] = layout
            self._users[key] -= 1
            if not self._users[key]:
                del self._known[key]
            segment = 1 if trial.fold is None else trial.fold
            gap = (int(layout.bounds[segment]), int(layout.bounds[segment + 1]))
            return layout, layout.split(gap, segment, trial.spec["preprocessing"]["normalize_on"])

    def _make(
        self,
        seed: Optional[int],
        folds: Optional[int],
        stratified: bool,
        train: Optional[int],
        normalize: str,
    ) -> Layout:
        rows = len(self._data["labels"])
        order = np.arange(rows) if seed is None else random.permutation(seed, rows)
        if folds and stratified:
            order = _stratify(order, self._data["labels"], folds)
        bounds = cut(rows, folds) if folds else np.array([0, train, rows])
        return Layout(self._data, order, bounds, normalize, learn_on=None if folds else 0)


def _stratify(order: np.ndarray, labels: np.ndarray, folds: int) -> np.ndarray:
    """Deal the rows out to the folds class by class; within a fold they keep their order."""
    by_class = np.argsort(labels[order], kind="stable")
    fold = np.empty(len(order), np.int64)
    fold[by_class] = np.arange(len(order)) % folds
    return order[np.argsort(fold, kind="stable")]
