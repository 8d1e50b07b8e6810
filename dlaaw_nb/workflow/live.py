"""Tasks that run at every cost event of a network, with what a layer puts out then."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.jobs import Batch, Feed, Job
from dlaaw_nb.workflow.port_type import type_of
from dlaaw_nb.workflow.states import DONE
from dlaaw_nb.workflow.values import Ref
from dlaaw_nb.workflow.worker import perform

if TYPE_CHECKING:
    from dlaaw_nb.workflow.dispatch import Dispatcher
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Flat, Node

__all__ = ["LiveTasks"]

_END_S = 5.0  # that the last one may take
_MOST_BYTES = 256 * 2**20  # of what waits to be looked at


class LiveTasks:
    """Runs live tasks in a thread of this process, while the network trains where it trains.

    A task that is slower than the network comes later to what it got; where that would take too
    much memory, the oldest of it is left out. What it gives is told in events, ``{"event": "live",
    "task", "step", "outputs"}``, and is not kept; at the end of the training it runs once more, as
    every other task.

    Parameters
    ----------
    flat : Flat
        The workflow.
    feeder : Feeder
        Knows what else the tasks get.
    dispatcher : Dispatcher
        Takes events, and knows the run's target.
    """

    def __init__(self, flat: Flat, feeder: Feeder, dispatcher: Dispatcher) -> None:
        self._flat, self._feeder, self._dispatcher = flat, feeder, dispatcher
        self._takers: dict[tuple[str, str], list[tuple[Node, str]]] = {}
        for node in flat.nodes.values():
            for port, source in node.live.items():
                self._takers.setdefault((source.task, source.port), []).append((node, port))
        self._waiting: deque[tuple[Node, str, Any, int]] = deque()
        self._bytes = 0
        self._lock = threading.Condition()
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._over = False

    def listened(self, node: Node) -> frozenset[str]:
        """Name the outputs of a task that somebody wants at every cost event."""
        return frozenset(port for task, port in self._takers if task == node.name)

    def take(self, node: Node, event: dict[str, Any]) -> None:
        """Take what an output is now.

        Parameters
        ----------
        node : Node
            Whose output.
        event : dict
            Its ``port``, ``value`` and ``step``.
        """
        with self._lock:
            for taker, port in self._takers.get((node.name, event["port"]), ()):
                self._waiting.append((taker, port, event["value"], event["step"]))
                self._bytes += getattr(event["value"], "nbytes", 0)
            while self._bytes > _MOST_BYTES and len(self._waiting) > 1:
                self._bytes -= getattr(self._waiting.popleft()[2], "nbytes", 0)
            self._lock.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="dlaaw-live", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Let the thread end; what is still waiting is shown first."""
        with self._lock:
            self._over = True
            self._lock.notify()
        if self._thread is not None:
            self._thread.join(timeout=_END_S)

    def _work(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._over:
                    self._lock.wait()
                if not self._waiting:
                    return
                taker, port, value, step = self._waiting.popleft()
                self._bytes -= getattr(value, "nbytes", 0)
            self._show(taker, port, value, step)

    def _show(self, taker: Node, port: str, value: Any, step: int) -> None:
        feeds = {}
        for name, sources in taker.feeds.items():
            if name == port:
                feeds[name] = Feed([Ref(type_of(value), value=value)], ("",))
            elif any(
                source.task and self._flat.nodes[source.task].state not in DONE
                for source in sources
            ):
                return  # something else that it needs is not there yet
            else:
                feeds[name] = self._feeder.feed(taker, name)
        job = Job(-next(self._numbers), taker.name, "live", feeds, 1, 0)
        batch = Batch(jobs=[job], tasks={"live": taker.task}, **self._dispatcher.local_batch())
        (outcome,) = perform(batch)
        event: dict[str, Any] = {"event": "live", "task": taker.name, "step": step}
        if outcome.outputs is None:
            event["error"] = outcome.error
        else:
            event["outputs"] = {port: ref.value for port, ref in outcome.outputs.items()}
        self._dispatcher.tell(event)
