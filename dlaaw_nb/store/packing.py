"""Several named parts in one zip file that always comes out the same: stored, without dates.

Nothing is compressed, so a part can be read where it lies in a mapped file, and a small file cannot
become a large value. Each part begins at a multiple of 64 bytes, as arrays need it.

References
----------
PKWARE, "APPNOTE.TXT - .ZIP File Format Specification", version 6.3.10,
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.blob import Blob, flat
from dlaaw_nb.store.scalars import json_bytes
from dlaaw_nb.store.text import shown
from dlaaw_nb.store.zip_reader import read_entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.store.blob import Buffer

__all__ = ["MANIFEST", "MOST_PARTS", "pack", "unpack"]

MANIFEST = "manifest.json"
"""Name of the first part: what the others are, as JSON."""

MOST_PARTS = 100_000
"""More are neither written nor read."""

_ALIGNMENT = 64
_PADDING_ID = 0xD935  # as zipalign uses it for the same purpose
_LARGE = 0xFFFFFFFF
_DATE = (1 << 5) | 1  # 1 January 1980, the first day that a zip file knows
_UTF_8 = 0x0800


class _Entry(NamedTuple):
    name: bytes
    offset: int
    size: int
    checksum: int


def pack(manifest: Mapping[str, Any], parts: Mapping[str, Sequence[Buffer]]) -> list[Buffer]:
    """Join parts in a zip file.

    Parameters
    ----------
    manifest : mapping
        What the parts are; plain values that JSON knows.
    parts : mapping of str to sequence of bytes, bytearray or memoryview
        Each part in pieces, by its name: words joined by ``/``. They are written in this order.

    Returns
    -------
    list of bytes, bytearray or memoryview
        The file in pieces; the parts' memory is not copied.

    Raises
    ------
    CodecError
        When a name is none that a part may have, there are too many, or JSON has no words for the
        manifest.
    """
    if len(parts) >= MOST_PARTS:
        raise CodecError(f"parts: expected fewer than {MOST_PARTS}, got {len(parts)}. Join some.")
    try:
        head = json_bytes(manifest)
    except (TypeError, ValueError, RecursionError) as error:
        raise CodecError(f"manifest: expected plain values, got {error}. Leave them out.") from None
    chunks: list[Buffer] = []
    entries: list[_Entry] = []
    offset = 0
    for name, pieces in ((MANIFEST, [head]), *parts.items()):
        if not proper(name) or (entries and name == MANIFEST):
            raise CodecError(
                f"part {shown(name)}: expected words joined by '/', such as 'rows/1.npy'. "
                "Choose another name."
            )
        views = [flat(piece) for piece in pieces]
        entry = _entry(name.encode(), offset, views)
        header = _local(entry)
        chunks += [header, *views]
        entries.append(entry)
        offset += len(header) + entry.size
    return [*chunks, _directory(entries, offset)]


def unpack(blob: Blob) -> tuple[dict[str, Any], dict[str, Blob]]:
    """Take a zip file apart that `pack` made, without writing anything anywhere.

    Parameters
    ----------
    blob : Blob
        The file.

    Returns
    -------
    manifest : dict
        What the parts are.
    parts : dict of str to Blob
        Each part by its name, in order; they look into the file's memory.

    Raises
    ------
    CodecError
        When it is no such file: broken, compressed, with names that leave a folder or come twice,
        parts that overlap, or a wrong checksum.
    """
    try:
        views = dict(read_entries(blob.buffer(), MOST_PARTS))
        manifest = json.loads(bytes(views.pop(MANIFEST)))
    except KeyError:
        raise _broken("there is no manifest") from None
    except (ValueError, TypeError, RecursionError, struct.error) as error:
        raise _broken(str(error)) from error
    if not isinstance(manifest, dict):
        raise _broken("its manifest is no object")
    bad = next((name for name in views if not proper(name)), None)
    if bad is not None:
        raise _broken(f"a part is named {shown(bad)}")
    return manifest, {name: Blob(data=view) for name, view in views.items()}


def proper(name: Any) -> bool:
    """Whether a part may have this name: it stays in its folder on any system."""
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        return False
    words = name.split("/")
    plain = all(c.isalnum() or c in "-_.,+ " for word in words for c in word)
    return plain and all(word.strip(" .") for word in words)


def _entry(name: bytes, offset: int, views: Sequence[memoryview]) -> _Entry:
    checksum = 0
    for view in views:
        checksum = zlib.crc32(view, checksum)
    return _Entry(name, offset, sum(len(view) for view in views), checksum)


def _local(entry: _Entry) -> bytes:
    large = entry.size >= _LARGE
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.size) if large else b""
    room = entry.offset + 30 + len(entry.name) + len(extra) + 4
    extra += struct.pack("<HH", _PADDING_ID, -room % _ALIGNMENT) + bytes(-room % _ALIGNMENT)
    size = _LARGE if large else entry.size
    fields = (0x04034B50, 45 if large else 20, _UTF_8, 0, 0, _DATE, entry.checksum, size, size)
    return struct.pack("<IHHHHHIIIHH", *fields, len(entry.name), len(extra)) + entry.name + extra


def _directory(entries: Sequence[_Entry], offset: int) -> bytes:
    records = b"".join(map(_central, entries))
    count, size = len(entries), len(records)
    tail = b""
    if count >= 0xFFFF or offset >= _LARGE or size >= _LARGE:
        fields = (0x06064B50, 44, 45, 45, 0, 0, count, count, size, offset)
        tail = struct.pack("<IQHHIIQQQQ", *fields)
        tail += struct.pack("<IIQI", 0x07064B50, 0, offset + size, 1)
    short = min(count, 0xFFFF)
    end = (0x06054B50, 0, 0, short, short, min(size, _LARGE), min(offset, _LARGE), 0)
    return records + tail + struct.pack("<IHHHHIIH", *end)


def _central(entry: _Entry) -> bytes:
    numbers = [entry.size, entry.size] if entry.size >= _LARGE else []
    numbers += [entry.offset] if entry.offset >= _LARGE else []
    extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    size, offset = min(entry.size, _LARGE), min(entry.offset, _LARGE)
    version = 45 if numbers else 20
    fields = (0x02014B50, version, version, _UTF_8, 0, 0, _DATE, entry.checksum, size, size)
    lengths = (len(entry.name), len(extra), 0, 0, 0, 0, offset)
    return struct.pack("<IHHHHHHIIIHHHHHII", *fields, *lengths) + entry.name + extra


def _broken(reason: str) -> CodecError:
    return CodecError(
        f"expected a zip file of stored parts, got one that cannot be read ({reason}). "
        "Run again what made it."
    )
