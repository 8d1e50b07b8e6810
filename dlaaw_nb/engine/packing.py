"""Data as files on their way to a board: compressed, and known by their content."""

from __future__ import annotations

import contextlib
import io
import zlib
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, Tuple

from . import wire
from .digest import digest_of
from .faults import DlaawError

if TYPE_CHECKING:
    import os
    from pathlib import Path

__all__ = ["packed", "prune", "unpacked"]

_MOST_DATA = 2 << 30  # kept on a board; the oldest go
_MOST_AGE_S = 7 * 86400.0


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


def prune(data: Path, now: float) -> None:
    """Remove data that nobody has used for long, or that there is no room for.

    Parameters
    ----------
    data : Path
        Folder of data files.
    now : float
        Seconds since 1970.
    """
    kept = 0
    found = [(status.st_mtime, status.st_size, file) for file, status in _files(data)]
    for changed, size, file in sorted(found, reverse=True):
        kept += size
        if kept > _MOST_DATA or now - changed > _MOST_AGE_S:
            with contextlib.suppress(OSError):
                file.unlink()


def _files(folder: Path) -> Iterator[Tuple[Path, os.stat_result]]:
    for file in folder.glob("*"):
        with contextlib.suppress(OSError):  # somebody else has removed it
            yield file, file.stat()
