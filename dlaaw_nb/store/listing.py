"""Lists what a store holds, the newest first: products with who made them, and sizes of runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.store.rows import product_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.store.provenance import Provenance

__all__ = ["Listed", "newest_products", "task_counts"]

_LOOKED_AT: Final = 5_000
_MADE: Final = """
    SELECT r.id, r.workflow, t.name, t.finished, t.outputs FROM tasks AS t
    JOIN runs AS r ON r.number = t.run
    WHERE t.outputs <> '' AND t.state = 'finished' ORDER BY t.number DESC LIMIT ?"""
_GIVEN: Final = """
    SELECT id, workflow, started, inputs FROM runs WHERE inputs <> ''
    ORDER BY number DESC LIMIT ?"""
_COUNTS: Final = """
    SELECT r.id, count(t.number) FROM json_each(?) AS k CROSS JOIN runs AS r ON r.id = k.value
    JOIN tasks AS t ON t.run = r.number GROUP BY r.id"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A product, and the newest run that made or read it.

    Attributes
    ----------
    product : DataProduct
        What is known of it.
    name : str
        Of the output of the task, or of the input of the workflow.
    task : str
        That made it; empty for what a run was given.
    run, workflow : str
        Id of the run, and name of its workflow.
    when : float
        Seconds since the epoch.
    """

    product: DataProduct
    name: str
    task: str
    run: str
    workflow: str
    when: float

    def matches(self, words: Sequence[str]) -> bool:
        """Whether each of some words, in small letters, stands in what is known of it."""
        product = self.product
        facts = (
            self.name, self.task, self.run, self.workflow, product.type, product.filename,
            product.preview, product.hash,
        )  # fmt: skip
        text = "\n".join(facts).lower()
        return all(word in text for word in words)


def newest_products(
    provenance: Provenance, limit: int, search: str = ""
) -> tuple[list[Listed], bool]:
    """List products, the newest first, each once.

    Parameters
    ----------
    provenance : Provenance
        The records of a store.
    limit : int
        How many at most.
    search : str
        Words that must all stand in name, task, run, workflow, type, preview or hash.

    Returns
    -------
    tuple of (list of Listed, bool)
        The products, and whether there are or may be more.

    Raises
    ------
    StoreError
        When the records cannot be read.
    """
    provenance.settle()
    made = provenance.read(_MADE, _LOOKED_AT)
    given = provenance.read(_GIVEN, _LOOKED_AT)
    words = search.lower().split()
    found: dict[str, Listed] = {}
    ours = list(_made(made))
    known = {one.product.hash for one in ours}  # a table that was saved is given as a file again
    everything = [*ours, *(o for o in _given(provenance, given) if o.product.hash not in known)]
    for one in sorted(everything, key=lambda one: one.when, reverse=True):
        if one.product.hash not in found and one.matches(words):
            found[one.product.hash] = one
    more = len(found) > limit or _LOOKED_AT in (len(made), len(given))
    return list(found.values())[:limit], more


def task_counts(provenance: Provenance, run_ids: Sequence[str]) -> dict[str, int]:
    """Count the tasks that are written down of some runs, by id; of one without there is none."""
    return {str(run): int(count) for run, count in provenance.read(_COUNTS, json.dumps(run_ids))}


def _made(rows: list[Sequence[Any]]) -> Iterator[Listed]:
    for run, workflow, task, finished, outputs in rows:
        for item in json.loads(outputs):
            if len(item) > 3:
                yield Listed(product_in(item), item[0], task, run, workflow, finished or 0.0)


def _given(provenance: Provenance, rows: list[Sequence[Any]]) -> Iterator[Listed]:
    by_run = [(run, workflow, at, json.loads(inputs)) for run, workflow, at, inputs in rows]
    hashes = {hash_ for *_, inputs in by_run for hash_ in inputs.values()}
    products = provenance.products(hashes)
    for run, workflow, started, inputs in by_run:
        for name, hash_ in inputs.items():
            if hash_ in products:
                yield Listed(products[hash_], name, "", run, workflow, started or 0.0)
