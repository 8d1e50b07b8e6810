"""Activations that exist as a kernel alone: their reference is the kernel, called on arrays."""

from __future__ import annotations

import ctypes
from typing import Tuple

import numpy as np

from . import build
from .reference.layers import Elementwise, Options

__all__ = ["CompiledElementwise", "call_source"]

_LANES = 64  # the widest vectors, several times
_POINTER = ctypes.c_void_p

_ENTRIES = """#include "layers/{file}.cuh"
#if defined(_WIN32)
#define DLAAW_ENTRY extern "C" __declspec(dllexport) void
#else
#define DLAAW_ENTRY extern "C" __attribute__((visibility("default"))) void
#endif
DLAAW_ENTRY dlaaw_forward(const float* x, const float* o, float* y, long long n) {{
  for (long long k = 0; k < n; k += dlaaw::WIDTH)
    dlaaw::store(y + k, dlaaw::{kind}::forward(dlaaw::load(x + k), o));
}}
DLAAW_ENTRY dlaaw_backward(const float* v, const float* dy, const float* o, float* dx,
                           long long n) {{
  for (long long k = 0; k < n; k += dlaaw::WIDTH)
    dlaaw::store(dx + k, dlaaw::{kind}::backward(dlaaw::load(v + k), dlaaw::load(dy + k), o));
}}
"""


def call_source(kind: str) -> str:
    """Write the program that calls an activation on arrays.

    Parameters
    ----------
    kind : str
        Name of its struct; its kernel is ``layers/<kind in lower case>.cuh``.

    Returns
    -------
    str
        C++ for the processor.
    """
    return _ENTRIES.format(kind=kind, file=kind.lower())


class CompiledElementwise(Elementwise):
    """A layer that works on each number by itself, as its kernel says; compiled when first called.

    Its arithmetic is float32, whatever the arrays are.

    Parameters
    ----------
    kind : str
        Its name; the kernel was added (``resources.add_kernel``).
    options : tuple of str
        Names of its hyperparameters.
    from_output : bool
        Whether its derivative follows from what it puts out.
    """

    def __init__(self, kind: str, options: Tuple[str, ...] = (), from_output: bool = False) -> None:
        super().__init__(self._call_forward, self._call_backward, from_output, options)
        self._kind = kind

    def compile(self) -> ctypes.CDLL:
        """Compile it, or take it from the cache.

        Raises
        ------
        BuildError
            When there is no compiler, or it refuses.
        """
        return build.library(call_source(self._kind), always=True)

    def _call_forward(self, x: np.ndarray, o: Options) -> np.ndarray:
        return self._call("dlaaw_forward", o, x)

    def _call_backward(self, v: np.ndarray, dy: np.ndarray, o: Options) -> np.ndarray:
        return self._call("dlaaw_backward", o, v, dy)

    def _call(self, entry: str, o: Options, *arrays: np.ndarray) -> np.ndarray:
        function = getattr(self.compile(), entry)
        count = arrays[0].size
        padded = np.zeros((len(arrays), -(-count // _LANES) * _LANES), np.float32)
        for row, array in zip(padded, arrays):
            row[:count] = array.ravel()
        made = np.empty(padded.shape[1], np.float32)
        options = np.array([*o, 0.0], np.float32)
        pointers = [*padded, options, made]
        function(*(_POINTER(a.ctypes.data) for a in pointers), ctypes.c_longlong(made.size))
        return made[:count].reshape(arrays[0].shape)
