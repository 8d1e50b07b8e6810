"""Reading the provenance database while others write to it."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.database import Database, sqlite_trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlaaw_nb.store.recorder import Recorder

__all__ = ["Reader"]

_WAIT_S = 5.0
_OWN_S = 1.0


class Reader:
    """A connection for questions, shared by the threads of a process.

    Parameters
    ----------
    path : Path
        The database; where there is none, all answers are empty.

    Attributes
    ----------
    path : Path
        The database.
    recorders : set of Recorder
        Those that write to it from here, as long as they live.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()
        self._database = Database(self.path, _WAIT_S)
        self._lock = threading.RLock()
        self._pid = os.getpid()

    def read(self, sql: str, *values: Any) -> list[Sequence[Any]]:
        """Ask.

        Parameters
        ----------
        sql : str
            A query.
        *values : object
            For its question marks.

        Returns
        -------
        list of tuple
            The rows; none where there is no database.

        Raises
        ------
        StoreError
            When it cannot be read, or is locked for long.
        """
        self._after_fork()
        with self._lock:
            try:
                connection, _ = self._database.connection(create=False)
                return [] if connection is None else connection.execute(sql, values).fetchall()
            except (sqlite3.Error, OSError) as error:
                raise self._failed(error) from error

    def quick(self, sql: str, *values: Any) -> Any:
        """Ask for one value, thousands of times a second.

        Whether the file is still the same is looked at only ten times a second.

        Parameters
        ----------
        sql : str
            A query.
        *values : object
            For its question marks.

        Returns
        -------
        object
            The first value of the first row; None where there is none.

        Raises
        ------
        StoreError
            As for `read`.
        """
        if self._pid != os.getpid():
            self._after_fork()
        with self._lock:
            try:
                connection = self._database.lately()
                row = None if connection is None else connection.execute(sql, values).fetchone()
            except (sqlite3.Error, OSError) as error:
                raise self._failed(error) from error
        return None if row is None else row[0]

    def change(self, statements: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Change something in one transaction.

        Parameters
        ----------
        statements : iterable of (sql, values)
            One after another.

        Raises
        ------
        StoreError
            When it cannot be written; then nothing has changed.
        """
        self._after_fork()
        with self._lock:
            try:
                connection, _ = self._database.connection(create=False)
                if connection is None:
                    return
                with connection:  # commits, or rolls back
                    connection.execute("BEGIN IMMEDIATE")
                    for sql, values in statements:
                        connection.execute(sql, values)
            except (sqlite3.Error, OSError) as error:
                raise self._failed(error) from error

    def settle(self) -> None:
        """Have written what recorders of this process still hold, so that answers are complete."""
        for recorder in list(self.recorders):
            recorder.flush(_OWN_S)

    def check_version(self) -> None:
        """Refuse a database of a newer version of the package.

        Raises
        ------
        StoreError
            When it is one.
        """
        self._after_fork()
        with self._lock:
            try:
                self._database.connection(create=False)
            except StoreError:
                raise
            except (sqlite3.Error, OSError):
                return  # whoever reads or writes will say so

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        self._after_fork()
        with self._lock:
            self._database.close()

    def _failed(self, error: Exception) -> StoreError:
        if isinstance(error, StoreError):
            return error
        if not isinstance(error, sqlite3.ProgrammingError):
            self._database.close()
        return StoreError(sqlite_trouble(self.path, error))

    def _after_fork(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._lock = threading.RLock()  # a thread of the parent may hold the old one
