"""Data as files on their way to a board: compressed, and known by their content."""

from __future__ import annotations

import io
import os
import zlib
from typing import TYPE_CHECKING, Any, Dict, Mapping

from . import wire
from .digest import digest_of
from .faults import DamagedDataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["loaded", "packed", "unpacked"]


def packed(data: Mapping[str, Any]) -> bytes:
    """Make a file of data.

    Parameters
    ----------
    data : mapping
        Arrays and mappings of them.

    Returns
    -------
    bytes
        A frame of ``wire``, compressed.
    """
    frame = io.BytesIO()
    wire.write(frame, dict(data))
    return zlib.compress(frame.getbuffer(), 1)


def unpacked(content: bytes, digest: str) -> Dict[str, Any]:
    """Read what `packed` gave.

    Parameters
    ----------
    content : bytes
        Of the file.
    digest : str
        What the data should be.

    Returns
    -------
    dict
        The data.

    Raises
    ------
    DamagedDataError
        When it is cut off, or other data.
    """
    try:
        data = wire.read(io.BytesIO(zlib.decompress(content)))
    except (zlib.error, wire.WireError) as error:
        raise DamagedDataError(
            f"the data did not arrive whole ({error}). Send it again."
        ) from error
    if data is None or digest_of(data) != digest:
        raise DamagedDataError("the data changed while it was being sent. Run it again.")
    return data


def loaded(path: Path, digest: str) -> Dict[str, Any]:
    """Read data from a file of what `packed` gave; a damaged file is removed.

    Parameters
    ----------
    path : Path
        The file.
    digest : str
        What the data should be.

    Returns
    -------
    dict
        The data.

    Raises
    ------
    DamagedDataError
        When it is not there, cut off, or other data: it should be sent again.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedDataError(f"{path}: the data is not there ({error.strerror}).") from error
    try:
        data = unpacked(content, digest)
    except DamagedDataError:
        path.unlink()
        raise
    os.utime(str(path))  # in use; see ``keeping``
    return data
