"""What a canvas must know of a kind of task: its group, ports, parameters, and what it is for."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.docstrings import summary_of
from dlaaw_nb.workflow.file_tasks import TaskEntries
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.library import find_kind
from dlaaw_nb.workflow.parameter_info import parameters_of
from dlaaw_nb.workflow.task import Task
from dlaaw_nb.workflow.unloaded import port_entry

if TYPE_CHECKING:
    from dlaaw_nb.workflow.port import Port

__all__ = ["OWN", "own_info", "port_info", "ports_info", "ready_info"]

OWN: Final = "Own tasks"
# The order of a palette; groups that are not here follow by name.
_ORDER: Final = (
    "Files", "Tables", "Splits", "Networks", "Voting", "Plots and reports", "Scripts and services",
    "Converters",
)  # fmt: skip


def ready_info(name: str) -> dict[str, Any]:
    """Describe a ready task.

    Parameters
    ----------
    name : str
        One of `ready_kinds`.

    Returns
    -------
    dict
        ``kind``, ``group``, ``summary``, ``inputs`` and ``outputs`` (see `port_info`; those that
        depend on parameters as the defaults make them), ``parameters`` (see `parameters_of`), and
        ``rank``, by which groups are sorted.
    """
    kind = find_kind(name)
    sample = kind if isinstance(kind, Task) else _sample(kind)
    room = str(getattr(kind, "__module__", "")).partition(".")[0]
    group = OWN if room == "__main__" else getattr(kind, "palette_group", "") or room
    info = {
        "kind": name,
        "group": group,
        "summary": summary_of(kind.__doc__),
        **ports_info(sample),
        "parameters": [] if isinstance(kind, Task) else _parameters(kind),
    }
    return {**info, "rank": _ORDER.index(group) if group in _ORDER else len(_ORDER)}


def own_info(thing: Any) -> dict[str, Any]:
    """Describe a task of a person's own, which is not registered.

    Parameters
    ----------
    thing : Task or type of Task
        A function task, or a class.

    Returns
    -------
    dict
        As for `ready_info`, without a rank. Its ``entry`` is what stands in a document besides its
        name, for there such a task brings its ports.

    Raises
    ------
    GraphError
        When it is neither, or its ports or defaults cannot be told.
    """
    sample = thing if isinstance(thing, FunctionTask) else _sample(thing)
    entry = TaskEntries(_refuse).entry(sample)
    entry.pop("parameters", None)
    return {
        "kind": entry["kind"],
        "group": OWN,
        "summary": summary_of(thing.__doc__),
        **ports_info(sample),
        "parameters": [] if isinstance(thing, Task) else _parameters(thing),
        "entry": entry,
    }


def ports_info(task: Task) -> dict[str, list[dict[str, Any]]]:
    """Describe the ports of a task: ``inputs`` and ``outputs``, see `port_info`."""
    return {
        "inputs": [port_info(port) for port in task.inputs],
        "outputs": [port_info(port) for port in task.outputs],
    }


def port_info(port: Port) -> dict[str, Any]:
    """Describe a port: as in a document, with its ``shape`` where that is known."""
    entry = port_entry(port)
    return entry if port.shape is None else {**entry, "shape": list(port.shape)}


def _sample(kind: Any) -> Task:
    """Make a task to ask for its ports; one whose parameters have no default is not finished."""
    if not isinstance(kind, type) or not issubclass(kind, Task):
        raise GraphError(f"expected a task, got {kind!r:.100}.")
    try:
        return kind.from_parameters({})
    except Exception:  # noqa: BLE001 - whatever checks of parameters raise
        sample: Task = object.__new__(kind)
    own: Any = kind
    for item in fields(own) if is_dataclass(own) else ():
        if item.default_factory is not MISSING:
            object.__setattr__(sample, item.name, item.default_factory())
        elif item.default is MISSING and item.init:
            object.__setattr__(sample, item.name, None)
    try:
        _ = sample.inputs, sample.outputs
    except Exception as error:
        raise GraphError(
            f"{kind.__name__}: its ports depend on parameters without a default "
            f"({type(error).__name__}: {error}). Give them defaults."
        ) from error
    return sample


def _parameters(kind: Any) -> list[dict[str, Any]]:
    """Describe what a class is made with; a default that it refuses is none."""
    found = parameters_of(kind)
    try:
        kind.from_parameters({})
    except Exception as error:  # noqa: BLE001 - whatever checks of parameters raise
        for info in found:
            if str(error).startswith(f"{kind.__name__}: {info['name']}: "):
                info |= {"required": True, "optional": False}
                if info.get("default") is None:
                    info.pop("default", None)
    return found


def _refuse(_: Any) -> NoReturn:
    raise GraphError("expected a task of a person's own, got a workflow.")
