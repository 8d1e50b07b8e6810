"""How a job's messages travel between processes and machines: JSON, arrays behind it as they lie.

A frame is ``DLA1``, the length of the JSON (4 bytes), the length of the arrays (8 bytes, both
little endian), the JSON, the arrays one after another. Nothing that is read is ever evaluated.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO, Dict, List, Optional

import numpy as np

from .faults import DlaawError

__all__ = ["WireError", "read", "write"]

_MAGIC = b"DLA1"
_HEAD = struct.Struct("<4sIQ")
_MOST_JSON = 256 << 20
_KINDS = "biuf"
_PIECE = 1 << 20


class WireError(DlaawError, ConnectionError):
    """What came over a connection is no frame."""


def write(stream: BinaryIO, message: Dict[str, Any]) -> None:
    """Send one message.

    Parameters
    ----------
    stream : binary file
        Where to.
    message : dict
        Of numbers, texts, lists, tuples, dicts with texts as keys, and arrays of numbers.

    Raises
    ------
    OSError
        When nobody listens.
    TypeError
        When something in it cannot travel.
    """
    arrays: List[np.ndarray] = []
    text = json.dumps(_pack(message, arrays), separators=(",", ":")).encode()
    size = sum(array.nbytes for array in arrays)
    stream.write(_HEAD.pack(_MAGIC, len(text), size) + text)
    stream.writelines(array.view(np.uint8).data for array in filter(len, map(np.ravel, arrays)))
    stream.flush()


def read(stream: BinaryIO, most_bytes: Optional[int] = None) -> Optional[Dict[str, Any]]:
    """Receive one message.

    Parameters
    ----------
    stream : binary file
        Where from.
    most_bytes : int or None
        More than this is refused before any of it is read.

    Returns
    -------
    dict or None
        None at the end of the stream. Tuples came as lists.

    Raises
    ------
    WireError
        When it is no frame, cut off, or too large.
    """
    head = stream.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size or head[:4] != _MAGIC:
        raise WireError(f"connection: expected a message, got {head[:16]!r}.")
    _, length, size = _HEAD.unpack(head)
    if length > _MOST_JSON or (most_bytes is not None and length + size > most_bytes):
        raise WireError(f"connection: a message of {length + size} bytes is too large.")
    text, raw = _exactly(stream, length), _exactly(stream, size)
    try:
        message = _unpack(json.loads(text.decode("utf-8")), raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WireError(f"connection: a message cannot be read ({error}).") from error
    if not isinstance(message, dict):
        raise WireError("connection: expected a message, got something else.")
    return message


def _exactly(stream: BinaryIO, count: int) -> bytearray:
    """So many bytes; memory grows with what really comes."""
    found = bytearray()
    while len(found) < count:
        piece = stream.read(min(_PIECE, count - len(found)))
        if not piece:
            raise WireError("connection: cut off in the middle of a message.")
        found += piece
    return found


def _pack(value: Any, arrays: List[np.ndarray]) -> Any:
    if isinstance(value, dict):
        return {key: _pack(item, arrays) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item, arrays) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in _KINDS:
            raise TypeError(f"an array of {value.dtype} cannot travel")
        begin = sum(array.nbytes for array in arrays)
        arrays.append(np.ascontiguousarray(value))
        return {"__array__": begin, "dtype": value.dtype.str, "shape": list(value.shape)}
    return value


def _unpack(value: Any, raw: bytearray) -> Any:
    if isinstance(value, list):
        return [_unpack(item, raw) for item in value]
    if not isinstance(value, dict):
        return value
    if "__array__" not in value:
        return {key: _unpack(item, raw) for key, item in value.items()}
    kind, shape = np.dtype(str(value["dtype"])), tuple(int(n) for n in value["shape"])
    count = int(np.prod(shape, dtype=np.int64))
    if kind.kind not in _KINDS or any(n < 0 for n in shape):
        raise ValueError("no array of numbers")
    return np.frombuffer(raw, kind, count, int(value["__array__"])).reshape(shape)
