"""A workflow becomes what a document says; tasks that stay are the same objects.

So a canvas and Python have one model: what a person holds in variables goes on to be part of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.file_reading import FORMAT, VERSION, build, read_document
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.known_tasks import known_tasks, put_in_known
from dlaaw_nb.workflow.library import kind_name
from dlaaw_nb.workflow.plain_values import plain_value
from dlaaw_nb.workflow.trust import is_harmless
from dlaaw_nb.workflow.unloaded import UnloadedTask, mapped
from dlaaw_nb.workflow.workflow_file import body_of, document_of

if TYPE_CHECKING:
    from dlaaw_nb.workflow.known_tasks import Known
    from dlaaw_nb.workflow.task import Task
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["become", "canvas_document"]

_OF_PLACING = ("name", "values", "place")


def canvas_document(workflow: Workflow) -> dict[str, Any]:
    """Write a workflow for a canvas: also one that no file could hold.

    Parameters
    ----------
    workflow : Workflow
        Any.

    Returns
    -------
    dict
        Its document. Values that are no plain values are left out, and code that cannot be written;
        `become` keeps them.

    Raises
    ------
    GraphError
        When a parameter of a task is no plain value.
    """
    try:
        return document_of(workflow)
    except GraphError:
        pass
    twin = workflow.copy()
    bare = {name: _bare_input(given) for name, given in workflow.inputs.items()}
    values = {
        task: {port: value for port, value in workflow.values(task).items() if _is_plain(value)}
        for task in workflow.tasks
    }
    vars(twin).update(_inputs=bare, _values=values)
    return {"format": FORMAT, "version": VERSION, **body_of(twin)}


def become(workflow: Workflow, document: Any, known: Known | None = None) -> None:
    """Change a workflow into what a document says.

    Parameters
    ----------
    workflow : Workflow
        It is changed, or stays wholly as it was. Tasks and inputs that the document has unchanged
        stay the same objects, with what no document can hold.
    document : mapping
        As from `canvas_document`, edited.
    known : dict or None
        The person's own tasks at hand, for those that are new; see `known_tasks`.

    Raises
    ------
    FormatError
        When it is no document of a workflow, or parts do not fit.
    GraphError
        When a new task needs code that is not at hand.
    """
    wanted = read_document(document)
    before = canvas_document(workflow)
    same = _unchanged(workflow, before, wanted)
    made = build({**wanted, "code": []}, trusted=False)
    tasks = vars(made)["_tasks"]
    tasks.update(same)
    put_in_known(made, {**_known_before(workflow), **(known or {})})
    missing = [name for name, task in tasks.items() if _needs_code(workflow, name, task)]
    if missing:
        raise GraphError(
            f"{missing[0]}: the code of {tasks[missing[0]].kind} is not at hand. Run the cell that "
            "defines it first."
        )
    if is_harmless(workflow):  # workflows that were put inside are the person's own work too
        for name, task in tasks.items():
            if name not in same:
                _trust_inside(task)
    _keep_inputs(workflow, made, before, wanted)
    _keep_values(workflow, made)
    kept = {name: vars(workflow)[name] for name in ("folder", "code", "trusted")}
    vars(workflow).update({**vars(made), **kept})


def _unchanged(
    workflow: Workflow, before: dict[str, Any], wanted: dict[str, Any]
) -> dict[str, Any]:
    old = {entry["name"]: _core(entry) for entry in before["tasks"]}
    return {
        entry["name"]: workflow.tasks[entry["name"]]
        for entry in wanted["tasks"]
        if old.get(entry["name"]) == _core(entry)
    }


def _core(entry: dict[str, Any]) -> dict[str, Any]:
    core = {key: value for key, value in entry.items() if key not in _OF_PLACING}
    return {**core, "parameters": core.get("parameters", {})}


def _known_before(workflow: Workflow) -> Known:
    """Give what the workflow has already, for it may be placed again under another name."""
    inner = [mapped(task) for task in workflow.tasks.values()]
    own = [
        task if isinstance(task, FunctionTask) else type(task)
        for task in inner
        if kind_name(task) is None and not isinstance(task, UnloadedTask)
    ]
    return known_tasks(own)


def _needs_code(workflow: Workflow, name: str, task: Any) -> bool:
    """Whether a task has no code here; one that had none before may stay."""
    return isinstance(mapped(task), UnloadedTask) and workflow.tasks.get(name) is not task


def _trust_inside(task: Task) -> None:
    inner = mapped(task)
    if isinstance(inner, SubWorkflow):
        inner.workflow.trusted, inner.workflow.code = True, None
        for part in inner.workflow.tasks.values():
            _trust_inside(part)


def _keep_inputs(
    workflow: Workflow, made: Workflow, before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    old = {entry["name"]: entry for entry in before["inputs"]}
    inputs = vars(made)["_inputs"]
    for entry in wanted["inputs"]:
        if old.get(entry["name"]) == entry:
            inputs[entry["name"]] = workflow.inputs[entry["name"]]


def _keep_values(workflow: Workflow, made: Workflow) -> None:
    """Keep values that no document can hold, where their inputs are as they were."""
    for task in workflow.tasks.values():
        if made.tasks.get(task.name) is not task:
            continue
        for port, value in workflow.values(task).items():
            free = not made.edges_into(task.name, port) and port not in made.values(task.name)
            if free and not _is_plain(value):
                made.set(task.name, **{port: value})


def _bare_input(given: Any) -> Any:
    return given if _is_plain(given.default) else replace(given, default=NOTHING)


def _is_plain(value: Any) -> bool:
    try:
        plain_value(value, "")
    except GraphError:
        return value is NOTHING
    return True
