"""Runs a flat workflow: starts what is ready, takes what comes, until every task has ended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.batching import Batching
from dlaaw_nb.workflow.endings import Endings
from dlaaw_nb.workflow.expansion import Expansion
from dlaaw_nb.workflow.faults import death
from dlaaw_nb.workflow.feeding import Feeder
from dlaaw_nb.workflow.keys import key_parts
from dlaaw_nb.workflow.live import LiveTasks
from dlaaw_nb.workflow.planners import InOrder
from dlaaw_nb.workflow.ready_queue import ReadyQueue
from dlaaw_nb.workflow.readying import Readying
from dlaaw_nb.workflow.rescue import Rescue
from dlaaw_nb.workflow.sending import Sending
from dlaaw_nb.workflow.states import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.dispatch import Dispatcher, Flight
    from dlaaw_nb.workflow.flat import Flat, Node
    from dlaaw_nb.workflow.jobs import Outcome
    from dlaaw_nb.workflow.planners import Planner
    from dlaaw_nb.workflow.recording import Recording
    from dlaaw_nb.workflow.reuse import Reuse
    from dlaaw_nb.workflow.values import Ref

__all__ = ["Scheduler"]

_MOST_DOUBLINGS = 20  # of the wait between tries


class Scheduler:
    """The course of one run; used by one thread, but for `cancel`.

    Parameters
    ----------
    flat : Flat
        The workflow; its nodes are changed.
    store : Store
        Where values are kept.
    dispatcher : Dispatcher
        The way to the executor.
    recording : Recording
        Takes what happened.
    reuse : Reuse
        Finds earlier results.
    seed : int
        The run's.
    notify : callable
        Takes events.
    """

    def __init__(
        self,
        flat: Flat,
        store: Store,
        dispatcher: Dispatcher,
        recording: Recording,
        reuse: Reuse,
        seed: int,
        notify: Callable[[dict[str, Any]], None],
    ) -> None:
        self.flat, self._store, self._dispatcher = flat, store, dispatcher
        self._notify = notify
        parts = partial(key_parts, seed=seed, target=recording.record.target)
        self._feeder = Feeder(flat, {})
        self._queue = ReadyQueue()
        self._live = LiveTasks(flat, self._feeder, dispatcher)
        expansion = Expansion(flat, store, copy=dispatcher.crew.foreign)
        self._endings = Endings(flat, self._feeder, expansion, recording, seed, notify)
        self._rescue = Rescue(flat, self._feeder, expansion, store)
        self._batching = Batching(flat, self._queue, dispatcher, reuse)
        self._readying = Readying(self._feeder, expansion, reuse, self._endings, self._queue, parts)
        self._sending = Sending(
            dispatcher, self._feeder, self._live, reuse, self._endings, parts, seed
        )
        self._jobs = self._sending.jobs
        self._cancelled = self._told_cancel = False

    def begin(
        self, inputs: Mapping[str, Ref], wanted: Iterable[str] | None, planner: Planner
    ) -> None:
        """Get ready to run.

        Parameters
        ----------
        inputs : mapping of str to Ref
            What the workflow is given.
        wanted : iterable of str, or None
            Names of the workflow's outputs that are wanted; what they do not need is skipped. None
            for all tasks.
        planner : Planner
            Says which of the ready tasks goes first.
        """
        self._feeder.inputs.update(inputs)
        if wanted is not None:
            needed = self._feeder.needed(wanted)
            for node in self.flat.nodes.values():
                if node.name not in needed:
                    node.state, node.why = "skipped", "not needed for the outputs asked for"
                    self._endings.record(node)
                    self._endings.tell(node)
        nodes = list(self.flat.nodes.values())
        self._readying.add(nodes)
        if not isinstance(planner, InOrder):
            known = self._store.provenance.durations({node.fingerprint for node in nodes})
            ranks = planner.ranks(
                {node.name: node.consumers for node in nodes},
                {node.name: known.get(node.fingerprint) for node in nodes},
            )
            self._queue.rank(ranks)

    def run(self) -> None:
        """Run until every task has ended; may be called again after an interrupt."""
        while self._endings.open:
            if self._cancelled and not self._told_cancel:
                self._cancel_now()
            else:
                self._start_ready()
                if self._endings.open:
                    self._take(self._dispatcher.wait(self._next_time()))
        self._live.close()
        self._take(self._dispatcher.wait(0.0))

    def cancel(self) -> None:
        """End the run: running tasks and their child processes are ended, finished ones stay."""
        self._cancelled = True  # no lock: this may be called in the middle of anything
        self._dispatcher.stop()

    def abandon(self) -> None:
        """End what runs, after a fault of the run itself."""
        if not self._told_cancel:
            self._cancel_now()
        for node in list(self.flat.nodes.values()):
            self._endings.cancelled(node)
        self._live.close()

    # What is started

    def _start_ready(self) -> None:
        self._queue.take_due()
        self._readying.look_up()
        while self._queue and self._dispatcher.room > 0 and not self._cancelled:
            self._send(self._batching.next())

    def _send(self, nodes: list[Node]) -> None:
        try:
            self._sending.send(nodes)
        except Exception as error:  # noqa: BLE001 - of pickling, or of an executor of the person's
            self._lost(self._sending.take_back(nodes), error, None)

    # What comes back

    def _next_time(self) -> float | None:
        times = (self._dispatcher.next_deadline(), self._queue.next_time())
        return min((moment for moment in times if moment is not None), default=None)

    def _take(self, arrived: list[Any]) -> None:
        for item in arrived:
            if isinstance(item, dict):
                self._event(item)
            elif item in self._dispatcher.flights:
                self._landed(item)
        self._dispatcher.end_late()

    def _event(self, event: dict[str, Any]) -> None:
        number = event.pop("id", None)
        kind, node = event["event"], self._jobs.get(number) if number is not None else None
        if kind == "begun":
            self._dispatcher.begun(number)
        elif kind == "live" and number is not None:
            if node is not None:
                self._live.take(node, event)
        else:
            if node is not None and kind == "progress":
                node.progress = event
            elif node is not None and kind == "cost" and node.state == "running":
                node.costs.append([event["epoch"], event["cost"]])
            self._notify(event)

    def _landed(self, flight: Flight) -> None:
        came = self._dispatcher.land(flight)
        nodes = [self._jobs.pop(job.id) for job in flight.jobs]
        if isinstance(came, BaseException):
            self._lost(nodes, came, flight)
            return
        for node, outcome in zip(nodes, came, strict=True):
            if node.state in ENDED:  # what it follows has failed, and it with that
                continue
            node.key = outcome.key or node.key
            if outcome.skipped:
                self._put_back(node)
            elif outcome.cancelled:
                self.cancel()
                self._endings.ended(node, "cancelled")
            else:
                self._take_outcome(node, outcome)

    def _lost(self, nodes: list[Node], error: BaseException, flight: Flight | None) -> None:
        """Go on without outcomes: a worker died or was killed, or tasks could not be sent."""
        interrupted = isinstance(error, KeyboardInterrupt)
        self._cancelled = self._cancelled or interrupted
        if self._told_cancel or interrupted or (flight is not None and flight.ended == "cancelled"):
            for node in nodes:
                self._endings.cancelled(node)
        elif len(nodes) > 1:  # one of them did it: each goes again by itself
            for node in nodes:
                node.alone = True
                self._put_back(node)
        else:
            outcome = death(flight, error, nodes[0])
            if flight is not None:
                outcome.log = self._dispatcher.last_words(flight)
            self._take_outcome(nodes[0], outcome)

    def _put_back(self, node: Node) -> None:
        """Let a task that was sent, but has not run, have its turn again."""
        if node.state in ENDED:
            return
        node.attempts -= 1
        if node.waiting:
            node.state = "initialized"
        else:
            node.state = "ready"
            self._queue.push(node)

    def _take_outcome(self, node: Node, outcome: Outcome) -> None:
        outcome.apply(node)
        if outcome.outputs is not None:
            node.outputs = outcome.outputs
            self._endings.ended(node, "finished")
            return
        givers = self._rescue.prepare(node, outcome)
        if givers is not None:
            self._again(node, givers)
        elif node.attempts <= node.task.policy.retries:
            wait = node.task.policy.backoff_s * 2 ** min(node.attempts - 1, _MOST_DOUBLINGS)
            node.state, node.error = "ready", outcome.error
            node.notes.append(f"try {node.attempts} failed: {outcome.error}")
            self._queue.push_later(node, wait)
            self._endings.tell(node)
        else:
            self._endings.failed(node, outcome)

    def _again(self, node: Node, givers: list[Node]) -> None:
        """Make what is gone from the store again, and then the task that needs it."""
        for giver in givers:
            self._endings.open += 1
            self._readying.queue_up(giver)
        if not node.waiting and node.state == "initialized":
            node.state = "ready"
            self._readying.queue_up(node)

    def _cancel_now(self) -> None:
        self._told_cancel = True
        self._dispatcher.cancel()
        flying = {job.id for flight in self._dispatcher.flights for job in flight.jobs}
        waiting = {id(self._jobs[number]) for number in flying if number in self._jobs}
        for node in list(self.flat.nodes.values()):
            if id(node) not in waiting:
                self._endings.cancelled(node)
        self._queue.clear()
        self._endings.fresh.clear()
