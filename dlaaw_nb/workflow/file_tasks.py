"""Tasks as entries of a workflow's file, and back."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError, FormatError, GraphError, TrustError
from dlaaw_nb.workflow.composite import Map, SubWorkflow
from dlaaw_nb.workflow.documents import shown
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.import_places import import_place
from dlaaw_nb.workflow.library import find_kind, kind_name
from dlaaw_nb.workflow.plain_values import plain_value, restored
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.port_type import PortType, port_type
from dlaaw_nb.workflow.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UnloadedTask", "make_task", "own_thing", "task_entry"]


class UnloadedTask(Task):
    """A task of a file whose code has not run, for the file is not trusted yet.

    Parameters
    ----------
    entry : mapping
        As it stands in the file.
    """

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.entry = dict(entry)
        ports = entry["ports"]
        self._inputs = tuple(_port(item, "input") for item in ports["inputs"])
        self._outputs = tuple(_port(item, "output") for item in ports["outputs"])

    @property
    def kind(self) -> str:
        """As the file says."""
        return str(self.entry["kind"])

    @property
    def inputs(self) -> tuple[Port, ...]:
        """As the file says."""
        return self._inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """As the file says."""
        return self._outputs

    def fingerprint(self) -> str:
        """Hash of what the file says of it."""
        import hashlib
        import json

        return hashlib.sha256(json.dumps(self.entry, sort_keys=True).encode()).hexdigest()

    def run(self, **_: Any) -> Any:
        """Refuse: its code has not run.

        Raises
        ------
        TrustError
            Always.
        """
        raise TrustError(f"{self.name or self.kind}: its file is not trusted.")


def own_thing(task: Task) -> Any:
    """Give what must be written of a person's own task: its function task or class; None else."""
    if isinstance(task, UnloadedTask | SubWorkflow) or kind_name(task) is not None:
        return None
    if isinstance(task, Map):
        return own_thing(task.task)
    return task if isinstance(task, FunctionTask) else type(task)


def task_entry(
    task: Task, nested: Any, known: dict[tuple[Any, ...], dict[str, Any]]
) -> dict[str, Any]:
    """Write a task.

    Parameters
    ----------
    task : Task
        Any.
    nested : callable
        Writes the workflow of a `SubWorkflow`.
    known : dict
        What was written of functions before, for the same document; it grows.

    Returns
    -------
    dict
        Without its name in the workflow.

    Raises
    ------
    GraphError
        When a parameter is no plain value.
    """
    if isinstance(task, UnloadedTask):
        return dict(task.entry)
    if isinstance(task, SubWorkflow):
        return {"kind": "Workflow", "workflow": nested(task.workflow)}
    if isinstance(task, Map):
        inner = task_entry(task.task, nested, known)
        return {"kind": "Map", "over": list(task.over), "task": inner}
    if isinstance(task, FunctionTask):
        key = (id(task.function), task.policy, len(task.outputs))
        if key not in known:
            known[key] = _plain_entry(task)
        return dict(known[key])
    return _plain_entry(task)


def _plain_entry(task: Task) -> dict[str, Any]:
    ready = kind_name(task)
    entry: dict[str, Any] = {"kind": ready or task.kind}
    if ready is None:
        entry |= _own_place(task)
    where = task.name or task.kind
    parameters = {
        name: plain_value(value, f"{where}.{name}") for name, value in task.parameters.items()
    }
    if parameters:
        entry["parameters"] = parameters
    usual = Policy() if isinstance(task, FunctionTask) else type(task).policy
    if task.policy != usual:
        entry["policy"] = task.policy.changes()
    return entry


def make_task(entry: Mapping[str, Any], code: Mapping[str, Any] | None, nested: Any) -> Task:
    """Make the task of an entry.

    Parameters
    ----------
    entry : mapping
        That obeys the schema.
    code : mapping or None
        What the file's code defines, by name; None where it has not run, for the file is not
        trusted.
    nested : callable
        Reads the workflow of a `SubWorkflow`.

    Returns
    -------
    Task
        Not placed; an `UnloadedTask` where it needs code that has not run.

    Raises
    ------
    FormatError, GraphError
        When nothing has that kind, or the parameters do not fit.
    """
    if "workflow" in entry:
        return SubWorkflow(nested(entry["workflow"]))
    if "task" in entry:
        inner = make_task(entry["task"], code, nested)
        return Map(inner, tuple(entry["over"]))
    if "ports" in entry:
        if code is None:
            return UnloadedTask(entry)
        task = _own_task(entry, code)
    else:
        task = _made(find_kind(entry["kind"]), entry)
    if "policy" not in entry and not isinstance(task, FunctionTask):
        return task
    policy = Policy(**entry.get("policy", {}))
    return task.with_policy(**{name: getattr(policy, name) for name in Policy.__slots__})


def _own_place(task: Task) -> dict[str, Any]:
    thing = task if isinstance(task, FunctionTask) else type(task)
    place = import_place(thing)
    entry: dict[str, Any] = {}
    if place is not None:
        entry["module"], entry["kind"] = place
    entry["ports"] = {
        "inputs": [_port_entry(port) for port in task.inputs],
        "outputs": [_port_entry(port) for port in task.outputs],
    }
    return entry


def _port_entry(port: Port) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": port.name, "type": port.type.name}
    if port.direction == "input" and not port.required:
        entry["required"] = False
    if port.many:
        entry["many"] = True
    return entry


def _port(entry: Mapping[str, Any], side: Any) -> Port:
    try:
        kind = port_type(entry["type"])
    except GraphError:  # a type that the file's own code brings
        kind = PortType(entry["type"], "a type of the file's own")
    return Port(
        entry["name"], kind, side,
        required=entry.get("required", True), many=entry.get("many", False),
    )  # fmt: skip


def _own_task(entry: Mapping[str, Any], code: Mapping[str, Any]) -> Task:
    found: Any
    if "module" in entry:
        try:
            found = import_module(entry["module"])
            for part in entry["kind"].split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as error:
            raise FormatError(
                f"{entry['module']}:{entry['kind']}: not found ({error}). Install the package, or "
                "put the module where Python finds it."
            ) from error
    else:
        found = code.get(entry["kind"])
        if found is None:
            raise FormatError(f"kind: the file's code does not define {shown(entry['kind'])}.")
    outputs = [port["name"] for port in entry["ports"]["outputs"]]
    if not isinstance(found, Task | type) and callable(found):
        found = FunctionTask(found, outputs)
    task = _made(found, entry)
    ports = {"inputs": task.inputs, "outputs": task.outputs}
    for side, known in ports.items():
        told = [port["name"] for port in entry["ports"][side]]
        if told != [port.name for port in known]:
            raise FormatError(
                f"{entry['kind']}: the file says that its {side} are {told}, its code "
                f"{[port.name for port in known]}. Save the workflow again."
            )
    return task


def _made(kind: Any, entry: Mapping[str, Any]) -> Task:
    if isinstance(kind, Task):
        return kind
    if not isinstance(kind, type) or not issubclass(kind, Task):
        raise FormatError(f"kind: expected a task, {shown(entry['kind'])} is none.")
    try:
        return kind.from_parameters(restored(kind, entry.get("parameters", {})))
    except DlaawError:
        raise
    except Exception as error:
        raise FormatError(
            f"parameters: {entry['kind']} cannot be made with them ({error}).", "parameters"
        ) from error
