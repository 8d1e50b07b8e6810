"""Tasks as the calls that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.composite import Map, SubWorkflow
from dlaaw_nb.workflow.definitions import binding_name
from dlaaw_nb.workflow.file_tasks import UnloadedTask
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.import_places import import_place
from dlaaw_nb.workflow.library import kind_name
from dlaaw_nb.workflow.literals import Node, call, value_node
from dlaaw_nb.workflow.policy import Policy

if TYPE_CHECKING:
    from dlaaw_nb.workflow.task import Task

__all__ = ["TaskWriter"]


class TaskWriter:
    """Writes tasks, and remembers what they need to be imported.

    Attributes
    ----------
    workflows : dict of int to str
        By id of a `SubWorkflow`, the variable that holds its workflow.
    counts : dict of str to dict of str to int
        By variable of a workflow, how many tasks of each kind were named.
    taken : frozenset of str
        Names that stand for something already.
    """

    def __init__(self) -> None:
        self.workflows: dict[int, str] = {}
        self.counts: dict[str, dict[str, int]] = {}
        self._imports: dict[str, set[str]] = {"dlaaw_nb": {"Workflow"}}

    @property
    def taken(self) -> frozenset[str]:
        """Names that are imported."""
        return frozenset(name for names in self._imports.values() for name in names)

    def imports(self) -> str:
        """Write the imports."""
        lines = [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self._imports.items())
        ]
        return "\n".join(lines) + "\n\n"

    def task(self, task: Task) -> Node:
        """Write what makes a task."""
        if isinstance(task, SubWorkflow):
            return self.workflows[id(task)]
        if isinstance(task, Map):
            self._imports.setdefault("dlaaw_nb.workflow", set()).add("Map")
            over = value_node(task.over)
            return call("Map", [self.task(task.task), over or repr(task.over)])
        made = self._made(task)
        usual = self._usual_policy(task)
        if task.policy == usual:
            return made
        changes = {
            name: repr(getattr(task.policy, name))
            for name in Policy.__slots__
            if getattr(task.policy, name) != getattr(usual, name)
        }
        from dlaaw_nb.workflow.literals import flat

        return call(f"{flat(made)}.with_policy", by_name=changes)

    def _made(self, task: Task) -> Node:
        if isinstance(task, UnloadedTask):
            self._place(task.entry.get("module"), task.kind)
            by_name = task.entry.get("parameters", {})
            return call(task.kind, by_name=_nodes(by_name, task)) if by_name else task.kind
        kind = task if isinstance(task, FunctionTask) else type(task)
        if not isinstance(task, FunctionTask) and (written := task.call()) is not None:
            return self._written(written)
        name = kind_name(task)
        place = import_place(kind)
        if name is not None and place is not None and place[0].startswith("dlaaw_nb.tasks."):
            place = ("dlaaw_nb.tasks", name)
        if place is not None:
            self._place(*place)
        word = place[1] if place is not None else binding_name(kind)
        if isinstance(task, FunctionTask):
            return self._function(task, word)
        own_way = getattr(type(task).from_parameters, "__func__", None)
        from dlaaw_nb.workflow.task import Task as Base

        if own_way is not Base.from_parameters.__func__:  # type: ignore[attr-defined]
            parameters = value_node(_plain(task))
            return call(f"{word}.from_parameters", [parameters or "{}"])
        return call(word, by_name=_nodes(_changed(task), task))

    def _written(self, text: str) -> Node:
        """Take a call that a task wrote itself, and import what it names."""
        import ast

        import dlaaw_nb

        for node in ast.walk(ast.parse(text, mode="eval")):
            if isinstance(node, ast.Name):
                public = node.id in dlaaw_nb.__all__
                self._place("dlaaw_nb" if public else "dlaaw_nb.tasks", node.id)
        return text

    def _function(self, task: FunctionTask, word: str) -> Node:
        found = _stands(task)
        if isinstance(found, FunctionTask) or found is None:
            return word
        self._imports.setdefault("dlaaw_nb.workflow", set()).add("FunctionTask")
        outputs = value_node([port.name for port in task.outputs])
        return call("FunctionTask", [word, outputs or "None"])

    def _usual_policy(self, task: Task) -> Policy:
        if isinstance(task, UnloadedTask):
            return task.policy
        if isinstance(task, FunctionTask):
            found = _stands(task)
            return found.policy if isinstance(found, FunctionTask) else Policy()
        return type(task).policy

    def _place(self, module: Any, name: str) -> None:
        if module:
            outer = name.partition(".")[0]
            self._imports.setdefault(str(module), set()).add(outer)


def _stands(task: FunctionTask) -> Any:
    """Find what the function's name stands for where it was defined: the task, or the function."""
    space = getattr(task.function, "__globals__", {})
    found = space.get(task.kind)
    own = found.function if isinstance(found, FunctionTask) else found
    if own is task.function:
        return found
    # Defined inside of another function: its source says whether it is decorated.
    from dlaaw_nb.workflow.sources import source_text

    text = source_text(task.function) or ""
    decorated = text.lstrip().startswith("@")
    return FunctionTask(task.function, task.given_outputs, task.policy) if decorated else own


def _changed(task: Task) -> dict[str, Any]:
    """Give the parameters that differ from the class's defaults."""
    from dataclasses import MISSING, fields, is_dataclass

    parameters = task.parameters
    made: Any = task
    if not is_dataclass(made):
        return parameters
    usual: dict[str, Any] = {}
    for item in fields(made):
        if item.default is not MISSING:
            usual[item.name] = item.default
        elif item.default_factory is not MISSING:
            usual[item.name] = item.default_factory()
    return {
        name: value
        for name, value in parameters.items()
        if name not in usual or type(usual[name]) is not type(value) or usual[name] != value
    }


def _plain(task: Task) -> dict[str, Any]:
    from dlaaw_nb.workflow.plain_values import plain_value

    found: dict[str, Any] = plain_value(task.parameters, task.name or task.kind)
    return found


def _nodes(parameters: Any, task: Task) -> dict[str, Node]:
    found = {}
    for name, value in parameters.items():
        node = value_node(value)
        if node is None:
            from dlaaw_nb.workflow.plain_values import plain_value

            node = value_node(plain_value(value, f"{task.kind}.{name}"))
        if node is None:
            raise GraphError(f"{task.kind}.{name}: {value!r:.100} cannot be written as Python.")
        found[name] = node
    return found
