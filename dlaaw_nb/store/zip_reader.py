"""Reads zip files of stored parts where they lie in memory."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_entries"]

_LARGE = 0xFFFFFFFF
_LARGEST_CHECKED = 64 * 2**20
"""Bytes of a part whose checksum is looked at: larger ones stay on the disk until they are used."""


def read_entries(data: memoryview, most: int) -> Iterator[tuple[str, memoryview]]:
    """Find the parts of a zip file.

    Parameters
    ----------
    data : memoryview
        The file, of single bytes.
    most : int
        How many parts it may have.

    Yields
    ------
    name : str
        Its name as it stands in the file.
    view : memoryview
        Its bytes.

    Raises
    ------
    ValueError, struct.error
        When it is no zip file, a part is compressed, named twice, overlaps another, or its checksum
        is wrong.
    """
    count, at, end = _directory(data)
    if count > most:
        raise ValueError(f"{count} parts")
    names: set[str] = set()
    free = 0  # parts stand one after another; so they cannot overlap
    for _ in range(count):
        name, offset, size, checksum, at = _central(data, at, end)
        start = _start(data, offset)
        if offset < free or start + size > end or name in names:
            raise ValueError("parts that overlap or come twice")
        free = start + size
        names.add(name)
        view = data[start:free]
        if size <= _LARGEST_CHECKED and zlib.crc32(view) != checksum:
            raise ValueError(f"the checksum of {name[:40]} differs")
        yield name, view
    if at != end:
        raise ValueError("a directory that does not end")


def _directory(data: memoryview) -> tuple[int, int, int]:
    """Find how many parts there are, and where their records begin and end."""
    tail = len(data) - 22
    if tail < 0:
        raise ValueError("it is too short")
    mark, disk, first, here, count, size, at, comment = struct.unpack_from("<IHHHHIIH", data, tail)
    if mark != 0x06054B50 or disk or first or here != count or comment:
        raise ValueError("it does not end as a zip file")
    end = tail
    if (count == 0xFFFF or _LARGE in (size, at)) and tail >= 76:
        locator, _, end, _ = struct.unpack_from("<IIQI", data, tail - 20)
        if locator != 0x07064B50 or end != tail - 76:
            raise ValueError("it does not end as a large zip file")
        mark, _, _, _, _, _, _, count, size, at = struct.unpack_from("<IQHHIIQQQQ", data, end)
        if mark != 0x06064B50:
            raise ValueError("it does not end as a large zip file")
    if at + size != end:
        raise ValueError("its directory is not where it should be")
    return count, at, end


def _central(data: memoryview, at: int, end: int) -> tuple[str, int, int, int, int]:
    """Read a record of the directory: name, offset, size, checksum, and where the next one is."""
    fields = struct.unpack_from("<IHHHHHHIIIHHHHHII", data, at)
    mark, _, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = fields[:12]
    comment, offset = fields[12], fields[16]
    name_at = at + 46
    extra_at = name_at + name_length
    following = extra_at + extra_length + comment
    if mark != 0x02014B50 or following > end or flags & 1:
        raise ValueError("a record that is none")
    if method or packed != size:
        raise ValueError("a part is compressed")
    name = bytes(data[name_at:extra_at]).decode()
    if _LARGE in (size, offset):
        size, offset = _large(data, extra_at, extra_length, size, offset)
    return name, offset, size, checksum, following


def _large(data: memoryview, at: int, length: int, size: int, offset: int) -> tuple[int, int]:
    """Read the numbers that need more than 32 bits."""
    numbers = []
    if length >= 4:
        kind, room = struct.unpack_from("<HH", data, at)
        if kind == 1 and room <= length - 4:
            numbers = list(struct.unpack_from(f"<{room // 8}Q", data, at + 4))
    if size == _LARGE:
        size, packed, *numbers = numbers
        if packed != size:
            raise ValueError("a record that is none")
    if offset == _LARGE:
        offset, *numbers = numbers
    return size, offset


def _start(data: memoryview, offset: int) -> int:
    """Find where the bytes of a part begin, behind its own header."""
    mark, name_length, extra_length = struct.unpack_from("<I22xHH", data, offset)
    if mark != 0x04034B50:
        raise ValueError("a part that is not where it should be")
    return offset + 30 + int(name_length) + int(extra_length)
