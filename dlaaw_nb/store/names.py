"""Names of files that came from elsewhere, made harmless."""

from __future__ import annotations

import re

__all__ = ["own_name"]

_BAD = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_BYTES = 200


def own_name(name: str, default: str = "file") -> str:
    """Give a name that stays in its folder, on any system.

    Parameters
    ----------
    name : str
        A name from a URL, a record or another machine; of a path only the last part counts.
    default : str
        What stands for a name of which nothing is left.

    Returns
    -------
    str
        At most 200 bytes of UTF-8; the suffix is kept.
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = _BAD.sub("_", last).encode(errors="replace").decode().strip(" ")
    plain = plain.rstrip(". ")
    if not plain.strip("._ ") and not plain.startswith("_"):
        return default
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    if len(plain.encode()) <= _LONGEST_BYTES:
        return plain
    stem, dot, suffix = plain.rpartition(".")
    end = f"{dot}{suffix}" if dot and len(suffix.encode()) <= 20 else ""
    room = _LONGEST_BYTES - len(end.encode())
    return (stem if end else plain).encode()[:room].decode(errors="ignore") + end
