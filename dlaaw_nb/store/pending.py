"""Records that wait to be written, and those that were, should they have to be written again."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.store.rows import clean, outputs_from, product_row, product_tag, run_row, task_row
from dlaaw_nb.store.schema import EXPORT_SQL, MAKER_SQL, PRODUCT_SQL, RUN_SQL, TASK_SQL

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Sequence

__all__ = ["Pending"]

_KNOWN_SQL = "SELECT number, outputs FROM tasks WHERE run = ? AND name = ?"
_STUB_SQL = (
    "INSERT OR IGNORE INTO runs (id, workflow, document, state, started, executor, planner, \
target, seed, host, pid, boot_id, python, packages, inputs, outputs, arguments) VALUES \
(?, '', '', 'unknown', 0, '', '', '', 0, '', 0, '', '', '{}', '{}', '{}', '{}')"
)

Rows = dict[Any, tuple[Any, ...]]


class Pending:
    """The newest record of each run, task, product and export."""

    def __init__(self) -> None:
        self._new: dict[str, Rows] = _tables()
        self._old: dict[str, Rows] = _tables()
        self._waiting: list[threading.Event] = []
        self._tags: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting) or any(self._new.values())

    def add(self, kind: str, what: Any) -> None:
        """Take one in.

        Parameters
        ----------
        kind : {"run", "task", "product", "export", "flush"}
            What it is.
        what : object
            A snapshot of the record; for a flush the event to set.
        """
        if kind == "task":
            tags = self._tags
            outputs = [(*output, tags.get(output[2], 0)) for output in what[-1]]
            self._new[kind][what[:2]] = (what, outputs)
        elif kind == "product":
            tag = product_tag(what.type, what.codec, what.filename, what.location)
            self._tags[what.hash] = tag
            self._new[kind][what.hash, tag] = (*product_row(what), tag, time.time())
        elif kind == "flush":
            self._waiting.append(what)
        else:
            self._new[kind][what[0]] = what

    def again(self) -> None:
        """Let all that was written wait again: the database is another one."""
        for kind, rows in self._old.items():
            self._new[kind] = {**rows, **self._new[kind]}

    def written(self) -> None:
        """Note that all that waited is written, and tell who waits for it."""
        for kind, rows in self._new.items():
            self._old[kind].update(rows)
        self._new = _tables()
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
        if not any(self._new.values()):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._statements(connection)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _statements(self, connection: sqlite3.Connection) -> None:
        new = self._new
        _many(connection, RUN_SQL, map(run_row, new["run"].values()))
        _many(connection, PRODUCT_SQL, new["product"].values())
        _many(connection, EXPORT_SQL, new["export"].values())
        for run, tasks in _by_run(new["task"]).items():
            _write_tasks(connection, run, tasks)


def _tables() -> dict[str, Rows]:
    return {"run": {}, "task": {}, "product": {}, "export": {}}


def _by_run(tasks: Rows) -> dict[str, dict[str, tuple[Any, ...]]]:
    runs: dict[str, dict[str, tuple[Any, ...]]] = {}
    for (run, name), task in tasks.items():
        runs.setdefault(run, {})[name] = task
    return runs


def _write_tasks(
    connection: sqlite3.Connection, run: str, tasks: dict[str, tuple[Any, ...]]
) -> None:
    number = _run_number(connection, run)
    known = _known_tasks(connection, number, tasks)
    _many(connection, "DELETE FROM makers WHERE hash = ? AND task = ?", known.makers)
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM tasks").fetchone()
    rows, makers = [], []
    for at, (name, (values, outputs)) in enumerate(tasks.items(), last + 1):
        task = known.numbers.get(name, at)
        rows.append(task_row(values, outputs, task, number))
        makers += [(output[2], task) for output in outputs]
    _many(connection, TASK_SQL, rows)
    _many(connection, MAKER_SQL, makers)


class _Known(NamedTuple):
    """Tasks that are in the database already: their numbers, and what they made."""

    numbers: dict[str, int]
    makers: list[tuple[str, int]]


def _known_tasks(connection: sqlite3.Connection, run: int, names: Iterable[str]) -> _Known:
    known = _Known({}, [])
    if connection.execute("SELECT 1 FROM tasks WHERE run = ? LIMIT 1", (run,)).fetchone():
        for name in names:
            found = connection.execute(_KNOWN_SQL, (run, *clean((name,)))).fetchone()
            if found:
                known.numbers[name] = found[0]
                known.makers.extend((item[2], found[0]) for item in outputs_from(found[1]))
    return known


def _run_number(connection: sqlite3.Connection, run: str) -> int:
    """Find the number of a run in the database; one that was deleted meanwhile gets a stub."""
    (key,) = clean((run,))
    connection.execute(_STUB_SQL, (key,))
    found = connection.execute("SELECT number FROM runs WHERE id = ?", (key,))
    return int(found.fetchone()[0])


def _many(connection: sqlite3.Connection, sql: str, rows: Iterable[Sequence[Any]]) -> None:
    rows = list(rows)
    if not rows:
        return
    try:
        connection.executemany(sql, rows)
    except (ValueError, OverflowError, TypeError, sqlite3.InterfaceError, sqlite3.ProgrammingError):
        connection.executemany(sql, map(clean, rows))
