"""Follows products back through the records of runs."""

from __future__ import annotations

import json
import math
import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import queries
from dlaaw_nb.store.hashing import digest_file
from dlaaw_nb.store.lineage import Lineage, Source, Step, given_text
from dlaaw_nb.store.rows import hash_number, task_from
from dlaaw_nb.store.text import shown

if TYPE_CHECKING:
    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.store.provenance import Provenance
    from dlaaw_nb.store.records import RunRecord, TaskRecord

__all__ = ["hash_of", "trace", "trace_file"]

_TELLING_BYTES = 64
"""Shorter values are equal by chance: that an earlier run made a 3 says nothing about another 3."""


def trace(provenance: Provenance, hash_: str, run: str | None = None) -> Lineage:
    """Follow a product back; see `Provenance.lineage`."""
    provenance.settle()
    search = _Search(provenance)
    maker = search.maker(hash_, run)
    if maker is None and provenance.product(hash_) is None:
        raise StoreError(
            f"hash {hash_[:12]}: no product with this hash is written down in {provenance.path}. "
            "Check the store, or the file: it may have been changed since it was saved."
        )
    if maker is None:
        search.sources[hash_] = Source()
    else:
        search.follow(maker)
    return search.lineage(hash_)


def trace_file(provenance: Provenance, path: str | os.PathLike[str]) -> Lineage:
    """Follow a file back to what it was saved from.

    Raises
    ------
    StoreError
        When nothing is known of it, or it was changed after it was saved.
    """
    hash_ = hash_of(provenance, path)
    try:
        return trace(provenance, hash_)
    except StoreError:
        saved = _saved(provenance, path)
        if not saved or saved == hash_:
            raise
    raise StoreError(
        f"{path}: was changed after it was saved from product {saved[:12]}. Save it again, or ask "
        f"for the lineage of {saved[:12]}."
    )


def hash_of(provenance: Provenance, path: str | os.PathLike[str]) -> str:
    """Give the hash of a file; see `Provenance.hash_of`."""
    try:
        return digest_file(Path(path)).hash
    except (OSError, ValueError) as error:
        saved = _saved(provenance, path)
        if saved:
            return saved
        raise StoreError(
            f"{shown(os.fspath(path), 200)}: there is no such file, and none was saved there "
            f"({getattr(error, 'strerror', None) or error}). Check the path."
        ) from error


def _saved(provenance: Provenance, path: str | os.PathLike[str]) -> str:
    provenance.settle()
    try:
        rows = provenance.read(queries.EXPORT, os.path.realpath(path))
    except ValueError:  # a path with a zero in it
        return ""
    return str(rows[0][0]) if rows else ""


class _Flow:
    """What the tasks of a run that ended well read and made."""

    def __init__(self, run: RunRecord, rows: list[Any]) -> None:
        self.run = run
        self.inputs: dict[str, list[tuple[str, str]]] = {}
        self.started: dict[str, float] = {}
        self.makers: dict[str, list[tuple[float, str]]] = {}
        for name, started, finished, inputs, outputs in rows:
            self.inputs[name] = [(item[0], item[2]) for item in json.loads(inputs or "[]")]
            self.started[name] = math.inf if started is None else started
            for item in json.loads(outputs or "[]"):
                made = -math.inf if finished is None else finished
                self.makers.setdefault(item[2], []).append((made, name))

    def was_given(self, reader: str, port: str, hash_: str) -> bool:
        """Whether an input of a task was given as a plain value, though a task may make one too."""
        return self.run.inputs.get(f"{reader}.{port}") == hash_

    def maker(self, hash_: str, reader: str) -> str | None:
        """Find the task that made what another read: the last one before that began."""
        makers = [made for made in self.makers.get(hash_, ()) if made[1] != reader]
        before = [made for made in makers if made[0] <= self.started[reader]]
        return max(before or makers, default=(0.0, None))[1]


class _Search:
    """A walk from a product to its sources."""

    def __init__(self, provenance: Provenance) -> None:
        self._provenance = provenance
        self._flows: dict[str, _Flow] = {}
        self._found: dict[tuple[str, str], None] = {}
        self.sources: dict[str, Source] = {}

    def maker(self, hash_: str, run: str | None = None) -> tuple[str, str] | None:
        """Find the newest task that made a product, of a certain run if there is one."""
        if run is not None:
            makers = self._flow(run).makers.get(hash_)
            if makers:
                return run, max(makers)[1]
        rows = self._provenance.read(queries.MAKER, hash_number(hash_), hash_)
        return (rows[0][0], rows[0][1]) if rows else None

    def follow(self, first: tuple[str, str]) -> None:
        """Find all tasks that led to what a task made."""
        waiting = deque([first])
        self._found[first] = None
        while waiting:
            run, name = waiting.popleft()
            flow = self._flow(run)
            for port, hash_ in flow.inputs[name]:
                given = flow.was_given(name, port, hash_)
                maker = None if given else self._before(flow, hash_, name)
                if maker is None:
                    self.sources.setdefault(hash_, _source(flow.run, hash_))
                elif maker not in self._found:
                    self._found[maker] = None
                    waiting.append(maker)

    def _before(self, flow: _Flow, hash_: str, reader: str) -> tuple[str, str] | None:
        name = flow.maker(hash_, reader)
        if name is not None:
            return flow.run.id, name
        product = self._provenance.product(hash_) if hash_ not in self.sources else None
        if product is None or (product.size_bytes < _TELLING_BYTES and product.type != "file"):
            return None
        maker = self.maker(hash_)
        return maker if maker is not None and maker[0] != flow.run.id else None

    def _flow(self, run: str) -> _Flow:
        if run not in self._flows:
            rows = self._provenance.read(queries.FLOW, self._provenance.number(run))
            self._flows[run] = _Flow(self._provenance.run(run), rows)
        return self._flows[run]

    def lineage(self, hash_: str) -> Lineage:
        """Read the records of what was found."""
        by_run: dict[str, list[str]] = {}
        for run, name in self._found:
            by_run.setdefault(run, []).append(name)
        tasks: dict[tuple[str, str], TaskRecord] = {}
        for run, names in by_run.items():
            number, provenance = self._provenance.number(run), self._provenance
            for row in provenance.read(queries.TASKS_NAMED, number, json.dumps(names)):
                task = task_from(run, row)
                tasks[run, task.name] = task
        computed = self._computed(list(tasks.values()))
        found = [(key[0], tasks[key]) for key in self._found if key in tasks]
        steps = tuple(
            Step(self._flows[run].run, task, computed.get(task.key, task)) for run, task in found
        )
        return Lineage(hash_, self._products(hash_, steps), steps, self.sources)

    def _computed(self, tasks: list[TaskRecord]) -> dict[str, TaskRecord]:
        """Find, by key, the records of when tasks were computed that were taken over later."""
        keys = [task.key for task in tasks if task.state == "cached" and task.key]
        rows = self._provenance.read(queries.COMPUTED, json.dumps(keys)) if keys else []
        return {record.key: record for record in (task_from(row[0], row[1:]) for row in rows)}

    def _products(self, hash_: str, steps: tuple[Step, ...]) -> dict[str, DataProduct]:
        hashes = {hash_: None, **dict.fromkeys(self.sources)}
        for step in steps:
            hashes.update((item[2], None) for item in (*step.task.outputs, *step.task.inputs))
        return self._provenance.products(hashes)


def _source(run: RunRecord, hash_: str) -> Source:
    name = next((name for name, given in run.inputs.items() if given == hash_), "")
    given = given_text(run.arguments[name]) if name in run.arguments else ""
    return Source(run, name, given)
