"""Objects on another machine, with a copy of what was used here in a folder."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.files import explained
from dlaaw_nb.store.hashing import Stored, checked_hash
from dlaaw_nb.store.remotes import file_system, scheme, shown_url
from dlaaw_nb.store.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dlaaw_nb.store.blob import Buffer
    from dlaaw_nb.store.local_objects import LocalObjects

__all__ = ["RemoteObjects"]

_READ_ONLY = ("http", "https")


class RemoteObjects:
    """Bytes by their hash, in a folder that fsspec reaches.

    Parameters
    ----------
    url : str
        Of the folder in which ``objects`` is.
    near : LocalObjects
        Where what was put or fetched is kept too.
    """

    def __init__(self, url: str, near: LocalObjects) -> None:
        self.url = url.rstrip("/") if not url.endswith("://") else url
        self.near = near
        self._system: tuple[int, Any, str] | None = None

    def put(self, chunks: Sequence[Buffer]) -> Stored:
        """Keep bytes; see `Objects.put`."""
        self._must_be_writable()
        stored = self.near.put(chunks)
        self._send(stored)
        return stored

    def put_file(self, path: Path, *, move: bool = False) -> Stored:
        """Keep the bytes of a file; see `Objects.put_file`."""
        self._must_be_writable()
        stored = self.near.put_file(path, move=move)
        self._send(stored)
        return stored

    def path(self, hash_: str) -> Path:
        """Fetch an object if it is not here yet; see `Objects.path`."""
        if self.near.size(checked_hash(hash_)) is None:
            self._fetch(hash_)
        return self.near.path(hash_)

    def size(self, hash_: str) -> int | None:
        """Give the size of an object there, or None where it is not."""
        checked_hash(hash_)

        def ask(system: Any, root: str) -> int | None:
            try:
                size = system.info(_place(root, hash_))["size"]
            except FileNotFoundError:
                return None
            return None if size is None else int(size)

        size: int | None = self._do(ask, "asked")
        return size

    def delete(self, hash_: str) -> None:
        """Remove an object there and here."""
        self._must_be_writable()
        self.near.delete(hash_)

        def remove(system: Any, root: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                system.rm_file(_place(root, hash_))

        self._do(remove, "removed")

    def everything(self) -> Iterator[tuple[str, int, float]]:
        """List all objects there: hash, size in bytes, seconds since the epoch (0 if unknown)."""

        def ask(system: Any, root: str) -> list[dict[str, Any]]:
            try:
                return list(system.find(f"{root}/objects", detail=True).values())
            except FileNotFoundError:
                return []

        for facts in self._do(ask, "listed"):
            hash_ = "".join(str(facts["name"]).rsplit("/", 2)[-2:])
            with contextlib.suppress(StoreError):
                yield checked_hash(hash_), int(facts.get("size") or 0), _used(facts)

    def sweep(self) -> int:
        """Remove what writers that died have left here."""
        return self.near.sweep()

    def _must_be_writable(self) -> None:
        if scheme(self.url) in _READ_ONLY:
            raise StoreError(
                f"{shown_url(self.url)}: a store that is reached over http can only be read. "
                "Choose a folder, or an sftp:// URL."
            )

    def _send(self, stored: Stored) -> None:
        if self.size(stored.hash) == stored.size:
            return
        here = self.near.path(stored.hash)

        def send(system: Any, root: str) -> None:
            place = _place(root, stored.hash)
            folder = place.rpartition("/")[0]
            part = f"{folder}/.part-{secrets.token_hex(8)}"
            system.makedirs(folder, exist_ok=True)
            try:
                system.put_file(os.fspath(here), part)
                _rename(system, part, place, stored.size)
            except BaseException:
                with contextlib.suppress(Exception):
                    system.rm_file(part)
                raise

        self._do(send, "written")

    def _fetch(self, hash_: str) -> None:
        part = self.near.folder / f".fetch-{secrets.token_hex(8)}"

        def fetch(system: Any, root: str) -> None:
            try:
                system.get_file(_place(root, hash_), os.fspath(part))
            except FileNotFoundError:
                raise StoreError(
                    f"{shown_url(self.url)}: there is no object {hash_[:12]} in the store. Run "
                    "again what made it."
                ) from None

        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            self._do(fetch, "fetched")
            stored = self.near.put_file(part, move=True)
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{part.parent}: could not be written {explained(error)}") from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
        if stored.hash != hash_:
            self.near.delete(stored.hash)
            raise StoreError(
                f"{shown_url(self.url)}: object {hash_[:12]} has changed or was cut off on its way "
                f"({stored.size} bytes came). Delete it there, and run again what made it."
            )

    def _do(self, action: Callable[[Any, str], Any], verb: str) -> Any:
        """Do something over there; a connection that broke since the last time is made again."""
        for again in (True, False):
            fresh = self._system is None or self._system[0] != os.getpid()
            if fresh:
                self._system = (os.getpid(), *file_system(self.url))
            assert self._system is not None  # noqa: S101 - for the type checker
            try:
                return action(self._system[1], self._system[2].rstrip("/"))
            except StoreError:
                raise
            except Exception as error:
                # Each kind of file system raises errors of its own.
                self._system = None
                if again and not fresh:
                    continue
                raise StoreError(
                    f"{shown_url(self.url)}: could not be {verb} ({type(error).__name__}: "
                    f"{one_line(str(error), 150)}). Check the network, the disk there and the "
                    "permissions."
                ) from error
        return None


def _place(root: str, hash_: str) -> str:
    return f"{root}/objects/{hash_[:2]}/{hash_[2:]}"


def _rename(system: Any, part: str, place: str, size: int) -> None:
    rename = getattr(getattr(system, "ftp", None), "posix_rename", None)
    if rename is not None:
        rename(part, place)  # replaces a broken object at once
        return
    if system.exists(place):
        if system.info(place)["size"] == size:
            system.rm_file(part)
            return
        system.rm_file(place)
    system.mv(part, place)


def _used(facts: dict[str, Any]) -> float:
    when = facts.get("mtime") or facts.get("LastModified") or facts.get("created") or 0.0
    return when.timestamp() if hasattr(when, "timestamp") else float(when)
