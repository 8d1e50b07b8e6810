"""The pieces of PNG files: what is in them, and the same file without what changes from day to day.

References
----------
W3C, 2003, "Portable Network Graphics (PNG) Specification (Second Edition)", chapter 11,
https://www.w3.org/TR/2003/REC-PNG-20031110/
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from dlaaw_nb.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SIGNATURE", "SIZE", "TITLE", "PngFacts", "read_png", "with_texts"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"

TITLE = "Title"
"""Keyword of the text that stands for a picture."""

SIZE = "CSS size"
"""Keyword of the size on a page: ``460x245``, in CSS pixels."""

_LONGEST_TEXT = 1 << 16
_CHANGING = (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf")


class PngFacts(NamedTuple):
    """What a PNG file says: its size in pixels, and its uncompressed texts by keyword."""

    width: int
    height: int
    texts: dict[str, str]


def read_png(data: bytes) -> PngFacts:
    """Read what a PNG file says, without its pixels.

    Parameters
    ----------
    data : bytes
        A file.

    Returns
    -------
    PngFacts
        Size and texts.

    Raises
    ------
    CodecError
        When it is no whole PNG file.
    """
    kinds: set[bytes] = set()
    texts: dict[str, str] = {}
    size = 0, 0
    for kind, body in _pieces(data):
        if kind == b"IHDR" and len(body) == 13:
            size = struct.unpack_from(">II", body)
        elif kind in (b"iTXt", b"tEXt") and len(body) <= _LONGEST_TEXT:
            texts.update([_text(kind, body)])
        kinds.add(kind)
    if not {b"IHDR", b"IDAT", b"IEND"} <= kinds or not all(0 < side < 2**31 for side in size):
        raise _broken("a piece is missing")
    return PngFacts(*size, texts)


def with_texts(data: bytes, texts: Mapping[str, str]) -> bytes:
    """Put texts in place of those of a PNG file.

    Parameters
    ----------
    data : bytes
        A file.
    texts : mapping of str to str
        Text by its keyword, which is Latin-1; empty ones are left out.

    Returns
    -------
    bytes
        The file without its own texts and dates.

    Raises
    ------
    CodecError
        When it is no whole PNG file.
    """
    chunks = [SIGNATURE]
    for kind, body in _pieces(data):
        if kind not in _CHANGING:
            chunks.append(_piece(kind, body))
        if kind == b"IHDR":
            chunks += [
                _piece(b"iTXt", keyword.encode("latin1") + bytes(5) + text.encode())
                for keyword, text in texts.items()
                if text
            ]
    return b"".join(chunks)


def _pieces(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if data[:8] != SIGNATURE:
        raise _broken("it does not begin as one")
    at, kind = 8, b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise _broken("it ends too early")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            raise _broken("it ends too early")
        if (kind == b"IHDR") != (at == 8):
            raise _broken("its header is not where it should be")
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise _broken("a checksum differs")
        yield kind, data[at + 8 : end]
        at = end + 4


def _piece(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _text(kind: bytes, body: bytes) -> tuple[str, str]:
    keyword, _, rest = body.partition(b"\0")
    if kind == b"tEXt":
        return keyword.decode("latin1"), rest.decode("latin1")
    flags, _, rest = rest[:2], None, rest[2:]
    text = rest.split(b"\0", 2)[-1] if flags[:1] == b"\0" else b""
    return keyword.decode("latin1"), text.decode("utf-8", "replace")


def _broken(reason: str) -> CodecError:
    return CodecError(f"expected a PNG file, got bytes that are none ({reason}). Draw it again.")
