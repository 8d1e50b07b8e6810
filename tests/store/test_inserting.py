"""Rows that are inserted many at a time."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from dlaaw_nb.store.inserting import insert
from dlaaw_nb.store.schema import Into

if TYPE_CHECKING:
    from collections.abc import Iterator

INTO = Into("INSERT INTO pairs (a, b) VALUES ", 2)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        made.execute("CREATE TABLE pairs (a, b)")
        yield made


@pytest.mark.parametrize("count", [0, 1, 2, 99, 100, 101, 357])
def test_rows_of_any_count_are_all_there(connection: sqlite3.Connection, count: int) -> None:
    rows = [(at, f"row {at}") for at in range(count)]
    insert(connection, INTO, iter(rows))
    assert connection.execute("SELECT a, b FROM pairs ORDER BY a").fetchall() == rows


def test_thousand_rows_take_few_statements(connection: sqlite3.Connection) -> None:
    """A statement for each row waits for the interpreter's lock each time, up to 5 ms."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    insert(connection, INTO, [(at, at) for at in range(1063)])
    assert len(statements) <= 10 + 6


def test_row_that_sqlite_cannot_hold_spoils_no_other(connection: sqlite3.Connection) -> None:
    insert(connection, INTO, [(1, "a"), (2**80, "\ud800"), (3, (4,))])
    assert connection.execute("SELECT a, b FROM pairs").fetchall() == [
        (1, "a"), (str(2**80), "\\ud800"), (3, "(4,)"),
    ]  # fmt: skip
