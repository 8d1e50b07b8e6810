"""Results as JSON text: plain numbers, lists and words; what is not finite becomes null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["FORMAT", "VERSION", "json_text", "plain"]

FORMAT = "dlaaw-nb/result"
VERSION = 1


def json_text(kind: str, content: Mapping[str, Any]) -> str:
    """Write a result as JSON text.

    Parameters
    ----------
    kind : str
        ``training``, ``cross_validation``, ``sweep`` or ``prediction``.
    content : mapping
        The rest; arrays, tuples and NumPy numbers may be in it.

    Returns
    -------
    str
        ``{"format": "dlaaw-nb/result", "version": 1, "kind": ..., ...}`` with the content's keys in
        their order.
    """
    return json.dumps(
        {"format": FORMAT, "version": VERSION, "kind": kind, **plain(content)}, allow_nan=False
    )


def plain(value: Any) -> Any:
    """Turn a value into what JSON has.

    Parameters
    ----------
    value : object
        Numbers, words, None, arrays, and mappings and sequences of them. Other objects become their
        ``str``.

    Returns
    -------
    object
        dict, list, str, int, float, bool or None; NaN and infinities become None, float32 keeps its
        digits.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (np.floating, float)):
        # Through its text, so that the float32 0.1 is 0.1 and not 0.10000000149.
        number = float(str(value)) if isinstance(value, np.float32) else float(value)
        return number if math.isfinite(number) else None
    if isinstance(value, (np.bool_, np.integer)):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, list, tuple)):
        return [plain(item) for item in value]
    return str(value)
