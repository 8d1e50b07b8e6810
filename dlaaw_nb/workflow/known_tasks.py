"""A person's own tasks that are at hand: what they define in cells stands for entries of documents.

Such an entry names no code that the document brings: it is the very function or class that the
person has run, so no trust is needed for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.workflow.composite import Map, SubWorkflow
from dlaaw_nb.workflow.file_tasks import make_task, usual_policy
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.kind_info import own_info
from dlaaw_nb.workflow.library import kind_name
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.task import Task
from dlaaw_nb.workflow.unloaded import UnloadedTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Known", "known_task", "known_tasks", "own_tasks", "put_in_known"]

Known = dict[tuple[str, str], Any]
"""Functions and classes by module (empty for what a cell defines) and kind."""

_PACKAGE = __name__.partition(".")[0]


def own_tasks(namespace: Mapping[str, Any]) -> list[Any]:
    """Find the tasks that a person has defined or imported.

    Parameters
    ----------
    namespace : mapping of str to object
        The person's variables.

    Returns
    -------
    list of FunctionTask or type of Task
        Each once, without the ready ones, in the order of the variables.
    """
    found: dict[int, Any] = {}
    for name, value in list(namespace.items()):
        if not name.startswith("_") and _is_own(value):
            found.setdefault(id(getattr(value, "function", value)), value)
    return list(found.values())


def known_tasks(things: list[Any]) -> Known:
    """Sort tasks by how documents name them; those that no document can name are left out."""
    known: Known = {}
    for thing in things:
        try:
            entry = own_info(thing)["entry"]
        except DlaawError:
            continue
        known[entry.get("module", ""), entry["kind"]] = thing
    return known


def put_in_known(workflow: Workflow, known: Known) -> bool:
    """Put tasks at hand in the places of those whose code has not run.

    Parameters
    ----------
    workflow : Workflow
        It is changed.
    known : dict
        See `known_tasks`.

    Returns
    -------
    bool
        Whether there were any.

    Raises
    ------
    FormatError, GraphError
        When the ports or parameters are others.
    """
    some = False
    for name, task in list(workflow.tasks.items()):
        made = known_task(task, known)
        if made is not task:
            workflow.replace(name, made)
            some = True
    return some


def known_task(task: Task, known: Known) -> Task:
    """Give the task at hand that one whose code has not run stands for; itself where none does."""
    if isinstance(task, UnloadedTask):
        key = task.entry.get("module", ""), task.entry["kind"]
        if key not in known:
            return task
        entry = {name: value for name, value in task.entry.items() if name != "module"}
        return make_task(entry, {entry["kind"]: known[key]}, None)
    made: Task = task
    if isinstance(task, SubWorkflow):
        inner = task.workflow.copy()
        if put_in_known(inner, known):
            made = SubWorkflow(inner)
    elif isinstance(task, Map):
        item = known_task(task.task, known)
        made = task if item is task.task else Map(item, task.over)
    if made is task or task.policy == usual_policy(task):
        return made
    return made.with_policy(**{name: getattr(task.policy, name) for name in Policy.__slots__})


def _is_own(value: Any) -> bool:
    if isinstance(value, FunctionTask):
        return kind_name(value) is None
    if not isinstance(value, type) or not issubclass(value, Task):
        return False
    return value.__module__.partition(".")[0] != _PACKAGE
