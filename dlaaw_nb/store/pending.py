"""Records that wait to be written, and those that were, should they have to be written again."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from dlaaw_nb.store.inserting import insert
from dlaaw_nb.store.rows import (
    clean,
    hash_number,
    outputs_text,
    product_row,
    run_row,
    task_row,
)
from dlaaw_nb.store.schema import EXPORT_INTO, MAKER_INTO, PRODUCT_INTO, RUN_INTO, TASK_INTO

if TYPE_CHECKING:
    import threading

    from dlaaw_nb.store.products import DataProduct

__all__ = ["Pending"]

_STUB_SQL = (
    "INSERT OR IGNORE INTO runs (id, workflow, document, state, started, executor, planner, \
target, seed, host, pid, boot_id, python, packages, inputs, outputs, arguments) VALUES \
(?, '', '', 'unknown', 0, '', '', '', 0, '', 0, '', '', '', '', '', '')"
)

Rows = dict[Any, Any]


class _Tables:
    """The newest record of each kind by what names it; tasks by their runs."""

    def __init__(self) -> None:
        self.runs: Rows = {}
        self.tasks: dict[str, Rows] = {}
        self.products: Rows = {}
        self.exports: Rows = {}

    def __bool__(self) -> bool:
        return bool(self.runs or self.tasks or self.products or self.exports)

    def update(self, newer: _Tables) -> None:
        self.runs.update(newer.runs)
        self.products.update(newer.products)
        self.exports.update(newer.exports)
        for run, tasks in newer.tasks.items():
            self.tasks.setdefault(run, {}).update(tasks)


class Pending:
    """The newest record of each run, task, product and export."""

    def __init__(self) -> None:
        self._new, self._old = _Tables(), _Tables()
        self._waiting: list[threading.Event] = []
        self._products: Rows = {}
        self._numbers: dict[int, dict[str, int]] = {}
        """By the number of a run, the numbers of its tasks that are in the database."""

    def __bool__(self) -> bool:
        return bool(self._waiting) or bool(self._new)

    def run(self, snapshot: tuple[Any, ...]) -> None:
        """Take in a run."""
        self._new.runs[snapshot[0]] = snapshot

    def task(self, snapshot: tuple[Any, ...]) -> None:
        """Take in a task."""
        run = snapshot[0]
        if run not in self._new.tasks:
            self._new.tasks[run] = {}
        self._new.tasks[run][snapshot[1]] = snapshot

    def product(self, product: DataProduct) -> None:
        """Take in a product."""
        self._new.products[product.hash] = product

    def export(self, row: tuple[Any, ...]) -> None:
        """Take in an export."""
        self._new.exports[row[0]] = row

    def flush(self, event: threading.Event) -> None:
        """Take in an event to set when all that was taken in is written."""
        self._waiting.append(event)

    def again(self) -> None:
        """Let all that was written wait again: the database is another one."""
        self._old.update(self._new)
        self._new, self._old = self._old, _Tables()
        self._numbers = {}

    def written(self) -> None:
        """Note that all that waited is written, and tell who waits for it."""
        self._old.update(self._new)
        self._new = _Tables()
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            event.set()

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all that waits in one transaction.

        Raises
        ------
        sqlite3.Error
            When it cannot be written; then nothing is.
        """
        if not self._new:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._statements(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._numbers = {}
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _statements(self, connection: sqlite3.Connection) -> None:
        new = self._new
        self._products.update(new.products)
        insert(connection, RUN_INTO, map(run_row, new.runs.values()))
        insert(connection, EXPORT_INTO, new.exports.values())
        made: set[str] = set()
        for run, tasks in new.tasks.items():
            self._write_tasks(connection, run, tasks, made)
        others = [product for hash_, product in new.products.items() if hash_ not in made]
        insert(connection, PRODUCT_INTO, map(product_row, others))

    def _write_tasks(
        self, connection: sqlite3.Connection, run: str, tasks: Rows, made: set[str]
    ) -> None:
        number = _run_number(connection, run)
        numbers = self._numbers.get(number)
        if numbers is None:
            found = connection.execute("SELECT name, number FROM tasks WHERE run = ?", (number,))
            numbers = self._numbers[number] = dict(found.fetchall())
        (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM tasks").fetchone()
        rows, makers = [], []
        for at, (name, values) in enumerate(tasks.items(), last + 1):
            task = numbers.setdefault(name, at)
            outputs = values[-1]
            rows.append(task_row(values, outputs_text(outputs, self._products), task, number))
            for output in outputs:
                made.add(output[2])
                makers.append((hash_number(output[2]), task))
        insert(connection, TASK_INTO, rows)
        makers.sort()
        insert(connection, MAKER_INTO, makers)


def _run_number(connection: sqlite3.Connection, run: str) -> int:
    """Find the number of a run in the database; one that was deleted meanwhile gets a stub."""
    (key,) = clean((run,))
    found = connection.execute("SELECT number FROM runs WHERE id = ?", (key,)).fetchone()
    if found is None:
        connection.execute(_STUB_SQL, (key,))
        return _run_number(connection, run)
    return int(found[0])
