"""Shares the trials of a plan out to nodes of unlike speed, a few at a time.

Nothing in here runs or waits: it is told what happens, and when, and decides who gets what.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Shares"]

_SHARE_S = 2.0  # what a share should take: long beside handing it out, short beside the whole
_SHORT_S = 0.3  # a share that is over sooner says nothing of a node's speed
_MANY = 8  # trials for each node: what is left is not looked at one by one
_LATEST = 0.5  # weight of the latest share in a node's speed


@dataclass
class _Node:
    speed: float | None  # work in a second
    lanes: int = 1  # trials at a time
    alive: bool = True
    share: list[int] = field(default_factory=list)  # unfinished trials under way
    began: float = 0.0
    done: float = 0.0  # work of this share that is finished
    growth: int = 1  # of shares that are too short to tell how fast it is

    def learn(self, now: float) -> None:
        """Take a speed from a share that is over."""
        seconds = now - self.began
        if seconds < _SHORT_S:  # most of it was handing out
            self.growth *= 2
            return
        measured, old = self.done / seconds, self.speed
        self.speed = measured if old is None else old + _LATEST * (measured - old)

    def time_left(self, work: Sequence[float], now: float) -> float:
        """Give the seconds until it is free again, as far as its speed is known."""
        if not self.share or not self.speed:
            return 0.0
        whole = self.done + sum(work[trial] for trial in self.share)
        return max(0.0, whole / self.speed - (now - self.began))


class Shares:
    """What is waiting, under way and finished.

    Parameters
    ----------
    work : sequence of float
        Of each trial, in any unit, such as rows x epochs x parameters.
    nodes : sequence of str
        Who takes part.
    speeds : mapping of str to float
        Work in a second, of nodes that are known from earlier jobs.
    most_losses : int
        A trial that has taken so many nodes along, alone, is given up.
    """

    def __init__(
        self,
        work: Sequence[float],
        nodes: Sequence[str],
        speeds: Mapping[str, float] | None = None,
        most_losses: int = 3,
    ) -> None:
        known = speeds or {}
        self._work = list(work)
        self._nodes = {name: _Node(known.get(name)) for name in nodes}
        self._waiting = sorted(range(len(self._work)), key=lambda trial: -self._work[trial])
        self._parts: list[tuple[list[int], str]] = []  # lost with a node: who may hold the culprit
        self._losses: dict[int, int] = {}
        self._most_losses = most_losses
        self._finished: set[int] = set()
        self.given_up: dict[int, str] = {}
        """Trials that are given up, and why."""

    @property
    def over(self) -> bool:
        """Whether every trial is finished or given up."""
        return len(self._finished) + len(self.given_up) == len(self._work)

    @property
    def finished(self) -> frozenset[int]:
        """Trials that are finished."""
        return frozenset(self._finished)

    @property
    def left(self) -> list[int]:
        """Trials that are neither finished nor given up."""
        return [k for k in range(len(self._work)) if not self._is_settled(k)]

    @property
    def alive(self) -> list[str]:
        """Nodes that are not lost."""
        return [name for name, node in self._nodes.items() if node.alive]

    @property
    def speeds(self) -> dict[str, float]:
        """Work in a second of nodes that have shown it."""
        return {n: node.speed for n, node in self._nodes.items() if node.speed is not None}

    def reach(self, name: str, lanes: int) -> None:
        """Note that a node is there, and how many trials it works on at a time.

        Parameters
        ----------
        name : str
            The node; what was not there counts as on its way until it is lost.
        lanes : int
            At least 1.
        """
        self._nodes[name].lanes, self._nodes[name].alive = max(1, lanes), True

    def take(self, name: str, now: float) -> list[int]:
        """Give a node its next share.

        Parameters
        ----------
        name : str
            The node, which has none.
        now : float
            Seconds, of any clock.

        Returns
        -------
        list of int
            Trials; empty when there is nothing for it now (others are faster with what is left).
        """
        node = self._nodes[name]
        share = self._part_for(name) or self._fresh(node, now)
        if share:
            node.share, node.began, node.done = list(share), now, 0.0
        return share

    def _part_for(self, name: str) -> list[int]:
        """Give trials that were lost with a node, to another one if there is one."""
        for entry in self._parts:
            if entry[1] != name or self.alive in ([], [name]):
                self._parts.remove(entry)
                return entry[0]
        return []

    def _fresh(self, node: _Node, now: float) -> list[int]:
        if not self._waiting:
            return []
        if len(self._nodes) == 1:  # nobody to share with
            taken, self._waiting = sorted(self._waiting), []
            return taken
        others = [n for n in self._nodes.values() if n is not node and n.alive]
        if node.speed is None:
            fair = math.ceil(len(self._waiting) / (len(others) + 1))
            count = min(node.lanes * node.growth, fair)
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
            return taken
        if self._others_are_faster(node, others, now):
            return []
        waiting = sum(self._work[trial] for trial in self._waiting)
        first = self._work[self._waiting[0]]
        # Who has shown nothing yet is taken to be as fast: it will want its part as well.
        total = node.speed + sum(other.speed or node.speed for other in others)
        budget = node.speed * min(_SHARE_S, 0.5 * waiting / total)
        taken = [self._waiting.pop(0)]
        done = first
        while self._waiting and (
            done + self._work[self._waiting[0]] <= budget or len(taken) < self._lanes(node, total)
        ):
            done += self._work[self._waiting[0]]
            taken.append(self._waiting.pop(0))
        return taken

    def _lanes(self, node: _Node, total: float) -> int:
        """Give how many trials keep a node busy, but no more than its share of what waits."""
        share = (node.speed or 0.0) / total * (len(self._waiting) + 1)
        return min(node.lanes, max(1, math.floor(share)))

    def _others_are_faster(self, node: _Node, others: Sequence[_Node], now: float) -> bool:
        """Tell whether the others would be done with all before this node with one trial."""
        free = [(other.time_left(self._work, now), other.speed) for other in others]
        known = [(busy, speed) for busy, speed in free if speed]
        if not known or len(known) < len(free):
            return False
        own = self._work[self._waiting[0]] / (node.speed or math.inf)
        if len(self._waiting) > _MANY * len(known):
            waiting = sum(self._work[trial] for trial in self._waiting)
            done = waiting + sum(busy * speed for busy, speed in known)
            return own > done / sum(speed for _, speed in known)
        last = 0.0
        for trial in self._waiting:  # each to the one that has it done first
            ends = [busy + self._work[trial] / speed for busy, speed in known]
            place = ends.index(min(ends))
            known[place] = (ends[place], known[place][1])
            last = max(last, ends[place])
        return own > last

    def begin(self, name: str, now: float) -> None:
        """Note that a node has all it needs for its share: what it was sent, compiled."""
        self._nodes[name].began = now

    def finish(self, name: str, trial: int, now: float) -> bool:
        """Note that a node has finished a trial.

        Parameters
        ----------
        name : str
            The node.
        trial : int
            The trial.
        now : float
            Seconds.

        Returns
        -------
        bool
            Whether it is the first to have finished it.
        """
        node, first = self._nodes[name], not self._is_settled(trial)
        self._finished.add(trial)
        if trial in node.share:
            node.share.remove(trial)
            node.done += self._work[trial]
            if not node.share:
                node.learn(now)
        return first

    def lose(self, name: str, reason: str, blameless: bool = False) -> list[int]:
        """Note that a node is lost with its share.

        Parameters
        ----------
        name : str
            The node; it does not count until it is reached again.
        reason : str
            In words.
        blameless : bool
            Whether the trials cannot be why (a cable, a power cut).

        Returns
        -------
        list of int
            Trials that will run again.
        """
        node = self._nodes[name]
        left = [trial for trial in node.share if not self._is_settled(trial)]
        node.alive, node.share = False, []
        if len(left) == 1 and not blameless:
            (trial,) = left
            self._losses[trial] = self._losses.get(trial, 0) + 1
            if self._losses[trial] >= self._most_losses:
                self.given_up[trial] = reason
                return []
        if blameless:
            self._waiting = sorted([*self._waiting, *left], key=lambda k: -self._work[k])
            return left
        half = len(left) // 2
        self._parts += [(part, name) for part in (left[:half], left[half:]) if part]
        return left

    def _is_settled(self, trial: int) -> bool:
        return trial in self._finished or trial in self.given_up
