"""Bytes that a value is read from: in memory, or a file that is mapped into it."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from dlaaw_nb.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

__all__ = ["Blob", "Buffer", "flat"]

Buffer: TypeAlias = "bytes | bytearray | memoryview"
"""What encoded values are made of."""


class Blob:
    """Bytes to decode.

    Parameters
    ----------
    path : Path or None
        A local file; None for bytes in memory.
    data : bytes, bytearray, memoryview or None
        The bytes in memory; None for those of the file.

    Attributes
    ----------
    path : Path or None
        The local file, where it is one.

    Raises
    ------
    StoreError
        When neither or both are given, or, on reading, when the file cannot be read.
    """

    __slots__ = ("_data", "path")

    def __init__(self, path: Path | None = None, data: Buffer | None = None) -> None:
        if (path is None) == (data is None):
            raise StoreError("Blob: expected either a path or data. Give one of them.")
        self.path = path
        self._data = data

    def bytes(self) -> bytes:
        """Read all.

        Returns
        -------
        bytes
            A copy, except of ``bytes`` in memory.
        """
        if self._data is not None:
            return self._data if isinstance(self._data, bytes) else bytes(self._data)
        assert self.path is not None  # noqa: S101 - for the type checker
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def buffer(self) -> memoryview:
        """Look at all without a copy.

        Returns
        -------
        memoryview
            Of single bytes, read-only. A file is mapped into memory, and stays so as long as
            somebody looks at it.
        """
        if self._data is not None:
            return flat(self._data).toreadonly()
        return self._mapped(mmap.ACCESS_READ)

    def private(self) -> memoryview:
        """Look at all in memory that may be written to; neither the file nor other views change.

        Returns
        -------
        memoryview
            Of single bytes. A page of a file is copied only when it is written to; bytes in memory
            are copied at once.
        """
        if self._data is not None:
            return memoryview(bytearray(self._data))
        return self._mapped(mmap.ACCESS_COPY)

    def _mapped(self, access: int) -> memoryview:
        assert self.path is not None  # noqa: S101 - for the type checker
        try:
            with self.path.open("rb") as file:
                if not file.seek(0, 2):
                    return memoryview(b"")  # an empty file cannot be mapped
                return memoryview(mmap.mmap(file.fileno(), 0, access=access))
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def __repr__(self) -> str:
        where = self.path if self.path is not None else f"{len(self._data or b'')} bytes"
        return f"<Blob {where}>"


def flat(chunk: Buffer) -> memoryview:
    """See a contiguous buffer as single bytes.

    Parameters
    ----------
    chunk : bytes, bytearray or memoryview
        Contiguous, of any item size.

    Returns
    -------
    memoryview
        The same memory.
    """
    view = memoryview(chunk)
    if view.nbytes == 0:
        return memoryview(b"")  # a view with a length of 0 in its shape cannot be cast
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: could not be read ({error.strerror or error}). "
        "Run again what made it, or bring the file back."
    )
