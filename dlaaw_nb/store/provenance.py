"""What was run, with what, and what came out: the records of a store, and questions to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import queries
from dlaaw_nb.store.products import DataProduct
from dlaaw_nb.store.recorder import Recorder
from dlaaw_nb.store.rows import product_from
from dlaaw_nb.store.runs import RunHistory
from dlaaw_nb.store.text import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from dlaaw_nb.store.lineage import Lineage
    from dlaaw_nb.store.run_diff import RunDiff

    Outputs = list[tuple[str, int, DataProduct]]

__all__ = ["Provenance", "Recorder"]

_TOGETHER = 10_000
"""How many keys or hashes are asked for with one question."""


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
        made = []
        try:
            for some in _parts(keys):
                made += self.packed(queries.LOOKUP, _json(some))
            return self._outputs(made)
        except StoreError:
            return {}

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
        self.settle()
        rows = self.read(queries.PRODUCT, hash)
        return product_from(rows[0]) if rows else None

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
        found = self._products(list(hashes))
        return {hash_: product for (hash_, tag), product in found.items() if not tag}

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
        rows = self.read(queries.FIND, prefix.lower()) if prefix else []
        found = {row[0]: product_from(row) for row in rows}
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
        return self._outputs(self.packed(queries.FINISHED, self.number(run_id)))

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
        from dlaaw_nb.store.lineage import hash_of

        return hash_of(self, path)

    def lineage(self, hash: str) -> Lineage:  # noqa: A002
        """Find what a product was made from, and how, back to the inputs of runs.

        Parameters
        ----------
        hash : str
            Of the product.

        Returns
        -------
        Lineage
            Steps from the product to its sources.

        Raises
        ------
        StoreError
            When no such product is written down.
        """
        from dlaaw_nb.store.lineage import trace

        return trace(self, hash)

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

    def _outputs(self, rows: Sequence[Any]) -> dict[str, Outputs]:
        """Find the products that tasks made; an output whose product is not known is left out."""
        products = self._products([output[2] for _, outputs in rows for output in outputs])
        return {
            name: [
                (port, position, products[hash_, tag])
                for port, position, hash_, tag in outputs
                if (hash_, tag) in products
            ]
            for name, outputs in rows
        }

    def _products(self, hashes: Sequence[str]) -> dict[tuple[str, int], DataProduct]:
        """Find products by hash and tag; the tag 0 stands for the newest of a hash."""
        products: dict[tuple[str, int], DataProduct] = {}
        newest: dict[str, float] = {}
        for some in _parts(hashes):
            for tag, recorded, hash_, *columns, inline in self.packed(
                queries.PRODUCTS, _json(some)
            ):
                kept = None if inline is None else bytes.fromhex(inline)
                product = products[hash_, tag] = DataProduct(hash_, *columns, kept)
                if recorded >= newest.get(hash_, 0.0):
                    newest[hash_] = recorded
                    products[hash_, 0] = product
        return products


def _parts(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(items), _TOGETHER):
        yield items[at : at + _TOGETHER]


def _json(words: Sequence[str]) -> str:
    """Write words as a list in JSON, quickly where it is one that needs no escape."""
    if len(words) == 1 and words[0].isalnum():
        return f'["{words[0]}"]'
    return json.dumps(list(words))
