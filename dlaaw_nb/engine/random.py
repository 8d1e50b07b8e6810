"""Random numbers that are the same on every machine and version of NumPy.

NumPy does not promise that its distributions and shuffles stay as they are, and a kernel on
another target must be able to make the same numbers. So they come from a counter: number `i` is
SplitMix64's mixing function of a start and `i`. A seed has independent streams, one a purpose.

References
----------
Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
"""

from __future__ import annotations

import numpy as np

__all__ = ["permutation", "uniform"]

WEIGHTS, ROWS = 1, 2
_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio


def _mix(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _raw(seed: int, stream: int, count: int) -> np.ndarray:
    """Give `count` numbers of 64 bits."""
    start = _mix(_mix(np.array([seed % 2**64], np.uint64)) + np.uint64(stream))
    return _mix(start + np.arange(1, count + 1, dtype=np.uint64) * _STEP)


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
