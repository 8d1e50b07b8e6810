"""Data as files on their way to a board: compressed, and known by their content."""

from __future__ import annotations

import io
import zlib
from typing import Any, Dict, Mapping

from . import wire
from .digest import digest_of
from .faults import DlaawError

__all__ = ["packed", "unpacked"]


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
    DlaawError
        When it is cut off, or other data.
    """
    try:
        data = wire.read(io.BytesIO(zlib.decompress(content)))
    except (zlib.error, wire.WireError) as error:
        raise DlaawError(f"the data did not arrive whole ({error}). Send it again.") from error
    if data is None or digest_of(data) != digest:
        raise DlaawError("the data changed while it was being sent. Run it again.")
    return data
