"""What the codecs of this room have in common: their errors, and the parts of their zip files."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.codec import unfit
from dlaaw_nb.store.codecs import ARRAY, Codec
from dlaaw_nb.store.text import one_line, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from dlaaw_nb.store.codecs import Blob, Buffer

__all__ = ["ClassCodec", "array_part", "native", "plain_values", "rows_of", "small_codes", "words"]

_PLAIN = (str, int, float, bool)
_FAULTS = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError,
    MemoryError,
)  # fmt: skip


class ClassCodec(Codec):
    """A codec for the values of one class.

    An implementer must set `kind` and `article` besides the name, suffix and media type, and give
    the three methods that begin with ``_``. They may raise what Python and NumPy raise where
    something does not fit: it becomes a ``CodecError``.

    Attributes
    ----------
    kind : type
        The class.
    article : str
        What such a value is, with its article, for messages.
    """

    kind: type
    article: str

    def settle(self, value: Any) -> Any:
        """Give the form that readers get: see ``Codec.settle``."""
        if not isinstance(value, self.kind):
            return value
        try:
            return self._settled(value)
        except _FAULTS:
            return value

    def encode(self, value: Any) -> list[Buffer]:
        """Turn a value into bytes: see ``Codec.encode``."""
        if not isinstance(value, self.kind):
            raise unfit(self.name, self.article, value, f"Give {self.article}.")
        try:
            return self._encoded(self._settled(value))
        except _FAULTS as error:
            raise CodecError(
                f"codec {self.name}: {self.article} that cannot be kept: {_reason(error)}."
            ) from error

    def decode(self, blob: Blob) -> Any:
        """Turn bytes into a value: see ``Codec.decode``."""
        try:
            return self._decoded(blob)
        except _FAULTS as error:
            raise CodecError(
                f"codec {self.name}: expected {self.article}, got bytes that are none "
                f"({_reason(error)}). Run again what made them."
            ) from error

    def preview(self, value: Any) -> str:
        """Describe a value on one line: see ``Codec.preview``."""
        if not isinstance(value, self.kind):
            return shown(value)
        try:
            with np.errstate(all="ignore"):  # measures of huge numbers overflow, and say so by that
                return one_line(repr(value))
        except _FAULTS:
            return shown(value)

    @abstractmethod
    def _settled(self, value: Any) -> Any:
        """Give an equal value in the one form that `_decoded` gives."""

    @abstractmethod
    def _encoded(self, value: Any) -> list[Buffer]:
        """Turn a settled value into bytes."""

    @abstractmethod
    def _decoded(self, blob: Blob) -> Any:
        """Turn any bytes into a settled value."""


def array_part(parts: Mapping[str, Blob], name: str, kinds: str, axes: int) -> NDArray[Any]:
    """Read an array from its part.

    Parameters
    ----------
    parts : mapping of str to Blob
        What ``unpack`` gave.
    name : str
        Name of the part.
    kinds : str
        Kinds of data type that fit, as NumPy's letters: ``"f"``, ``"biuf"``.
    axes : int
        How many axes it must have.

    Returns
    -------
    array
        Of this machine's byte order, and C-contiguous.

    Raises
    ------
    KeyError, ValueError
        When there is no such part, or it holds something else.
    """
    array = ARRAY.decode(parts[name])
    if array.dtype.kind not in kinds or array.dtype.itemsize > 8 or array.ndim != axes:
        raise ValueError(f"{name}: {array.dtype} with {array.ndim} axes")
    return native(array)


def native(array: NDArray[Any]) -> NDArray[Any]:
    """Give numbers in this machine's byte order, C-contiguous, long doubles as doubles.

    Parameters
    ----------
    array : array of numbers or truth values
        It is not copied where it is like that already.

    Returns
    -------
    array
        The same numbers.
    """
    if array.dtype.kind not in "biuf":
        raise ValueError(f"expected numbers, got {array.dtype}")
    wide = array.dtype.kind == "f" and array.dtype.itemsize > 8
    dtype = np.dtype(np.float64) if wide else array.dtype.newbyteorder("=")
    return np.ascontiguousarray(array, dtype)


def rows_of(array: NDArray[Any], rows: int, what: str) -> None:
    """Require one entry for each row.

    Raises
    ------
    ValueError
        When there are more or fewer; the message names `what`.
    """
    if array.shape[:1] != (rows,):
        raise ValueError(f"{what} of shape {array.shape} for {rows} rows")


def plain_values(values: Iterable[Any]) -> tuple[Any, ...]:
    """Bring label values to what JSON can tell apart: words, whole numbers, numbers, truth values.

    Parameters
    ----------
    values : iterable of object
        Python's or NumPy's.

    Returns
    -------
    tuple of str, int, float or bool
        In their order.

    Raises
    ------
    TypeError
        When one is something else, such as a date.
    """
    return tuple(map(_plain, values))


def small_codes(codes: NDArray[Any], count: int) -> NDArray[Any]:
    """Write codes below `count` in as few bytes as they need."""
    if codes.size and not 0 <= int(codes.min()) <= int(codes.max()) < count:
        raise ValueError(f"codes from {codes.min()} to {codes.max()} for {count} values")
    return codes.astype(np.min_scalar_type(max(count - 1, 0)))


def words(value: Any, what: str) -> tuple[str, ...]:
    """Require a list of words from a manifest.

    Raises
    ------
    TypeError
        When it is none; the message names `what`.
    """
    if not isinstance(value, list) or not all(type(word) is str for word in value):
        raise TypeError(f"{what} that are no list of words")
    return tuple(value)


def _plain(value: Any) -> Any:
    if isinstance(value, np.floating):
        return float(value)
    found = value.item() if isinstance(value, np.generic) else value
    if type(found) in _PLAIN:
        return found
    if isinstance(found, str):
        return str.__str__(found)
    raise TypeError(f"expected words, numbers or truth values as labels, got {shown(found)}")


def _reason(error: BaseException) -> str:
    return one_line(str(error), 150).rstrip(".") or type(error).__name__
