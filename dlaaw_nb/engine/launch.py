"""The kernels' arguments for ctypes, field by field as ``kernels_cu/programs/`` declares them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

__all__ = ["Prediction", "Rows", "Training", "address", "aligned"]


class Rows(ctypes.Structure):
    """``dlaaw::Rows`` of data.cuh."""

    _fields_ = [
        ("x", ctypes.c_void_p),
        ("t", ctypes.c_void_p),
        ("offset", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
        ("stride", ctypes.c_longlong),
        ("gap_begin", ctypes.c_longlong),
        ("gap_length", ctypes.c_longlong),
    ]


class Training(ctypes.Structure):
    """``dlaaw::Training`` of train.cuh."""

    _fields_ = [
        ("rows", Rows),
        ("sizes", ctypes.c_void_p),
        ("options", ctypes.c_void_p),
        ("settings", ctypes.c_void_p),
        ("schedule", ctypes.c_void_p),
        ("loss", ctypes.c_void_p),
        ("parameters", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
        ("buffers", ctypes.c_void_p),
        ("best", ctypes.c_void_p),
        ("monitor", ctypes.c_void_p),
        ("costs", ctypes.c_void_p),
        ("validation_costs", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("chunk_costs", ctypes.c_void_p),
        ("moments", ctypes.c_void_p),
        ("team_state", ctypes.c_void_p),
        ("stop", ctypes.c_void_p),
        ("status", ctypes.c_void_p),
        ("train_rows", ctypes.c_longlong),
        ("validation_rows", ctypes.c_longlong),
        ("epochs", ctypes.c_longlong),
        ("epoch_begin", ctypes.c_longlong),
        ("epoch_end", ctypes.c_longlong),
        ("cost_every", ctypes.c_longlong),
        ("patience", ctypes.c_longlong),
        ("min_delta", ctypes.c_double),
        ("clip_norm", ctypes.c_float),
        ("batches", ctypes.c_int),
        ("reshuffle", ctypes.c_int),
        ("shuffle_key", ctypes.c_uint),
        ("dropout_key", ctypes.c_uint),
        ("work", ctypes.c_void_p),
    ]


class Prediction(ctypes.Structure):
    """``dlaaw::Prediction`` of predict.cuh."""

    _fields_ = [
        ("rows", Rows),
        ("sizes", ctypes.c_void_p),
        ("options", ctypes.c_void_p),
        ("parameters", ctypes.c_void_p),
        ("buffers", ctypes.c_void_p),
        ("outputs", ctypes.c_void_p),
        ("begin", ctypes.c_longlong),
        ("end", ctypes.c_longlong),
        ("layers", ctypes.c_int),
        ("work_rows", ctypes.c_int),
        ("work", ctypes.c_void_p),
        ("team_state", ctypes.c_void_p),
    ]


def address(array: np.ndarray) -> int:
    """Give the address of an array's data; the caller keeps the array alive.

    Parameters
    ----------
    array : array
        C-contiguous.

    Returns
    -------
    int
        The address.
    """
    return int(array.__array_interface__["data"][0])


def aligned(count: int, dtype: Any = np.float32) -> np.ndarray:
    """Make an array of zeros that begins on a cache line, as the kernels' scratch memory must.

    Parameters
    ----------
    count : int
        Elements.
    dtype : dtype
        Their type.

    Returns
    -------
    array, shape (count,)
        Zeros.
    """
    size = np.dtype(dtype).itemsize
    raw = np.zeros(count + 64 // size, dtype)
    skip = (-address(raw) % 64) // size
    return raw[skip : skip + count]
