"""Opening the provenance database: SQLite, for several processes at once."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import time
from typing import TYPE_CHECKING

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.files import explained
from dlaaw_nb.store.locking import locked
from dlaaw_nb.store.schema import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Database", "is_passing", "sqlite_trouble"]

_LATELY_S = 0.1
_CACHE_KIB = 32768  # pages of indexes are visited at random
_left_to_parents: list[sqlite3.Connection] = []
"""Connections from before a fork: closing one here would take its locks and its log from the
parent."""


class Database:
    """A connection to the database that notices when the file was deleted or replaced.

    Parameters
    ----------
    path : Path
        The file.
    timeout_s : float
        Seconds to wait while another process writes.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self._place = os.fspath(path)
        self._timeout_s = timeout_s
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] = (0, 0)
        self._pid = 0
        self._checked = 0.0

    def connection(self, *, create: bool) -> tuple[sqlite3.Connection | None, bool]:
        """Give the connection to the file that is there now.

        Parameters
        ----------
        create : bool
            Whether to make the file where there is none.

        Returns
        -------
        connection : sqlite3.Connection or None
            In autocommit mode; None where there is no file and none was made.
        fresh : bool
            Whether it may be another file than the last time: while nobody holds a file open, a new
            one may get its number.

        Raises
        ------
        sqlite3.Error, OSError
            When it cannot be opened.
        StoreError
            When a newer version of the package made the file.
        """
        identity = self._now()
        if self._connection is not None:
            if identity == self._identity and self._pid == os.getpid():
                return self._connection, False
            self.close()
        for _ in range(5):
            if identity is None:
                if not create:
                    return None, True
                _make(self.path)
            before = self._now()
            connection = _open(self.path, self._timeout_s)
            if before is not None and before == self._now():
                self._connection, self._identity, self._pid = connection, before, os.getpid()
                return connection, True
            connection.close()  # replaced just now
            identity = self._now()
        raise sqlite3.OperationalError("the file is being replaced all the time")

    def lately(self) -> sqlite3.Connection | None:
        """Give the connection to the file that is there now, or was 0.1 seconds ago.

        Returns
        -------
        sqlite3.Connection or None
            As `connection` without `create`, and with the same errors.
        """
        now = time.monotonic()
        if now < self._checked + _LATELY_S and self._pid == os.getpid():
            return self._connection
        connection, _ = self.connection(create=False)
        self._checked, self._pid = now, os.getpid()
        return connection

    def close(self) -> None:
        """Let go of the connection; the next use opens it again."""
        connection, self._connection, self._checked = self._connection, None, 0.0
        if connection is None:
            return
        if self._pid == os.getpid():
            connection.close()
        else:
            _left_to_parents.append(connection)

    def _now(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._place)  # noqa: PTH116 - asked before each use
        except OSError:
            return None
        return status.st_dev, status.st_ino


def is_passing(error: Exception) -> bool:
    """Whether an error leaves the connection as it is: a lock of others, a full disk."""
    return any(words in str(error) for words in ("locked", "disk is full"))


def sqlite_trouble(path: Path, error: Exception) -> str:
    """Say what hinders the database, and what to do.

    Parameters
    ----------
    path : Path
        The file.
    error : Exception
        What was raised.

    Returns
    -------
    str
        A message.
    """
    if isinstance(error, StoreError):
        return str(error)
    if isinstance(error, OSError):
        return f"{path}: could not be opened {explained(error)}"
    text = str(error)
    for words, mend in _MENDS:
        if words in text:
            return f"{path}: {text}. {mend}"
    return f"{path}: {text or type(error).__name__}. Check the file and its disk."


_MENDS = (
    ("locked", "Another process is writing for long; wait for it, or end it."),
    ("disk is full", "Free some space, or choose a store on another disk."),
    ("readonly", "The store can only be read. Choose one that can be written."),
    ("not a database", "The file is something else or broken. Move it away; a new one is made."),
    ("malformed", "The file is broken. Move it away; a new one is made."),
    ("unable to open", "Check that its folder is there, and its permissions."),
    ("disk I/O error", "Check the disk, or choose a store on another one."),
)


def _make(path: Path) -> None:
    """Make a new database under another name first, so that nobody sees half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name(f".{path.name}.lock")):
        if path.exists():
            return
        for end in ("-wal", "-shm"):  # of a file that was deleted: they would be taken for ours
            path.with_name(path.name + end).unlink(missing_ok=True)
        part = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
        try:
            connection = sqlite3.connect(part, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                _migrate(connection, path)
            finally:
                connection.close()
            part.replace(path)
        finally:
            for end in ("", "-wal", "-shm", "-journal"):
                with contextlib.suppress(OSError):
                    part.with_name(part.name + end).unlink()


def _open(path: Path, timeout_s: float) -> sqlite3.Connection:
    """Open a file for reading and writing; where only reading is possible, for that."""
    place = path.absolute().as_uri()
    modes = ("mode=rw",) if os.access(path, os.W_OK) else ("mode=ro", "mode=ro&immutable=1")
    error: Exception | None = None
    for mode in modes:
        connection = sqlite3.connect(
            f"{place}?{mode}", timeout=timeout_s, isolation_level=None, check_same_thread=False,
            uri=True,
        )  # fmt: skip
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            _migrate(connection, path)
        except BaseException as reason:
            connection.close()
            if not isinstance(reason, sqlite3.OperationalError):
                raise
            error = reason
        else:
            return connection
    assert error is not None  # noqa: S101 - for the type checker
    raise error


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables to the newest version."""
    if _version(connection, path) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for script in MIGRATIONS[_version(connection, path) :]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: was written by a newer version of dlaaw-nb (schema {version}, this one knows "
            f"{len(MIGRATIONS)}). Upgrade: pip install --upgrade dlaaw-nb"
        )
    return version
