"""Random numbers that are the same on every machine and version of NumPy.

NumPy does not promise that its distributions and shuffles stay as they are, and a kernel on
another target must be able to make the same numbers. So they come from a counter: number `i` is
SplitMix64's mixing function of a start and `i`. A seed has independent streams, one a purpose.
What the kernels draw themselves, while they train, is made of 32 bits: ``kernels_cu/random.cuh``.

References
----------
Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["dropout", "epoch_key", "key", "permutation", "shuffled", "uniform"]

WEIGHTS, ROWS, DROPOUT, SHUFFLE = 1, 2, 3, 4
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


@lru_cache(maxsize=256)  # the trials of a plan often share a seed
def key(seed: int, stream: int) -> int:
    """Give the key of what the kernels draw in one training.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    stream : int
        ``DROPOUT`` or ``SHUFFLE``.

    Returns
    -------
    int
        0 to 2**32 - 1.
    """
    return int(_raw(seed, stream, 1)[0] >> np.uint64(32))


def epoch_key(key: int, epoch: int) -> int:
    """Give the key of one epoch, as ``epoch_key`` of random.cuh.

    Parameters
    ----------
    key : int
        Of the training.
    epoch : int
        From 0.

    Returns
    -------
    int
        0 to 2**32 - 1.
    """
    return int(_mix_32(np.array([(key + epoch * 0x9E3779B9) % 2**32], np.uint32))[0])


def dropout(key: int, layer: int, row: int, rows: int, units: int) -> np.ndarray:
    """Draw what Dropout compares with its rate, as layers/dropout.cuh.

    Parameters
    ----------
    key : int
        Of the epoch.
    layer : int
        Number of the layer in its network.
    row, rows, units : int
        First row, and how many of each.

    Returns
    -------
    float32 array, shape (rows, units)
        From [0, 1).
    """
    places = np.arange(row, row + rows, dtype=np.uint32)[:, None]
    unit = np.uint32(layer * 0x9E3779B9 % 2**32) + np.arange(units, dtype=np.uint32)
    keys = _mix_32(np.uint32(key) + _mix_32(unit))
    return np.asarray((_mix_32(places ^ keys) >> np.uint32(8)) * np.float32(2.0**-24))


def shuffled(key: int, rows: int) -> np.ndarray:
    """Order the rows of one epoch, as ``shuffled`` of random.cuh.

    Parameters
    ----------
    key : int
        Of the epoch.
    rows : int
        How many, from 1.

    Returns
    -------
    int64 array, shape (rows,)
        Each number from 0 to `rows` - 1 once.
    """
    bits = max(1, (rows - 1).bit_length())
    mask, shift = np.uint32(2**bits - 1), np.uint32((bits + 1) // 2)
    keys = _mix_32(np.uint32(key) + np.arange(4, dtype=np.uint32))
    found = np.arange(rows, dtype=np.uint32)
    beyond = np.ones(rows, bool)
    while beyond.any():
        x = found[beyond]
        for k in keys:
            x = ((x ^ k) * ((k >> np.uint32(8)) * np.uint32(2) + np.uint32(1))) & mask
            x ^= x >> shift
        found[beyond] = x
        beyond = found >= rows
    return found.astype(np.int64)


def _mix_32(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.asarray(x ^ (x >> np.uint32(16)))
