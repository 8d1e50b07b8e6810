"""Which tasks go to a worker together: quick ones, so that the way there costs little for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlaaw_nb.workflow.composite import Map
from dlaaw_nb.workflow.states import DONE

if TYPE_CHECKING:
    from dlaaw_nb.workflow.dispatch import Dispatcher
    from dlaaw_nb.workflow.flat import Flat, Node
    from dlaaw_nb.workflow.ready_queue import ReadyQueue
    from dlaaw_nb.workflow.reuse import Reuse

__all__ = ["Batching"]


class Batching:
    """Takes tasks from the queue.

    Parameters
    ----------
    flat : Flat
        The workflow.
    queue : ReadyQueue
        What is ready.
    dispatcher : Dispatcher
        Knows how quick tasks are.
    reuse : Reuse
        Knows which surely have to run.
    """

    def __init__(self, flat: Flat, queue: ReadyQueue, dispatcher: Dispatcher, reuse: Reuse) -> None:
        self._flat, self._queue, self._dispatcher, self._reuse = flat, queue, dispatcher, reuse

    def next(self) -> list[Node]:
        """Take the next tasks for one worker.

        Returns
        -------
        list of Node
            At least one. Those that are not ready yet wait for others in the list alone, which
            stand before them.
        """
        first = self._queue.pop()
        nodes = [first]
        if self._joins(first):
            size = self._dispatcher.batch_size(first.code, len(self._queue) + 1)
            while len(nodes) < size and self._queue and self._joins(self._queue.first()):
                nodes.append(self._queue.pop())
            self._add_followers(nodes)
        return nodes

    def _joins(self, node: Node) -> bool:
        if node.alone or node.attempts or node.task.policy.timeout_s is not None:
            return False
        return self._dispatcher.is_light(node.code)

    def _add_followers(self, nodes: list[Node]) -> None:
        """Send along what waits for nothing else, if it is quick and surely has to run."""
        most = self._dispatcher.most_jobs(nodes[0].code)
        sent = {node.name for node in nodes}
        for node in nodes:  # grows as it is walked
            for name in node.consumers:
                if len(nodes) >= most:
                    return
                follower = self._flat.nodes[name]
                if name not in sent and self._follows(follower, sent):
                    sent.add(name)
                    nodes.append(follower)

    def _follows(self, node: Node, sent: set[str]) -> bool:
        if node.state != "initialized" or node.live or not self._joins(node):
            return False
        if isinstance(node.task, Map) or not self._reuse.ahead(node):
            return False
        for sources in node.feeds.values():
            waits = [source.task in sent for source in sources]
            if any(waits) and not all(source.task for source in sources):
                return False
            if not all(
                here or not source.task or self._flat.nodes[source.task].state in DONE
                for here, source in zip(waits, sources, strict=True)
            ):
                return False
        return True
