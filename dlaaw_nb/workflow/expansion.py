"""Maps in a run: a node for each item of the lists, and one that gathers each output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.flat import Node, add_tasks, link
from dlaaw_nb.workflow.port_type import type_of
from dlaaw_nb.workflow.task import Source, Task
from dlaaw_nb.workflow.values import Ref, keep, load

if TYPE_CHECKING:
    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.composite import Map
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Flat

__all__ = ["Expansion"]


@dataclass(frozen=True)
class Gather(Task):
    """Makes a list of what comes in."""

    def run(self, *items: Any) -> list[Any]:
        """Make the list."""
        return list(items)


class Expansion:
    """Puts tasks in the place of maps.

    Parameters
    ----------
    flat : Flat
        The workflow; nodes are added to it.
    store : Store
        Where items are kept.
    """

    def __init__(self, flat: Flat, store: Store) -> None:
        self._flat, self._store = flat, store
        self._maps: dict[str, tuple[str, str]] = {}  # gathering node -> map, output
        self._left: dict[str, int] = {}

    def expand(self, node: Node, feeder: Feeder) -> list[Node]:
        """Make the nodes of a map whose lists are there.

        Parameters
        ----------
        node : Node
            Its task is a `Map`.
        feeder : Feeder
            Knows the lists; the items are added to its inputs.

        Returns
        -------
        list of Node
            New ones; the last gather.

        Raises
        ------
        GraphError
            When lists differ in length, or nothing can be gathered.
        """
        task: Map = node.task  # type: ignore[assignment]
        lists = self._lists(node, task, feeder)
        ends = [self._item(node, task, number, lists, feeder) for number in range(lists.length)]
        before = set(self._flat.nodes)
        made = [self._flat.nodes[name] for name in lists.made]
        for port in task.task.outputs:
            sources = [end[port.name] for end in ends]
            gather = Node(
                f"{node.name}.{port.name}", Gather().placed(""), {"items": sources}, internal=True
            )
            if gather.name in before:
                raise GraphError(f"{gather.name}: a task has that name. Rename it.")
            self._flat.nodes[gather.name] = gather
            self._maps[gather.name] = node.name, port.name
            made.append(gather)
        if not task.task.outputs:
            raise GraphError(f"{node.name}: {task.task.kind} gives nothing that could be gathered.")
        self._left[node.name] = len(task.task.outputs)
        link(made, self._flat.nodes)
        for one in made:
            feeder.add_wishes(one)
        return made

    def gathered(self, node: Node) -> Node | None:
        """Take in that a node has ended; gives the map that has ended with it, if one has."""
        place = self._maps.pop(node.name, None)
        if place is None:
            return None
        owner = self._flat.nodes[place[0]]
        owner.outputs[place[1]] = node.outputs["output"]
        self._left[owner.name] -= 1
        return owner if not self._left[owner.name] else None

    def parents(self, node: Node) -> tuple[str, ...]:
        """Name the map that fails when a node does; empty for most nodes."""
        place = self._maps.get(node.name)
        return () if place is None else (place[0],)

    def _lists(self, node: Node, task: Map, feeder: Feeder) -> _Lists:
        feeds = feeder.feeds(node)
        values = {}
        for port in task.over:
            feed = feeds[port]
            value = load(feed.refs[0], self._store.objects)
            if not isinstance(value, list | tuple):
                raise GraphError(
                    f"{node.name}.{port}: expected a list, got a {type(value).__name__}."
                )
            values[port] = list(value)
        lengths = {port: len(items) for port, items in values.items()}
        if len(set(lengths.values())) > 1:
            raise GraphError(f"{node.name}: expected lists of one length, got {lengths}.")
        return _Lists(values, next(iter(lengths.values())), [])

    def _item(
        self, node: Node, task: Map, number: int, lists: _Lists, feeder: Feeder
    ) -> dict[str, Source]:
        name = f"{node.name}[{number}]"
        feeds = {port: list(sources) for port, sources in node.feeds.items()}
        for port, items in lists.values.items():
            place = f"{name}.{port}"
            feeder.inputs[place] = self._kept(items[number])
            feeds[port] = [Source("", place)]
        if isinstance(task.task, SubWorkflow):
            return self._inner(task.task, name, feeds, lists, feeder)
        self._flat.nodes[name] = Node(name, task.task.placed(name), feeds)
        lists.made.append(name)
        return {port.name: Source(name, port.name) for port in task.task.outputs}

    def _inner(
        self, task: SubWorkflow, name: str, feeds: dict[str, list[Source]], lists: _Lists,
        feeder: Feeder,
    ) -> dict[str, Source]:  # fmt: skip
        before = len(self._flat.nodes)
        known = set(self._flat.inputs)
        given = dict(feeds)
        for key, declared in task.workflow.inputs.items():
            if key not in given:
                feeder.inputs[f"{name}.{key}"] = self._kept(declared.default)
                given[key] = [Source("", f"{name}.{key}")]
        ends = add_tasks(self._flat, task.workflow, f"{name}/", given)
        for place in set(self._flat.inputs) - known:
            feeder.inputs[place] = self._kept(self._flat.inputs[place].default)
        lists.made.extend(list(self._flat.nodes)[before:])
        return ends

    def _kept(self, value: Any) -> Ref:
        return keep(value, type_of(value), self._store.objects)[0]


@dataclass(slots=True)
class _Lists:
    values: dict[str, list[Any]]
    length: int
    made: list[str]
