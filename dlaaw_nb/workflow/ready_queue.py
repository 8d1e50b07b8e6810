"""The tasks that are ready, in the order in which they are to be started."""

from __future__ import annotations

import heapq
import itertools
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.flat import Node

__all__ = ["ReadyQueue"]


class ReadyQueue:
    """Ready tasks by rank, those of equal rank as they came; and those that wait for a next try.

    Attributes
    ----------
    ranks : dict of str to float
        By task; the highest is first, and what is not in it has 0.
    """

    def __init__(self) -> None:
        self.ranks: dict[str, float] = {}
        self._heap: list[tuple[float, int, Node]] = []
        self._later: list[tuple[float, int, Node]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def rank(self, ranks: Mapping[str, float]) -> None:
        """Take in what a planner says; for what is pushed from now on."""
        self.ranks.update(ranks)

    def push(self, node: Node) -> None:
        """Add a task."""
        rank = self.ranks.get(node.name, 0.0)
        heapq.heappush(self._heap, (-rank, next(self._numbers), node))

    def push_later(self, node: Node, wait_s: float) -> None:
        """Add a task once so many seconds are over."""
        heapq.heappush(self._later, (time.monotonic() + wait_s, next(self._numbers), node))

    def take_due(self) -> None:
        """Add the tasks whose time has come."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            self.push(heapq.heappop(self._later)[2])

    def next_time(self) -> float | None:
        """When the next task's time comes, on the monotonic clock; None without one."""
        return self._later[0][0] if self._later else None

    def pop(self) -> Node:
        """Take the first task away."""
        return heapq.heappop(self._heap)[2]

    def first(self) -> Node:
        """Look at the first task."""
        return self._heap[0][2]

    def clear(self) -> None:
        """Forget all tasks."""
        self._heap.clear()
        self._later.clear()
