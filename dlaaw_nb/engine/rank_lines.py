"""The lines from rank 0 to the others; see ``ranks`` for what goes over them."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from . import faults

__all__ = ["ALONE_S", "ASK_S", "SLOWEST", "Fault", "Lines", "Rank", "within"]

ASK_S = 0.002
"""From one look for a message to the next."""

ALONE_S = 60.0
"""A rank that has heard nothing of rank 0 for so long ends itself: its network is gone."""

SLOWEST = 250e3
"""Bytes in a second: a network that is slower than that counts as cut."""

_BEAT_S = 1.0
_SILENT_S = 5.0  # a busy rank says something every second; without that it is lost


class Fault(NamedTuple):
    """What a rank could not do: the error's class and text, and whether its device is lost."""

    kind: str
    text: str
    lost: bool = False

    @classmethod
    def of(cls, error: BaseException) -> Fault:
        """Describe an error.

        Parameters
        ----------
        error : BaseException
            Whatever was raised.

        Returns
        -------
        Fault
            It travels.
        """
        kind = type(error).__name__
        if isinstance(error, faults.DlaawError):
            lost = isinstance(error, faults.DeviceError) and error.lost
            return cls(kind, str(error), lost)
        return cls(kind, f"{kind}: {error}")

    def again(self) -> faults.DlaawError:
        """Give the error anew.

        Returns
        -------
        DlaawError
            ``TargetError`` for what is none of ours.
        """
        kind = getattr(faults, self.kind, faults.TargetError)
        made: faults.DlaawError = kind(self.text)
        return made


class Rank:
    """A rank as rank 0 knows it."""

    def __init__(self, number: int, name: str, device: Mapping[str, Any]) -> None:
        self.number, self.name, self.device = number, name, dict(device)
        self.finished: List[int] = []
        self.busy = False
        self.lost = False  # its device
        self.heard = 0.0  # when, last; later than now while something large of it is on its way

    def begin(self) -> None:
        """Note that it has something to do."""
        self.busy, self.finished, self.heard = True, [], time.monotonic()

    def settle(self, fault: Optional[Fault]) -> None:
        """Note that it has done that, or could not."""
        self.busy = False
        self.lost = self.lost or (fault is not None and fault.lost)


class Lines:
    """The ranks that rank 0 speaks with.

    Nothing that is said waits for who should hear it, and nothing that comes for who says it: a
    rank whose cable is pulled would hold rank 0 up for ever.

    Parameters
    ----------
    comm : mpi4py communicator
        This is rank 0.

    Attributes
    ----------
    ranks : dict of int to Rank
        Those that have said hello, by number.
    """

    def __init__(self, comm: Any) -> None:
        self.comm = comm
        self.ranks: Dict[int, Rank] = {}
        self._sends: List[Any] = []
        self._coming: Dict[int, Any] = {}  # from which rank
        self._beaten = 0.0

    def tell(self, number: int, *message: Any) -> None:
        """Send a rank a message.

        Parameters
        ----------
        number : int
            Of the rank.
        *message : object
            Its kind first.
        """
        self._sends = [send for send in self._sends if not send.test()[0]]
        self._sends.append(self.comm.isend(message, number))

    def tell_all(self, *message: Any) -> None:
        """Send each rank a message."""
        for number in self.ranks:
            self.tell(number, *message)

    def messages(self) -> List[Tuple[int, Tuple[Any, ...]]]:
        """Take what has come; where nothing has, rest a little.

        Returns
        -------
        list of (int, tuple)
            Number of the rank, and message.
        """
        self.beat()
        found: List[Tuple[int, Tuple[Any, ...]]] = []
        for number in range(1, self.comm.size):
            found += [(number, message) for message in self._said(number)]
        if not found:
            time.sleep(ASK_S / 4 if self._coming else ASK_S)
        return found

    def _said(self, number: int) -> List[Tuple[Any, ...]]:
        """Take what a rank has said; for what is large this does not wait."""
        if number not in self._coming:
            status = new_status()
            message = self.comm.improbe(source=number, status=status)
            if message is None:
                return []
            self._coming[number] = message.irecv()
            if number in self.ranks:  # on its way it says nothing else
                self.ranks[number].heard = time.monotonic() + status.Get_count() / SLOWEST
        is_here, said = self._coming[number].test()
        if not is_here:
            return []
        del self._coming[number]
        return list(said)

    def beat(self) -> None:
        """Let the ranks know, every second, that rank 0 is there."""
        if time.monotonic() - self._beaten > _BEAT_S:
            self._beaten = time.monotonic()
            self.tell_all("beat")

    def finish(self, limit_s: float) -> None:
        """Wait until all that was said has been heard.

        Parameters
        ----------
        limit_s : float
            At most so many seconds.
        """
        until = time.monotonic() + limit_s
        while not all(send.test()[0] for send in self._sends) and time.monotonic() < until:
            time.sleep(ASK_S)

    def require_signs(self) -> None:
        """End all when a rank is silent: MPI itself would wait for ever.

        Raises
        ------
        DeviceError
            With ``lost``, of the first busy rank that does not say anything.
        """
        for rank in self.ranks.values():
            if rank.busy and time.monotonic() - rank.heard > _SILENT_S:
                raise faults.DeviceError(
                    f"MPI: rank {rank.number} on {rank.name} is silent for {_SILENT_S:.0f} s.",
                    lost=True,
                )


def new_status() -> Any:
    """Give what MPI tells of a message."""
    from mpi4py import MPI

    return MPI.Status()


@contextlib.contextmanager
def within(limit_s: float) -> Iterator[None]:
    """End this process, and with it all ranks, when what all do together takes longer.

    A rank that is gone keeps the others waiting in MPI for ever, where nothing else can end it.

    Parameters
    ----------
    limit_s : float
        Seconds.
    """

    def end() -> None:
        sys.stderr.write(f"MPI: not all ranks took part within {limit_s:.0f} s.\n")
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
