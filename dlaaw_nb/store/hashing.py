"""The names of what is stored: SHA-256 of its bytes."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.blob import flat
from dlaaw_nb.store.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlaaw_nb.store.blob import Buffer

__all__ = ["PIECE_BYTES", "Stored", "checked_hash", "digest", "digest_file"]

PIECE_BYTES = 1 << 20
"""Bytes of a file that are looked at together."""

_HASH = re.compile(r"[0-9a-f]{64}")


class Stored(NamedTuple):
    """What bytes are named by: SHA-256 in hexadecimal, and how many they are."""

    hash: str
    size: int


def digest(chunks: Sequence[Buffer]) -> Stored:
    """Name bytes without storing them.

    Parameters
    ----------
    chunks : sequence of bytes, bytearray or memoryview
        The bytes in pieces.

    Returns
    -------
    Stored
        Their SHA-256 and size.
    """
    if len(chunks) == 1 and type(chunks[0]) is bytes:
        return Stored(sha256(chunks[0]).hexdigest(), len(chunks[0]))
    total, size = sha256(), 0
    for chunk in chunks:
        view = flat(chunk)
        total.update(view)
        size += len(view)
    return Stored(total.hexdigest(), size)


def digest_file(path: Path) -> Stored:
    """Name the bytes of a file.

    Parameters
    ----------
    path : Path
        The file, read piece by piece.

    Returns
    -------
    Stored
        Their SHA-256 and size.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    total, size = sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            total.update(piece)
            size += len(piece)
    return Stored(total.hexdigest(), size)


def checked_hash(text: Any) -> str:
    """Give a hash back if it is one: it becomes a part of paths.

    Parameters
    ----------
    text : str
        SHA-256 in hexadecimal.

    Returns
    -------
    str
        `text`.

    Raises
    ------
    StoreError
        When it is anything else.
    """
    if isinstance(text, str) and _HASH.fullmatch(text):
        return text
    raise StoreError(
        f"hash: expected 64 hexadecimal digits, got {shown(text)}. Take the hash of a product."
    )
