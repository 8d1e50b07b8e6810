"""Workflows: tasks joined by edges, checked as they are put together."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.task import Task, counted_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Edge", "Workflow"]

AnyTask = TypeVar("AnyTask", bound=Task)


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection from an output port to an input port.

    Parameters
    ----------
    source, source_port : str
        Name of the task that gives, and of its output port.
    target, target_port : str
        Name of the task that takes, and of its input port.
    """

    source: str
    source_port: str
    target: str
    target_port: str

    def __str__(self) -> str:
        return f"{self.source}.{self.source_port} -> {self.target}.{self.target_port}"


class Workflow:
    """A graph of tasks.

    Tasks and edges are checked as they are added; what can be known only at the end (a cycle, an
    input that nothing feeds) is found by `check`.

    Parameters
    ----------
    name : str
        What the workflow is called in messages and views.

    Examples
    --------
    >>> from dlaaw_nb.nn.layers import Linear, ReLU
    >>> workflow = Workflow("two layers")
    >>> linear = workflow.add(Linear(5, 3))
    >>> relu = workflow.add(ReLU())
    >>> print(workflow.connect(linear, relu))
    Linear1.output -> ReLU1.input
    """

    def __init__(self, name: str = "workflow") -> None:
        self.name = name
        self._tasks: dict[str, Task] = {}
        self._counts: dict[str, int] = {}
        self._edges: dict[tuple[str, str], Edge] = {}

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The placed tasks by name, in the order they were added (read only)."""
        return MappingProxyType(self._tasks)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges in the order they were made."""
        return tuple(self._edges.values())

    def add(self, task: AnyTask, name: str | None = None) -> AnyTask:
        """Place a copy of a task in the workflow.

        Parameters
        ----------
        task : Task
            What to place. The same object may be added again, and to other workflows.
        name : str or None
            Its name here; None counts it by its kind (``Linear1``, ``Linear2``).

        Returns
        -------
        Task
            The placed copy, which carries its name.

        Raises
        ------
        GraphError
            When it is no task, or the name is taken or empty.
        """
        if not isinstance(task, Task):
            raise GraphError(
                f"{self.name}: expected a Task, got {task!r}. Derive its class from Task."
            )
        if name is None:
            name = self._free_name(task.kind)
        elif not name or name in self._tasks:
            raise GraphError(
                f"{self.name}: expected a task name that is not taken, got {name!r}. "
                "Choose another, or leave it out."
            )
        placed = task.placed(name)
        self._tasks[name] = placed
        return placed

    def connect(
        self,
        source: Task | str,
        target: Task | str,
        *,
        source_port: str | None = None,
        target_port: str | None = None,
    ) -> Edge:
        """Join an output port to an input port.

        Parameters
        ----------
        source, target : Task or str
            The placed tasks, or their names.
        source_port, target_port : str or None
            Names of the output and the input; None where the task has only one on that side.

        Returns
        -------
        Edge
            The new edge.

        Raises
        ------
        GraphError
            When a task or port is unknown, types or shapes do not fit, or the input is fed already.
        """
        giver, taker = self._placed(source), self._placed(target)
        given, taken = giver.output(source_port), taker.input(target_port)
        edge = Edge(giver.name, given.name, taker.name, taken.name)
        reason = taken.refusal(given)
        if reason:
            raise GraphError(
                f"{edge}: {reason}. Change one of the two, or put a task between that converts."
            )
        slot = (edge.target, edge.target_port)
        if slot in self._edges:
            raise GraphError(
                f"{edge}: that input is fed already ({self._edges[slot]}). Give it one edge only."
            )
        self._edges[slot] = edge
        return edge

    def order(self) -> tuple[Task, ...]:
        """Sort the tasks so that each comes after all that feed it.

        Returns
        -------
        tuple of Task
            Every task once; where the graph leaves a choice, in the order they were added.

        Raises
        ------
        GraphError
            When tasks wait for each other in a circle; the message names it.

        References
        ----------
        A. B. Kahn, 1962, Topological sorting of large networks, https://doi.org/10.1145/368996.369025
        """
        waiting, feeds = self._neighbours()
        ready = deque(name for name, count in waiting.items() if not count)
        done: list[Task] = []
        while ready:
            name = ready.popleft()
            done.append(self._tasks[name])
            for target in feeds[name]:
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        if len(done) < len(self._tasks):
            circle = self._circle({name for name, count in waiting.items() if count})
            raise GraphError(
                f"{self.name}: these tasks wait for each other: {' -> '.join(circle)}. "
                "Take one of the edges away."
            )
        return tuple(done)

    def dangling(self) -> tuple[tuple[str, str], ...]:
        """List the required inputs that nothing feeds.

        Returns
        -------
        tuple of (task name, port name)
            In the order of the tasks.
        """
        return tuple(
            (task.name, port.name)
            for task in self._tasks.values()
            for port in task.inputs
            if port.required and (task.name, port.name) not in self._edges
        )

    def check(self) -> None:
        """Make sure that the whole graph can run.

        Raises
        ------
        GraphError
            When there is a cycle or a required input that nothing feeds; each is named.
        """
        self.order()
        loose = self.dangling()
        if loose:
            ports = ", ".join(f"{task}.{port}" for task, port in loose[:10])
            more = f" and {len(loose) - 10} more" if len(loose) > 10 else ""
            raise GraphError(
                f"{self.name}: nothing feeds {ports}{more}. Connect an output to each."
            )

    def __repr__(self) -> str:
        return f"<Workflow {self.name!r}: {len(self._tasks)} tasks, {len(self._edges)} edges>"

    def _free_name(self, kind: str) -> str:
        name = counted_name(kind, self._counts)
        while name in self._tasks:
            name = counted_name(kind, self._counts)
        return name

    def _placed(self, task: Task | str) -> Task:
        name = task if isinstance(task, str) else task.name
        found = self._tasks.get(name)
        if found is None or not (isinstance(task, str) or found is task):
            raise GraphError(
                f"{self.name}: {task!r} is not placed here. Use what add() returned, or its name."
            )
        return found

    def _neighbours(self) -> tuple[dict[str, int], dict[str, list[str]]]:
        waiting = dict.fromkeys(self._tasks, 0)
        feeds: dict[str, list[str]] = {name: [] for name in self._tasks}
        for edge in self._edges.values():
            waiting[edge.target] += 1
            feeds[edge.source].append(edge.target)
        return waiting, feeds

    def _circle(self, stuck: set[str]) -> list[str]:
        # Every stuck task is fed by another stuck one: walking backwards must come round.
        fed_by = {edge.target: edge.source for edge in self.edges if edge.source in stuck}
        name = next(task for task in self._tasks if task in stuck)
        seen: dict[str, None] = {}
        while name not in seen:
            seen[name] = None
            name = fed_by[name]
        path = list(seen)
        circle = path[path.index(name) :][::-1]
        if len(circle) > 12:
            circle = [*circle[:6], f"({len(circle) - 11} more)", *circle[-5:]]
        return [circle[-1], *circle]
