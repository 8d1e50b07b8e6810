"""Runs a flat workflow: starts what is ready, takes what comes, until every task has ended."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.workflow.composite import Map
from dlaaw_nb.workflow.expansion import Expansion
from dlaaw_nb.workflow.faults import death, lost_givers
from dlaaw_nb.workflow.feeding import Feeder
from dlaaw_nb.workflow.jobs import Job, Outcome
from dlaaw_nb.workflow.keys import Codes, key_parts, rank_twins, result_key, seed_of
from dlaaw_nb.workflow.live import LiveTasks
from dlaaw_nb.workflow.planners import InOrder
from dlaaw_nb.workflow.states import DONE, ENDED
from dlaaw_nb.workflow.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.dispatch import Dispatcher, Flight
    from dlaaw_nb.workflow.flat import Flat, Node
    from dlaaw_nb.workflow.planners import Planner
    from dlaaw_nb.workflow.recording import Recording
    from dlaaw_nb.workflow.reuse import Reuse
    from dlaaw_nb.workflow.values import Ref

__all__ = ["Scheduler"]

_MOST_RESCUES = 3  # of a task whose inputs vanish again and again


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
    codes : Codes
        Names the tasks' code.
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
        codes: Codes,
        seed: int,
        notify: Callable[[dict[str, Any]], None],
    ) -> None:
        self.flat, self._dispatcher, self._recording = flat, dispatcher, recording
        self._store, self._reuse, self._seed, self._notify = store, reuse, seed, notify
        self._codes = codes
        self._ranks: Mapping[str, float] = {}
        self._feeder = Feeder(flat, {})
        self._live = LiveTasks(flat, self._feeder, dispatcher, notify)
        self._expansion = Expansion(flat, store)
        self._fresh: list[Node] = []  # ready, but nobody has looked for an earlier result
        self._heap: list[tuple[float, int, Node]] = []
        self._later: list[tuple[float, int, Node]] = []
        self._numbers = itertools.count()
        self._jobs: dict[int, Node] = {}
        self._open = 0
        self._cancelled = threading.Event()
        self._told_cancel = False

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
        self._skip_unneeded(wanted)
        for node in self.flat.nodes.values():
            node.code, node.fingerprint = self._codes.of(node.task)
        self._reuse.learn({node.fingerprint for node in self.flat.nodes.values()})
        self._add(list(self.flat.nodes.values()))
        if not isinstance(planner, InOrder):
            nodes = self.flat.nodes.values()
            known = self._store.provenance.durations({node.fingerprint for node in nodes})
            self._ranks = planner.ranks(
                {node.name: node.consumers for node in nodes},
                {node.name: known.get(node.fingerprint) for node in nodes},
            )

    def run(self) -> None:
        """Run until every task has ended; may be called again after an interrupt."""
        while self._open:
            if self._cancelled.is_set() and not self._told_cancel:
                self._cancel_now()
            else:
                self._start_ready()
                if self._open:
                    self._take(self._dispatcher.wait(self._next_time()))
        self._live.close()

    def cancel(self) -> None:
        """End the run: running tasks and their child processes are ended, finished ones stay."""
        self._cancelled.set()
        self._dispatcher.wake()

    # What becomes ready

    def _add(self, nodes: list[Node]) -> None:
        for node in nodes:
            if node.state == "initialized":
                node.code, node.fingerprint = self._codes.of(node.task)
                self._open += 1
        rank_twins(nodes)
        for node in nodes:
            if node.state == "initialized" and not node.waiting:
                self._ready(node)

    def _ready(self, node: Node) -> None:
        node.state = "ready"
        self._fresh.append(node)

    def _skip_unneeded(self, wanted: Iterable[str] | None) -> None:
        if wanted is None:
            return
        needed: set[str] = set()
        waiting = [self.flat.outputs[name].task for name in wanted]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                feeds = self.flat.nodes[name].feeds.values()
                waiting.extend(source.task for sources in feeds for source in sources if source.task)
        for node in self.flat.nodes.values():
            if node.name not in needed:
                node.state, node.why = "skipped", "not needed for the outputs asked for"
                self._record(node)

    # What is started

    def _start_ready(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            self._push(heapq.heappop(self._later)[2])
        while self._fresh:
            self._look_up()
        while self._heap and self._dispatcher.room > 0:
            self._send(self._next_batch())

    def _look_up(self) -> None:
        """Find earlier results of all that is newly ready, and queue the rest."""
        fresh, self._fresh = self._fresh, []
        for node in fresh:
            feeds = self._feeder.feeds(node)
            node.key = result_key(self._key_parts(node), feeds)
        found = self._reuse.find(fresh, self._codes, self._feeder)
        for node in fresh:
            if node.name in found:
                node.outputs = found[node.name]
                self._ended(node, "cached")
            elif isinstance(node.task, Map):
                self._expand(node)
            else:
                self._push(node)

    def _push(self, node: Node) -> None:
        rank = self._ranks.get(node.name, 0.0)
        heapq.heappush(self._heap, (-rank, next(self._numbers), node))

    def _expand(self, node: Node) -> None:
        """Put a task for each item in the place of a map; the map ends when its lists are made."""
        try:
            made = self._expansion.expand(node, self._feeder)
        except DlaawError as error:
            self._failed(node, Outcome(-1, error=str(error)))
            return
        node.state, node.started = "running", time.time()
        self._tell(node)
        self._add(made)

    def _next_batch(self) -> list[Node]:
        first = heapq.heappop(self._heap)[2]
        nodes = [first]
        if first.task.policy.timeout_s is None and self._dispatcher.is_light(first.code):
            size = self._dispatcher.batch_size(first.code, len(self._heap) + 1)
            while len(nodes) < size and self._heap and self._joins(self._heap[0][2]):
                nodes.append(heapq.heappop(self._heap)[2])
            self._add_followers(nodes)
        return nodes

    def _joins(self, node: Node) -> bool:
        light = self._dispatcher.is_light(node.code)
        return light and node.task.policy.timeout_s is None and not node.attempts

    def _add_followers(self, nodes: list[Node]) -> None:
        """Send along what waits for nothing else, if it is quick and has surely never run."""
        most = self._dispatcher.most_jobs(nodes[0].code)
        sent = {node.name for node in nodes}
        for node in nodes:  # grows as it is walked
            for name in node.consumers:
                if len(nodes) >= most:
                    return
                follower = self.flat.nodes[name]
                if name not in sent and self._follows(follower, sent):
                    sent.add(name)
                    nodes.append(follower)

    def _follows(self, node: Node, sent: set[str]) -> bool:
        if node.state != "initialized" or node.live or not self._joins(node):
            return False
        if isinstance(node.task, Map) or not self._reuse.is_new(node):
            return False
        for sources in node.feeds.values():
            waits = [source.task in sent for source in sources]
            if any(waits) and not all(source.task for source in sources):
                return False
            if not all(
                here or not source.task or self.flat.nodes[source.task].state in DONE
                for here, source in zip(waits, sources, strict=True)
            ):
                return False
        return True

    def _send(self, nodes: list[Node]) -> None:
        numbers: dict[str, int] = {}
        jobs = []
        for node in nodes:
            node.attempts += 1
            follows = node.state == "initialized"
            feeds = self._feeder.ahead(node, numbers) if follows else self._feeder.feeds(node)
            node.state = "running"
            node.started = time.time()
            if follows and not node.why:
                node.why = self._reuse.never
            number = numbers[node.name] = next(self._numbers)
            self._jobs[number] = node
            jobs.append(
                Job(
                    number, node.name, node.code, feeds, node.attempts,
                    seed_of(node.key, self._seed, node.name),
                    self._live.listened(node), self._wanted(node),
                    self._key_parts(node) if follows else None,
                )
            )  # fmt: skip
            self._tell(node)
        self._dispatcher.send(jobs, [node.task for node in nodes], nodes[0].task.policy.timeout_s)

    def _key_parts(self, node: Node) -> tuple[str, ...]:
        return key_parts(node, self._seed, self._recording.record.target)

    def _wanted(self, node: Node) -> frozenset[str] | None:
        if len(node.task.outputs) < 2:
            return None
        return self._feeder.wanted(node.name)

    # What comes back

    def _next_time(self) -> float | None:
        times = [flight.deadline for flight in self._dispatcher.flights if flight.deadline]
        if self._later:
            times.append(self._later[0][0])
        return min(times, default=None)

    def _take(self, arrived: list[Any]) -> None:
        for item in arrived:
            if isinstance(item, dict):
                self._event(item)
            elif item in self._dispatcher.flights:
                self._landed(item)
        now = time.monotonic()
        for flight in list(self._dispatcher.flights):
            if flight.deadline is not None and flight.deadline <= now:
                self._dispatcher.end(flight, "timeout")

    def _event(self, event: dict[str, Any]) -> None:
        node = self._jobs.get(event.pop("id", -1))
        kind = event["event"]
        if kind == "begun":
            self._dispatcher.begun(next(k for k, v in self._jobs.items() if v is node))
        elif kind == "live" and node is not None:
            self._live.take(node, event)
        elif kind == "progress" and node is not None:
            node.progress = event
        elif kind == "cost" and node is not None and node.state == "running":
            node.costs.append([event["epoch"], event["cost"]])
        if kind not in ("begun", "live"):
            self._notify(event)

    def _landed(self, flight: Flight) -> None:
        came = self._dispatcher.land(flight)
        if isinstance(came, BaseException):
            self._broken(flight, came)
            return
        for outcome in came:
            node = self._jobs.pop(outcome.id)
            if node.state in ENDED:  # what it follows has failed, and it with that
                continue
            node.key = outcome.key or node.key
            if outcome.skipped:
                self._put_back(node)
            elif outcome.cancelled:
                self._ended(node, "cancelled")
            else:
                self._take_outcome(node, outcome)

    def _broken(self, flight: Flight, error: BaseException) -> None:
        """The worker died, was killed by us, or the call could not be sent."""
        nodes = [self._jobs.pop(job.id) for job in flight.jobs]
        if flight.ended == "cancelled" or self._told_cancel:
            for node in nodes:
                self._ended(node, "cancelled")
        elif isinstance(error, KeyboardInterrupt):
            self._cancelled.set()
            for node in nodes:
                self._ended(node, "cancelled")
        elif len(nodes) > 1:  # one of them did it: each goes again by itself
            for node in nodes:
                self._put_back(node)
        else:
            self._take_outcome(nodes[0], death(flight, error, nodes[0]))

    def _put_back(self, node: Node) -> None:
        """Let a task that was sent, but has not run, have its turn again."""
        node.attempts -= 1
        if node.waiting:
            node.state = "initialized"
        else:
            node.state = "ready"
            self._push(node)

    def _take_outcome(self, node: Node, outcome: Outcome) -> None:
        node.seconds, node.worker, node.log = outcome.seconds, outcome.worker, outcome.log
        node.started = outcome.started or node.started
        node.facts, node.costs, node.notes = outcome.facts, outcome.costs, outcome.notes
        if outcome.outputs is not None:
            node.outputs = outcome.outputs
            node.error = node.trace = ""
            self._ended(node, "finished")
            return
        policy = node.task.policy
        lost = lost_givers(node, outcome, self._feeder, self.flat, self._store)
        if lost and node.rescues < _MOST_RESCUES:
            self._again(node, lost)
        elif node.attempts <= policy.retries:
            wait = policy.backoff_s * 2 ** (node.attempts - 1)
            node.state, node.error = "ready", outcome.error
            node.notes.append(f"try {node.attempts} failed: {outcome.error}")
            heapq.heappush(
                self._later, (time.monotonic() + wait, next(self._numbers), node)
            )
            self._tell(node)
        else:
            self._failed(node, outcome)

    def _again(self, node: Node, lost: list[Node]) -> None:
        """Make what is gone from the store again, and then the task that needs it."""
        node.state, node.attempts, node.rescues = "initialized", node.attempts - 1, node.rescues + 1
        self._feeder.forget(node.name)
        for giver in lost:
            node.waiting += 1
            if giver.state not in DONE:  # it is on its way already
                giver.consumers.append(node.name)
                continue
            giver.consumers = [node.name]  # the others had their turn
            giver.state, giver.why = "ready", "its result is gone from the store"
            self._open += 1
            self._push(giver)

    # What has ended

    def _ended(self, node: Node, state: str) -> None:
        node.state = state
        self._open -= 1
        self._record(node)
        self._tell(node)
        if state not in DONE:
            self._release_feeds(node)
            return
        for name in node.consumers:
            consumer = self.flat.nodes[name]
            if consumer.state in ENDED:
                continue
            consumer.waiting -= 1
            if not consumer.waiting and consumer.state == "initialized":
                self._ready(consumer)
        done = self._expansion.gathered(node)
        if done is not None:
            done.seconds = time.time() - (done.started or time.time())
            self._ended(done, "finished")
        self._release_feeds(node)

    def _failed(self, node: Node, outcome: Outcome) -> None:
        node.error, node.trace, node.exception = outcome.error, outcome.trace, outcome.exception
        node.chain = (node.name,)
        self._ended(node, "failed")
        waiting = [node]
        while waiting:
            cause = waiting.pop()
            for name in (*cause.consumers, *self._expansion.parents(cause)):
                hanging = self.flat.nodes[name]
                if hanging.state in ENDED:
                    continue
                own = () if hanging.internal else (hanging.name,)
                hanging.chain = (*own, *cause.chain)
                chain = " <- ".join(_short(hanging.chain))
                hanging.error = f"not run, for {node.name} failed ({chain}): {node.error}"
                hanging.why = f"{node.name} failed"
                self._ended(hanging, "failed")
                waiting.append(hanging)

    def _cancel_now(self) -> None:
        self._told_cancel = True
        self._dispatcher.cancel()
        flying = {id(self._jobs[job.id]) for flight in self._dispatcher.flights for job in flight.jobs}
        for node in list(self.flat.nodes.values()):
            if node.state not in ENDED and id(node) not in flying:
                self._ended(node, "cancelled")
        self._fresh, self._heap, self._later = [], [], []

    def _release_feeds(self, node: Node) -> None:
        """Let go of values that nobody waits for any more; the store has them."""
        for sources in node.feeds.values():
            for source in sources:
                giver = self.flat.nodes.get(source.task)
                if giver is None:
                    continue
                giver.held -= 1
                if giver.held <= 0:
                    for ref in giver.outputs.values():
                        if ref.hash:
                            ref.value = ABSENT
        self._feeder.forget(node.name)

    def _record(self, node: Node) -> None:
        if not node.internal:
            feeds = self._feeder.feeds(node) if node.state in DONE else {}
            seed = seed_of(node.key, self._seed, node.name)
            self._recording.task(node, feeds, seed)

    def _tell(self, node: Node) -> None:
        if not node.internal:
            self._notify({"event": "task", "task": node.name, "state": node.state})


def _short(chain: tuple[str, ...]) -> tuple[str, ...]:
    return chain if len(chain) <= 8 else (*chain[:4], f"{len(chain) - 7} more", *chain[-3:])
