"""Objects: bytes by the hash of their content, in a folder or on another machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.blob import Blob
from dlaaw_nb.store.files import explained
from dlaaw_nb.store.hashing import Stored, checked_hash, digest, digest_file
from dlaaw_nb.store.local_objects import LocalObjects
from dlaaw_nb.store.names import own_name
from dlaaw_nb.store.remotes import has_password, is_url, scheme, shown_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlaaw_nb.store.blob import Buffer

__all__ = ["Objects", "Stored", "digest"]


class Objects:
    """Bytes by their SHA-256: the same bytes are kept once, and never changed.

    Parameters
    ----------
    url : str or Path
        A folder, or any URL that fsspec knows: ``sftp://user@host/path``, ``memory://name`` (of
        this process only), ``https://host/path`` (can only be read).
    cache : Path or None
        Where what lies elsewhere is kept too, when it was put or fetched; None for a folder among
        the person's caches. Not used for a local folder.

    Attributes
    ----------
    url : str
        As given; a folder as an absolute path.
    local : Path or None
        The folder; None when it is elsewhere.

    Raises
    ------
    StoreError
        When the URL carries a password, which would be written into every record. Here and in all
        methods: when something cannot be read, written or reached; the message says what to do.
    """

    def __init__(self, url: str | os.PathLike[str], cache: Path | None = None) -> None:
        text = os.fspath(url)
        self.local: Path | None = None
        self._cache = cache
        self._kept: Any
        if is_url(text) and scheme(text) not in ("file", "local"):
            from dlaaw_nb.store.remote_objects import RemoteObjects

            if has_password(text):
                raise StoreError(
                    f"{shown_url(text)}: expected no password in the URL of a store. Use a key, "
                    "and write the URL without it."
                )
            self.url = text
            self._kept = RemoteObjects(text, LocalObjects(cache or _cache_folder()))
        else:
            path = text.split("://", 1)[1] if is_url(text) else text
            self.local = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - links stay
            self.url = str(self.local)
            self._kept = LocalObjects(self.local)

    def put(self, chunks: Sequence[Buffer]) -> Stored:
        """Keep bytes. What is there already, with the right size, is not written again.

        Parameters
        ----------
        chunks : sequence of bytes, bytearray or memoryview
            The bytes in pieces.

        Returns
        -------
        Stored
            Their SHA-256 and size.
        """
        stored: Stored = self._kept.put(chunks)
        return stored

    def put_file(self, path: Path, *, move: bool = False) -> Stored:
        """Keep the bytes of a file.

        Parameters
        ----------
        path : Path
            The file.
        move : bool
            Whether it may be taken away from where it is, which is quick on one disk.

        Returns
        -------
        Stored
            SHA-256 and size of its bytes.
        """
        stored: Stored = self._kept.put_file(Path(path), move=move)
        return stored

    def get(self, hash: str) -> Blob:  # noqa: A002 - the word of the field
        """Find bytes by their hash.

        Parameters
        ----------
        hash : str
            SHA-256, 64 hexadecimal digits.

        Returns
        -------
        Blob
            The bytes; what lies elsewhere is fetched once, and its hash is checked.

        Raises
        ------
        StoreError
            When they are not there.
        """
        return Blob(path=self.path(hash))

    def path(self, hash: str) -> Path:  # noqa: A002
        """Find a local file with the bytes of a hash; nobody may write to it.

        Parameters
        ----------
        hash : str
            SHA-256, 64 hexadecimal digits.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        StoreError
            When they are not there.
        """
        path: Path = self._kept.path(hash)
        return path

    def named(self, hash: str, filename: str) -> Path:  # noqa: A002
        """Find a local file with the bytes of a hash, under a name of its own.

        Parameters
        ----------
        hash : str
            SHA-256, 64 hexadecimal digits.
        filename : str
            The name, which may tell a reader what is in it; made harmless.

        Returns
        -------
        Path
            A second name of the object, or a copy where the disk knows no second names.
        """
        source = self.path(hash)
        folder = source.parents[2] / "named" / hash[:2] / hash[2:]
        named = folder / own_name(filename)
        try:
            if named.exists() and named.stat().st_size == source.stat().st_size:
                return named
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f".part-{os.getpid()}-{os.urandom(4).hex()}"
            try:
                part.hardlink_to(source)
            except OSError:
                shutil.copy(source, part)
            part.replace(named)
        except OSError as error:
            raise StoreError(f"{named}: could not be written {explained(error)}") from error
        return named

    def has(self, hash: str, size: int | None = None) -> bool:  # noqa: A002
        """Whether bytes are there.

        Parameters
        ----------
        hash : str
            SHA-256, 64 hexadecimal digits.
        size : int or None
            How many bytes they are: an object that was cut off is not there. None does not look.
        """
        found = self._kept.size(hash)
        return found is not None and size in (None, found)

    def verify(self, hash: str) -> bool:  # noqa: A002
        """Whether the bytes of a hash are there, and have that hash; reads all of them.

        Parameters
        ----------
        hash : str
            SHA-256, 64 hexadecimal digits.
        """
        if self._kept.size(hash) is None:
            return False
        try:
            return digest_file(self.path(hash)).hash == hash
        except (OSError, StoreError):
            return False

    def delete(self, hash: str) -> None:  # noqa: A002
        """Remove bytes; what is not there stays so.

        Parameters
        ----------
        hash : str
            SHA-256, 64 hexadecimal digits.
        """
        checked_hash(hash)
        near = self.local or self._kept.near.folder
        shutil.rmtree(near / "named" / hash[:2] / hash[2:], ignore_errors=True)
        self._kept.delete(hash)

    def everything(self) -> Iterator[tuple[str, int, float]]:
        """List what is kept.

        Yields
        ------
        hash : str
            SHA-256.
        size_bytes : int
            Its size.
        used : float
            When it was put last, in seconds since the epoch; 0 if that is not known.
        """
        yield from self._kept.everything()

    def sweep(self) -> int:
        """Remove what writers that died have left.

        Returns
        -------
        int
            Bytes that were freed.
        """
        return int(self._kept.sweep())

    def __reduce__(self) -> tuple[Any, ...]:
        return Objects, (self.url, self._cache)

    def __eq__(self, other: object) -> bool:
        return self.url == other.url if isinstance(other, Objects) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.url)

    def __repr__(self) -> str:
        return f"<Objects {shown_url(self.url)}>"


def _cache_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("dlaaw_nb"))
