"""Where data come from: a file or a URL, opened as a stream of bytes."""

from __future__ import annotations

import contextlib
import difflib
import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dlaaw_nb.errors import DataError, DownloadError, MissingDataError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["LIMIT_BYTES", "fetch", "is_url", "open_source"]

LIMIT_BYTES = 256 * 2**20
"""Largest body that is taken from a URL."""
TIMEOUT_S = 30.0
_CHUNK_BYTES = 1 << 16


def is_url(source: object) -> bool:
    """Whether a source is text of the form ``scheme://...``."""
    return isinstance(source, str) and "://" in source


def open_source(source: str | os.PathLike[str]) -> BinaryIO:
    """Open a file or a URL as a seekable stream of bytes; the caller closes it.

    Raises
    ------
    MissingDataError
        There is no such file.
    DownloadError
        The URL could not be read.
    DataError
        A directory, no permission, or not a name a file can have.
    """
    if isinstance(source, str) and is_url(source):
        return io.BytesIO(fetch(source))
    path = Path(source)
    place = str(source)
    with contextlib.suppress(RuntimeError):  # "~name" of a user who is not there
        path = path.expanduser()
    try:
        stream = path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(path, place) from None
    except IsADirectoryError:
        raise _not_a_file(path, place) from None
    except (OSError, ValueError) as error:
        # Windows reports a directory as PermissionError; ValueError is a NUL in the name.
        if isinstance(error, PermissionError) and path.is_dir():
            raise _not_a_file(path, place) from None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(
            f"{place!r}: expected a file that can be read, got: {reason}. Check the name and the "
            "permissions.",
            source=place,
        ) from error
    if stream.seekable():
        return stream
    with stream:
        return io.BytesIO(stream.read(LIMIT_BYTES))


def fetch(
    url: str,
    *,
    timeout_s: float = TIMEOUT_S,
    limit_bytes: int = LIMIT_BYTES,
    progress: Callable[[int, int | None], None] | None = None,
) -> bytes:
    """Return the body behind an http or https URL.

    Parameters
    ----------
    url : str
        Where to read.
    timeout_s : float
        Seconds to wait for each answer of the server.
    limit_bytes : int
        Largest body that is accepted.
    progress : callable or None
        Called with (bytes of this piece, bytes in all or None) as they come.

    Raises
    ------
    DownloadError
        Offline, refused, not found, longer than the limit, or cut off before its end.
    """
    import http.client
    import urllib.error
    import urllib.request

    if url.partition("://")[0].lower() not in ("http", "https"):
        raise DownloadError(
            f"{url}: expected a URL that starts with http:// or https://, or a file name. "
            "Download the file and give its path.",
            source=url,
        )
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "dlaaw_nb"})  # noqa: S310 - scheme checked
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            return _read_all(url, response, total, limit_bytes, progress)
    except urllib.error.HTTPError as error:
        with error:
            reason = f"the server answered {error.code} {error.reason}"
        raise _unreachable(url, reason) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, DownloadError):
            raise
        reason = str(getattr(error, "reason", "") or error) or type(error).__name__
        raise _unreachable(url, reason) from error


def _read_all(
    url: str,
    response: BinaryIO,
    total: int | None,
    limit_bytes: int,
    progress: Callable[[int, int | None], None] | None,
) -> bytes:
    body = bytearray()
    while chunk := response.read(_CHUNK_BYTES):
        body += chunk
        if len(body) > limit_bytes:
            raise DownloadError(
                f"{url}: expected at most {limit_bytes} bytes, got more. Download the file with "
                "another tool and give its path.",
                source=url,
            )
        if progress:
            progress(len(chunk), total)
    if total is not None and len(body) < total:
        raise DownloadError(
            f"{url}: expected {total} bytes, got {len(body)} before the connection ended. "
            "Try again.",
            source=url,
        )
    return bytes(body)


def _unreachable(url: str, reason: str) -> DownloadError:
    return DownloadError(
        f"{url}: could not be read: {reason}. Check the address and the network, or download the "
        "file with another tool and give its path.",
        source=url,
    )


def _missing(path: Path, place: str) -> MissingDataError:
    try:
        names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else None
    except OSError:
        names = []
    if names is None:
        hint = f"There is no folder {str(path.parent)!r} either."
    else:
        close = difflib.get_close_matches(path.name, names, 1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Python runs in {str(Path.cwd())!r}."
    return MissingDataError(f"{place!r}: expected a file, there is none. {hint}", source=place)


def _not_a_file(path: Path, place: str) -> DataError:
    tables = sorted(entry.name for entry in path.glob("*.csv"))[:5]
    inside = f" It holds {', '.join(tables)}." if tables else ""
    return DataError(
        f"{place!r}: expected a CSV file, got a directory.{inside} Give the path of one file.",
        source=place,
    )
