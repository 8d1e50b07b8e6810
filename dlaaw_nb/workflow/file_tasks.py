"""Tasks as entries of a workflow's file, and back."""

from __future__ import annotations

from copy import deepcopy
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError, FormatError
from dlaaw_nb.workflow.composite import Map, SubWorkflow
from dlaaw_nb.workflow.documents import shown
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.import_places import import_place
from dlaaw_nb.workflow.library import find_kind, kind_name
from dlaaw_nb.workflow.plain_values import plain_value, restored
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.task import Task
from dlaaw_nb.workflow.unloaded import UnloadedTask, mapped, port_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["TaskEntries", "make_task", "usual_policy"]


class TaskEntries:
    """Writes tasks; what is the same for many of them is found out once.

    Parameters
    ----------
    nested : callable
        Writes the workflow of a `SubWorkflow`.
    """

    def __init__(self, nested: Callable[[Workflow], dict[str, Any]]) -> None:
        self._nested = nested
        self._functions: dict[tuple[int, ...], dict[str, Any]] = {}
        self._places: dict[int, tuple[str | None, tuple[str, str] | None]] = {}

    def entry(self, task: Task) -> dict[str, Any]:
        """Write a task.

        Parameters
        ----------
        task : Task
            Any; it lives as long as this object.

        Returns
        -------
        dict
            Without its name in the workflow; nothing in it is shared with another entry.

        Raises
        ------
        GraphError
            When a parameter is no plain value.
        """
        if isinstance(task, UnloadedTask):
            return deepcopy(task.entry)
        if isinstance(task, SubWorkflow):
            return self._with_policy(
                {"kind": "Workflow", "workflow": self._nested(task.workflow)}, task
            )
        if isinstance(task, Map):
            inner = self.entry(task.task)
            return self._with_policy({"kind": "Map", "over": list(task.over), "task": inner}, task)
        if not isinstance(task, FunctionTask):
            return self._with_policy(self._bare(task), task)
        # Copies of one function task share their ports and policy, so these tell them apart.
        key = id(task.function), id(task.inputs), id(task.outputs), id(task.policy)
        known = self._functions.get(key)
        if known is None:
            known = self._functions[key] = self._with_policy(self._bare(task), task)
        return _twin(known)

    def own(self, task: Task) -> Any:
        """Give what of a task its file must hold as code: a function task or class; None else."""
        inner = mapped(task)
        if isinstance(inner, UnloadedTask | SubWorkflow):
            return None
        ready, place = self._place(inner)
        if ready is not None or place is not None:
            return None
        return inner if isinstance(inner, FunctionTask) else type(inner)

    def _bare(self, task: Task) -> dict[str, Any]:
        ready, place = self._place(task)
        entry: dict[str, Any] = {"kind": ready or task.kind}
        if ready is None:
            if place is not None:
                entry["module"], entry["kind"] = place
            entry["ports"] = {
                "inputs": [port_entry(port) for port in task.inputs],
                "outputs": [port_entry(port) for port in task.outputs],
            }
        where = task.name or task.kind
        parameters = {
            name: plain_value(value, f"{where}.{name}") for name, value in task.parameters.items()
        }
        return {**entry, "parameters": parameters} if parameters else entry

    def _place(self, task: Task) -> tuple[str | None, tuple[str, str] | None]:
        """Name the ready task that it is, and the module that its code can be imported from."""
        own = task.function if isinstance(task, FunctionTask) else type(task)
        if id(own) not in self._places:
            self._places[id(own)] = kind_name(task), import_place(own)
        return self._places[id(own)]

    def _with_policy(self, entry: dict[str, Any], task: Task) -> dict[str, Any]:
        return entry if task.policy == usual_policy(task) else {
            **entry, "policy": task.policy.changes(),
        }  # fmt: skip


def usual_policy(task: Task) -> Policy:
    """Give the policy that a task made anew from its entry has; another one must be written."""
    if isinstance(task, FunctionTask):
        return Policy()
    if isinstance(task, Map):
        return task.task.policy
    if isinstance(task, SubWorkflow):
        return Policy(cached=all(one.policy.cached for one in task.workflow.tasks.values()))
    return type(task).policy


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
    task: Task
    if "workflow" in entry:
        task = SubWorkflow(nested(entry["workflow"]))
    elif "task" in entry:
        task = Map(make_task(entry["task"], code, nested), tuple(entry["over"]))
    elif "ports" not in entry:
        task = _made(find_kind(entry["kind"]), entry)
    elif code is None:
        return UnloadedTask(entry)
    else:
        task = _own_task(entry, code)
    if "policy" not in entry and not isinstance(task, FunctionTask):
        return task
    policy = Policy(**entry.get("policy", {}))
    return task.with_policy(**{name: getattr(policy, name) for name in Policy.__slots__})


def _twin(entry: dict[str, Any]) -> dict[str, Any]:
    """Copy the entry of a function, which ``deepcopy`` does thirty times slower."""
    twin = entry.copy()
    ports = entry.get("ports")
    if ports is not None:
        twin["ports"] = {
            "inputs": [port.copy() for port in ports["inputs"]],
            "outputs": [port.copy() for port in ports["outputs"]],
        }
    if "policy" in entry:
        twin["policy"] = entry["policy"].copy()
    return twin


def _own_task(entry: Mapping[str, Any], code: Mapping[str, Any]) -> Task:
    found = _found(entry, code)
    if not isinstance(found, type) and callable(found):
        found = _function_task(found, entry["ports"]["outputs"])
    task = _made(found, entry)
    for side, known in (("inputs", task.inputs), ("outputs", task.outputs)):
        told = [port["name"] for port in entry["ports"][side]]
        if told != [port.name for port in known]:
            raise FormatError(
                f"{entry['kind']}: the file says that its {side} are {told}, its code "
                f"{[port.name for port in known]}. Save the workflow again."
            )
    return task


def _found(entry: Mapping[str, Any], code: Mapping[str, Any]) -> Any:
    if "module" not in entry:
        found = code.get(entry["kind"])
        if found is None:
            raise FormatError(f"kind: the file's code does not define {shown(entry['kind'])}.")
        return found
    try:
        found = import_module(entry["module"])
        for part in entry["kind"].split("."):
            found = getattr(found, part)
    except Exception as error:  # a module may raise anything while it is imported
        raise FormatError(
            f"{entry['module']}:{entry['kind']}: not found ({type(error).__name__}: {error}). "
            "Install the package, or put the module where Python finds it."
        ) from error
    return found


def _function_task(found: Any, told: list[dict[str, Any]]) -> Task:
    """Make a task whose outputs are those of the file, where its code alone gives others."""
    own = found.function if isinstance(found, FunctionTask) else found
    if isinstance(found, Task) and not isinstance(found, FunctionTask):
        return found
    task = found if isinstance(found, FunctionTask) else FunctionTask(own)
    if _told(task) == _pairs(told):
        return task
    by_name = FunctionTask(own, [port["name"] for port in told])
    return by_name if _told(by_name) == _pairs(told) else FunctionTask(own, dict(_pairs(told)))


def _told(task: Task) -> list[tuple[str, str]]:
    return [(port.name, port.type.name) for port in task.outputs]


def _pairs(ports: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(port["name"], port["type"]) for port in ports]


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
