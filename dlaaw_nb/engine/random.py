"""Random numbers that are the same on every machine and version of NumPy.

NumPy promises that the raw stream of its bit generators does not change, but not what its
distributions make of it; so permutations and uniform numbers are made here, from Philox (Salmon et
al., "Parallel random numbers: as easy as 1, 2, 3", 2011). A seed has independent streams, one for
each purpose.
"""

from __future__ import annotations

import numpy as np

__all__ = ["permutation", "uniform"]

WEIGHTS, ROWS = 0, 1


def _raw(seed: int, stream: int, count: int) -> np.ndarray:
    key = np.array([seed % 2**64, stream], np.uint64)
    return np.asarray(np.random.Philox(key=key).random_raw(count), np.uint64)


def permutation(seed: int, count: int) -> np.ndarray:
    """Shuffle the numbers 0 to `count` - 1.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    count : int
        How many.

    Returns
    -------
    int64 array, shape (count,)
        Each number once.
    """
    return np.argsort(_raw(seed, ROWS, count), kind="stable")


def uniform(seed: int, count: int) -> np.ndarray:
    """Draw `count` numbers from [0, 1), for initial weights.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    count : int
        How many.

    Returns
    -------
    float64 array, shape (count,)
        Multiples of 2**-53.
    """
    return np.asarray((_raw(seed, WEIGHTS, count) >> np.uint64(11)) * 2.0**-53)
