"""The codec of NumPy arrays: ``.npy`` files, mapped into memory where they are read."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.blob import flat
from dlaaw_nb.store.codec import Codec, register_codec, unfit
from dlaaw_nb.store.npy import read_header, write_header
from dlaaw_nb.store.text import one_line, shown

if TYPE_CHECKING:
    from dlaaw_nb.store.blob import Blob, Buffer

__all__ = ["ARRAY", "is_array"]

_FEW = 6


def is_array(value: object) -> bool:
    """Whether a value is a NumPy array, without importing NumPy for it."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


class _Array(Codec):
    """Arrays of numbers, words of fixed length, dates and records; data type and order are kept."""

    name = "npy-1"
    suffix = ".npy"
    media_type = "application/x-npy"

    def settle(self, value: Any) -> Any:
        import numpy as np

        if not is_array(value) or isinstance(value, np.ma.MaskedArray):
            return value
        if type(value) is np.ndarray and not value.flags.writeable:
            return value
        view = value.view(np.ndarray)
        if view.dtype.type is np.record:  # of a recarray
            view = view.view(np.dtype((np.void, view.dtype)))
        view.flags.writeable = False
        return view

    def encode(self, value: Any) -> list[Buffer]:
        array = self._checked(value)
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        try:
            header = write_header(array.dtype, array.shape, fortran)
        except (ValueError, TypeError) as error:
            raise unfit(self.name, "a plain data type", array.dtype, str(error)) from error
        return [header, _memory(array.T if fortran else array)]

    def _checked(self, value: Any) -> Any:
        import numpy as np

        if not is_array(value):
            raise unfit(self.name, "a NumPy array", value, "Give numpy.asarray(...) of it.")
        if isinstance(value, np.ma.MaskedArray):
            mend = "Give filled(...) of it, and the mask as an array of its own."
            raise unfit(self.name, "an array without a mask", value, mend)
        array = self.settle(value)
        if array.dtype.hasobject or array.dtype.kind == "T":
            raise CodecError(
                f"codec {self.name}: expected numbers, dates, or words of fixed length, got an "
                f"array of {array.dtype}. Give astype(float) or astype(str) of it."
            )
        return array

    def decode(self, blob: Blob) -> Any:
        import numpy as np

        data = blob.buffer()
        try:
            dtype, shape, fortran, start = read_header(data)
            count = math.prod(shape)
            _check_size(count * dtype.itemsize, len(data) - start)
            if len(data) == start:
                array = np.empty(shape, dtype, "F" if fortran else "C")
                array.flags.writeable = False
                return array
            values = np.frombuffer(data, dtype, count, start)
            _check_words(values)
            return values.reshape(shape, order="F" if fortran else "C")
        except (ValueError, TypeError, OverflowError, MemoryError, RecursionError) as error:
            raise CodecError(
                f"codec {self.name}: expected an .npy file without objects, got one that cannot "
                f"be read ({one_line(str(error), 80)}). Run again what made it."
            ) from error

    def preview(self, value: Any) -> str:
        if not is_array(value):
            return shown(value)
        shape = " x ".join(str(length) for length in value.shape) or "a single"
        start = value.flat[:_FEW].tolist() if not value.dtype.hasobject else []
        some = ", ".join(
            f"{v:.4g}" if isinstance(v, float) else one_line(str(v), 20) for v in start
        )
        more = ", ..." if value.size > _FEW else ""
        return one_line(f"{shape} {value.dtype}" + (f": {some}{more}" if some else ""))


def _check_size(expected: int, found: int) -> None:
    if found != expected:
        raise ValueError(f"{found} bytes for {expected} that its header tells of")


def _check_words(values: Any) -> None:
    """Refuse words with numbers that are no characters, at which Python breaks later."""
    import numpy as np

    for name in values.dtype.names or ():
        _check_words(values[name])
    if values.dtype.kind == "U" and values.nbytes:
        numbers = np.ascontiguousarray(values).reshape(-1).view(f"{values.dtype.str[0]}u4")
        if numbers.max() > sys.maxunicode:
            raise ValueError("words with numbers that are no characters")


def _memory(array: Any) -> Buffer:
    """Give the bytes of an array in C order, without a copy where they lie like that."""
    import numpy as np

    if array.dtype.names is not None:
        array = _without_gaps_filled(array)
    array = np.ascontiguousarray(array)
    if not array.nbytes:
        return b""
    # A buffer cannot say what dates are: they go as single bytes.
    return flat(array.reshape(-1).view(np.uint8).data)


def _without_gaps_filled(records: Any) -> Any:
    """Copy records, so that the bytes between their fields are 0 and not what lay there."""
    import numpy as np

    copy = np.zeros(records.shape, records.dtype)
    for name in records.dtype.names:
        field = records[name]
        copy[name] = _without_gaps_filled(field) if field.dtype.names else field
    return copy


ARRAY = register_codec(_Array())
