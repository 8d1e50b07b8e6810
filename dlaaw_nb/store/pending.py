"""Records that wait to be written, and those that were, should they have to be written again."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from dlaaw_nb.store.inserting import insert
from dlaaw_nb.store.rows import (
    clean,
    hash_number,
    ports_text,
    product_row,
    product_tag,
    run_row,
    task_row,
)
from dlaaw_nb.store.schema import EXPORT_INTO, MAKER_INTO, PRODUCT_INTO, RUN_INTO, TASK_INTO

if TYPE_CHECKING:
    import threading

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
        self._tags: dict[str, int] = {}
        self._numbers: dict[str, dict[str, int]] = {}
        """Of each run's tasks that are in the database, their numbers there."""

    def __bool__(self) -> bool:
        return bool(self._waiting) or bool(self._new)

    def add(self, kind: str, what: Any) -> None:
        """Take one in.

        Parameters
        ----------
        kind : {"run", "task", "product", "export", "flush"}
            What it is.
        what : object
            A snapshot of the record; for a flush the event to set.
        """
        new = self._new
        if kind == "task":
            run = what[0]
            if run not in new.tasks:
                new.tasks[run] = {}
            tags = self._tags
            new.tasks[run][what[1]] = what, [(*item, tags.get(item[2], 0)) for item in what[-1]]
        elif kind == "product":
            tag = product_tag(what.type, what.codec, what.filename, what.location)
            self._tags[what.hash] = tag
            new.products[what.hash, tag] = what
        elif kind == "flush":
            self._waiting.append(what)
        else:
            (new.runs if kind == "run" else new.exports)[what[0]] = what

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
        new, now = self._new, time.time()
        insert(connection, RUN_INTO, map(run_row, new.runs.values()))
        # In their order the pages of the table are each written once.
        products = sorted(new.products.items())
        insert(connection, PRODUCT_INTO, (product_row(p, tag, now) for (_, tag), p in products))
        insert(connection, EXPORT_INTO, new.exports.values())
        for run, tasks in new.tasks.items():
            self._write_tasks(connection, run, tasks)

    def _write_tasks(self, connection: sqlite3.Connection, run: str, tasks: Rows) -> None:
        number = _run_number(connection, run)
        numbers = self._numbers.get(run)
        if numbers is None:
            found = connection.execute("SELECT name, number FROM tasks WHERE run = ?", (number,))
            numbers = self._numbers[run] = dict(found.fetchall())
        (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM tasks").fetchone()
        rows, makers = [], []
        for at, (name, (values, outputs)) in enumerate(tasks.items(), last + 1):
            task = numbers.setdefault(name, at)
            rows.append(task_row(values, ports_text(outputs), task, number))
            for output in outputs:
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
