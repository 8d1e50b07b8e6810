"""What was run, with what, and what came out: the records of a store, and questions to them."""

from __future__ import annotations

import contextlib
import gc
import json
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import queries
from dlaaw_nb.store.recorder import Recorder
from dlaaw_nb.store.rows import hash_number, product_from, product_in
from dlaaw_nb.store.runs import RunHistory
from dlaaw_nb.store.text import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from dlaaw_nb.store.lineage import Lineage
    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.store.run_diff import RunDiff

    Outputs = list[tuple[str, int, DataProduct]]

__all__ = ["Provenance", "Recorder"]

_DIGITS = frozenset("0123456789abcdef")


class Provenance(RunHistory):
    """The records of a store.

    Parameters
    ----------
    path : Path
        The database; it is made when something is written.

    Raises
    ------
    StoreError
        In all methods: when the database cannot be read, or a newer version of the package made it.
    """

    def recorder(self) -> Recorder:
        """Begin to write.

        Returns
        -------
        Recorder
            With a thread of its own; close it in the end.

        Raises
        ------
        StoreError
            When a newer version of the package made the database.
        """
        self.check_version()
        recorder = Recorder(self.path)
        self.recorders.add(recorder)
        return recorder

    def lookup(self, keys: Sequence[str]) -> dict[str, Outputs]:
        """Find earlier results.

        Parameters
        ----------
        keys : sequence of str
            Keys of tasks, as many as you like: asking once for all is quick.

        Returns
        -------
        dict of str to list of (port, position, DataProduct)
            The outputs of the newest finished task of each key that has one. Empty where the
            database is locked for long or broken: what cannot be looked up has to be computed.
        """
        try:
            if len(keys) == 1:  # tasks of a chain are looked up one by one
                text = self.quick(queries.LOOKUP, keys[0])
                return {} if text is None else {keys[0]: _outputs(json.loads(text or "[]"))}
            found: dict[str, Outputs] = {}
            with _no_search_for_garbage():
                for some in _parts(keys):
                    found.update(_by_name(self.quick(queries.LOOKUP_MANY, json.dumps(some))))
        except StoreError:
            return {}
        return found

    def product(self, hash: str) -> DataProduct | None:  # noqa: A002
        """Find a product.

        Parameters
        ----------
        hash : str
            SHA-256 of its bytes.

        Returns
        -------
        DataProduct or None
            The newest one with these bytes; None where none is written down.
        """
        return self.products([hash]).get(hash)

    def products(self, hashes: Iterable[str]) -> dict[str, DataProduct]:
        """Find products as `product` does, all at once.

        Parameters
        ----------
        hashes : iterable of str
            SHA-256 of their bytes.

        Returns
        -------
        dict of str to DataProduct
            By hash, those that are written down.
        """
        self.settle()
        found: dict[str, DataProduct] = {}
        for some in _parts(list(hashes)):
            rows = self.read(queries.PRODUCTS, json.dumps(some))
            found.update((row[0], product_from(row)) for row in rows)
            numbers = json.dumps([hash_number(hash_) for hash_ in some])
            made = _made(self.quick(queries.PRODUCTS_MADE, numbers))
            found.update((hash_, made[hash_]) for hash_ in some if hash_ in made)
        return found

    def find(self, prefix: str) -> DataProduct:
        """Find a product by the beginning of its hash.

        Parameters
        ----------
        prefix : str
            Hexadecimal digits that no other product's hash begins with.

        Returns
        -------
        DataProduct
            The product.

        Raises
        ------
        StoreError
            When there is none, or several.
        """
        self.settle()
        start = prefix.lower()
        found: dict[str, DataProduct] = {}
        if start and set(start) <= _DIGITS:
            found.update((row[0], product_from(row)) for row in self.read(queries.FIND, start))
            least, most = (int(start[:15].ljust(15, fill), 16) for fill in "0f")
            found.update(_made(self.quick(queries.FIND_MADE, least, most)))
            found = {hash_: found[hash_] for hash_ in found if hash_.startswith(start)}
        if len(found) == 1:
            return next(iter(found.values()))
        what = "several products begin" if found else "no product begins"
        raise StoreError(f"hash {shown(prefix)}: {what} like that. Write another, or more of it.")

    def finished(self, run_id: str) -> dict[str, Outputs]:
        """Find what a run has made so far, to go on with it.

        Parameters
        ----------
        run_id : str
            Id of the run.

        Returns
        -------
        dict of str to list of (port, position, DataProduct)
            By the name of the task, for those that ended well.
        """
        self.settle()
        return _by_name(self.quick(queries.FINISHED, self.number(run_id)))

    def references(self) -> set[str]:
        """Give the hashes of all products that a run read or made."""
        self.settle()
        return {row[0] for row in self.read(queries.REFERENCES)}

    def hash_of(self, path: str | os.PathLike[str]) -> str:
        """Give the hash of a file, which finds its product.

        Parameters
        ----------
        path : str or path
            A file that was saved from a product, or read by a run.

        Returns
        -------
        str
            SHA-256 of what is in it now; of a file that is gone, of what was saved there last.

        Raises
        ------
        StoreError
            When there is no such file, and none was saved there.
        """
        from dlaaw_nb.store.tracing import hash_of

        return hash_of(self, path)

    def lineage(self, hash: str, run: str | None = None) -> Lineage:  # noqa: A002
        """Find what a product was made from, and how, back to the inputs of runs.

        Parameters
        ----------
        hash : str
            Of the product.
        run : str or None
            Id of the run whose task is asked for, if it made the product; None for the newest.

        Returns
        -------
        Lineage
            Steps from the product to its sources.

        Raises
        ------
        StoreError
            When no such product is written down.
        """
        from dlaaw_nb.store.tracing import trace

        return trace(self, hash, run)

    def diff(self, run_a: str, run_b: str) -> RunDiff:
        """Compare two runs.

        Parameters
        ----------
        run_a, run_b : str
            Their ids, or the beginnings of them.

        Returns
        -------
        RunDiff
            What changed from the first to the second.
        """
        from dlaaw_nb.store.run_diff import compare

        return compare(self, run_a, run_b)

    def to_prov(self, run_id: str) -> Any:
        """Write a run down in the words of W3C PROV.

        Parameters
        ----------
        run_id : str
            Id of the run, or the beginning of it.

        Returns
        -------
        prov.model.ProvDocument
            With its entities, activities and agents.

        Raises
        ------
        StoreError
            When there is no such run, or the library ``prov`` is missing.
        """
        from dlaaw_nb.store.prov_export import prov_document

        return prov_document(self, run_id)


def _parts(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(items), queries.MOST_AT_ONCE):
        yield items[at : at + queries.MOST_AT_ONCE]


@contextlib.contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Keep Python from looking for garbage while many objects are made: that doubles the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _by_name(text: str | None) -> dict[str, Outputs]:
    """Read names and outputs of tasks, in turn."""
    items = json.loads(text) if text else []
    return {name: _outputs(rows) for name, rows in zip(items[::2], items[1::2], strict=True)}


def _outputs(rows: Sequence[Any]) -> Outputs:
    """Read the outputs of a task; one whose product is not known is left out."""
    return [(row[0], row[1], product_in(row)) for row in rows if len(row) > 3]


def _made(text: str | None) -> dict[str, DataProduct]:
    """Read the products of tasks from their outputs."""
    rows = [row for rows in (json.loads(text) if text else []) for row in rows]
    return {row[2]: product_in(row) for row in rows if len(row) > 3}
