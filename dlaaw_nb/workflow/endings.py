"""What the end of a task brings with it: records, what becomes ready, and what fails with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.keys import seed_of
from dlaaw_nb.workflow.states import DONE, ENDED
from dlaaw_nb.workflow.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.workflow.expansion import Expansion
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Flat, Node
    from dlaaw_nb.workflow.jobs import Outcome
    from dlaaw_nb.workflow.recording import Recording

__all__ = ["Endings"]


class Endings:
    """Marks tasks as ended, and all that follows from that.

    Parameters
    ----------
    flat : Flat
        The workflow.
    feeder : Feeder
        Knows what tasks got.
    expansion : Expansion
        Knows which nodes belong to which map.
    recording : Recording
        Takes what happened.
    seed : int
        The run's.
    notify : callable
        Takes events.

    Attributes
    ----------
    open : int
        How many tasks have not ended.
    fresh : list of Node
        What has become ready, and nobody has looked for an earlier result.
    """

    def __init__(
        self,
        flat: Flat,
        feeder: Feeder,
        expansion: Expansion,
        recording: Recording,
        seed: int,
        notify: Callable[[dict[str, Any]], None],
    ) -> None:
        self._flat, self._feeder, self._expansion = flat, feeder, expansion
        self._recording, self._seed, self._notify = recording, seed, notify
        self.open = 0
        self.fresh: list[Node] = []

    def ready(self, node: Node) -> None:
        """Mark a task as ready."""
        node.state = "ready"
        self.fresh.append(node)

    def ended(self, node: Node, state: str) -> None:
        """Mark a task as ended: ``finished``, ``cached``, ``failed`` or ``cancelled``."""
        node.state = state
        self.open -= 1
        takers, node.again_for = self._takers(node), None
        if state in DONE:
            node.error = node.trace = ""
        self.record(node)
        self.tell(node)
        if state in DONE:
            for name in takers:
                self._come_nearer(self._flat.nodes[name])
            done = self._expansion.gathered(node)
            if done is not None:
                done.seconds = time.time() - (done.started or time.time())
                self.ended(done, "finished")
        self._release_feeds(node)

    def failed(self, node: Node, outcome: Outcome) -> None:
        """Mark a task as failed, and with it all that hangs on it."""
        node.error, node.trace, node.exception = outcome.error, outcome.trace, outcome.raised
        few: tuple[str, ...] = (node.name,)
        waiting = [(node, self._hanging(node), few, 1)]
        self.ended(node, "failed")
        while waiting:
            cause, names, few, depth = waiting.pop()
            for name in names:
                hanging = self._flat.nodes[name]
                if hanging.state in ENDED:
                    continue
                hanging.cause = cause
                told, length = few, depth
                if not hanging.internal:
                    told, length = _nearest(hanging.name, few), depth + 1
                chain = " <- ".join(_cut(told, length))
                hanging.error = f"not run, for {node.name} failed ({chain}): {node.error}"
                hanging.why = f"{node.name} failed"
                waiting.append((hanging, self._hanging(hanging), told, length))
                self.ended(hanging, "failed")

    def cancelled(self, node: Node) -> None:
        """Mark a task as cancelled, if it has not ended."""
        if node.state not in ENDED:
            self.ended(node, "cancelled")

    def record(self, node: Node) -> None:
        """Write down how a task ended."""
        if not node.internal:
            feeds = self._feeder.feeds(node) if node.state in DONE else {}
            self._recording.task(node, feeds, seed_of(node.key, self._seed, node.name))

    def tell(self, node: Node) -> None:
        """Tell the state of a task."""
        if not node.internal:
            self._notify({"event": "task", "task": node.name, "state": node.state})

    def _takers(self, node: Node) -> list[str]:
        return node.consumers if node.again_for is None else node.again_for

    def _hanging(self, node: Node) -> tuple[str, ...]:
        return (*self._takers(node), *self._expansion.parents(node))

    def _come_nearer(self, consumer: Node) -> None:
        if consumer.state in ENDED:
            return
        consumer.waiting -= 1
        if not consumer.waiting and consumer.state == "initialized":
            self.ready(consumer)

    def _release_feeds(self, node: Node) -> None:
        """Let go of values that nobody waits for any more; the store has them."""
        for sources in node.feeds.values():
            for source in sources:
                giver = self._flat.nodes.get(source.task)
                if giver is None:
                    continue
                giver.held -= 1
                if giver.held <= 0:
                    for ref in giver.outputs.values():
                        if ref.hash:
                            ref.value = ABSENT
        self._feeder.forget(node.name)


_SHOWN = 7  # names of a chain in a message; three of them are those at its far end


def _nearest(name: str, few: tuple[str, ...]) -> tuple[str, ...]:
    """Put a name before a chain, of which no more is carried along than a message shows."""
    longer = (name, *few)
    return longer if len(longer) <= _SHOWN else (*longer[: _SHOWN - 3], *longer[-3:])


def _cut(few: tuple[str, ...], length: int) -> tuple[str, ...]:
    if length <= len(few):
        return few
    return (*few[:-3], f"{length - len(few)} more", *few[-3:])
