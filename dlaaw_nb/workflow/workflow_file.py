"""Workflow files: JSON text with one line for each task, edge, input and output, in and out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError, FormatError, GraphError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.code_module import run_code
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.documents import (
    check_header,
    parse_text,
    source_name,
    source_text,
)
from dlaaw_nb.workflow.file_tasks import make_task, own_thing, task_entry
from dlaaw_nb.workflow.own_code import code_of
from dlaaw_nb.workflow.plain_values import plain_value
from dlaaw_nb.workflow.port_type import PortType, port_type
from dlaaw_nb.workflow.schema import check_workflow
from dlaaw_nb.workflow.task import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["FORMAT", "build", "document_of", "document_text", "own_code_of", "read_document"]

FORMAT, VERSION = "dlaaw-nb/workflow", 1
MAX_BYTES = 64 * 2**20
_READERS = {"dlaaw-nb/spec": "NNWorkflow", "dlaaw-nb/model": "Model"}
_LISTS = ("inputs", "tasks", "edges", "outputs")


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
    document = {"format": FORMAT, "version": VERSION, **_body(workflow, {})}
    code = workflow.code if workflow.code is not None else own_code_of(workflow)
    if code:
        document["code"] = code.split("\n")
    return document


def own_code_of(workflow: Workflow) -> str:
    """Write the code of a person's own tasks, of workflows inside of it too."""
    from dlaaw_nb.workflow.import_places import import_place

    things: dict[int, tuple[str, Any]] = {}
    looked_at: set[int] = set()
    for task in _tasks(workflow):
        inner = getattr(task, "task", task)
        own = getattr(inner, "function", type(inner))
        if id(own) not in looked_at:
            looked_at.add(id(own))
            thing = own_thing(task)
            if thing is not None:
                things[id(own)] = (task.name, thing)
    return code_of(pair for pair in things.values() if import_place(pair[1]) is None)


def document_text(document: Mapping[str, Any]) -> str:
    """Write a document as text, one line for each of its parts."""
    lines = []
    for key, value in document.items():
        if key in (*_LISTS, "code") and value:
            items = ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in value)
            lines.append(f" {json.dumps(key)}: [\n{items}\n ]")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_document(source: Any) -> dict[str, Any]:
    """Read a document and check it; nothing in it is executed.

    Parameters
    ----------
    source : mapping, str or path
        The document itself, its JSON text, or the path of a file.

    Returns
    -------
    dict
        A copy that obeys the schema.

    Raises
    ------
    FormatError
        When it is none; the message and ``path`` name the place.
    VersionError
        When a newer version of the package wrote it.
    MissingDataError
        When there is no such file.
    """
    try:
        document = parse_text(source_text(source, MAX_BYTES), MAX_BYTES)
        check_header(document, FORMAT, VERSION, _READERS)
        check_workflow(document)
    except FormatError as error:
        raise type(error)(f"{source_name(source)}{error}", error.path) from error
    return document


def build(document: Mapping[str, Any], *, trusted: bool, label: str = "workflow") -> Workflow:
    """Make the workflow of a document.

    Parameters
    ----------
    document : mapping
        From `read_document`.
    trusted : bool
        Whether its code may run; otherwise own tasks stand there without it.
    label : str
        What tracebacks of its code say.

    Returns
    -------
    Workflow
        Its parts fit together; whether it can run is for `Workflow.check`.

    Raises
    ------
    FormatError, GraphError
        When parts do not fit; the message and ``path`` name the place.
    """
    text = "\n".join(document.get("code", ()))
    code: Mapping[str, Any] | None = None
    if trusted:
        code = run_code(text, label) if text else {}
    made = _built(document, code, "")
    made.code = text if text and not trusted else None
    return made


