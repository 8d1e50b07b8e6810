"""A cluster under MPI as one machine: rank 0 hands trials out, the others carry them out.

Rank 0 is an ordinary worker (``worker``) whose machine is `Ranks`; all others are in ``rank``.
Messages are tuples, the kind first. To a rank: ``("data", seconds)``, followed by a broadcast that
takes no longer; ``("beat",)``; ``("foreign", described)``; ``("train", trials)``; ``("stop",)``;
``("scores", variants)``, followed by a reduction; ``("predict", spec, data)``; ``("launch", spec,
data)``; ``("end",)``. From a rank, in lists of what has gathered: ``("hello", name, device)``;
``("event", event)``; ``("outputs", outputs)``; ``("idle", Fault or None)``.

MPI's own waiting keeps a core busy, and the head may compute as well: so everybody asks now and
then whether something has come.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    Sequence,
)

import numpy as np

from .faults import TargetError
from .rank_lines import SLOWEST, Lines, Rank, within
from .rank_rows import SLICE_BYTES, RowsHanding
from .rank_trials import TrialsHanding

if TYPE_CHECKING:
    from .session import Stop
    from .trials import Trial

__all__ = ["Ranks", "world"]

_HELLO_S = 60.0  # for Python, NumPy and the device of the slowest node
_TOGETHER_S = 10.0  # for what all ranks do together, such as adding up

Emit = Callable[[Dict[str, Any]], None]


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
        self._comm, self._lines = comm, Lines(comm)
        ranks = self._lines.ranks
        self._data: Any = None
        until = time.monotonic() + _HELLO_S
        while len(ranks) < comm.size - 1:
            for number, message in self._lines.messages():
                name = self._free_name(message[1])
                ranks[number] = Rank(number, name, {**message[2], "node": name})
            if time.monotonic() > until:
                silent = sorted(set(range(1, comm.size)) - set(ranks))
                raise TargetError(f"MPI: ranks {silent} did not say hello in {_HELLO_S:.0f} s.")

    def _free_name(self, name: str) -> str:
        taken = {rank.name for rank in self._lines.ranks.values()}
        number = 2
        found = name
        while found in taken:
            found, number = f"{name}#{number}", number + 1
        return found

    def beat(self) -> None:
        """Let the ranks know that rank 0 is there: every second or so, with nothing under way."""
        self._lines.beat()

    def describe(self) -> Dict[str, Any]:
        """Describe the cluster.

        Returns
        -------
        dict
            kind ``"cluster"``, launch ``"mpi"``, nodes (names) and devices (by name).
        """
        devices = {rank.name: rank.device for rank in self._lines.ranks.values()}
        return {"kind": "cluster", "launch": "mpi", "nodes": list(devices), "devices": devices}

    def learn(self, foreign: Mapping[str, Any]) -> None:
        """Hand layers of other packages on.

        Parameters
        ----------
        foreign : mapping
            See ``foreign.foreign_of``.
        """
        if foreign:
            self._lines.tell_all("foreign", foreign)

    def train(
        self, trials: Sequence[Trial], data: Mapping[str, Any], emit: Emit, stop: Stop
    ) -> None:
        """Train the trials of a plan; see ``Processor.train``.

        Beside the events of one machine come ``schedule`` (see ``dlaaw_nb.targets.pool``), and at
        the end ``reduced``: for each variant the number of trials, and mean and population variance
        of their score (accuracy, or R2 for numbers), added up by MPI.
        """
        handing = TrialsHanding(self._lines, trials, emit, stop)
        self._share_data(data)
        handing.run()
        variants = 1 + max(trial.variant for trial in trials)
        emit({"event": "reduced", "variants": self._reduced(variants)})

    def _share_data(self, data: Mapping[str, Any]) -> None:
        if data is not self._data:
            content = dict(data)
            limit_s = _TOGETHER_S + size_of(content) / SLOWEST
            self._lines.tell_all("data", limit_s)
            with within(limit_s):
                self._comm.bcast(content, root=0)
            self._data = data

    def _reduced(self, variants: int) -> List[Dict[str, float]]:
        self._lines.tell_all("scores", variants)
        sums = np.zeros((variants, 3))
        with within(_TOGETHER_S):
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
            found: Dict[str, np.ndarray] = self._beside(predicted, spec, data, Processor())
            return found
        return RowsHanding(self._lines, emit).run(spec, data)

    def _beside(self, do: Callable[..., Any], *given: Any) -> Any:
        """Do something in a thread, such as what compiles for minutes; the ranks hear of us."""
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(do, *given)
            while not under_way.done():
                self._lines.messages()
        return under_way.result()

    def launch_kernel(
        self, spec: Mapping[str, Any], data: Mapping[str, Any], emit: Emit, stop: Stop
    ) -> None:
        """Have a person's own kernel launched by one rank, by one with a GPU if there is one.

        Parameters
        ----------
        spec, data, emit, stop : mapping, mapping, callable, Stop
            See ``execute``.

        Raises
        ------
        DlaawError
            What the rank raised, or that it is silent.
        """
        ranks = self._lines.ranks.values()
        rank = min(ranks, key=lambda rank: (rank.device.get("kind") != "gpu", rank.number))
        self._lines.tell(rank.number, "launch", spec, data)
        rank.begin()
        stopped, fault = False, None
        while rank.busy:
            for _, message in self._lines.messages():
                rank.heard = time.monotonic()
                if message[0] == "idle":
                    fault = message[1]
                    rank.settle(fault)
                elif message[1]["event"] != "beat":
                    emit({**message[1], "node": rank.name})
            self._lines.require_signs()
            if stop.is_set() and not stopped:
                stopped = True
                self._lines.tell(rank.number, "stop")
        if fault is not None:
            raise fault.again()

    @property
    def worn(self) -> bool:
        """Whether a rank has lost its device: a new mpiexec gets it back."""
        return any(rank.lost for rank in self._lines.ranks.values())

    def close(self) -> None:
        """Let the other ranks end."""
        self._lines.tell_all("end")
        self._lines.finish(_TOGETHER_S)


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


def _moments(count: float, total: float, squares: float) -> Dict[str, float]:
    mean = total / count if count else float("nan")
    variance = max(0.0, squares / count - mean * mean) if count else float("nan")
    return {"trials": int(count), "mean": mean, "variance": variance}


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
