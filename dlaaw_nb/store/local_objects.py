"""Objects in a folder of this machine: ``objects/ab/cdef...``, each written once.

Nothing is forced to the disk: after a power cut an object may be missing or short, which its size
tells, and its task runs again.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import stat
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.blob import Blob, flat
from dlaaw_nb.store.files import explained
from dlaaw_nb.store.hashing import PIECE_BYTES, Stored, checked_hash, digest, digest_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dlaaw_nb.store.blob import Buffer

__all__ = ["LocalObjects"]

_STALE_PART_S = 24 * 3600.0
_counter = itertools.count()
_token = secrets.token_hex(4)
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class LocalObjects:
    """Bytes by their hash, in a folder.

    Parameters
    ----------
    folder : Path
        Where ``objects`` is; made when the first one is put.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = os.path.join(folder, "objects", "")  # noqa: PTH118 - joined 10,000 times a run

    def place(self, hash_: str) -> str:
        """Say where an object is or would be."""
        checked_hash(hash_)
        return f"{self._root}{hash_[:2]}{os.sep}{hash_[2:]}"

    def put(self, chunks: Sequence[Buffer]) -> Stored:
        """Keep bytes; see `Objects.put`."""
        stored = digest(chunks)
        place = self.place(stored.hash)
        if self._used_again(place, stored.size):
            return stored
        self._write(place, lambda part: _write(part, chunks))
        return stored

    def put_file(self, path: Path, *, move: bool = False) -> Stored:
        """Keep the bytes of a file; see `Objects.put_file`."""
        try:
            stored = digest_file(path)
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        place = self.place(stored.hash)
        if self._used_again(place, stored.size):
            if move:
                with contextlib.suppress(OSError):
                    path.unlink()
        elif not (move and self._moved(path, place)):
            self._copy(path, place, stored)
            if move:
                with contextlib.suppress(OSError):
                    path.unlink()
        return stored

    def get(self, hash_: str) -> Blob:
        """Find an object; see `Objects.get`."""
        return Blob(path=self.path(hash_))

    def path(self, hash_: str) -> Path:
        """Find an object's file; see `Objects.path`."""
        place = Path(self.place(hash_))
        if not place.is_file():
            raise StoreError(
                f"{place}: there is no object {hash_[:12]} in the store. Run again what made it, "
                "with reuse=False if its record is still there."
            )
        return place

    def size(self, hash_: str) -> int | None:
        """Give the size of an object, or None where it is not there."""
        place = self.place(hash_)
        try:
            return os.stat(place).st_size  # noqa: PTH116 - asked for each of 10,000 products
        except OSError:
            return None

    def delete(self, hash_: str) -> None:
        """Remove an object; one that is not there stays so."""
        place = self.place(hash_)
        try:
            with contextlib.suppress(FileNotFoundError):
                _unlink(place)
        except OSError as error:
            raise StoreError(f"{place}: could not be removed {explained(error)}") from error

    def everything(self) -> Iterator[tuple[str, int, float]]:
        """List all objects: hash, size in bytes, and seconds since the epoch of their last use."""
        root = Path(self._root)
        for folder in sorted(root.glob("[0-9a-f][0-9a-f]")):
            for file in folder.iterdir():
                with contextlib.suppress(OSError):
                    status = file.stat()
                    if len(file.name) == 62:
                        yield folder.name + file.name, status.st_size, status.st_mtime

    def sweep(self) -> int:
        """Remove what writers that died have left, and give its bytes."""
        freed = 0
        for part in Path(self._root).glob("[0-9a-f][0-9a-f]/.part-*"):
            with contextlib.suppress(OSError):
                status = part.stat()
                if time.time() - status.st_mtime > _STALE_PART_S:
                    _unlink(str(part))
                    freed += status.st_size
        return freed

    def _used_again(self, place: str, size: int) -> bool:
        """Whether an object is there already; if so, it counts as used now."""
        try:
            if os.stat(place).st_size != size:  # noqa: PTH116
                return False
            with contextlib.suppress(OSError):  # another person's object
                os.utime(place)
        except OSError:
            return False
        return True

    def _write(self, place: str, write: Callable[[str], Any]) -> None:
        folder = os.path.dirname(place)  # noqa: PTH120
        part = os.path.join(folder, f".part-{_token}-{os.getpid()}-{next(_counter)}")  # noqa: PTH118
        try:
            try:
                write(part)
            except FileNotFoundError:  # the folder is new, or somebody has removed the store
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103
                write(part)
            _rename(part, place)
        except BaseException as error:  # KeyboardInterrupt too must leave no part behind
            with contextlib.suppress(OSError):
                _unlink(part)
            if not isinstance(error, OSError) or isinstance(error, StoreError):
                raise
            raise StoreError(f"{place}: could not be written {explained(error)}") from error

    def _moved(self, path: Path, place: str) -> bool:
        """Rename a file into the store, where both are on one disk."""
        if path.is_symlink() or path.stat().st_nlink > 1:
            return False  # the file has other names, through which it could be changed
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
            path.chmod(0o444)
            _rename(os.fspath(path), place)
        except OSError:
            return False
        return True

    def _copy(self, path: Path, place: str, expected: Stored) -> None:
        def copy(part: str) -> None:
            if _copy(path, part) != expected:
                raise StoreError(
                    f"{path}: the file was changed while it was read. Wait until it is written, "
                    "and run again."
                )

        if not path.is_file():
            raise _unreadable(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
        self._write(place, copy)


def _write(part: str, chunks: Sequence[Buffer]) -> None:
    descriptor = os.open(part, _FLAGS, 0o444)
    try:
        for chunk in chunks:
            view = flat(chunk)
            while view:
                view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def _copy(path: Path, part: str) -> Stored:
    total, size = sha256(), 0
    descriptor = os.open(part, _FLAGS, 0o444)
    with os.fdopen(descriptor, "wb", buffering=0) as target, path.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            total.update(piece)
            size += len(piece)
            view = memoryview(piece)
            while view:
                view = view[target.write(view) :]
    return Stored(total.hexdigest(), size)


def _rename(part: str, place: str) -> None:
    try:
        os.replace(part, place)  # noqa: PTH105
    except PermissionError:
        # Windows replaces no read-only file, and none that is mapped.
        if os.name != "nt" or not os.path.exists(place):  # noqa: PTH110
            raise
        if os.stat(place).st_size == os.stat(part).st_size:  # noqa: PTH116
            _unlink(part)
            return
        os.chmod(place, stat.S_IWRITE)  # noqa: PTH101
        os.replace(part, place)  # noqa: PTH105


def _unlink(place: str) -> None:
    if os.name == "nt":
        with contextlib.suppress(OSError):
            os.chmod(place, stat.S_IWRITE)  # noqa: PTH101 - Windows removes no read-only file
    os.unlink(place)  # noqa: PTH108


def _unreadable(path: Path, error: Exception) -> StoreError:
    reason = getattr(error, "strerror", None) or str(error)
    return StoreError(
        f"{path}: the file could not be read ({reason}). Check its name and its place."
    )
