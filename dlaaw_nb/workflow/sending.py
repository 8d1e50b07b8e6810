"""Tasks become jobs, and go to the executor."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from dlaaw_nb.workflow.jobs import Job
from dlaaw_nb.workflow.keys import seed_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.workflow.dispatch import Dispatcher
    from dlaaw_nb.workflow.endings import Endings
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Node
    from dlaaw_nb.workflow.live import LiveTasks
    from dlaaw_nb.workflow.reuse import Reuse

__all__ = ["Sending"]


class Sending:
    """Makes jobs of tasks and sends them.

    Parameters
    ----------
    dispatcher : Dispatcher
        The way to the executor.
    feeder : Feeder
        Knows what tasks get.
    live : LiveTasks
        Knows who listens live.
    reuse : Reuse
        Knows why a task has to run.
    endings : Endings
        Tells the states of tasks.
    parts : callable
        Gives what a task's key is made of besides what it gets.
    seed : int
        The run's.

    Attributes
    ----------
    jobs : dict of int to Node
        What is under way, by the job's id.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        feeder: Feeder,
        live: LiveTasks,
        reuse: Reuse,
        endings: Endings,
        parts: Callable[[Node], tuple[str, ...]],
        seed: int,
    ) -> None:
        self._dispatcher, self._feeder, self._live = dispatcher, feeder, live
        self._reuse, self._endings, self._parts, self._seed = reuse, endings, parts, seed
        self._numbers = itertools.count()
        self.jobs: dict[int, Node] = {}

    def send(self, nodes: list[Node]) -> None:
        """Send tasks to one worker, which does one after the other.

        Parameters
        ----------
        nodes : list of Node
            Those that are not ready yet wait for others before them in the list alone.

        Raises
        ------
        Exception
            See `Dispatcher.send`; the tasks then count as under way until `take_back`.
        """
        numbers: dict[str, int] = {}
        jobs = [self._job(node, numbers) for node in nodes]
        tasks = [node.task for node in nodes]
        self._dispatcher.send(jobs, tasks, nodes[0].task.policy.timeout_s)

    def take_back(self, nodes: list[Node]) -> list[Node]:
        """Let tasks not be under way any more, for they could not be sent; gives them."""
        names = {node.name for node in nodes}
        for number in [number for number, node in self.jobs.items() if node.name in names]:
            del self.jobs[number]
        return nodes

    def _job(self, node: Node, numbers: dict[str, int]) -> Job:
        node.attempts += 1
        follows = node.state == "initialized"
        feeds = self._feeder.ahead(node, numbers) if follows else self._feeder.feeds(node)
        if follows:
            node.why = self._reuse.ahead(node)
        node.state, node.started = "running", time.time()
        number = numbers[node.name] = next(self._numbers)
        self.jobs[number] = node
        self._endings.tell(node)
        return Job(
            number, node.name, node.code, feeds, node.attempts,
            0 if follows else seed_of(node.key, self._seed, node.name),  # then it has no key yet
            self._live.listened(node), self._feeder.wanted(node),
            self._parts(node) if follows else None,
        )  # fmt: skip
