"""Tasks on their way into the queue: named, told apart, looked up among earlier results."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.workflow.composite import Map
from dlaaw_nb.workflow.jobs import Outcome
from dlaaw_nb.workflow.keys import Codes, Twins, result_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.workflow.endings import Endings
    from dlaaw_nb.workflow.expansion import Expansion
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Node
    from dlaaw_nb.workflow.ready_queue import ReadyQueue
    from dlaaw_nb.workflow.reuse import Reuse

__all__ = ["Readying"]


class Readying:
    """Takes new tasks in, and those that became ready to the queue, or to their end.

    Parameters
    ----------
    feeder : Feeder
        Knows what tasks get.
    expansion : Expansion
        Puts tasks in the place of maps.
    reuse : Reuse
        Finds earlier results.
    endings : Endings
        Knows what became ready; takes what has ended.
    queue : ReadyQueue
        Gets what has to run.
    parts : callable
        Gives what a task's key is made of besides what it gets.
    """

    def __init__(
        self,
        feeder: Feeder,
        expansion: Expansion,
        reuse: Reuse,
        endings: Endings,
        queue: ReadyQueue,
        parts: Callable[[Node], tuple[str, ...]],
    ) -> None:
        self._feeder, self._expansion, self._reuse = feeder, expansion, reuse
        self._endings, self._queue, self._parts = endings, queue, parts
        self._codes, self._twins = Codes(), Twins()

    def add(self, nodes: list[Node], prefix: str = "") -> None:
        """Take in new tasks, each after those that feed it; `prefix` goes before their ranks."""
        for node in nodes:
            node.code, node.fingerprint = self._codes.of(node.task)
        self._reuse.learn({node.fingerprint for node in nodes})
        self._twins.rank(nodes, self._feeder.inputs, prefix)
        for node in nodes:
            if node.state == "initialized":
                self._endings.open += 1
                if not node.waiting:
                    self._endings.ready(node)

    def look_up(self) -> None:
        """Find earlier results of all that is newly ready, and queue the rest."""
        while self._endings.fresh:
            fresh = self._with_keys()
            found = self._reuse.find(fresh, self._codes, self._feeder)
            for node in fresh:
                if node.name in found:
                    node.outputs = found[node.name]
                    self._endings.ended(node, "cached")
                else:
                    self.queue_up(node)

    def queue_up(self, node: Node) -> None:
        """Queue a task; in the place of a map come the tasks for its items."""
        if isinstance(node.task, Map):
            self._expand(node)
        else:
            self._queue.push(node)

    def _with_keys(self) -> list[Node]:
        fresh = []
        waiting = list(self._endings.fresh)
        self._endings.fresh.clear()
        for node in waiting:
            if node.state != "ready":  # it has ended meanwhile, with what it hangs on
                continue
            try:
                node.key = result_key(self._parts(node), self._feeder.feeds(node))
            except DlaawError as error:  # an item of a list does not fit
                self._endings.failed(node, Outcome(-1, error=str(error), exception=error))
            else:
                fresh.append(node)
        return fresh

    def _expand(self, node: Node) -> None:
        """Put a task for each item in the place of a map; the map ends when its lists are made."""
        try:
            made = self._expansion.expand(node, self._feeder)
        except DlaawError as error:
            self._endings.failed(node, Outcome(-1, error=str(error), exception=error))
            return
        node.state, node.started = "running", time.time()
        self._endings.tell(node)
        rank = self._queue.ranks.get(node.name)
        if rank is not None:
            self._queue.rank(dict.fromkeys((one.name for one in made), rank))
        self.add(made, self._twins.prefix(node))
