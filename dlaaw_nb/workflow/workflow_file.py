"""Workflows as documents: plain JSON values, and text with one line for each part."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError, GraphError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.file_reading import FORMAT, VERSION, read_document
from dlaaw_nb.workflow.file_tasks import TaskEntries
from dlaaw_nb.workflow.own_code import code_of
from dlaaw_nb.workflow.plain_values import plain_value
from dlaaw_nb.workflow.unloaded import UnloadedTask, mapped
from dlaaw_nb.workflow.view import view_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dlaaw_nb.workflow.graph import Edge
    from dlaaw_nb.workflow.task import Task
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["body_of", "checked_document", "document_of", "document_text", "own_code_of"]

_LISTS = ("inputs", "tasks", "edges", "outputs", "code")


def document_of(workflow: Workflow) -> dict[str, Any]:
    """Write a workflow as plain JSON values, in the order in which it was built.

    Parameters
    ----------
    workflow : Workflow
        Any.

    Returns
    -------
    dict
        See ``schemas/workflow-1.json``.

    Raises
    ------
    GraphError
        When something in it cannot be written; the message names it and the mend.
    """
    writer = _Writer()
    document = {"format": FORMAT, "version": VERSION, **writer.body(workflow)}
    view = document.pop("view", None)
    code = _code(workflow, writer.entries)
    if code:
        document["code"] = code.split("\n")
    return document if view is None else {**document, "view": view}


def body_of(workflow: Workflow) -> dict[str, Any]:
    """Write all of a workflow but its code; see `document_of`."""
    return _Writer().body(workflow)


def checked_document(workflow: Workflow) -> dict[str, Any]:
    """Write a workflow so that it can be read again for certain.

    Raises
    ------
    GraphError
        When something in it cannot be written, or what is written would be refused.
    """
    document = document_of(workflow)
    try:
        read_document(document)
    except FormatError as error:
        raise GraphError(f"{workflow.name!r:.100} could not be loaded again: {error}") from error
    return document


def own_code_of(workflow: Workflow) -> str:
    """Write the code that a workflow's file must hold, for workflows inside of it too.

    Raises
    ------
    GraphError
        When something cannot be written, or code of several files would have to be one.
    """
    return _code(workflow, TaskEntries(_Writer().body))


def document_text(document: Mapping[str, Any]) -> str:
    """Write a document as text, one line for each of its parts."""
    lines = []
    for key, value in document.items():
        if key in _LISTS and value:
            items = ",\n".join(f"  {_json(item)}" for item in value)
            lines.append(f" {json.dumps(key)}: [\n{items}\n ]")
        elif key == "view" and value:
            sides = ",\n".join(_view_side(side, places) for side, places in value.items())
            lines.append(f" {json.dumps(key)}: {{\n{sides}\n }}")
        else:
            lines.append(f" {json.dumps(key)}: {_json(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _view_side(side: str, places: Mapping[str, Any]) -> str:
    items = ",\n".join(f"   {_json(name)}: {_json(place)}" for name, place in places.items())
    return f"  {json.dumps(side)}: {{\n{items}\n  }}" if places else f"  {json.dumps(side)}: {{}}"


class _Writer:
    """Writes workflows, those inside of others too."""

    def __init__(self) -> None:
        self.entries = TaskEntries(self.body)

    def body(self, workflow: Workflow) -> dict[str, Any]:
        """Write all but the code."""
        body: dict[str, Any] = {"name": workflow.name}
        if workflow.description:
            body["description"] = workflow.description
        body["inputs"] = [_input_entry(workflow, name) for name in workflow.inputs]
        body["tasks"] = [self._task(workflow, task) for task in workflow.tasks.values()]
        body["edges"] = [
            _edge_entry(edge)
            for task in workflow.tasks.values()
            for port in task.inputs
            for edge in workflow.edges_into(task.name, port.name)
        ]
        body["outputs"] = [
            {"name": name, "task": source.task, "port": source.port}
            for name, source in workflow.outputs.items()
        ]
        view = view_of(workflow)
        return {**body, "view": view} if view else body

    def _task(self, workflow: Workflow, task: Task) -> dict[str, Any]:
        name = task.name
        entry = {"name": name, **self.entries.entry(task)}
        values = workflow.values(name)
        if values:
            entry["values"] = {
                port: plain_value(value, f"{name}.{port}") for port, value in values.items()
            }
        return entry


def _input_entry(workflow: Workflow, name: str) -> dict[str, Any]:
    declared = workflow.inputs[name]
    entry: dict[str, Any] = {"name": name}
    if declared.type is not None:
        entry["type"] = declared.type.name
    if declared.default is not NOTHING:
        entry["default"] = plain_value(declared.default, f"input {name}")
    if declared.description:
        entry["description"] = declared.description
    return entry


def _edge_entry(edge: Edge) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "source": edge.source, "port": edge.source_port, "target": edge.target,
        "input": edge.target_port,
    }  # fmt: skip
    if edge.live:
        entry["live"] = True
    return entry


def _code(workflow: Workflow, entries: TaskEntries) -> str:
    """Join the code of the person's tasks; code of files that are not trusted stays as it is."""
    own: dict[int, tuple[str, Any]] = {}
    held: dict[str, str] = {}
    seen: set[int] = set()
    for task, code in _tasks(workflow):
        inner = mapped(task)
        if isinstance(inner, UnloadedTask) and "module" not in inner.entry:
            held.setdefault(_held(task, code), task.name)
        thing = getattr(inner, "function", type(inner))
        if id(thing) not in seen:
            seen.add(id(thing))
            found = entries.own(task)
            if found is not None:
                own[id(thing)] = task.name, found
    if not held:
        # A file may bring code that none of its tasks uses; what is loaded is written again.
        return workflow.code if workflow.code is not None and not own else code_of(own.values())
    if len(held) > 1 or own:
        names = [*held.values(), *(name for name, _ in own.values())]
        raise GraphError(
            f"{names[0]} and {names[1]}: the code of one is of a file that is not trusted, and "
            "cannot be joined with other code. Read it (workflow.to_code() of that file's "
            "workflow), then trust it: workflow.trust()."
        )
    return next(iter(held))


def _held(task: Task, code: str | None) -> str:
    if code is None:
        raise GraphError(
            f"{task.name}: it was taken out of a file that is not trusted, and its code stayed "
            "there. Trust that file first (workflow.trust()), and take the task then."
        )
    return code


def _tasks(workflow: Workflow) -> Iterator[tuple[Task, str | None]]:
    """List the tasks, those of workflows inside of it too, with the code of their file."""
    for task in workflow.tasks.values():
        yield task, workflow.code
        inner = mapped(task)
        if isinstance(inner, SubWorkflow):
            yield from _tasks(inner.workflow)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # Half of a pair of characters, such as in the name of a file that is no UTF-8, has no bytes.
    return text if text.isascii() or _has_bytes(text) else json.dumps(value)


def _has_bytes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
