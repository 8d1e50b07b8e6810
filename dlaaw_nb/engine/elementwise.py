"""Activations that exist as a kernel alone: their reference is the kernel, called on arrays.

As a program, ``python -m dlaaw_nb.engine.elementwise``, it calls what comes on standard input.
"""

from __future__ import annotations

import ctypes
import os
import sys
from io import BytesIO
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from . import build, children, wire
from .faults import KernelError
from .reference.layers import Elementwise, Options

__all__ = ["Call", "CompiledElementwise", "call_source"]

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


class Call(NamedTuple):
    """A call of an activation.

    Attributes
    ----------
    entry : str
        ``"forward"``, which takes one array, or ``"backward"``: two.
    arrays : tuple of array
        Of one shape.
    options : sequence or array of float
        The hyperparameters.
    """

    entry: str
    arrays: Tuple[np.ndarray, ...]
    options: Options


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

    def call_apart(self, calls: Sequence[Call], limit_s: float) -> List[np.ndarray]:
        """Call it in a process of its own, which it may spoil.

        Parameters
        ----------
        calls : sequence of Call
            What.
        limit_s : float
            So long at most.

        Returns
        -------
        list of float32 array
            What each call gave.

        Raises
        ------
        BuildError
            When it does not compile.
        KernelError
            When it ends that process, or never ends.
        """
        import subprocess

        given = BytesIO()
        place = self.compile()._name  # noqa: SLF001 (the path it was loaded from)
        wire.write(given, {"library": place, "calls": [call._asdict() for call in calls]})
        try:
            ran = subprocess.run(
                [sys.executable, "-m", "dlaaw_nb.engine.elementwise"],
                input=given.getvalue(),
                capture_output=True,
                timeout=limit_s,
                check=False,
                env=children.environment(),
            )
        except subprocess.TimeoutExpired as error:
            raise KernelError(f"it did not come to an end within {limit_s:g} s") from error
        if ran.returncode:
            said = ran.stderr.decode(errors="replace").strip()[-300:]
            signal = f" (signal {-ran.returncode})" if ran.returncode < 0 else ""
            raise KernelError(f"it ended its process{signal} {said}".strip())
        made: List[np.ndarray] = (wire.read(BytesIO(ran.stdout)) or {})["made"]
        return made

    def _call_forward(self, x: np.ndarray, o: Options) -> np.ndarray:
        return _called(self.compile(), Call("forward", (x,), o))

    def _call_backward(self, v: np.ndarray, dy: np.ndarray, o: Options) -> np.ndarray:
        return _called(self.compile(), Call("backward", (v, dy), o))


def _called(library: ctypes.CDLL, call: Call) -> np.ndarray:
    first = call.arrays[0]
    padded = np.zeros((len(call.arrays), -(-first.size // _LANES) * _LANES), np.float32)
    for row, array in zip(padded, call.arrays):
        row[: first.size] = array.ravel()
    made = np.empty(padded.shape[1], np.float32)
    options = np.array([*call.options, 0.0], np.float32)
    pointers = [_POINTER(a.ctypes.data) for a in (*padded, options, made)]
    getattr(library, f"dlaaw_{call.entry}")(*pointers, ctypes.c_longlong(made.size))
    return made[: first.size].reshape(first.shape)


def _main() -> None:
    outputs = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what it prints
    message = wire.read(sys.stdin.buffer) or {}
    library = ctypes.CDLL(message["library"])
    made = [_called(library, Call(**call)) for call in message["calls"]]
    wire.write(outputs, {"made": made})


if __name__ == "__main__":
    _main()
