"""A cluster under MPI as one machine: rank 0 hands trials out, the others carry them out.

Rank 0 is an ordinary worker (``worker``) whose machine is `Ranks`; all others are in ``rank``.
Messages are tuples, the kind first. To a rank: ``("data",)``, followed by a broadcast;
``("foreign", described)``; ``("train", trials)``; ``("stop",)``; ``("scores", variants)``, followed
by a reduction; ``("predict", spec, data)``; ``("end",)``. From a rank: ``("hello", name, device)``;
``("event", event)``; ``("outputs", outputs)``; ``("idle", error)``.

MPI's own waiting keeps a core busy, and the head may compute as well: so everybody asks now and
then whether something has come.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Sequence,
    Tuple,
)

import numpy as np

from .faults import DeviceError, PlanError, TargetError
from .progress import Progress
from .rank_rows import SLICE_BYTES, RowsHanding
from .shares import Shares

if TYPE_CHECKING:
    from .session import Stop
    from .trials import Trial

__all__ = ["Rank", "Ranks", "lanes_of", "world"]

ASK_S = 0.002
"""From one look for a message to the next."""

_HELLO_S = 60.0  # for Python, NumPy and the device of the slowest node
_AT_ONCE = 64  # messages that are taken before they are looked at
_TOGETHER_S = 10.0  # for what all ranks do together, such as adding up
_SLOWEST = 250e3  # bytes in a second: a network that is slower than that counts as cut
_SILENT_S = 5.0  # a busy rank says something every second; without that it is lost

Emit = Callable[[Dict[str, Any]], None]


class Rank:
    """A rank as rank 0 knows it."""

    def __init__(self, number: int, name: str, device: Mapping[str, Any]) -> None:
        self.number, self.name, self.device = number, name, dict(device)
        self.finished: List[int] = []
        self.busy = False
        self.heard = 0.0  # when, last


class Ranks:
    """What carries plans out on all ranks but this one.

    Parameters
    ----------
    comm : mpi4py communicator
        Of at least two ranks; this is rank 0.
    expected : int
        How many ranks there should be.

    Raises
    ------
    TargetError
        When there are others than expected: mpiexec and mpi4py are of unlike families, or a node
        did not come up.
    """

    def __init__(self, comm: Any, expected: int) -> None:
        if comm.size != expected:
            raise TargetError(
                f"MPI: expected {expected} ranks in one world, got {comm.size}. mpiexec and the "
                "library that mpi4py has loaded are of different families, most likely: see "
                "`python -m mpi4py --mpi-lib-version` on the head, and set mpiexec in the target."
            )
        self._comm = comm
        self._ranks: Dict[int, Rank] = {}
        self._data: Any = None
        until = time.monotonic() + _HELLO_S
        while len(self._ranks) < comm.size - 1:
            for number, message in self._messages():
                name = self._free_name(message[1])
                self._ranks[number] = Rank(number, name, {**message[2], "node": name})
            if time.monotonic() > until:
                silent = sorted(set(range(1, comm.size)) - set(self._ranks))
                raise TargetError(f"MPI: ranks {silent} did not say hello in {_HELLO_S:.0f} s.")

    def _free_name(self, name: str) -> str:
        taken = {rank.name for rank in self._ranks.values()}
        number = 2
        found = name
        while found in taken:
            found, number = f"{name}#{number}", number + 1
        return found

    def _messages(self) -> List[Tuple[int, Tuple[Any, ...]]]:
        """Take what has come, but no more than some; where nothing has, rest a little."""
        found: List[Tuple[int, Tuple[Any, ...]]] = []
        while len(found) < _AT_ONCE and self._comm.iprobe():
            found.append(self._comm.recv())
        if not found:
            time.sleep(ASK_S)
        return found

    def _tell_all(self, *message: Any) -> None:
        for number in self._ranks:
            self._comm.send(message, number)

    def describe(self) -> Dict[str, Any]:
        """Describe the cluster.

        Returns
        -------
        dict
            kind ``"cluster"``, launch ``"mpi"``, nodes (names) and devices (by name).
        """
        devices = {rank.name: rank.device for rank in self._ranks.values()}
        return {"kind": "cluster", "launch": "mpi", "nodes": list(devices), "devices": devices}

    def learn(self, foreign: Mapping[str, Any]) -> None:
        """Hand layers of other packages on.

        Parameters
        ----------
        foreign : mapping
            See ``foreign.foreign_of``.
        """
        if foreign:
            self._tell_all("foreign", foreign)

    def train(
        self, trials: Sequence[Trial], data: Mapping[str, Any], emit: Emit, stop: Stop
    ) -> None:
        """Train the trials of a plan; see ``Processor.train``.

        Beside the events of one machine come ``schedule`` (see ``dlaaw_nb.targets.pool``), and at
        the end ``reduced``: for each variant the number of trials, and mean and population variance
        of their score (accuracy, or R2 for numbers), added up by MPI.
        """
        _Handing(self._comm, self._ranks, self._messages, trials, emit, stop).run(
            lambda: self._share_data(data)
        )
        variants = 1 + max(trial.variant for trial in trials)
        emit({"event": "reduced", "variants": self._reduced(variants)})

    def _share_data(self, data: Mapping[str, Any]) -> None:
        if data is not self._data:
            self._tell_all("data")
            content = dict(data)
            with _within(_TOGETHER_S + size_of(content) / _SLOWEST):
                self._comm.bcast(content, root=0)
            self._data = data

    def _reduced(self, variants: int) -> List[Dict[str, float]]:
        self._tell_all("scores", variants)
        sums = np.zeros((variants, 3))
        with _within(_TOGETHER_S):
            self._comm.Reduce(np.zeros((variants, 3)), sums, root=0)
        return [_moments(*row) for row in sums]

    def predict(
        self, spec: Mapping[str, Any], data: Mapping[str, Any], emit: Emit
    ) -> Dict[str, np.ndarray]:
        """Give what layers put out; few rows by the head itself, many by all ranks.

        Parameters
        ----------
        spec, data : mapping
            See ``execute``.
        emit : callable
            Takes ``schedule`` events of the slices.

        Returns
        -------
        dict of str to array
            Outputs by layer.
        """
        from .execute import predicted
        from .processor import Processor

        if np.asarray(data["features"]).nbytes <= SLICE_BYTES:
            return predicted(spec, data, Processor())
        check = lambda: require_signs(self._ranks.values())  # noqa: E731
        rows = RowsHanding(self._comm, self._ranks, self._messages, emit, check)
        return rows.run(spec, data)

    def close(self) -> None:
        """Let the other ranks end."""
        self._tell_all("end")


@contextlib.contextmanager
def _within(limit_s: float) -> Iterator[None]:
    """End this process, and with it all ranks, when what all do together takes longer.

    A rank that is gone keeps the others waiting in MPI for ever, where nothing else can end it.
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