def _body(workflow: Workflow, known: dict[tuple[Any, ...], dict[str, Any]]) -> dict[str, Any]:
    body: dict[str, Any] = {"name": workflow.name}
    if workflow.description:
        body["description"] = workflow.description
    body["inputs"] = [_input_entry(workflow, name) for name in workflow.inputs]
    body["tasks"] = [_entry(workflow, name, known) for name in workflow.tasks]
    body["edges"] = [
        {
            "source": edge.source, "port": edge.source_port, "target": edge.target,
            "input": edge.target_port, **({"live": True} if edge.live else {}),
        }
        for task in workflow.tasks.values()
        for port in task.inputs
        for edge in workflow.edges_into(task.name, port.name)
    ]  # fmt: skip
    body["outputs"] = [
        {"name": name, "task": source.task, "port": source.port}
        for name, source in workflow.outputs.items()
    ]
    return body


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


def _entry(
    workflow: Workflow, name: str, known: dict[tuple[Any, ...], dict[str, Any]]
) -> dict[str, Any]:
    def nested(inner: Workflow) -> dict[str, Any]:
        return _body(inner, known)

    entry = {"name": name, **task_entry(workflow.tasks[name], nested, known)}
    values = workflow.values(name)
    if values:
        entry["values"] = {
            port: plain_value(value, f"{name}.{port}") for port, value in values.items()
        }
    if name in workflow.places:
        entry["place"] = list(workflow.places[name])
    return entry


def _tasks(workflow: Workflow) -> Iterator[Any]:
    for task in workflow.tasks.values():
        yield task
        inner = getattr(task, "task", task)
        if isinstance(inner, SubWorkflow):
            yield from _tasks(inner.workflow)


def _built(body: Mapping[str, Any], code: Mapping[str, Any] | None, path: str) -> Workflow:
    from dlaaw_nb.workflow.workflow import Workflow

    made = Workflow(body["name"], body.get("description", ""))
    steps = {
        "inputs": _add_input,
        "tasks": lambda workflow, entry: _add_task(workflow, entry, code),
        "edges": _add_edge,
        "outputs": _add_output,
    }
    for key, add in steps.items():
        for number, entry in enumerate(body[key]):
            place = f"{path}{key}[{number}]"
            try:
                add(made, entry)
            except FormatError as error:
                inner = f"{place}.{error.path}".rstrip(".")
                raise type(error)(f"{place}: {error}", inner) from error
            except DlaawError as error:
                raise FormatError(f"{place}: {error}", place) from error
    return made


def _add_input(workflow: Workflow, entry: Mapping[str, Any]) -> None:
    kind = None
    if "type" in entry:
        try:
            kind = port_type(entry["type"])
        except GraphError:  # a type that the file's own code brings
            kind = PortType(entry["type"], "a type of the file's own")
    workflow.input(
        entry["name"], entry.get("default", NOTHING), type=kind,
        description=entry.get("description", ""),
    )  # fmt: skip


def _add_task(workflow: Workflow, entry: Mapping[str, Any], code: Mapping[str, Any] | None) -> None:
    bare = {key: value for key, value in entry.items() if key not in ("name", "values", "place")}
    workflow.place(make_task(bare, code, lambda body: _built(body, code, "")), entry["name"])
    if entry.get("values"):
        workflow.set(entry["name"], **entry["values"])
    if "place" in entry:
        x, y = entry["place"]
        workflow.places[entry["name"]] = (x, y)


def _add_edge(workflow: Workflow, entry: Mapping[str, Any]) -> None:
    source = Source(entry["source"], entry["port"])
    target = Source(entry["target"], entry["input"])
    if entry["input"] in workflow.values(entry["target"]):
        raise GraphError(f"{source} -> {target}: that input has a value already.")
    workflow.join(source, target, live=entry.get("live", False))


def _add_output(workflow: Workflow, entry: Mapping[str, Any]) -> None:
    workflow.output(entry["name"], Source(entry["task"], entry["port"]))


def label_of(path: Path | None) -> str:
    """Name the code of a file for tracebacks."""
    return "workflow" if path is None else path.stem
