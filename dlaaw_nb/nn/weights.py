"""Trained arrays: their checks, and their text, which gives every float32 back to the bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.errors import FormatError, NetworkError
from dlaaw_nb.nn.hyperparameters import shown

__all__ = ["array_from_json", "array_text", "checked_parameters", "plain"]


def checked_parameters(
    shapes: Mapping[str, tuple[int, ...]], parameters: Mapping[str, Any], *, finite: bool = False
) -> dict[str, npt.NDArray[np.float32]]:
    """Check trained arrays against the shapes that a network has.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape of each array by its name, as ``network.array_shapes`` gives them.
    parameters : mapping of str to array
        The arrays; any real type, as ``model.parameters`` or another system gives them.
    finite : bool
        Whether to refuse NaN and infinities.

    Returns
    -------
    dict of str to float32 array
        C-contiguous copies, in the order of `shapes`.

    Raises
    ------
    NetworkError
        When a name is missing or not known, or an array has another shape or type.
    """
    missing = [name for name in shapes if name not in parameters]
    extra = [name for name in parameters if name not in shapes]
    if missing or extra:
        wrong = f"{shown(missing[0])} is missing" if missing else f"{shown(extra[0])} is not known"
        raise NetworkError(f"parameters: {wrong}. Expected {', '.join(shapes) or 'none'}.")
    return {name: _array(name, parameters[name], shapes[name], finite=finite) for name in shapes}


def array_text(array: npt.NDArray[np.float32]) -> str:
    """Write an array as nested JSON lists of the shortest numbers that give each float32 back.

    Parameters
    ----------
    array : float32 array, one or more axes
        Finite numbers.

    Returns
    -------
    str
        JSON; of an array with more axes, one row a line.
    """
    flat = np.ascontiguousarray(array, dtype=np.float32).reshape(-1)
    words: list[str] = flat.astype("U").tolist()
    # A reader goes through float64. Rounding twice could miss by one bit, so each word is tried.
    back = np.array([float(word) for word in words], dtype=np.float64).astype(np.float32)
    for index in np.flatnonzero(back.view(np.uint32) != flat.view(np.uint32)).tolist():
        words[index] = repr(float(flat[index]))
    return _nested(words, array.shape)


def array_from_json(value: object, shape: tuple[int, ...], path: str) -> npt.NDArray[np.float64]:
    """Make an array of nested JSON lists.

    Parameters
    ----------
    value : object
        What stands in the document.
    shape : tuple of int
        The shape it must have.
    path : str
        Its place in the document, for messages.

    Returns
    -------
    float64 array, shape `shape`
        The numbers, all finite.

    Raises
    ------
    FormatError
        When lists have other lengths, or something in them is no number.
    """
    level: list[Any] = [value]
    for axis, length in enumerate(shape):
        if not all(isinstance(item, list) and len(item) == length for item in level):
            raise FormatError(
                f"{path}: expected numbers of shape {shape}, but axis {axis} is not {length} long "
                "everywhere.",
                path,
            )
        level = [item for row in level for item in row]
    if not set(map(type, level)) <= {int, float}:
        wrong = next(item for item in level if type(item) not in (int, float))
        raise FormatError(f"{path}: expected numbers, got {shown(wrong)}.", path)
    try:
        return np.array(level, dtype=np.float64).reshape(shape)
    except OverflowError as error:
        raise FormatError(f"{path}: a number is too large.", path) from error


def plain(value: Any) -> Any:
    """Turn NumPy's values and tuples to JSON's own.

    Parameters
    ----------
    value : object
        Numbers, words, arrays, and lists and mappings of them.

    Returns
    -------
    object
        The same in JSON's types; None for NaN and infinities, and text for any other object.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (str, int, bool)) or value is None else str(value)


def _array(
    name: str, value: object, shape: tuple[int, ...], *, finite: bool
) -> npt.NDArray[np.float32]:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise NetworkError(f"{name}: expected an array of shape {shape}: {error}.") from error
    if array.dtype.kind not in "fiu" or array.shape != shape:
        raise NetworkError(
            f"{name}: expected numbers of shape {shape}, got {array.dtype} of shape {array.shape}."
        )
    with np.errstate(over="ignore"):
        result = np.array(array, dtype=np.float32, order="C")
    if finite and not np.isfinite(result).all():
        raise NetworkError(f"{name}: expected finite float32 numbers, got NaN or infinity.")
    return result


def _nested(words: list[str], shape: tuple[int, ...]) -> str:
    for axis in range(len(shape) - 1, -1, -1):
        length = shape[axis]
        joint = ", " if axis == len(shape) - 1 else ",\n   "
        words = [
            f"[{joint.join(words[start : start + length])}]"
            for start in range(0, len(words), length)
        ]
    return words[0]
