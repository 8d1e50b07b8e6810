"""A training under way: what the kernels and the NumPy reference have in common."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from . import random
from .recipe import Recipe

if TYPE_CHECKING:
    from .chain import Chain
    from .layout import Layout, Split
    from .trials import Trial

__all__ = ["Session", "Stop", "initial_parameters"]


class Stop:
    """A flag that ends trainings; kernels poll it after every batch."""

    def __init__(self) -> None:
        self.flag = np.zeros(1, np.int32)

    def set(self) -> None:
        """Ask for the end."""
        self.flag[0] = 1

    def is_set(self) -> bool:
        """Tell whether the end was asked for."""
        return bool(self.flag[0])


class Session:
    """One training of one trial.

    An implementer must give `advance`, `parameters` and `predict`; it may use the attributes here.

    Attributes
    ----------
    epoch : int
        Whole epochs done.
    diverged : int or None
        Epoch in which the weights became NaN or infinite.
    seconds : float
        Time spent in `advance`.
    recipe : Recipe
        Loss, optimizer, schedule and what else says how to train.
    train_rows, validation_rows : int
        Rows that train; those behind them that tell when to stop early.
    validation_costs : list of (int, float)
        Like the costs, over the validation rows.
    best_epoch : int or None
        Epoch whose parameters are kept, once early stopping has ended or will not come.
    early : bool
        Whether it has stopped early.
    """

    def __init__(self, trial: Trial, layout: Layout, split: Split, stop: Stop) -> None:
        self.trial, self.layout, self.split, self.stop = trial, layout, split, stop
        self.epochs = int(trial.training["epochs"])
        self.cost_every = int(trial.training["cost_every"])
        self.parts = max(1, int(trial.training["batches"]) - 1)
        self.recipe = Recipe(trial.spec)
        self.validation_rows = self.recipe.validation_rows(split.train_rows)
        self.train_rows = split.train_rows - self.validation_rows
        self.validation_costs: List[Tuple[int, float]] = []
        self.best_epoch: Optional[int] = None
        self.early = False
        self.epoch = 0
        self.diverged: Optional[int] = None
        self.seconds = 0.0

    @property
    def over(self) -> bool:
        """Whether there is nothing left to train."""
        return self.epoch >= self.epochs or self.diverged is not None or self.early

    def advance(self, end: int) -> List[Tuple[int, float]]:
        """Train up to epoch `end`.

        Parameters
        ----------
        end : int
            First epoch that is not trained; at most `epochs`.

        Returns
        -------
        list of (int, float)
            Epochs that are reported, and their cost.
        """
        raise NotImplementedError

    def parameters(self) -> Dict[str, np.ndarray]:
        """Give the parameters as they are now.

        Returns
        -------
        dict of str to float32 array
            By name.
        """
        raise NotImplementedError

    def predict(self, layout: Layout, begin: int, end: int) -> np.ndarray:
        """Run rows of a layout through the network.

        Parameters
        ----------
        layout : Layout
            With the same normalization as the training's.
        begin, end : int
            Rows.

        Returns
        -------
        float32 array, shape (end - begin, outputs)
            What the network puts out.
        """
        raise NotImplementedError

    def reported(self, begin: int, end: int) -> List[int]:
        """List the epochs from `begin` up to `end` whose cost is reported.

        Parameters
        ----------
        begin, end : int
            Epochs.

        Returns
        -------
        list of int
            Multiples of `cost_every`, and the last one.
        """
        first = -(-begin // self.cost_every) * self.cost_every
        found = list(range(first, end, self.cost_every))
        if end == self.epochs and (not found or found[-1] != end - 1):
            found.append(end - 1)
        return found

    def end_of(self, reports: int) -> int:
        """Say where to stop so that some more costs are known.

        Parameters
        ----------
        reports : int
            How many, at least 1.

        Returns
        -------
        int
            First epoch that is not trained then; at most `epochs`.
        """
        first = -(-self.epoch // self.cost_every) * self.cost_every
        return min(first + (reports - 1) * self.cost_every + 1, self.epochs)


def initial_parameters(
    chain: Chain, seed: int, initial: Optional[Mapping[str, Any]] = None
) -> Dict[str, np.ndarray]:
    """Give a training its first weights.

    Parameters
    ----------
    chain : Chain
        The layers.
    seed : int
        0 to 2**64 - 1.
    initial : mapping of str to array, or None
        Weights to start from instead.

    Returns
    -------
    dict of str to float32 array
        Weights uniform on +-sqrt(6 / (in_features + out_features)), biases 0; of layers that
        normalize, weights and variances 1.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    2010.
    """
    if initial is not None:
        return {name: np.asarray(initial[name], np.float32) for name in chain.arrays}
    return dict(_drawn(tuple(chain.arrays.items()), seed))


@lru_cache(maxsize=64)  # the folds and settings of a plan begin with the same weights
def _drawn(shapes: Tuple[Tuple[str, Tuple[int, ...]], ...], seed: int) -> Dict[str, np.ndarray]:
    drawn, at = random.uniform(seed, sum(int(np.prod(shape)) for _, shape in shapes)), 0
    found: Dict[str, np.ndarray] = {}
    for name, shape in shapes:
        size = int(np.prod(shape))
        values = np.zeros(shape, np.float32)
        if len(shape) == 2:
            bound = np.sqrt(6.0 / sum(shape))
            values = ((2.0 * drawn[at : at + size] - 1.0) * bound).astype(np.float32).reshape(shape)
        elif name.endswith((".weight", ".running_variance")):
            values = np.ones(shape, np.float32)
        values.flags.writeable = False
        found[name] = values
        at += size
    return found
