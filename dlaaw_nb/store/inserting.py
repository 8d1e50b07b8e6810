"""Inserting rows, many with one statement.

Python's ``sqlite3`` lets go of the interpreter's lock for each statement, and has to wait until it
gets it back: up to 5 ms while another thread computes. So ``executemany``, a statement for each
row, would take a minute for 10,000 rows beside a busy thread.
"""

from __future__ import annotations

import sqlite3
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from dlaaw_nb.store.rows import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlaaw_nb.store.schema import Into

__all__ = ["insert"]

_MOST_VALUES = 8192 if sqlite3.sqlite_version_info >= (3, 32) else 999
"""Of one statement."""


def insert(connection: sqlite3.Connection, into: Into, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a transaction.
    into : Into
        The statement.
    rows : iterable of sequences
        As wide as it says. What SQLite cannot hold becomes text.

    Raises
    ------
    sqlite3.Error
        When they cannot be written.
    """
    rest = iter(rows)
    most = min(100, _MOST_VALUES // into.width)
    while some := list(islice(rest, most)):
        if len(some) < most:  # few sorts of statements, so that they stay prepared
            for at, size in _binary(len(some)):
                _insert(connection, into, some[at : at + size])
        else:
            _insert(connection, into, some)


def _binary(count: int) -> list[tuple[int, int]]:
    """Split a count into powers of two: where each begins, and how many it has."""
    at, parts = 0, []
    for bit in reversed(range(count.bit_length())):
        if count >> bit & 1:
            parts.append((at, 1 << bit))
            at += 1 << bit
    return parts


def _insert(connection: sqlite3.Connection, into: Into, rows: list[Sequence[Any]]) -> None:
    marks = f"({', '.join('?' * into.width)})"
    sql = f"{into.head}{', '.join([marks] * len(rows))}{into.tail}"
    try:
        connection.execute(sql, list(chain.from_iterable(rows)))
    except (ValueError, OverflowError, TypeError, sqlite3.InterfaceError, sqlite3.ProgrammingError):
        connection.execute(sql, list(chain.from_iterable(map(clean, rows))))