def size_of(data: Mapping[str, Any]) -> int:
    """Give the bytes of all arrays.

    Parameters
    ----------
    data : mapping
        Arrays, and mappings of them.

    Returns
    -------
    int
        Bytes.
    """
    inner = (size_of(v) if isinstance(v, Mapping) else np.asarray(v).nbytes for v in data.values())
    return sum(inner)


def require_signs(ranks: Iterable[Rank]) -> None:
    """End all when a rank is silent: MPI itself would wait for ever.

    Parameters
    ----------
    ranks : iterable of Rank
        Those that are busy say something every second.

    Raises
    ------
    DeviceError
        With ``lost``, of the first that does not.
    """
    for rank in ranks:
        if rank.busy and time.monotonic() - rank.heard > _SILENT_S:
            raise DeviceError(
                f"MPI: rank {rank.number} on {rank.name} is silent for {_SILENT_S:.0f} s.",
                lost=True,
            )


def _moments(count: float, total: float, squares: float) -> Dict[str, float]:
    mean = total / count if count else float("nan")
    variance = max(0.0, squares / count - mean * mean) if count else float("nan")
    return {"trials": int(count), "mean": mean, "variance": variance}


class _Handing:
    """Trials on their way to ranks and back."""

    def __init__(
        self,
        comm: Any,
        ranks: Mapping[int, Rank],
        messages: Callable[[], List[Tuple[int, Tuple[Any, ...]]]],
        trials: Sequence[Trial],
        emit: Emit,
        stop: Stop,
    ) -> None:
        self._comm, self._ranks, self._messages = comm, ranks, messages
        self._trials, self._emit, self._stop = trials, emit, stop
        self._place = {trial.index: place for place, trial in enumerate(trials)}
        epochs = [int(trial.training["epochs"]) for trial in trials]
        work = [float(t.chain.count) * e for t, e in zip(trials, epochs)]
        self._shares = Shares(work, [rank.name for rank in ranks.values()])
        for rank in ranks.values():
            self._shares.reach(rank.name, lanes_of(rank.device))
        self._progress = Progress(epochs)
        self._begin = time.monotonic()
        self._faults: Dict[str, str] = {}

    def run(self, share_data: Callable[[], None]) -> None:
        """Hand out until all is done."""
        share_data()
        nodes = [rank.name for rank in self._ranks.values()]
        device = {"kind": "cluster", "launch": "mpi", "nodes": nodes}
        self._emit({"event": "start", "trials": len(self._trials), "device": device})
        stopped = False
        while any(rank.busy for rank in self._ranks.values()) or not self._is_over():
            for rank in self._ranks.values():
                if not rank.busy and not self._is_over() and rank.name not in self._faults:
                    self._hand(rank)
            for number, message in self._messages():
                self._ranks[number].heard = time.monotonic()
                self._take(self._ranks[number], message)
            require_signs(self._ranks.values())
            if self._stop.is_set() and not stopped:
                stopped = True
                for rank in self._ranks.values():
                    if rank.busy:
                        self._comm.send(("stop",), rank.number)

    def _is_over(self) -> bool:
        return self._shares.over or self._stop.is_set()

    def _hand(self, rank: Rank) -> None:
        share = self._shares.take(rank.name, time.monotonic())
        if share:
            rank.busy, rank.finished, rank.heard = True, [], time.monotonic()
            for place in share:
                self._schedule(place, rank, "running")
            self._comm.send(("train", [self._trials[place] for place in share]), rank.number)

    def _schedule(self, place: int, rank: Rank, state: str) -> None:
        at_s = time.monotonic() - self._begin
        self._emit(
            {
                "event": "schedule",
                "part": self._trials[place].index,
                "node": rank.name,
                "state": state,
                "at_s": at_s,
            }
        )

    def _take(self, rank: Rank, message: Tuple[Any, ...]) -> None:
        if message[0] == "idle":
            rank.busy = False
            self._progress.settle(rank.name, rank.finished)
            if message[1] is not None:
                self._fail(rank, *message[1])
            return
        event = {**message[1], "node": rank.name}
        kind = event["event"]
        if kind == "progress":
            self._emit(self._progress.take(rank.name, event))
        elif kind == "trial":
            place = self._place[event["trial"]]
            event["device"] = rank.device
            if event["stopped"]:
                self._emit(event)
            else:
                rank.finished.append(place)
                self._shares.finish(rank.name, place, time.monotonic())
                self._emit(event)
                self._schedule(place, rank, "finished")
        elif kind == "start":
            self._shares.begin(rank.name, time.monotonic())
        elif kind != "beat":
            self._emit(event)

    def _fail(self, rank: Rank, kind: str, text: str) -> None:
        """Take a rank out that cannot do it; a plan that nobody can carry out is an error."""
        if kind == PlanError.__name__:
            raise PlanError(text)
        left = self._shares.lose(rank.name, text, blameless=True)
        self._faults[rank.name] = text
        for place in left:
            self._schedule(place, rank, "lost")
        message = f"MPI: rank {rank.number} on {rank.name} cannot go on: {text}"
        self._emit({"event": "log", "level": "warning", "message": message, "node": rank.name})
        if len(self._faults) == len(self._ranks):
            told = "\n".join(f"  {name}: {said}" for name, said in self._faults.items())
            raise TargetError(f"MPI: no rank is left.\n{told}")


def lanes_of(device: Mapping[str, Any]) -> int:
    """Say how many trials a device should have at a time.

    Parameters
    ----------
    device : mapping
        As a machine describes itself.

    Returns
    -------
    int
        Its cores; of a GPU, what makes a full grid.
    """
    return 256 if device.get("kind") == "gpu" else int(device.get("cores") or 1)


def world() -> Any:
    """Give all ranks that mpiexec has started.

    Returns
    -------
    mpi4py communicator
        MPI's own world.

    Raises
    ------
    TargetError
        When mpi4py, or a library of MPI, is missing.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # no mpi4py; no library of MPI for it
        raise TargetError(
            f"MPI: {socket.gethostname()}: {error}. Install mpi4py and a library of MPI there "
            "(apt install python3-mpi4py, or pip install mpi4py 'mpich>=4')."
        ) from error
    return MPI.COMM_WORLD
