"""Values that were decoded or made lately in this process, by hash."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

__all__ = ["get", "put"]

_MOST_BYTES = 256 * 2**20
_values: OrderedDict[str, tuple[Any, int]] = OrderedDict()
_lock = threading.Lock()
_bytes = 0


def get(key: str) -> Any:
    """Give a value; None where it is not remembered."""
    with _lock:
        found = _values.get(key)
        if found is None:
            return None
        _values.move_to_end(key)
        return found[0]


def put(key: str, value: Any, size: int) -> None:
    """Remember a value that is so many bytes; one that takes much room is not."""
    global _bytes  # noqa: PLW0603 - one memory a process
    if not key or value is None or size > _MOST_BYTES // 4:
        return
    with _lock:
        if key in _values:
            return
        _values[key] = value, size
        _bytes += size
        while _bytes > _MOST_BYTES:
            _, (_, gone) = _values.popitem(last=False)
            _bytes -= gone
