"""Codecs of single numbers, words and truth values: JSON text."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.codec import Codec, register_codec, unfit
from dlaaw_nb.store.text import one_line, shown, size_text

if TYPE_CHECKING:
    from dlaaw_nb.store.blob import Blob, Buffer

__all__ = ["BOOL", "FLOAT", "INT", "LARGEST_INT", "STR", "json_bytes", "plain_scalar"]

LARGEST_INT = 10**4000
"""Below it, Python reads and writes an int as decimal text; above it only as hexadecimal."""


def plain_scalar(value: Any) -> Any:
    """Turn a NumPy scalar into Python's; anything else stays what it is.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    object
        ``numpy.float32(0.5)`` gives 0.5.
    """
    numpy = sys.modules.get("numpy")  # who has a NumPy scalar has imported NumPy
    if numpy is None or not isinstance(value, numpy.generic):
        return value
    if isinstance(value, numpy.floating):
        return float(value)  # item() leaves a long double as it is
    return value.item()


class _Scalar(Codec):
    suffix = ".json"
    media_type = "application/json"

    def decode(self, blob: Blob) -> Any:
        try:
            return self._read(json.loads(blob.bytes()))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise CodecError(
                f"codec {self.name}: expected JSON text of one value, got bytes that are none "
                f"({one_line(str(error), 60)}). Run again what made them."
            ) from error

    def _read(self, value: Any) -> Any:
        """Check what JSON gave; raise TypeError where it is none of this codec's values."""
        raise NotImplementedError


class _Int(_Scalar):
    """Whole numbers of any size; a truth value is none."""

    name = "int-1"

    def settle(self, value: Any) -> Any:
        if type(value) is int:
            return value
        value = plain_scalar(value)
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def encode(self, value: Any) -> list[Buffer]:
        number = self.settle(value)
        if type(number) is not int:
            raise unfit(self.name, "a whole number", value, "Give int(...) of it.")
        if -LARGEST_INT < number < LARGEST_INT:
            return [b"%d" % number]
        return [f'"{number:#x}"'.encode()]

    def _read(self, value: Any) -> int:
        if isinstance(value, str):
            return int(value, 16)
        if type(value) is not int:
            raise TypeError(shown(value))
        return value

    def preview(self, value: Any) -> str:
        number = self.settle(value)
        if type(number) is int and not -LARGEST_INT < number < LARGEST_INT:
            return f"a whole number of {number.bit_length()} bits"
        return one_line(repr(number)) if type(number) is int else shown(value)


class _Float(_Scalar):
    """Numbers; not a number and infinity are some, a truth value is none."""

    name = "float-1"

    def settle(self, value: Any) -> Any:
        if type(value) is float:
            return value
        value = plain_scalar(value)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return value
        try:
            return float(value)
        except OverflowError:
            return value

    def encode(self, value: Any) -> list[Buffer]:
        number = self.settle(value)
        if type(number) is not float:
            raise unfit(self.name, "a number", value, "Give float(...) of it.")
        return [json.dumps(number).encode()]

    def _read(self, value: Any) -> float:
        if type(value) not in (int, float):
            raise TypeError(shown(value))
        return float(value)

    def preview(self, value: Any) -> str:
        number = self.settle(value)
        return f"{number:.10g}" if type(number) is float else shown(value)


class _Str(_Scalar):
    """Text, without any limit on what is in it."""

    name = "str-1"

    def settle(self, value: Any) -> Any:
        return str.__str__(value) if isinstance(value, str) else value

    def encode(self, value: Any) -> list[Buffer]:
        if not isinstance(value, str):
            raise unfit(self.name, "text", value, "Give str(...) of it.")
        return [json_bytes(self.settle(value))]

    def _read(self, value: Any) -> str:
        if type(value) is not str:
            raise TypeError(shown(value))
        return value

    def preview(self, value: Any) -> str:
        if not isinstance(value, str):
            return shown(value)
        if len(value) > 1000:
            return f"{size_text(len(value)).replace('bytes', 'characters')}: {one_line(value, 150)}"
        return one_line(value)


class _Bool(_Scalar):
    """True and False."""

    name = "bool-1"

    def settle(self, value: Any) -> Any:
        return plain_scalar(value)

    def encode(self, value: Any) -> list[Buffer]:
        truth = self.settle(value)
        if type(truth) is not bool:
            raise unfit(self.name, "True or False", value, "Give bool(...) of it.")
        return [b"true" if truth else b"false"]

    def _read(self, value: Any) -> bool:
        if type(value) is not bool:
            raise TypeError(shown(value))
        return value


def json_bytes(value: Any) -> bytes:
    """Write plain values as compact JSON text, always in the same way.

    Parameters
    ----------
    value : object
        Nested lists and dicts of words, numbers, truth values and None.

    Returns
    -------
    bytes
        UTF-8. Half a surrogate pair, which has no UTF-8, makes the whole text ASCII with escapes.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


INT = register_codec(_Int())
FLOAT = register_codec(_Float())
STR = register_codec(_Str())
BOOL = register_codec(_Bool())
