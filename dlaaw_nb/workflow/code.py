"""Workflows as the Python that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.code_names import ScriptNames
from dlaaw_nb.workflow.code_tasks import TaskWriter
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.literals import Node, call, prefixed, render, value_node
from dlaaw_nb.workflow.plain_values import plain_value
from dlaaw_nb.workflow.unloaded import mapped
from dlaaw_nb.workflow.view import view_of
from dlaaw_nb.workflow.workflow_file import own_code_of

if TYPE_CHECKING:
    from dlaaw_nb.workflow.graph import Edge
    from dlaaw_nb.workflow.task import Task
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["code_of_workflow"]

_PLACES = {"tasks": "places", "inputs": "input_places", "outputs": "output_places"}
_OWN_NAMES = ("task", "name", "self", "sources")


def code_of_workflow(workflow: Workflow, variable: str = "wf") -> str:
    """Write the Python that makes a workflow again.

    Parameters
    ----------
    workflow : Workflow
        Any.
    variable : str
        What it is called there.

    Returns
    -------
    str
        A script that leaves the workflow in the variable. Of a workflow from a file that is
        not trusted it shows the code in the file, too.

    Raises
    ------
    GraphError
        When something in it cannot be written.
    """
    names = ScriptNames(own_code_of(workflow), variable)
    made = names.imported("dlaaw_nb", "Workflow")
    writer = TaskWriter(names)
    writer.prepare(workflow)
    blocks = _Body(workflow, variable, made, writer).lines()
    return names.text() + "\n" + "\n\n".join(block for block in blocks if block) + "\n"


class _Body:
    """The statements that build one workflow.

    Parameters
    ----------
    workflow : Workflow
        What they build.
    variable : str
        What it is called.
    maker : str
        What the class of workflows is called.
    writer : TaskWriter
        Writes tasks, and knows the names of the script.
    """

    def __init__(self, workflow: Workflow, variable: str, maker: str, writer: TaskWriter) -> None:
        self._workflow, self._variable, self._writer = workflow, variable, writer
        self._maker, self._fresh = maker, writer.names.fresh
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._late: list[Edge] = []

    def lines(self) -> list[str]:
        """Write the statements, in blocks."""
        workflow = self._workflow
        inner = self._inner_workflows()
        told = [_node(text) for text in (workflow.name, workflow.description) if text]
        begin = render(prefixed(f"{self._variable} = ", call(self._maker, told)))
        inputs = [self._input(name) for name in workflow.inputs]
        tasks = [self._task(task) for task in workflow.tasks.values()]
        late = [self._edge(edge) for edge in self._late]
        outputs = [self._output(name) for name in workflow.outputs]
        places = [
            f"{self._variable}.{_PLACES[side]}[{render(_node(name))}] = {x}, {y}"
            for side, found in view_of(workflow).items()
            for name, (x, y) in found.items()
        ]
        block = "\n".join((begin, *inputs))
        return [*inner, block, "\n".join(tasks), "\n".join((*late, *outputs, *places))]

    def _inner_workflows(self) -> list[str]:
        blocks = []
        for task in self._workflow.tasks.values():
            inner = mapped(task)
            if isinstance(inner, SubWorkflow) and id(inner) not in self._writer.workflows:
                variable = self._fresh(f"{task.name}_workflow")
                self._writer.workflows[id(inner)] = variable
                blocks += _Body(inner.workflow, variable, self._maker, self._writer).lines()
        return blocks

    def _input(self, name: str) -> str:
        declared = self._workflow.inputs[name]
        variable = self._names["", name] = self._fresh(name)
        given: dict[str, Node] = {}
        positional = [_node(name)]
        if declared.default is not NOTHING:
            positional.append(_plain(declared.default, f"input {name}"))
        if declared.type is not None:
            given["type"] = _node(declared.type.name)
        if declared.description:
            given["description"] = _node(declared.description)
        return render(
            prefixed(f"{variable} = ", call(f"{self._variable}.input", positional, given))
        )

    def _task(self, task: Task) -> str:
        workflow = self._workflow
        variable = self._names[task.name, ""] = self._fresh(task.name)
        given: dict[str, Node] = {}
        if self._must_be_named(task):
            given["name"] = _node(task.name)
        values = dict(workflow.values(task))
        for port in task.inputs:
            edges = workflow.edges_into(task.name, port.name)
            ready = all(not edge.live and self._known(edge) for edge in edges)
            if port.name in _OWN_NAMES or not ready:
                self._late.extend(edges)
            elif edges:
                sources = [self._source(edge) for edge in edges]
                several = "[" + ", ".join(sources) + "]"
                given[port.name] = several if port.many else sources[0]
            elif port.name in values and not port.many:  # add() would take a list apart
                given[port.name] = _plain(values.pop(port.name), f"{task.name}.{port.name}")
        made = self._writer.task(task)
        text = render(prefixed(f"{variable} = ", call(f"{self._variable}.add", [made], given)))
        left = {name: value for name, value in values.items() if name not in given}
        if left:
            nodes = {name: _plain(value, f"{task.name}.{name}") for name, value in left.items()}
            text += "\n" + render(call(f"{self._variable}.set", [variable], nodes))
        return text

    def _must_be_named(self, task: Task) -> bool:
        number = self._counts.get(task.kind, 0) + 1
        if task.name != f"{task.kind}{number}":
            return True
        self._counts[task.kind] = number
        return False

    def _known(self, edge: Edge) -> bool:
        key = (edge.source, "") if edge.source else ("", edge.source_port)
        return key in self._names and edge.source != edge.target

    def _source(self, edge: Edge) -> str:
        if not edge.source:
            return self._names["", edge.source_port]
        variable = self._names[edge.source, ""]
        outputs = self._workflow.tasks[edge.source].outputs
        if len(outputs) == 1:
            return variable
        return f"{variable}[{render(_node(edge.source_port))}]"

    def _edge(self, edge: Edge) -> str:
        target = self._names[edge.target, ""]
        given: dict[str, Node] = {"target_port": _node(edge.target_port)}
        if edge.live:
            given["live"] = "True"
        return render(call(f"{self._variable}.connect", [self._source(edge), target], given))

    def _output(self, name: str) -> str:
        source = self._workflow.outputs[name]
        variable = self._names[source.task, ""]
        if len(self._workflow.tasks[source.task].outputs) > 1:
            variable += f"[{render(_node(source.port))}]"
        return render(call(f"{self._variable}.output", [_node(name), variable]))


def _node(text: str) -> Node:
    found = value_node(text)
    return repr(text) if found is None else found


def _plain(value: Any, where: str) -> Node:
    found = value_node(plain_value(value, where))
    if found is None:
        raise GraphError(f"{where}: {value!r:.100} cannot be written as Python.")
    return found
