"""The settings of a sweep: a grid, a sample of one, or an explicit list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

import numpy as np

from dlaaw_nb.engine import random
from dlaaw_nb.errors import PlanError

__all__ = ["sweep_settings"]

_MOST_POINTS = 10_000_000


def sweep_settings(
    settings: Iterable[Mapping[str, Any]] | None,
    grid: Mapping[str, Any],
    sample: int | None,
    sample_seed: int,
) -> list[dict[str, Any]]:
    """List the settings of a sweep.

    Parameters
    ----------
    settings : iterable of mapping, or None
        The settings one by one.
    grid : mapping of str to iterable
        Values of each hyperparameter; every combination, the last one varying fastest.
    sample : int or None
        Take so many points of the grid at random, each once.
    sample_seed : int
        Seed of the sample.

    Returns
    -------
    list of dict
        Hyperparameters by name.

    Raises
    ------
    PlanError
        When there is nothing to sweep over, too much, or both a list and a grid.
    """
    if settings is not None:
        if grid or sample is not None:
            raise PlanError(
                "sweep: give either a list of settings or values by name (and sample), not both."
            )
        listed = [dict(setting) for setting in settings]
        if not listed:
            raise PlanError("sweep: the list of settings is empty. Give at least one.")
        return listed
    values = {name: _values(name, given) for name, given in grid.items()}
    if not values:
        raise PlanError(
            "sweep: nothing to vary. Write for example sweep(data, learning_rate=[0.1, 0.01])."
        )
    shape = tuple(len(given) for given in values.values())
    points = prod(shape)
    if points > _MOST_POINTS:
        raise PlanError(f"sweep: expected at most {_MOST_POINTS} points in the grid, got {points}.")
    chosen = _sample(points, sample, sample_seed)
    places = np.array(np.unravel_index(chosen, shape)).T
    return [
        {name: given[k] for (name, given), k in zip(values.items(), place, strict=True)}
        for place in places.tolist()
    ]


def _values(name: str, given: Any) -> list[Any]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        return [given]
    values = [value.item() if isinstance(value, np.generic) else value for value in given]
    if not values:
        raise PlanError(f"sweep: {name}: expected at least one value, got none.")
    return values


def _sample(points: int, sample: int | None, seed: int) -> np.ndarray:
    if sample is None:
        return np.arange(points)
    if not 1 <= sample <= points:
        raise PlanError(f"sample: expected 1 to {points}, the points of the grid, got {sample}.")
    return np.sort(random.permutation(seed, points)[:sample])
