"""What stands in a picture of a workflow: a figure for each task, stack, input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dlaaw_nb.views.workflow_boxes import End, PlainTask, SmallTask
from dlaaw_nb.views.workflow_folds import folded
from dlaaw_nb.views.workflow_stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlaaw_nb.views.workflow_boxes import Figure, TaskBox

__all__ = ["Line", "Scene", "TaskEdge"]

_ENDS: Final = 16  # most inputs, or outputs, that are drawn one by one


class TaskEdge(NamedTuple):
    """What passes from a task to another.

    Attributes
    ----------
    source, source_port : str
        The task and its output. An empty task is the workflow, and the port one of its inputs.
    target, target_port : str
        The task and its input. An empty task is the workflow, and the port one of its outputs.
    label : str
        What passes: a type or a shape; empty for nothing.
    live : bool
        Whether it passes while the source still runs.
    """

    source: str
    source_port: str
    target: str
    target_port: str
    label: str = ""
    live: bool = False


class Line(NamedTuple):
    """Edges that are drawn as one: which figures they join, at which ports."""

    source: str
    source_port: str
    target: str
    target_port: str


class Scene:
    """The figures of a workflow, and the lines between them."""

    def __init__(
        self,
        boxes: Sequence[TaskBox],
        edges: Sequence[TaskEdge],
        inputs: Sequence[tuple[str, str]],
        outputs: Sequence[tuple[str, str]],
    ) -> None:
        self._boxes = boxes
        self._number = {box.name: at for at, box in enumerate(boxes)}
        edges = [edge for edge in edges if self._is_whole(edge)]
        pairs = [
            (self._number[edge.source], self._number[edge.target])
            for edge in edges
            if edge.source and edge.target
        ]
        self._groups = folded(boxes, pairs)
        self._group_of = {at: k for k, group in enumerate(self._groups) for at in group}
        self.ends: dict[str, End] = {}
        self._inputs = self._ends("in", inputs, (e.source_port for e in edges if not e.source))
        self._outputs = self._ends("out", outputs, (e.target_port for e in edges if not e.target))
        self.lines: dict[Line, list[TaskEdge]] = {}
        for edge in edges:
            line = self._line(edge)
            if line.source != line.target or edge.source == edge.target:
                self.lines.setdefault(line, []).append(edge)

    def figures(self, *, small: bool) -> dict[str, Figure]:
        """Make what is placed: inputs, tasks and stacks, outputs."""
        kind = SmallTask if small else PlainTask
        single = (self._boxes[group[0]] for group in self._groups if len(group) == 1)
        width = max(map(kind.wanted, single), default=0.0)
        fed: dict[str, set[str]] = {}
        for line in self.lines:
            fed.setdefault(line.target, set()).add(line.target_port)
        found: dict[str, Figure] = dict(self.ends)
        for k, group in enumerate(self._groups):
            key, members = f"task {k}", [self._boxes[at] for at in group]
            alone = kind(members[0], width, fed.get(key, ()))
            found[key] = alone if len(group) == 1 else Stack(members)
        return found

    def _is_whole(self, edge: TaskEdge) -> bool:
        return all(not name or name in self._number for name in (edge.source, edge.target))

    def _ends(
        self, side: str, declared: Sequence[tuple[str, str]], used: Iterable[str]
    ) -> dict[str, str]:
        """Make the ends of one side, and say which of them stands for which name."""
        texts = {**dict.fromkeys(used, ""), **dict(declared)}
        names = [*dict(declared), *(name for name in texts if name not in dict(declared))]
        if len(names) > _ENDS:
            self.ends[side] = End(f"{len(names):,} {side}puts", "", len(names))
            return dict.fromkeys(names, side)
        keys = {name: f"{side} {at}" for at, name in enumerate(names)}
        self.ends.update({key: End(name, texts[name]) for name, key in keys.items()})
        return keys

    def _line(self, edge: TaskEdge) -> Line:
        source, source_port = self._inputs.get(edge.source_port, ""), ""
        if edge.source:
            source, source_port = self._at(edge.source, edge.source_port)
        target, target_port = self._outputs.get(edge.target_port, ""), ""
        if edge.target:
            target, target_port = self._at(edge.target, edge.target_port)
        return Line(source, source_port, target, target_port)

    def _at(self, task: str, port: str) -> tuple[str, str]:
        group = self._group_of[self._number[task]]
        return f"task {group}", port if len(self._groups[group]) == 1 else ""
