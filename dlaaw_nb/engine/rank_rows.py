"""Rows to predict, in slices, on their way to ranks and back; see ``ranks``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Tuple

import numpy as np

from .faults import PlanError, TargetError

if TYPE_CHECKING:
    from .rank_lines import Fault, Lines, Rank

__all__ = ["SLICE_BYTES", "RowsHanding"]

SLICE_BYTES = 2 << 20
"""Of features: less is not worth being sent, more would keep a slow network from its beats."""

_AHEAD = 2  # slices for each rank at least, so that the faster ones take more


class RowsHanding:
    """Slices of the rows of a prediction.

    Parameters
    ----------
    lines : Lines
        To ranks that are idle.
    emit : callable
        Takes ``schedule`` events: which slice is where.
    """

    def __init__(self, lines: Lines, emit: Callable[[Dict[str, Any]], None]) -> None:
        self._lines, self._ranks, self._emit = lines, lines.ranks, emit
        self._begin = time.monotonic()
        self._found: Dict[int, Mapping[str, np.ndarray]] = {}
        self._under_way: Dict[int, int] = {}  # slice of each rank
        self._faults: Dict[str, str] = {}

    def run(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Dict[str, np.ndarray]:
        """Have all rows predicted.

        Parameters
        ----------
        spec, data : mapping
            See ``execute``.

        Returns
        -------
        dict of str to array
            What the network, and each layer that is asked for, puts out.
        """
        features = np.asarray(data["features"])
        count = max(_AHEAD * len(self._ranks), -(-features.nbytes // SLICE_BYTES))
        slices = np.array_split(features, min(count, len(features)))
        waiting = list(range(len(slices)))
        while len(self._found) < len(slices) or self._under_way:
            for rank in self._ranks.values():
                if not rank.busy and waiting and rank.name not in self._faults:
                    part = waiting.pop(0)
                    self._hand(rank, part, (spec, {**data, "features": slices[part]}))
            for number, message in self._lines.messages():
                self._ranks[number].heard = time.monotonic()
                waiting += self._take(self._ranks[number], message)
            self._lines.require_signs()
        parts = [self._found[part] for part in range(len(slices))]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _hand(self, rank: Rank, part: int, work: Tuple[Any, ...]) -> None:
        """Send a slice."""
        rank.begin()
        self._under_way[rank.number] = part
        self._schedule(part, rank, "running")
        self._lines.tell(rank.number, "predict", *work)

    def _take(self, rank: Rank, message: Tuple[Any, ...]) -> List[int]:
        """Take what a rank says; gives the slice that another one has to do."""
        if message[0] == "outputs":
            part = self._under_way[rank.number]
            self._found[part] = message[1]
            self._schedule(part, rank, "finished")
        elif message[0] == "idle":
            rank.settle(message[1])
            part = self._under_way.pop(rank.number)
            if message[1] is not None:
                self._fail(rank, part, message[1])
                return [part]
        return []

    def _fail(self, rank: Rank, part: int, fault: Fault) -> None:
        self._faults[rank.name] = fault.text
        self._schedule(part, rank, "lost")
        if len(self._faults) == len(self._ranks):  # thus none is under way
            if fault.kind == PlanError.__name__:
                raise fault.again()
            told = "\n".join(f"  {name}: {said}" for name, said in self._faults.items())
            raise TargetError(f"MPI: no rank is left.\n{told}")

    def _schedule(self, part: int, rank: Rank, state: str) -> None:
        at_s = time.monotonic() - self._begin
        event = {"event": "schedule", "part": part, "node": rank.name}
        self._emit({**event, "state": state, "at_s": at_s})
