"""A workflow made flat for a run: workflows inside of it become their tasks, each task a node."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import WorkflowInput
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.task import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dlaaw_nb.workflow.task import Task
    from dlaaw_nb.workflow.values import Ref
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Flat", "Node", "add_node", "add_tasks", "flatten", "link"]


@dataclass(slots=True, eq=False)
class Node:
    """A task in a run.

    Attributes
    ----------
    name : str
        Of the task; one inside of another workflow is ``Outer1/Inner1``.
    task : Task
        The task.
    feeds : dict of str to list of Source
        By input what feeds it, in order.
    live : dict of str to Source
        Inputs that are fed live besides.
    state : str
        One of `STATES`.
    waiting : int
        How many tasks it still waits for.
    consumers : list of str
        Names of the tasks that wait for it, each once for each edge.
    outputs : dict of str to Ref
        What came out.
    key : str
        Under which the result is cached; empty if it cannot be.
    why : str
        Why it ran, or did not.
    attempts : int
        Tries so far.
    error, trace, log : str
        What went wrong, where, and what it printed.
    cause : Node or None
        Of a failed task that hangs on another, that one.
    alone : bool
        Whether it goes to a worker by itself, for it may have ended one.
    again_for : list of str, or None
        Of a task whose result was lost and is made again, the tasks that wait for that.
    rank : str
        Tells it from tasks with the same code and inputs.
    started, seconds : float or None
        Since the epoch; how long the last try took.
    """

    name: str
    task: Task
    feeds: dict[str, list[Source]] = field(default_factory=dict)
    live: dict[str, Source] = field(default_factory=dict)
    state: str = "initialized"
    waiting: int = 0
    consumers: list[str] = field(default_factory=list)
    outputs: dict[str, Ref] = field(default_factory=dict)
    code: str = ""
    fingerprint: str = ""
    key: str = ""
    held: int = 0  # consumers that have not ended
    rescues: int = 0
    rank: str = "0"
    why: str = ""
    attempts: int = 0
    error: str = ""
    trace: str = ""
    exception: BaseException | None = None
    log: str = ""
    cause: Node | None = None
    alone: bool = False
    again_for: list[str] | None = None
    started: float | None = None
    seconds: float | None = None
    worker: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    costs: list[list[float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    progress: dict[str, Any] | None = None
    internal: bool = False  # made by the run itself, to gather what a map gave

    @property
    def chain(self) -> tuple[str, ...]:
        """Names from this task back to the one whose failure it fails of; empty if it did not."""
        names = []
        node: Node | None = self if self.state == "failed" else None
        while node is not None:
            if not node.internal:
                names.append(node.name)
            node = node.cause
        return tuple(names)


@dataclass(slots=True)
class Flat:
    """A flat workflow.

    Attributes
    ----------
    inputs : dict of str to WorkflowInput
        What it is given: the workflow's inputs, and constants and defaults by ``task.port``.
    nodes : dict of str to Node
        Every task by name.
    outputs : dict of str to Source
        What it gives.
    folder : Path or None
        What relative paths in it are relative to; None for the current folder.
    given : frozenset of str
        Inputs that were given for this run: paths in them are relative to the current folder.
    """

    inputs: dict[str, WorkflowInput] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    outputs: dict[str, Source] = field(default_factory=dict)
    folder: Path | None = None
    given: frozenset[str] = frozenset()

    def base(self, name: str) -> Path | None:
        """Say what relative paths in the value of an input are relative to; see `folder`."""
        return None if name in self.given else self.folder


def flatten(workflow: Workflow, given: Iterable[str] = ()) -> Flat:
    """Make a workflow flat.

    Parameters
    ----------
    workflow : Workflow
        A checked one.
    given : iterable of str
        Inputs that are given for this run.

    Returns
    -------
    Flat
        With new nodes, which a run may change.
    """
    flat = Flat(folder=workflow.folder, given=frozenset(given))
    flat.inputs.update(workflow.inputs)
    sources = {name: [Source("", name)] for name in workflow.inputs}
    flat.outputs = add_tasks(flat, workflow, "", sources)
    link(flat.nodes.values(), flat.nodes)
    return flat


def add_tasks(
    flat: Flat, workflow: Workflow, prefix: str, given: Mapping[str, list[Source]]
) -> dict[str, Source]:
    """Add the tasks of a workflow, those of workflows inside of it too.

    Parameters
    ----------
    flat : Flat
        What they are added to.
    workflow : Workflow
        Whose tasks.
    prefix : str
        Goes before their names.
    given : mapping of str to list of Source
        What feeds the workflow's inputs.

    Returns
    -------
    dict of str to Source
        What gives the workflow's outputs.
    """
    inner: dict[str, dict[str, Source]] = {}
    for task in workflow.order():
        name = prefix + task.name
        feeds, live = _feeds(flat, workflow, task, prefix, given, inner)
        if isinstance(task, SubWorkflow):
            inner[task.name] = _add_inner(flat, task, name, feeds)
        else:
            add_node(flat, Node(name, task, feeds, live))
    return {output: _found(source, prefix, inner) for output, source in workflow.outputs.items()}


def add_node(flat: Flat, node: Node) -> None:
    """Add a node.

    Raises
    ------
    GraphError
        When there is one of its name: a task was named as if it stood inside of another one.
    """
    if node.name in flat.nodes:
        raise GraphError(f"{node.name}: two tasks have that name once all is laid out. Rename one.")
    flat.nodes[node.name] = node


def link(nodes: Iterable[Node], known: Mapping[str, Node]) -> None:
    """Count what nodes wait for, and tell those that they wait for.

    Parameters
    ----------
    nodes : iterable of Node
        New ones.
    known : mapping of str to Node
        All nodes by name; those that ended already are not waited for.
    """
    for node in nodes:
        for source in _sources(node):
            giver = known[source.task]
            giver.consumers.append(node.name)
            giver.held += 1
            if giver.state not in ("finished", "cached"):
                node.waiting += 1


def _sources(node: Node) -> list[Source]:
    return [source for sources in node.feeds.values() for source in sources if source.task]


def _feeds(
    flat: Flat,
    workflow: Workflow,
    task: Task,
    prefix: str,
    given: Mapping[str, list[Source]],
    inner: Mapping[str, Mapping[str, Source]],
) -> tuple[dict[str, list[Source]], dict[str, Source]]:
    feeds: dict[str, list[Source]] = {}
    live: dict[str, Source] = {}
    values = workflow.values(task)
    for port in task.inputs:
        for edge in workflow.edges_into(task.name, port.name):
            if not edge.source:
                feeds.setdefault(port.name, []).extend(given.get(edge.source_port, ()))
                continue
            source = _found(Source(edge.source, edge.source_port), prefix, inner)
            feeds.setdefault(port.name, []).append(source)
            if edge.live:
                live[port.name] = source
        if port.name in values:
            place = f"{prefix}{task.name}.{port.name}"
            flat.inputs[place] = WorkflowInput(place, values[port.name])
            feeds[port.name] = [Source("", place)]
    return feeds, live


def _add_inner(
    flat: Flat, task: SubWorkflow, name: str, feeds: Mapping[str, list[Source]]
) -> dict[str, Source]:
    given: dict[str, list[Source]] = {}
    for key, declared in task.workflow.inputs.items():
        if key in feeds:
            given[key] = feeds[key]
            continue
        place = f"{name}.{key}"
        flat.inputs[place] = replace(declared, name=place)
        given[key] = [Source("", place)]
    return add_tasks(flat, task.workflow, f"{name}/", given)


def _found(source: Source, prefix: str, inner: Mapping[str, Mapping[str, Source]]) -> Source:
    if source.task in inner:
        return inner[source.task][source.port]
    return Source(prefix + source.task, source.port)
