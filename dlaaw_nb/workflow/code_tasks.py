"""Tasks as the calls that make them."""

from __future__ import annotations

import ast
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.composite import Map, SubWorkflow
from dlaaw_nb.workflow.definitions import binding_name
from dlaaw_nb.workflow.file_tasks import usual_policy
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.import_places import import_place
from dlaaw_nb.workflow.library import kind_name
from dlaaw_nb.workflow.literals import Node, call, flat, value_node
from dlaaw_nb.workflow.plain_values import plain_value
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.sources import source_text
from dlaaw_nb.workflow.task import Task
from dlaaw_nb.workflow.unloaded import UnloadedTask, mapped

if TYPE_CHECKING:
    from dlaaw_nb.workflow.code_names import ScriptNames
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["TaskWriter"]

_ROOM = "dlaaw_nb.workflow"


class TaskWriter:
    """Writes tasks as calls.

    Parameters
    ----------
    names : ScriptNames
        Of the script; what the calls need is imported there.

    Attributes
    ----------
    workflows : dict of int to str
        By id of a `SubWorkflow`, the variable that holds its workflow.
    """

    def __init__(self, names: ScriptNames) -> None:
        self.names = names
        self.workflows: dict[int, str] = {}
        self._made: dict[int, Node] = {}

    def prepare(self, workflow: Workflow) -> None:
        """Import what all tasks need, before variables take names."""
        for task in workflow.tasks.values():
            inner = mapped(task)
            if isinstance(inner, SubWorkflow):
                self.prepare(inner.workflow)
            else:
                self.task(task)

    def task(self, task: Task) -> Node:
        """Write what makes a task.

        Raises
        ------
        GraphError
            When it was made with something that cannot be written.
        """
        if id(task) not in self._made:
            self._made[id(task)] = self._task(task)
        return self._made[id(task)]

    def _task(self, task: Task) -> Node:
        usual = usual_policy(task)
        made: Node
        if isinstance(task, UnloadedTask):
            made, policy = self._unloaded(task), task.entry.get("policy", {})
            return self._with_policy(made, policy)
        if isinstance(task, SubWorkflow):
            made = self.workflows[id(task)]
            if task.policy != usual:
                made = call(self.names.imported(_ROOM, "SubWorkflow"), [made])
        elif isinstance(task, Map):
            over = value_node(task.over) or repr(task.over)
            made = call(self.names.imported(_ROOM, "Map"), [self.task(task.task), over])
        elif isinstance(task, FunctionTask):
            made, usual = self._function(task)
        else:
            made = self._of_class(task)
        changes = {
            name: getattr(task.policy, name)
            for name in Policy.__slots__
            if getattr(task.policy, name) != getattr(usual, name)
        }
        return self._with_policy(made, changes)

    @staticmethod
    def _with_policy(made: Node, changes: dict[str, Any]) -> Node:
        if not changes:
            return made
        return call(
            f"{flat(made)}.with_policy", by_name={key: repr(item) for key, item in changes.items()}
        )

    def _unloaded(self, task: UnloadedTask) -> Node:
        module = task.entry.get("module")
        word = self._local(module, task.kind) if module else task.kind
        parameters = task.entry.get("parameters")
        return call(word, by_name=_nodes(parameters, task)) if parameters else word

    def _of_class(self, task: Task) -> Node:
        written = task.call()
        if written is not None:
            return self._written(written)
        word = self._word(task, type(task))
        own_way = getattr(type(task).from_parameters, "__func__", None)
        if own_way is not Task.from_parameters.__func__:  # type: ignore[attr-defined]
            plain = plain_value(task.parameters, task.name or task.kind)
            return call(f"{word}.from_parameters", [value_node(plain) or "{}"])
        return call(word, by_name=_nodes(_changed(task), task))

    def _word(self, task: Task, kind: Any) -> str:
        """Give the name of a function or class in the script; it is imported, or in the code."""
        place = import_place(kind)
        if place is None:
            return binding_name(kind)
        name = kind_name(task)
        if name is not None and place[0].startswith("dlaaw_nb.tasks."):
            place = ("dlaaw_nb.tasks", name)
        return self._local(*place)

    def _local(self, module: str, qualname: str) -> str:
        outer, dot, inner = qualname.partition(".")
        return f"{self.names.imported(module, outer)}{dot}{inner}"

    def _written(self, text: str) -> Node:
        """Take a call that a task wrote itself, and import what it names."""
        import dlaaw_nb

        tree = ast.parse(text, mode="eval")
        renamed = False
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                room = "dlaaw_nb" if node.id in dlaaw_nb.__all__ else "dlaaw_nb.tasks"
                local = self.names.imported(room, node.id)
                renamed = renamed or local != node.id
                node.id = local
        return ast.unparse(tree) if renamed else text

    def _function(self, task: FunctionTask) -> tuple[Node, Policy]:
        """Write a function task, and what its policy is then."""
        word = self._word(task, task)
        found = _stands(task)
        told = [(port.name, port.type.name) for port in task.outputs]
        if isinstance(found, FunctionTask):
            if [(port.name, port.type.name) for port in found.outputs] == told:
                return word, found.policy
            word = f"{word}.function"
        names = [name for name, _ in told]
        plain = FunctionTask(task.function, names)
        exact = [(port.name, port.type.name) for port in plain.outputs] == told
        outputs = value_node(names if exact else dict(told)) or "None"
        return call(self.names.imported(_ROOM, "FunctionTask"), [word, outputs]), Policy()


def _stands(task: FunctionTask) -> Any:
    """Find what the function's name stands for where it was defined: the task, or the function."""
    space = getattr(task.function, "__globals__", {})
    found = space.get(task.kind)
    own = found.function if isinstance(found, FunctionTask) else found
    if own is task.function:
        return found
    # Defined inside of another function: its source says whether it is decorated.
    text = source_text(task.function) or ""
    if text.lstrip().startswith("@"):
        return FunctionTask(task.function, task.given_outputs, task.policy)
    return own


def _changed(task: Task) -> dict[str, Any]:
    """Give the parameters that differ from the class's defaults."""
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


def _nodes(parameters: Any, task: Task) -> dict[str, Node]:
    found = {}
    for name, value in parameters.items():
        where = f"{task.name or task.kind}.{name}"
        node = value_node(value)
        if node is None:
            node = value_node(plain_value(value, where))
        if node is None:
            raise GraphError(f"{where}: {value!r:.100} cannot be written as Python.")
        found[name] = node
    return found
