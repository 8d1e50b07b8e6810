"""Trials on their way to ranks and back; see ``ranks``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Sequence, Tuple

from .faults import PlanError, TargetError
from .progress import Progress
from .shares import Shares

if TYPE_CHECKING:
    from .rank_lines import Fault, Lines, Rank
    from .session import Stop
    from .trials import Trial

__all__ = ["TrialsHanding", "lanes_of"]

Emit = Callable[[Dict[str, Any]], None]


class TrialsHanding:
    """Trials on their way to ranks and back.

    Parameters
    ----------
    lines : Lines
        To ranks that are idle.
    trials : sequence of Trial
        All of them.
    emit : callable
        Takes events.
    stop : Stop
        Asks for the end.
    """

    def __init__(self, lines: Lines, trials: Sequence[Trial], emit: Emit, stop: Stop) -> None:
        self._lines, self._ranks = lines, lines.ranks
        self._trials, self._emit, self._stop = trials, emit, stop
        self._place = {trial.index: place for place, trial in enumerate(trials)}
        epochs = [int(trial.training["epochs"]) for trial in trials]
        work = [float(t.chain.count) * e for t, e in zip(trials, epochs)]
        self._shares = Shares(work, [rank.name for rank in self._ranks.values()])
        for rank in self._ranks.values():
            self._shares.reach(rank.name, lanes_of(rank.device))
        self._progress = Progress(epochs)
        self._begin = time.monotonic()
        self._faults: Dict[str, str] = {}

    def run(self) -> None:
        """Hand out until all is done.

        Raises
        ------
        DlaawError
            When a rank is silent, none is left, or the plan does not fit its data.
        """
        nodes = [rank.name for rank in self._ranks.values()]
        device = {"kind": "cluster", "launch": "mpi", "nodes": nodes}
        self._emit({"event": "start", "trials": len(self._trials), "device": device})
        stopped = False
        while any(rank.busy for rank in self._ranks.values()) or not self._is_over():
            for rank in self._ranks.values():
                if not rank.busy and not self._is_over() and rank.name not in self._faults:
                    self._hand(rank)
            for number, message in self._lines.messages():
                self._ranks[number].heard = time.monotonic()
                self._take(self._ranks[number], message)
            self._lines.require_signs()
            if self._stop.is_set() and not stopped:
                stopped = True
                for rank in self._ranks.values():
                    if rank.busy:
                        self._lines.tell(rank.number, "stop")

    def _is_over(self) -> bool:
        return self._shares.over or self._stop.is_set()

    def _hand(self, rank: Rank) -> None:
        share = self._shares.take(rank.name, time.monotonic())
        if share:
            rank.begin()
            for place in share:
                self._schedule(place, rank, "running")
            self._lines.tell(rank.number, "train", [self._trials[place] for place in share])

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
            rank.settle(message[1])
            self._progress.settle(rank.name, rank.finished)
            if message[1] is not None:
                self._fail(rank, message[1])
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

    def _fail(self, rank: Rank, fault: Fault) -> None:
        """Take a rank out that cannot do it; a plan that nobody can carry out is an error."""
        if fault.kind == PlanError.__name__:
            raise fault.again()
        left = self._shares.lose(rank.name, fault.text, blameless=True)
        self._faults[rank.name] = fault.text
        for place in left:
            self._schedule(place, rank, "lost")
        message = f"MPI: rank {rank.number} on {rank.name} cannot go on: {fault.text}"
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
