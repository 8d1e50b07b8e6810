"""Ready tasks, found by their names: those of this package and of others, by entry point."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["find_kind", "kind_name", "ready_kinds", "ready_task", "register_task"]

_GROUP = "dlaaw_nb.tasks"  # entry points: name = "module:Class or function task"
_added: dict[str, Any] = {}


def register_task(kind: Any, name: str | None = None) -> Any:
    """Make a kind of task known by its name in this process; usable as a decorator of classes.

    Parameters
    ----------
    kind : type of Task, or FunctionTask
        What the name stands for.
    name : str or None
        Its name; None takes its own.

    Returns
    -------
    type or FunctionTask
        `kind`.

    Raises
    ------
    GraphError
        When the name stands for another kind already.
    """
    key = name or (kind.kind if isinstance(kind, Task) else kind.__name__)
    if key in _entry_points() or _added.setdefault(key, kind) is not kind:
        raise GraphError(f"{key}: a kind of task has that name already. Choose another.")
    return kind


def ready_kinds() -> tuple[str, ...]:
    """Name the ready tasks, sorted; nothing is imported."""
    return tuple(sorted({*_entry_points(), *_added}))


def find_kind(name: str) -> Any:
    """Find a kind of task by its name.

    Parameters
    ----------
    name : str
        One of `ready_kinds`.

    Returns
    -------
    type of Task, or FunctionTask
        What the name stands for.

    Raises
    ------
    GraphError
        When nothing has that name; the message names what is near.
    """
    if name in _added:
        return _added[name]
    place = _entry_points().get(name)
    if place is None:
        near = difflib.get_close_matches(name, ready_kinds(), 3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "dlaaw tasks lists what there is."
        raise GraphError(f"{name!r}: no ready task has that name. {hint}")
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def ready_task(name: str, parameters: Mapping[str, Any] | None = None) -> Task:
    """Make a ready task by its name.

    Parameters
    ----------
    name : str
        One of `ready_kinds`.
    parameters : mapping or None
        What it is made with.

    Returns
    -------
    Task
        Not placed yet.

    Raises
    ------
    GraphError
        When nothing has that name, or the parameters do not fit.
    """
    kind = find_kind(name)
    if isinstance(kind, Task):
        return kind
    try:
        made: Task = kind.from_parameters(parameters or {})
    except TypeError as error:
        raise GraphError(f"{name}: {error}. Check its parameters.") from error
    return made


def kind_name(task: Task) -> str | None:
    """Name a task's kind if it is a ready one; None for a person's own."""
    from dlaaw_nb.workflow.function import FunctionTask

    name = task.kind if isinstance(task, FunctionTask) else type(task).__name__
    kind = _added.get(name)
    if kind is None and (place := _entry_points().get(name)):
        own = task.function if isinstance(task, FunctionTask) else type(task)
        return name if place == f"{own.__module__}:{own.__qualname__}" else None
    if kind is None:
        return None
    same = kind is type(task) or (isinstance(kind, FunctionTask) and kind == task)
    return name if same else None


@cache
def _entry_points() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=_GROUP)}
