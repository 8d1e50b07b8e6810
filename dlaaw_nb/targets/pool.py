"""Carries a plan out on several nodes at once: each takes a few parts at a time.

A node that is lost costs what it was working on, which others take over. Every event says on which
node it came about; events ``schedule`` tell what goes where: part, node, state (``running``,
``finished`` or ``lost``) and at_s, seconds from the begin.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from dlaaw_nb.engine.faults import BuildError
from dlaaw_nb.engine.shares import Shares
from dlaaw_nb.errors import TargetError
from dlaaw_nb.targets.worker import WorkerLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.targets.parts import Parts

__all__ = ["Node", "Pool"]

_AGAIN_S = (0.5, 2.0, 8.0)  # from the loss of a node to the next tries to reach it
_LOOK_S = 0.1
_COMING_S = 3.0  # for a node on its way to show what it has
_GPU_LANES = 256  # trials that a GPU takes in one launch


class Node(Protocol):
    """Something that carries plans out, one at a time.

    Attributes
    ----------
    name : str
        As people call it.
    """

    name: str

    def open(self) -> dict[str, Any]:
        """Reach it, again if need be.

        Returns
        -------
        dict
            Its device.

        Raises
        ------
        TargetError
            When it cannot be reached, or lacks something.
        """
        ...

    def run(
        self,
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        digest: str,
        emit: Callable[[dict[str, Any]], None],
        stop: threading.Event,
    ) -> None:
        """Carry a plan out; see ``WorkerProcess.run``."""
        ...

    def close(self) -> None:
        """Let it go; nothing is under way."""
        ...


class Pool:
    """A plan under way on several nodes.

    Parameters
    ----------
    place : str
        What messages call them all together, such as ``target lab``.
    nodes : sequence of Node
        Where.
    parts : Parts
        What is shared out.
    stop : Event
        Asks for the end; set as well when the plan itself fails.
    speeds : mapping of str to float
        Work in a second of nodes that are known from earlier jobs.
    """

    def __init__(
        self,
        place: str,
        nodes: Sequence[Node],
        parts: Parts,
        stop: threading.Event,
        speeds: Mapping[str, float] | None = None,
    ) -> None:
        self._place, self._nodes, self._parts, self._stop = place, list(nodes), parts, stop
        self._shares = Shares(parts.work, [node.name for node in nodes], speeds)
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._faults: dict[str, str] = {}  # why nodes are not there any more
        self._started = False
        self._own_schedule: set[str] = set()  # nodes that tell themselves what goes where
        # What each has; None for one that is on its way.
        self._kinds: dict[str, object] = dict.fromkeys(node.name for node in nodes)

    @property
    def speeds(self) -> dict[str, float]:
        """Work in a second that the nodes have shown."""
        return self._shares.speeds

    def run(self, emit: Callable[[dict[str, Any]], None]) -> None:
        """Carry it out, and hand on the events.

        Parameters
        ----------
        emit : callable
            Takes each event, one at a time, from any thread.

        Raises
        ------
        TargetError
            When no node is left, with what each said.
        Exception
            What the engine raised of the plan itself.
        """
        self._begin, self._emit = time.perf_counter(), emit
        threads = [
            threading.Thread(target=self._serve, args=(node,), name=f"dlaaw-{node.name}")
            for node in self._nodes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error
        if self._stop.is_set():
            pass  # what was trained has been told
        elif not self._shares.over:
            raise self._nobody()
        elif len(self._shares.given_up) == len(self._parts.work):
            raise TargetError(f"{self._place}: {next(iter(self._shares.given_up.values()))}")
        for event in self._parts.end():
            emit(event)
        emit({"event": "result", "seconds": self._now()})

    def _now(self) -> float:
        return time.perf_counter() - self._begin

    def _is_over(self) -> bool:
        return self._shares.over or self._stop.is_set()

    def _serve(self, node: Node) -> None:
        """Have a node work until nothing is left, or it is gone for good."""
        tries = iter(_AGAIN_S if len(self._nodes) > 1 else ())
        try:
            while not self._is_over():
                device = self._reached(node)
                if device is not None:
                    if not self._work(node, device):
                        return
                    tries = iter(_AGAIN_S)
                wait_s = next(tries, None)
                if wait_s is None:
                    return
                with self._changed:
                    self._changed.wait_for(self._is_over, wait_s)
        except BaseException as error:  # noqa: BLE001 (raised again by `run`)
            self._error = self._error or error
            self._stop.set()
        finally:
            node.close()
            with self._changed:
                self._changed.notify_all()

    def _reached(self, node: Node) -> dict[str, Any] | None:
        try:
            device = node.open()
        except (TargetError, BuildError, WorkerLostError) as error:
            self._lose(node, str(error), blameless=True)
            return None
        gpu = device.get("kind") == "gpu"
        with self._changed:
            if device.get("kind") == "cluster":
                self._own_schedule.add(node.name)
            self._kinds[node.name] = device.get("kind")
            self._shares.reach(node.name, _GPU_LANES if gpu else int(device.get("cores") or 1))
            if not self._started:
                self._started = True
                names = [other.name for other in self._nodes]
                all_of_them = {"kind": "cluster", "nodes": names}
                alone = {**device, "node": node.name} if len(names) == 1 else all_of_them
                self._emit(self._parts.start(alone))
        return {**device, "node": node.name}

    def _work(self, node: Node, device: Mapping[str, Any]) -> bool:
        """Hand a node one share after the other; tells whether it may come back after its loss."""

        def tell(event: dict[str, Any]) -> None:
            with self._changed:
                if event["event"] == "start":  # of the share
                    self._shares.begin(node.name, time.perf_counter())
                    return
                where = {"device": dict(device)} if event["event"] == "trial" else {}
                self._emit({**where, "node": node.name, **event})

        def done(part: int) -> bool:
            with self._changed:
                first = self._shares.finish(node.name, part, time.perf_counter())
                if first:
                    self._schedule(part, node.name, "finished")
                self._changed.notify_all()
                return first

        while not self._is_over():
            with self._changed:
                if self._leaves_it(node.name):
                    self._changed.wait(_LOOK_S)
                    continue
                share = self._shares.take(node.name, time.perf_counter())
                for part in share:
                    self._schedule(part, node.name, "running")
                if not share:
                    self._changed.wait(_LOOK_S)
                    continue
            try:
                self._parts.run(node, share, tell, done, self._stop)
            except (WorkerLostError, TargetError, BuildError) as error:
                self._lose(node, str(error), getattr(error, "blameless", True))
                return isinstance(error, WorkerLostError)  # what it lacks, it lacks for good
        return False

    def _leaves_it(self, name: str) -> bool:
        """Tell whether another node has, or may have, the device that is wanted here."""
        wanted = self._parts.wants
        if wanted is None or self._kinds[name] == wanted:
            return False
        others = {kind for other, kind in self._kinds.items() if other != name}
        return wanted in others or (None in others and self._now() < _COMING_S)

    def _schedule(self, part: int, name: str, state: str) -> None:
        if name in self._own_schedule:
            return
        self._emit(
            {
                "event": "schedule",
                "part": part,
                "node": name,
                "state": state,
                "at_s": self._now(),
            }
        )

    def _lose(self, node: Node, reason: str, blameless: bool) -> None:
        """Take back what a node was working on, and tell it."""
        if self._stop.is_set():
            return
        with self._changed:
            before = set(self._shares.given_up)
            left = self._shares.lose(node.name, reason, blameless)
            self._kinds.pop(node.name, None)
            given_up = sorted(set(self._shares.given_up) - before)
            known = self._faults.get(node.name) == reason
            self._faults[node.name] = reason
            for part in [*left, *given_up]:
                self._schedule(part, node.name, "lost")
            again = f" What it was working on ({len(left)}) goes to others." if left else ""
            gone = f" {self._parts.word} {given_up[0]} is given up." if given_up else ""
            what = "mpiexec" if node.name in self._own_schedule else f"node {node.name}"
            message = f"{self._place}: {what} was lost: {reason}{again}{gone}"
            if left or given_up or not known:
                told = {"event": "log", "level": "warning", "message": message}
                self._emit({**told, "node": node.name})
            self._changed.notify_all()

    def _nobody(self) -> TargetError:
        told = "\n".join(f"  {name}: {reason}" for name, reason in self._faults.items())
        left = len(self._shares.left)
        return TargetError(
            f"{self._place}: no node is left, and {left} of {len(self._parts.work)} "
            f"{self._parts.word}s are not finished.\n{told}"
        )
