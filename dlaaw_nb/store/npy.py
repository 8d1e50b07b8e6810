"""The header of ``.npy`` files.

NumPy's own writer pads the header in ways that differ from version to version, and its reader has
no public function for version 3. The format is NumPy's.

References
----------
NumPy enhancement proposal 1, https://numpy.org/neps/nep-0001-npy-format.html
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

__all__ = ["read_header", "write_header"]

_MAGIC = b"\x93NUMPY"
_ALIGNMENT = 64
_LONGEST = 1 << 20
"""Bytes of a header: the text of its data type is parsed, which must stay cheap."""


def write_header(dtype: Any, shape: tuple[int, ...], fortran: bool) -> bytes:
    """Write the bytes before an array's memory.

    Parameters
    ----------
    dtype : numpy.dtype
        Data type of the array, without objects.
    shape : tuple of int
        Length of each axis.
    fortran : bool
        Whether the first axis varies fastest.

    Returns
    -------
    bytes
        A multiple of 64 bytes, so that mapped memory is aligned.

    Raises
    ------
    ValueError
        When the format has no words for the data type.
    """
    description = _description(dtype)
    text = f"{{'descr': {description!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}"
    try:
        version, body = 1, text.encode("latin1")
    except UnicodeEncodeError:
        version, body = 3, text.encode()
    if version == 1 and len(body) + 10 + _ALIGNMENT > 0xFFFF:
        version = 2
    width = 2 if version == 1 else 4
    start = len(_MAGIC) + 2 + width
    padding = -(start + len(body) + 1) % _ALIGNMENT
    length = len(body) + padding + 1
    if length > _LONGEST:
        raise ValueError(f"a description of {length} bytes")
    head = _MAGIC + bytes([version, 0]) + length.to_bytes(width, "little")
    return head + body + b" " * padding + b"\n"


def _description(dtype: Any) -> Any:
    from numpy.lib import format as npy

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it warns where the data type would come back as another
        try:
            description = npy.dtype_to_descr(dtype)
            known = npy.descr_to_dtype(description)
        except (UserWarning, TypeError, KeyError) as error:
            raise ValueError(f"{dtype} has no plain description") from error
    if known.itemsize != dtype.itemsize:
        raise ValueError(f"{dtype} has no plain description")
    return description


def read_header(data: memoryview) -> tuple[Any, tuple[int, ...], bool, int]:
    """Read the bytes before an array's memory.

    Parameters
    ----------
    data : memoryview
        A whole file, of single bytes.

    Returns
    -------
    dtype : numpy.dtype
        Without objects.
    shape : tuple of int
        Length of each axis.
    fortran : bool
        Whether the first axis varies fastest.
    start : int
        Where the memory begins.

    Raises
    ------
    ValueError, TypeError, MemoryError, RecursionError
        When it is no header.
    """
    if bytes(data[:6]) != _MAGIC or len(data) < 12 or data[6] not in (1, 2, 3):
        raise ValueError("no header")
    version = data[6]
    width = 2 if version == 1 else 4
    first = len(_MAGIC) + 2 + width
    start = first + int.from_bytes(data[8 : 8 + width], "little")
    if start > min(len(data), first + _LONGEST):
        raise ValueError("a header that does not end")
    body = bytes(data[first:start]).decode("utf-8" if version == 3 else "latin1")
    try:
        fields = ast.literal_eval(body.strip())
    except SyntaxError as error:
        raise ValueError("a header that is no text") from error
    if not isinstance(fields, dict) or set(fields) != {"descr", "fortran_order", "shape"}:
        raise ValueError("a header without the three fields")
    return _dtype(fields["descr"]), _shape(fields["shape"]), bool(fields["fortran_order"]), start


def _dtype(description: Any) -> Any:
    from numpy.lib import format as npy

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            dtype = npy.descr_to_dtype(description)
        except (Warning, SyntaxError, KeyError, IndexError, AttributeError) as error:
            raise ValueError("no data type") from error
    if dtype.hasobject or dtype.subdtype is not None:
        raise ValueError("a data type with objects")
    return dtype


def _shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or len(shape) > 32:
        raise ValueError("no shape")
    if not all(type(length) is int and 0 <= length < 2**62 for length in shape):
        raise ValueError("no shape")
    return shape
