"""Whether an activation's source compiles, and its derivative is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dlaaw_nb.engine.elementwise import Call
from dlaaw_nb.errors import BuildError, KernelError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.engine.elementwise import CompiledElementwise
    from dlaaw_nb.nn.layers.own import Definition

__all__ = ["SourceError", "check_compiles", "check_values"]

_STEP = 2.0**-6  # and points are whole multiples of it: x + h is exact in float32
_POINTS = np.concatenate([np.arange(-8, 8, 0.25) + 5 * _STEP, [-20.0 + _STEP, 20.0 - _STEP]])
_DELTAS = (1.0, -0.5)
_SHARE, _ROUNDING = 2e-3, 1e-6  # of the slope, and of the values whose difference it is
_CORNER = 5e-6  # of the values: a fourth difference that no rounding makes
_FAULT = re.compile(
    r"^(use of )?activation (\w+):(\d+):(?:\d+:)?\s*(?:fatal )?error: (.*)$", re.MULTILINE
)
_MOST_SHOWN = 3
_LIMIT_S = 20.0  # for seven calls with 66 numbers, on a slow and busy machine


class SourceError(NetworkError):
    """A compiler refused the source of an activation.

    Attributes
    ----------
    line : int or None
        Line of the source.
    """

    line: int | None = None


class _Around(NamedTuple):
    """What forward's values around each point say of its slope there."""

    slope: np.ndarray
    least: np.ndarray
    most: np.ndarray
    size: np.ndarray


def check_compiles(layer: CompiledElementwise, definition: Definition, first_line: int = 1) -> None:
    """Compile an activation for the processor.

    Parameters
    ----------
    layer : CompiledElementwise
        Its reference.
    definition : Definition
        The activation.
    first_line : int
        Number that its first line has where the person wrote it.

    Raises
    ------
    SourceError
        When the compiler refuses it; the message has the lines.
    BuildError
        When there is no compiler.
    """
    try:
        layer.compile()
    except BuildError as error:
        if not error.stderr:
            raise BuildError(
                f"activation {definition.name}: it needs a C++ compiler, and {error}. Install "
                "one, for example: apt install g++, or xcode-select --install."
            ) from error
        raise _told(error.stderr, definition, first_line) from error


def _told(stderr: str, definition: Definition, first_line: int) -> SourceError:
    lines = definition.source.split("\n")
    faults, first, around = [], None, False
    for found in _FAULT.finditer(stderr):
        number = int(found[3])
        if found[1] or number > len(lines):
            around = True
            continue
        first = first or number
        text = found[4].replace(f"dlaaw::scalar::{definition.kind}_code::", "")
        faults.append(f"line {number + first_line - 1}: {text}\n    {lines[number - 1].strip()}")
    if not faults:
        rest = "".join(f", float {name}" for name, _ in definition.hyperparameters)
        wanted = (
            f"expected __device__ float forward(float x{rest}) and "
            f"__device__ float backward(float x, float dy{rest})"
        )
        faults = [wanted if around else f"the compiler says: {stderr.strip()[-300:]}"]
        if around:
            faults.append("Write both, with the hyperparameters in the order they were given.")
    error = SourceError(f"activation {definition.name}: " + "\n".join(faults[:_MOST_SHOWN]))
    error.line = first
    return error


def check_values(
    layer: CompiledElementwise, definition: Definition, derivative: bool = True
) -> None:
    """Call both functions, with the hyperparameters' defaults, in a process they may spoil.

    Parameters
    ----------
    layer : CompiledElementwise
        Its reference.
    definition : Definition
        The activation.
    derivative : bool
        Whether backward is compared with differences of forward. Near a corner, or a jump,
        whatever lies between the slopes on both sides is right.

    Raises
    ------
    NetworkError
        When they never end, or end the process, they differ, or a number is not finite; the
        message has x and both.
    """
    options = [value for _, value in definition.hyperparameters]
    given = ", ".join(f"{name} = {value:g}" for name, value in definition.hyperparameters)
    at = f" ({given})" if given else ""
    x = _POINTS.astype(np.float32)
    shifted = [(_POINTS + k * _STEP).astype(np.float32) for k in (-2, -1, 0, 1, 2)]
    deltas = [np.full_like(x, delta) for delta in _DELTAS]
    calls = [
        *(Call("forward", (points,), options) for points in shifted),
        *(Call("backward", (x, dy), options) for dy in deltas),
    ]
    try:
        made = layer.call_apart(calls, _LIMIT_S)
    except KernelError as error:
        raise NetworkError(
            f"activation {definition.name}: called with x from {x.min():g} to {x.max():g}{at}, "
            f"{error}. Look for a loop without an end, or an array that is too small."
        ) from error
    if not derivative:
        return
    forwards, backwards = made[: len(shifted)], made[len(shifted) :]
    _require_finite(definition, "forward", at, x, forwards[2])
    around = _around([values.astype(np.float64) for values in forwards])
    for delta, found in zip(_DELTAS, backwards, strict=True):
        _require_finite(definition, f"backward, for dy = {delta:g},", at, x, found)
        slopes = found.astype(np.float64) / delta
        near = _SHARE * np.maximum(1.0, np.abs(around.slope)) + _ROUNDING * around.size / _STEP
        wrong = (slopes < around.least - near) | (slopes > around.most + near)
        if wrong.any():
            k = int(np.argmin(np.where(wrong, np.abs(x), np.inf)))
            raise NetworkError(
                f"activation {definition.name}: backward does not fit forward: at x = {x[k]:g}{at} "
                f"with dy = {delta:g} it gave {found[k]:g}, expected "
                f"{around.slope[k] * delta:g}, which is dy times forward's slope there. Return the "
                "derivative of forward by x, times dy; x is what came in."
            )


def _around(values: Sequence[np.ndarray]) -> _Around:
    """Take slopes from forward's values at x - 2h, x - h, x, x + h, x + 2h."""
    h = _STEP
    far_left, left, here, right, far_right = values
    slope = (8 * (right - left) - (far_right - far_left)) / (12 * h)
    size = np.max(np.abs(values), axis=0)
    corner = abs(far_left - 4 * left + 6 * here - 4 * right + far_right) > _CORNER * size
    pieces = np.diff(np.array(values), axis=0) / h
    least = np.where(corner, pieces.min(axis=0), slope)
    most = np.where(corner, pieces.max(axis=0), slope)
    return _Around(slope, least, most, size)


def _require_finite(
    definition: Definition, what: str, at: str, x: np.ndarray, found: np.ndarray
) -> None:
    wrong = ~np.isfinite(found)
    if wrong.any():
        k = int(np.argmin(np.where(wrong, np.abs(x), np.inf)))
        raise NetworkError(
            f"activation {definition.name}: {what} gave {found[k]:g} at x = {x[k]:g}{at}; expected "
            "a finite number. Write it so that large and negative x stay finite."
        )
