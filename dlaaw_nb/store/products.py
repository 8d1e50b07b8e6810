"""Data products: what is known of a value that a task made, wherever the value lies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.blob import Blob
from dlaaw_nb.store.codec import codec
from dlaaw_nb.store.text import size_text

if TYPE_CHECKING:
    import os

    from dlaaw_nb.store.lineage import Lineage
    from dlaaw_nb.store.store import Store

__all__ = ["INLINE_BYTES", "DataProduct"]

INLINE_BYTES: Final = 1024
"""Values of at most so many bytes are kept in the database instead of a file."""

_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class DataProduct:
    """A value by the hash of its bytes.

    Parameters
    ----------
    hash : str
        SHA-256 of its bytes, in hexadecimal.
    type : str
        Name of its port type.
    codec : str
        Name of the codec that reads it; empty for one that cannot be read back.
    size_bytes : int
        How many bytes it has.
    preview : str
        A line of text that shows it.
    suffix : str
        Of a file with its bytes, such as ``".npy"``.
    filename : str
        Of a file, its name; empty for others.
    location : str
        Path or URL where it came from, and may still lie; empty where it was computed.
    inline : bytes or None
        Its bytes, where they are few; not compared.
    store : Store or None
        Where its bytes are; not compared.
    """

    hash: str
    type: str
    codec: str
    size_bytes: int
    preview: str
    suffix: str
    filename: str = ""
    location: str = ""
    inline: bytes | None = field(default=None, compare=False, repr=False)
    store: Store | None = field(default=None, compare=False, repr=False)

    def value(self) -> Any:
        """Load the value.

        Returns
        -------
        object
            What the task gave, in the form that tasks get; for a file its path.

        Raises
        ------
        StoreError
            When its bytes are not there any more.
        CodecError
            When they cannot be read.
        """
        keeper = codec(self.codec)
        return keeper.settle(keeper.decode(self.blob()))

    load = value

    def blob(self) -> Blob:
        """Find the bytes.

        Returns
        -------
        Blob
            In memory, or a local file; of a file product under its own name.

        Raises
        ------
        StoreError
            When they are not there any more.
        """
        if self.store is not None:
            return self.store.blob(self)
        if self.inline is not None and not self.filename:
            return Blob(data=self.inline)
        raise self._homeless()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the bytes to a file, whole or not at all, and remember where the file came from.

        Parameters
        ----------
        path : str or path
            The file to write or replace. A path without a suffix gets the product's; a folder gets
            the file's own name.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        StoreError
            When the bytes are not there any more.
        SaveError
            When the file cannot be written.
        """
        from dlaaw_nb.store.files import write_bytes

        data = self.blob().buffer()
        final = Path(path)
        if final.is_dir() and self.filename:
            final /= self.filename
        if not final.suffix and not final.is_dir():
            final = final.with_name(final.name + self._suffix(data))
        written = write_bytes(final, [data])
        if self.store is not None:
            self.store.exported(written, self)
        return written

    def lineage(self) -> Lineage:
        """Find what it was made from, and how.

        Returns
        -------
        Lineage
            Steps from it to its sources.

        Raises
        ------
        StoreError
            When it belongs to no store, or nothing is known of it there.
        """
        if self.store is None:
            raise self._homeless()
        return self.store.lineage(self)

    def attached(self, store: Store) -> DataProduct:
        """Give the same product with a store to find its bytes.

        Parameters
        ----------
        store : Store
            Where they are.

        Returns
        -------
        DataProduct
            A copy.
        """
        return replace(self, store=store)

    def _homeless(self) -> StoreError:
        return StoreError(
            f"product {self.hash[:12]}: belongs to no store, so nothing more is known of it. "
            "Ask a store for it: Store().product(hash)."
        )

    def _suffix(self, data: memoryview) -> str:
        packed = self.suffix == ".json" and bytes(data[:4]) == _ZIP
        return ".zip" if packed else self.suffix

    def __repr__(self) -> str:
        return (
            f"<DataProduct {self.hash[:12]}: {self.type}, {size_text(self.size_bytes)}, "
            f"{self.preview}>"
        )

    def _repr_html_(self) -> str:
        from dlaaw_nb.store.product_view import product_html

        return product_html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Show it in every form, whatever is asked."""
        del include, exclude
        return {"text/plain": repr(self), "text/html": self._repr_html_()}
