"""The call of a task: what goes in is loaded, what comes out is checked and kept."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError, TaskError
from dlaaw_nb.workflow.values import ABSENT, Ref, keep, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.store.objects import Objects
    from dlaaw_nb.workflow.context import TaskContext
    from dlaaw_nb.workflow.jobs import Feed
    from dlaaw_nb.workflow.port import Port
    from dlaaw_nb.workflow.task import Task

__all__ = ["VIA", "called", "converters", "kept", "loaded"]

VIA = "via "
"""Before the kind of a converter, what it goes by among the tasks of a batch."""

converters: dict[str, Task] = {}
"""Of a process that got them from another one, which may know more kinds, by kind."""

_MOST_CONVERSIONS = 16
_conversions: OrderedDict[str, Any] = OrderedDict()


def called(task: Task, given: Mapping[str, Any]) -> Any:
    """Call a task's `run` with what its inputs get.

    Parameters
    ----------
    task : Task
        The task.
    given : mapping of str to object
        By input; a list for one that takes many.

    Returns
    -------
    object
        What it returns.

    Raises
    ------
    TaskError
        When it has no `run`, or an input is missing that must stand before others.
    """
    run: Any = getattr(task, "run", None)
    if run is None:
        raise TaskError(f"{task.kind} has no method run. Write what it does there.")
    many = next((port.name for port in task.inputs if port.many), None)
    if many is None:
        return run(**given)
    # Python takes *values only behind all that stands before them.
    before = [port.name for port in task.inputs]
    first = before[: before.index(many)]
    values = given.get(many, [])
    if not values:
        return run(**{name: value for name, value in given.items() if name != many})
    missing = [name for name in first if name not in given]
    if missing:
        raise TaskError(f"{missing[0]}: must be given where {many} is.")
    later = {k: v for k, v in given.items() if k not in first and k != many}
    return run(*(given[name] for name in first), *values, **later)


def loaded(feed: Feed, objects: Objects | None) -> Any:
    """Give what an input gets: a value, or a list of them.

    Parameters
    ----------
    feed : Feed
        References.
    objects : Objects or None
        Where they are kept; None where that cannot be reached.

    Returns
    -------
    object
        The value.

    Raises
    ------
    StoreError, CodecError
        See `load`.
    """
    values = [
        _converted(ref, kind, objects) if kind else load(ref, objects)
        for ref, kind in zip(feed.refs, feed.via, strict=True)
    ]
    return values if feed.many else values[0]


def kept(
    task: Task, result: Any, made: TaskContext, objects: Objects | None, *, keeps: bool
) -> tuple[dict[str, Ref], list[str]]:
    """Check what a task gave, and keep it.

    Parameters
    ----------
    task : Task
        The task.
    result : object
        What `run` returned.
    made : TaskContext
        Its surroundings.
    objects : Objects or None
        Where values are kept.
    keeps : bool
        Whether they are kept at all.

    Returns
    -------
    refs : dict of str to Ref
        By output.
    notes : list of str
        Why some are not kept.

    Raises
    ------
    TaskError
        When an output is missing, or is not of its port's type.
    StoreError
        When the store cannot take it.
    """
    refs, notes = {}, []
    values = _by_port(task, result)
    for port in task.outputs:
        value = values.get(port.name, ABSENT)
        if value is ABSENT:
            if made.wanted is None or port.name in made.wanted:
                raise TaskError(f"output {port.name}: expected a value, got none from run().")
            continue
        if not keeps:
            refs[port.name] = Ref(port.type, value=value)
            continue
        try:
            refs[port.name], note = keep(value, port.type, objects, made)
        except CodecError as error:
            raise TaskError(f"output {port.name}: {error}.".replace("..", ".")) from error
        if note:
            notes.append(f"{port.name}: {note}")
    return refs, notes


def _converted(ref: Ref, kind: str, objects: Objects | None) -> Any:
    """Load what a person gave and turn it into what the input takes; remembered by content."""
    if kind.startswith("!"):
        raise TaskError(f"{kind[1:]}. Give the task before it a return annotation, or convert.")
    from dlaaw_nb.workflow.library import ready_task

    task = converters.get(kind) or ready_task(kind)
    port = task.outputs[0]
    key = f"{ref.hash}>{kind}>{ref.filename}" if ref.hash else ""
    found = _conversions.get(key, ABSENT)
    if found is ABSENT:
        found = _by_port(task, called(task, {task.inputs[0].name: load(ref, objects)}))[port.name]
        if key:
            _conversions[key] = found
            while len(_conversions) > _MOST_CONVERSIONS:
                _conversions.popitem(last=False)
    keeper = port.type.keeper
    return found if keeper is None else keeper.settle(found)


def _by_port(task: Task, result: Any) -> Mapping[str, Any]:
    ports: tuple[Port, ...] = task.outputs
    if not ports:
        return {}
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        named: Mapping[str, Any] = result._asdict()
        if set(named) == {port.name for port in ports}:
            return named
    if len(ports) == 1:
        by_name = isinstance(result, dict) and set(result) == {ports[0].name}
        bare = not by_name or ports[0].type.check(result) is None
        return {ports[0].name: result if bare else result[ports[0].name]}
    if isinstance(result, tuple | list) and len(result) == len(ports):
        return {port.name: value for port, value in zip(ports, result, strict=True)}
    if isinstance(result, dict):
        return result
    names = ", ".join(port.name for port in ports)
    raise TaskError(
        f"expected {len(ports)} outputs ({names}), got a {type(result).__name__}. Return a "
        "mapping by name, or a tuple in that order."
    )
