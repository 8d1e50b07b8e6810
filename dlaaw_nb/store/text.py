"""Short lines of plain text about values."""

from __future__ import annotations

import re

__all__ = ["PREVIEW_LENGTH", "one_line", "shown", "size_text"]

PREVIEW_LENGTH = 200
"""Longest preview, in characters."""

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069]+")


def one_line(text: str, length: int = PREVIEW_LENGTH) -> str:
    """Put text on one line, without control characters, and cut it.

    Parameters
    ----------
    text : str
        Any text; only its beginning is looked at.
    length : int
        Longest result, in characters.

    Returns
    -------
    str
        The line; it ends in an ellipsis where it was cut.
    """
    line = _BREAKS.sub(" ", text[: 4 * length]).strip()
    cut = len(line) > length or len(text) > 4 * length
    return f"{line[: length - 1]}\N{HORIZONTAL ELLIPSIS}" if cut else line


def shown(value: object, length: int = 80) -> str:
    """Write a value that came where another was expected, for a message.

    Parameters
    ----------
    value : object
        Anything, strange and huge objects included.
    length : int
        Longest result, in characters.

    Returns
    -------
    str
        Its repr where that is cheap, else its type.
    """
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 10**20 else "a large int"
    if isinstance(value, str):
        return one_line(repr(value[:length]), length)
    return type(value).__qualname__


def size_text(size_bytes: float) -> str:
    """Write a size in the unit that fits it.

    Parameters
    ----------
    size_bytes : float
        Bytes.

    Returns
    -------
    str
        ``17 bytes``, ``1.2 kB``, ``3.4 GB``; a kB has 1000 bytes.
    """
    if size_bytes == 1:
        return "1 byte"
    if size_bytes < 1000:
        return f"{size_bytes:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        size_bytes /= 1000
        if size_bytes < 999.5:
            return f"{size_bytes:.3g} {unit}"
    return f"{size_bytes / 1000:.3g} TB"
