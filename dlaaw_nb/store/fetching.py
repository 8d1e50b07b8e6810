"""Brings files from elsewhere into a folder."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.files import explained
from dlaaw_nb.store.names import own_name
from dlaaw_nb.store.remotes import file_system, shown_url
from dlaaw_nb.store.text import one_line, size_text

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["LIMIT_BYTES", "fetch"]

LIMIT_BYTES = 64 * 10**9
"""Largest file that is fetched, unless another limit is asked for."""

_PIECE_BYTES = 1 << 20


def fetch(url: str, folder: Path, *, limit_bytes: int = LIMIT_BYTES) -> Path:
    """Bring a file into a folder, whole or not at all.

    Parameters
    ----------
    url : str
        Any URL that fsspec knows: http, https, sftp, memory, file and more.
    folder : Path
        Made where it is missing; a file of the same name in it is replaced.
    limit_bytes : int
        Largest size that is accepted.

    Returns
    -------
    Path
        The file, under its own name.

    Raises
    ------
    StoreError
        When there is no such file, it is a folder or too large, the network or the machine fails,
        a library is missing, or the folder cannot be written.
    """
    system, path = file_system(url)
    final = Path(folder) / own_name(unquote(urlsplit(url).path))
    part = final.with_name(f".fetch-{secrets.token_hex(8)}")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        target = part.open("xb")
    except OSError as error:
        raise StoreError(f"{part.parent}: could not be written {explained(error)}") from error
    try:
        with target:
            _stream(url, system, path, target, limit_bytes)
        part.replace(final)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{final}: could not be written {explained(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return final


def _stream(url: str, system: Any, path: str, target: BinaryIO, limit_bytes: int) -> None:
    where = shown_url(url)
    try:
        size = _size(url, system, path)
        _within(where, size or 0, limit_bytes)
        with system.open(path, "rb", block_size=_PIECE_BYTES, cache_type="readahead") as source:
            came = _copied(where, source, target, limit_bytes)
    except StoreError:
        raise
    except FileNotFoundError:
        raise StoreError(f"{where}: there is no such file. Check the URL.") from None
    except _WriteError as error:
        raise OSError(*error.cause.args) from error.cause
    except Exception as error:
        # Each kind of file system raises errors of its own.
        raise StoreError(
            f"{where}: could not be fetched ({type(error).__name__}: "
            f"{one_line(str(error), 150)}). Check the URL and the network, and try again."
        ) from error
    if size is not None and came != size:
        raise StoreError(
            f"{where}: expected {size} bytes, got {came} until the connection ended. Try again."
        )


def _size(url: str, system: Any, path: str) -> int | None:
    facts = system.info(path)
    if facts.get("type") == "directory":
        raise StoreError(f"{shown_url(url)}: expected a file, found a folder. Name a file in it.")
    size = facts.get("size")
    return None if size is None else int(size)


def _copied(where: str, source: Any, target: BinaryIO, limit_bytes: int) -> int:
    came = 0
    while piece := source.read(_PIECE_BYTES):
        came += len(piece)
        _within(where, came, limit_bytes)
        try:
            target.write(piece)
        except OSError as error:
            raise _WriteError(error) from error
    try:
        target.flush()
    except OSError as error:
        raise _WriteError(error) from error
    return came


def _within(where: str, size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise StoreError(
            f"{where}: expected at most {size_text(limit_bytes)}, got {size_text(size)} or more. "
            "Raise the limit, or bring the file with another tool and give its path."
        )


class _WriteError(Exception):
    """The folder here failed, not the machine there."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause
