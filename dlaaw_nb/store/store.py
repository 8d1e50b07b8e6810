"""A store: data products by their content, and the records of the runs that made them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.blob import Blob
from dlaaw_nb.store.hashing import digest_file
from dlaaw_nb.store.objects import Objects
from dlaaw_nb.store.products import DataProduct
from dlaaw_nb.store.provenance import Provenance
from dlaaw_nb.store.remotes import is_url, shown_url

if TYPE_CHECKING:
    from dlaaw_nb.store.lineage import Lineage
    from dlaaw_nb.store.records import RunRecord, TaskRecord
    from dlaaw_nb.store.run_diff import RunDiff

__all__ = ["Store"]

_DATABASE = "provenance.sqlite"


class Store:
    """Where runs keep what they make; several processes may use one at once.

    Parameters
    ----------
    url : str, Path or None
        A folder, or a URL as `Objects` takes it. None for the one that ``$DLAAW_STORE`` names, else
        a folder among the person's data.

    Attributes
    ----------
    url : str
        Where it is.
    objects : Objects
        The bytes of the products.
    provenance : Provenance
        The records.
    folder : Path
        A folder of this machine with the database, and room for files under work.

    Raises
    ------
    StoreError
        In all methods: when something cannot be read, written or reached.
    """

    def __init__(self, url: str | os.PathLike[str] | None = None) -> None:
        place = os.environ.get("DLAAW_STORE", "") if url is None else os.fspath(url)
        self.objects = Objects(place or _user_folder() / "store")
        self.url = self.objects.url
        self.folder = self.objects.local or _folder_of(self.url)
        self.provenance = Provenance(self.folder / _DATABASE)

    def product(self, hash: str) -> DataProduct:  # noqa: A002 - the word of the record
        """Find a product.

        Parameters
        ----------
        hash : str
            SHA-256 of its bytes, or the beginning of it that no other product's has.

        Returns
        -------
        DataProduct
            With this store, so that it can be loaded.

        Raises
        ------
        StoreError
            When no such product is written down.
        """
        found = self.provenance.product(hash) if len(hash) == 64 else None
        return (found or self.provenance.find(hash)).attached(self)

    def load(self, product: DataProduct) -> Any:
        """Load the value of a product.

        Parameters
        ----------
        product : DataProduct
            Of this store.

        Returns
        -------
        object
            The value; for a file its path.

        Raises
        ------
        StoreError
            When its bytes are not there any more.
        CodecError
            When they cannot be read.
        """
        return product.attached(self).value()

    def blob(self, product: DataProduct) -> Blob:
        """Find the bytes of a product: in the database, among the objects, or where it came from.

        Parameters
        ----------
        product : DataProduct
            Of this store.

        Returns
        -------
        Blob
            The bytes; of a file product a file under its own name.

        Raises
        ------
        StoreError
            When they are not there any more, or have changed.
        """
        if product.inline is not None:
            if not product.filename:
                return Blob(data=product.inline)
            self.objects.put([product.inline])
        elif not self.objects.has(product.hash, product.size_bytes):
            return self._from_outside(product)
        if product.filename:
            return Blob(path=self.objects.named(product.hash, product.filename))
        return self.objects.get(product.hash)

    def _from_outside(self, product: DataProduct) -> Blob:
        """Read what lies outside of the store, if it is still what it was."""
        path = Path(product.location)
        if is_url(product.location):
            from dlaaw_nb.store.fetching import fetch

            path = fetch(product.location, self.folder / "fetched" / product.hash[:16])
        try:
            same = path.is_file() and digest_file(path).hash == product.hash
        except OSError:
            same = False
        if not same or not product.location:
            where = f" and {shown_url(product.location)} has changed" if product.location else ""
            raise StoreError(
                f"product {product.hash[:12]} ({product.type}): its bytes are not in the store "
                f"{shown_url(self.url)}{where}. Run again what made it, with reuse=False if its "
                "record is still there."
            )
        return Blob(path=path)

    def exported(self, path: Path, product: DataProduct) -> None:
        """Write down that a product was saved as a file.

        Parameters
        ----------
        path : Path
            The file.
        product : DataProduct
            What is in it.
        """
        recorder = self.provenance.recorder()
        recorder.product(product)
        recorder.export(path, product.hash)
        recorder.close()

    def runs(self, limit: int | None = 100, workflow: str | None = None) -> list[RunRecord]:
        """List runs, the newest first; see `Provenance.runs`."""
        return self.provenance.runs(limit, workflow)

    def run(self, id: str) -> RunRecord:  # noqa: A002 - the word of the record
        """Find a run by its id or the beginning of it; see `Provenance.run`."""
        return self.provenance.run(id)

    def tasks(self, run: str) -> list[TaskRecord]:
        """List the tasks of a run, by its id or the beginning of it."""
        return self.provenance.tasks(self.provenance.run(run).id)

    def lineage(
        self, what: str | os.PathLike[str] | DataProduct, run: str | None = None
    ) -> Lineage:
        """Find what something was made from, and how.

        Parameters
        ----------
        what : DataProduct, str or path
            A product, its hash or the beginning of it, or a file.

        run : str or None
            Id of the run whose making of it is asked for; None for the newest. Small values, such
            as the number 3, are made by many.

        Returns
        -------
        Lineage
            Steps from the product to its sources.

        Raises
        ------
        StoreError
            When nothing is known of it.
        """
        from dlaaw_nb.store.tracing import trace_file

        if isinstance(what, DataProduct):
            return self.provenance.lineage(what.hash, run)
        text = os.fspath(what)
        if not os.path.exists(text):  # noqa: PTH110 - any text may come
            with contextlib.suppress(StoreError):
                return self.provenance.lineage(self.product(text).hash, run)
        return trace_file(self.provenance, text)

    def diff(self, a: str, b: str) -> RunDiff:
        """Compare two runs by their ids; see `Provenance.diff`."""
        return self.provenance.diff(a, b)

    def to_prov(self, run: str) -> Any:
        """Write a run down in the words of W3C PROV; see `Provenance.to_prov`."""
        return self.provenance.to_prov(run)

    def size_bytes(self) -> int:
        """Say how many bytes the objects and the database take.

        Returns
        -------
        int
            Bytes.
        """
        total = sum(size for _, size, _ in self.objects.everything())
        for end in ("", "-wal"):
            with contextlib.suppress(OSError):
                total += self.provenance.path.with_name(_DATABASE + end).stat().st_size
        return total

    def collect(self, older_than_days: float | None = None) -> int:
        """Remove objects that no run read or made.

        What a run under way may have put, and not yet written down, stays.

        Parameters
        ----------
        older_than_days : float or None
            Only those that were put so long ago; None for all.

        Returns
        -------
        int
            Bytes that were freed.
        """
        from dlaaw_nb.store.collecting import collect

        return collect(self, older_than_days)

    def __reduce__(self) -> tuple[Any, ...]:
        return Store, (self.url,)

    def __repr__(self) -> str:
        return f"<Store {shown_url(self.url)}>"

    def _repr_html_(self) -> str:
        from dlaaw_nb.store.store_view import store_html

        return store_html(self)


def _user_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("dlaaw_nb"))


def _folder_of(url: str) -> Path:
    """Give a store that is elsewhere a folder here."""
    name = hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
    return _user_folder() / "stores" / name
