"""Where a board meets rank 0 of what its mpiexec starts: a socket in a private folder.

Standard input and output of mpiexec are for text. MPICH's ends all when more comes at once than
rank 0 takes; Open MPI's, since its fifth version, holds back what does not end with a line.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Iterator, Optional, Tuple

from .faults import TargetError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Channel", "Meeting", "join"]

_LOOK_S = 0.1

Channel = Tuple[BinaryIO, BinaryIO]
"""What to read from and what to write to."""


class Meeting:
    """A place where one other process of this machine may come.

    Parameters
    ----------
    path : Path
        The socket to be, in a folder that nobody else may enter.

    Raises
    ------
    TargetError
        When its file system has no sockets.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            with _short(path) as name:
                self._socket.bind(name)
        except OSError as error:
            self._socket.close()
            raise TargetError(
                f"MPI: no socket can be made at {path} ({error}). Set `cache` of the head to a "
                "folder on a disk of its own."
            ) from error
        self._socket.listen(1)

    def await_other(self, over: Callable[[], bool]) -> Optional[Channel]:
        """Wait until the other comes.

        Parameters
        ----------
        over : callable
            Tells whether it will not come any more.

        Returns
        -------
        Channel or None
            None where it is over.
        """
        try:
            while not select.select([self._socket], [], [], _LOOK_S)[0]:
                if over():
                    return None
            return _channel(self._socket.accept()[0])
        finally:
            self._socket.close()
            with contextlib.suppress(OSError):
                self._path.unlink()


def join(path: Path) -> Channel:
    """Come to a meeting.

    Parameters
    ----------
    path : Path
        Its socket.

    Returns
    -------
    Channel
        To who waits there.

    Raises
    ------
    TargetError
        When nobody does.
    """
    joined = socket.socket(socket.AF_UNIX)
    try:
        with _short(path) as name:
            joined.connect(name)
    except OSError as error:
        raise TargetError(
            f"MPI: rank 0, on {socket.gethostname()}, found nobody at {path} ({error}). It must "
            "run on the head, which mpiexec is to take from the first line of its host file."
        ) from error
    return _channel(joined)


def _channel(connected: Any) -> Channel:
    channel = connected.makefile("rb"), connected.makefile("wb")
    connected.close()  # the files keep it open
    return channel


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Give a name that a socket may have (107 bytes), however long the path is."""
    if len(os.fsencode(str(path))) < 100:
        yield str(path)
        return
    folder = os.open(str(path.parent), os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
