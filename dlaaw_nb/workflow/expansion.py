"""Maps in a run: a node for each item of the lists, and one that gathers each output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.binding import bind_value
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.flat import Node, add_node, add_tasks, link
from dlaaw_nb.workflow.task import Source, Task
from dlaaw_nb.workflow.values import load

if TYPE_CHECKING:
    from pathlib import Path

    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.composite import Map
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Flat
    from dlaaw_nb.workflow.port_type import PortType

__all__ = ["Expansion"]


@dataclass(frozen=True)
class Gather(Task):
    """Makes a list of what comes in."""

    def run(self, *items: Any) -> list[Any]:
        """Make the list."""
        return list(items)


@dataclass(slots=True)
class _Lists:
    """What a map goes over, and what was made for it so far."""

    values: dict[str, list[Any]]
    bases: dict[str, Path | None]  # what relative paths in them are relative to
    length: int
    made: list[Node] = field(default_factory=list)


class Expansion:
    """Puts tasks in the place of maps.

    Parameters
    ----------
    flat : Flat
        The workflow; nodes are added to it.
    store : Store
        Where items are kept.
    copy : bool
        Whether files go into the store, for workers that may not see them where they lie.
    """

    def __init__(self, flat: Flat, store: Store, *, copy: bool = False) -> None:
        self._flat, self._store, self._copy = flat, store, copy
        self._maps: dict[str, tuple[Node, str]] = {}  # by gathering node: the map, and its output
        self._left: dict[str, set[str]] = {}  # by map: outputs that are not gathered yet

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
            When lists differ in length, an item does not fit, or nothing can be gathered; the
            workflow then stays as it was.
        DataError
            When an item names a file that cannot be read.
        """
        task: Map = node.task  # type: ignore[assignment]
        if not task.task.outputs:
            raise GraphError(f"{node.name}: {task.task.kind} gives nothing that could be gathered.")
        before = set(self._flat.nodes)
        try:
            lists = self._lists(node, task, feeder)
            ends = [self._item(node, task, at, lists, feeder) for at in range(lists.length)]
            gathers = self._gathers(node, task, ends)
        except BaseException:
            for name in set(self._flat.nodes) - before:
                del self._flat.nodes[name]
            raise
        made = [*lists.made, *gathers]
        self._left[node.name] = {port.name for port in task.task.outputs}
        link(made, self._flat.nodes)
        for one in made:
            feeder.add_wishes(one)
        return made

    def gathered(self, node: Node) -> Node | None:
        """Take in that a node has ended; gives the map that has ended with it, if one has."""
        place = self._maps.get(node.name)
        if place is None:
            return None
        owner, port = place
        owner.outputs[port] = node.outputs["output"]
        left = self._left[owner.name]
        if port not in left:  # it was lost, and is gathered again
            return None
        left.remove(port)
        return None if left else owner

    def gathering(self, node: Node, port: str) -> Node | None:
        """Find the node that gathers an output of a map; None of a map that was not expanded."""
        found = self._flat.nodes.get(_gather_name(node, port))
        return found if found is not None and found.name in self._maps else None

    def parents(self, node: Node) -> tuple[str, ...]:
        """Name the map that fails when a node does; empty for most nodes."""
        place = self._maps.get(node.name)
        return () if place is None else (place[0].name,)

    def _lists(self, node: Node, task: Map, feeder: Feeder) -> _Lists:
        feeds = feeder.feeds(node)
        values = {}
        for port in task.over:
            if port not in feeds:
                raise GraphError(f"{node.name}.{port}: expected a list, and nothing feeds it.")
            value = load(feeds[port].refs[0], self._store.objects)
            if not isinstance(value, list | tuple):
                raise GraphError(
                    f"{node.name}.{port}: expected a list, got a {type(value).__name__}."
                )
            values[port] = list(value)
        lengths = {port: len(items) for port, items in values.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{port} has {length}" for port, length in lengths.items())
            raise GraphError(f"{node.name}: expected lists of one length, but {told} items.")
        bases = {port: self._base(node.feeds[port][0]) for port in values}
        return _Lists(values, bases, next(iter(lengths.values())))

    def _base(self, source: Source) -> Path | None:
        return None if source.task else self._flat.base(source.port)

    def _item(
        self, node: Node, task: Map, number: int, lists: _Lists, feeder: Feeder
    ) -> dict[str, Source]:
        name = f"{node.name}[{number}]"
        feeds = {port: list(sources) for port, sources in node.feeds.items()}
        for port, items in lists.values.items():
            kinds = [task.task.input(port).type]
            self._bind(f"{name}.{port}", items[number], kinds, feeder, lists.bases[port])
            feeds[port] = [Source("", f"{name}.{port}")]
        if isinstance(task.task, SubWorkflow):
            return self._inner(task.task, name, feeds, lists, feeder)
        made = Node(name, task.task.placed(name), feeds)
        add_node(self._flat, made)
        lists.made.append(made)
        return {port.name: Source(name, port.name) for port in task.task.outputs}

    def _inner(
        self,
        task: SubWorkflow,
        name: str,
        feeds: dict[str, list[Source]],
        lists: _Lists,
        feeder: Feeder,
    ) -> dict[str, Source]:
        before, known = len(self._flat.nodes), set(self._flat.inputs)
        given = dict(feeds)
        for key, declared in task.workflow.inputs.items():
            if key not in given and declared.default is not NOTHING:
                kinds = [task.input(key).type]
                self._bind(f"{name}.{key}", declared.default, kinds, feeder, self._flat.folder)
                given[key] = [Source("", f"{name}.{key}")]
        ends = add_tasks(self._flat, task.workflow, f"{name}/", given)
        made = list(self._flat.nodes.values())[before:]
        kinds_of = _reader_types(made)
        for place in [place for place in self._flat.inputs if place not in known]:
            value = self._flat.inputs.pop(place).default
            self._bind(place, value, kinds_of.get(place, []), feeder, self._flat.folder)
        lists.made.extend(made)
        return ends

    def _gathers(self, node: Node, task: Map, ends: list[dict[str, Source]]) -> list[Node]:
        made = []
        for port in task.task.outputs:
            feeds = {"items": [end[port.name] for end in ends]}
            name = _gather_name(node, port.name)
            gather = Node(name, Gather().placed(""), feeds, internal=True)
            add_node(self._flat, gather)
            made.append(gather)
        for gather, port in zip(made, task.task.outputs, strict=True):
            self._maps[gather.name] = node, port.name
        return made

    def _bind(
        self, place: str, value: Any, kinds: list[PortType], feeder: Feeder, base: Path | None
    ) -> None:
        feeder.inputs[place] = bind_value(place, value, kinds, self._store, base, copy=self._copy)


def _gather_name(node: Node, port: str) -> str:
    return f"{node.name}.{port}"


def _reader_types(nodes: list[Node]) -> dict[str, list[PortType]]:
    found: dict[str, list[PortType]] = {}
    for node in nodes:
        for name, sources in node.feeds.items():
            for source in sources:
                if not source.task:
                    found.setdefault(source.port, []).append(node.task.input(name).type)
    return found
