"""What was run, with what, and what came out: the records of a store, and questions to them."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import queries
from dlaaw_nb.store.processes import is_gone
from dlaaw_nb.store.reader import Reader
from dlaaw_nb.store.recorder import Recorder
from dlaaw_nb.store.rows import outputs_from, product_from, run_from, task_from
from dlaaw_nb.store.text import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from dlaaw_nb.store.lineage import Lineage
    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.store.records import RunRecord, TaskRecord
    from dlaaw_nb.store.run_diff import RunDiff

    Outputs = list[tuple[str, int, DataProduct]]

__all__ = ["Provenance", "Recorder"]

_LATEST = 5
"""Of how many of its last times the duration of a task is the mean."""


class Provenance(Reader):
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
        if not keys:
            return {}
        try:
            return self._outputs(self.read(queries.LOOKUP, json.dumps(list(keys))))
        except StoreError:
            return {}

    def runs(self, limit: int | None = 100, workflow: str | None = None) -> list[RunRecord]:
        """List runs, the newest first.

        Parameters
        ----------
        limit : int or None
            How many at most; None for all.
        workflow : str or None
            Name of the workflow; None for any.

        Returns
        -------
        list of RunRecord
            The runs.
        """
        self.settle()
        count = -1 if limit is None else limit
        return [run_from(row) for row in self.read(queries.RUNS, workflow, count)]

    def run(self, id: str) -> RunRecord:  # noqa: A002 - the word of the record
        """Find a run.

        Parameters
        ----------
        id : str
            Its id, or the beginning of it that no other run's has.

        Returns
        -------
        RunRecord
            The run.

        Raises
        ------
        StoreError
            When there is none, or several.
        """
        self.settle()
        found = {row[0]: row for row in self.read(queries.RUNS_LIKE, id)} if id else {}
        if id in found or len(found) == 1:
            return run_from(found.get(id) or next(iter(found.values())))
        if found:
            names = ", ".join(list(found)[:5])
            raise StoreError(
                f"run {shown(id)}: several runs begin like that ({names}). Write more of the id."
            )
        known = [row[0] for row in self.read(queries.RUN_IDS)]
        near = difflib.get_close_matches(id, known, 3, 0.5) or known[:3]
        raise StoreError(
            f"run {shown(id)}: there is no such run in {self.path}. Near or new ones: "
            f"{', '.join(near) or 'none'}."
        )

    def tasks(self, run_id: str) -> list[TaskRecord]:
        """List the tasks of a run, in the order in which they ended.

        Parameters
        ----------
        run_id : str
            Id of the run; one that is not there has no tasks.

        Returns
        -------
        list of TaskRecord
            All that are written down.
        """
        self.settle()
        rows = self.read(queries.TASKS, self.number(run_id))
        return [task_from(run_id, row) for row in rows]

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
        rows = self.read(queries.PRODUCTS, json.dumps(list(hashes)))
        return {row[1]: product_from(row[1:]) for row in rows}

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

    def durations(self, code_hashes: Iterable[str]) -> dict[str, float]:
        """Say how long tasks took.

        Parameters
        ----------
        code_hashes : iterable of str
            Of their code.

        Returns
        -------
        dict of str to float
            For those that have run, the mean of the last few times, in seconds.
        """
        rows = self.read(queries.DURATIONS, _LATEST, json.dumps(list(code_hashes)))
        return {code: float(seconds) for code, seconds in rows if seconds is not None}

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
        return self._outputs(self.read(queries.FINISHED, self.number(run_id)))

    def interrupted(self) -> list[RunRecord]:
        """List runs that say they are under way, but whose process is gone.

        Returns
        -------
        list of RunRecord
            Of this machine; the newest first.
        """
        self.settle()
        return [record for record in map(run_from, self.read(queries.RUNNING)) if is_gone(record)]

    def delete_run(self, id: str) -> None:  # noqa: A002
        """Forget a run and its tasks; their products stay until the store collects them.

        Parameters
        ----------
        id : str
            Its id, or the beginning of it that no other run's has.

        Raises
        ------
        StoreError
            When there is no such run, or the database cannot be written.
        """
        number = self.number(self.run(id).id)
        self.change((sql, (number,)) for sql in queries.DELETE_RUN)

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

    def number(self, run_id: str) -> int:
        """Give the number of a run in the database; 0 for one that is not there."""
        rows = self.read(queries.NUMBER, run_id)
        return int(rows[0][0]) if rows else 0

    def _outputs(self, rows: Iterable[Sequence[Any]]) -> dict[str, Outputs]:
        """Find the products that tasks made; an output whose product is not known is left out."""
        made = {name: outputs_from(text) for name, text in rows}
        hashes = {output[2] for outputs in made.values() for output in outputs}
        products: dict[tuple[str, int], DataProduct] = {}
        for tag, *columns in self.read(queries.PRODUCTS, json.dumps(list(hashes))):
            product = product_from(columns)
            products[product.hash, tag] = products[product.hash, 0] = product  # 0: whichever
        return {
            name: [
                (port, position, products[hash_, tag])
                for port, position, hash_, tag in outputs
                if (hash_, tag) in products
            ]
            for name, outputs in made.items()
        }
