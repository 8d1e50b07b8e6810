"""A machine that is reached over SSH: the worker is put there, and it needs nothing of ours."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING

from dlaaw_nb.engine.entry import NO_NUMPY
from dlaaw_nb.errors import RemoteError
from dlaaw_nb.targets.ssh import Connection
from dlaaw_nb.targets.worker_archive import archive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.targets.settings import BoardSettings
    from dlaaw_nb.targets.ssh_process import Process

__all__ = ["Depot", "python_finder"]

_PYTHONS = "python3 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 python"
_NO_PYTHON = 127
_FOLDERS = ("worker", "data", "sessions", "jobs")


def python_finder(python: str | None, start: str = 'exec "$p" "$@"') -> str:
    """Write a shell script that finds a Python, and starts it.

    Parameters
    ----------
    python : str or None
        The one to take; None looks for one that is new enough.
    start : str
        What to do with it, as ``$p``.

    Returns
    -------
    str
        One line for ``sh -c``.
    """
    looked = shlex.quote(python) if python else _PYTHONS
    return (
        f'for p in {looked}; do if "$p" -c "import sys; sys.exit(sys.version_info < (3, 8))" '
        f"2>/dev/null; then {start}; fi; done; exit {_NO_PYTHON}"
    )


class Depot:
    """A connection to a machine, and our folder there.

    Parameters
    ----------
    settings : BoardSettings
        Where.

    Attributes
    ----------
    connection : Connection
        Standing.
    root : str
        The folder: the worker is in it, and data by its hash.

    Raises
    ------
    RemoteError
        When it cannot be reached, or no folder can be written to.
    """

    def __init__(self, settings: BoardSettings) -> None:
        self.name, self.settings = settings.name, settings
        self.connection = Connection(settings)
        try:
            self.root = self._prepare()
        except BaseException as error:
            self.connection.close()
            if isinstance(error, OSError) and not isinstance(error, RemoteError):
                raise RemoteError(f"{self.name}: {error}", self.name) from error
            raise

    @property
    def program(self) -> str:
        """Path of the worker there."""
        return posixpath.join(self.root, "worker", archive().name)

    def _roots(self) -> tuple[str, ...]:
        user = self.connection.user
        return (
            self.settings.cache or posixpath.join(self.connection.home(), ".cache", "dlaaw_nb"),
            f"/var/tmp/dlaaw_nb-{user}",  # noqa: S108 (its owner is looked at)
            f"/dev/shm/dlaaw_nb-{user}",  # noqa: S108
        )

    def _prepare(self) -> str:
        """Find a folder that can be written to, and put the worker there, once."""
        said = ""
        for root in self._roots():
            try:
                refused = self._fill(root)
            except OSError as error:
                if not self.connection.alive:
                    raise
                refused = error.strerror or str(error)
            if refused is None:
                return root
            said += f"\n  {root}: {refused}"
        raise RemoteError(
            f"{self.name}: no folder there can be written to. Make room, or set `cache` in the "
            f"target to one that can.{said}",
            self.name,
        )

    def _fill(self, root: str) -> str | None:
        """Put the worker into a folder; says why that is not to be."""
        connection, program = self.connection, archive()
        for folder in _FOLDERS:
            connection.make_folder(posixpath.join(root, folder))
        if not connection.is_private(root):
            return "others may write to it, or it is somebody else's"
        place = posixpath.join(root, "worker", program.name)
        if connection.size(place) != len(program.content):
            connection.put(program.content, place)
        return None

    def start(self, words: Sequence[str]) -> Process:
        """Start the worker.

        Parameters
        ----------
        words : sequence of str
            Its arguments.

        Returns
        -------
        Process
            Under way.
        """
        find = python_finder(self.settings.python)
        given = [find, "dlaaw", self.program, *words]
        return self.connection.start(" ".join(["exec /bin/sh -c", *map(shlex.quote, given)]))

    def not_started(self, process: Process, noise: str | None) -> RemoteError:
        """Say why a worker did not start.

        Parameters
        ----------
        process : Process
            What `start` gave.
        noise : str or None
            What came in place of its first message.

        Returns
        -------
        RemoteError
            To be raised.
        """
        status = process.wait(2.0)
        said = process.last_words()
        shown = f", after it printed {noise[-200:]!r}" if noise else ""
        told = f"the worker did not start (exit status {status}){shown}."
        if status == NO_NUMPY:
            told = "NumPy is missing. Install it there: sudo apt install python3-numpy, or pip."
        return self.unfit(process.command, status, said, told)

    def unfit(self, command: str, status: int, said: str, otherwise: str) -> RemoteError:
        """Say why a command that needs Python did not work.

        Parameters
        ----------
        command : str
            As of `python_finder`.
        status : int
            Its exit status.
        said : str
            The end of its standard error.
        otherwise : str
            What it is where there is a Python.

        Returns
        -------
        RemoteError
            To be raised.
        """
        told = otherwise
        if status == _NO_PYTHON:
            looked = self.settings.python or _PYTHONS
            told = (
                f"there is no Python 3.8 or newer (looked for: {looked}). Install one (JetPack 4: "
                "sudo apt install python3.8 python3.8-dev), or set `python` in the target."
            )
        tail = f"\nThe end of its stderr:\n{said}" if said else ""
        return RemoteError(f"{self.name}: {told}{tail}", self.name, command, status, said)

    def close(self) -> None:
        """End the connection."""
        self.connection.close()
