"""All that a canvas can offer: kinds of tasks with their ports and parameters, types, converters.

Plain JSON values. What other rooms bring along (layers of networks) they register by name, as they
do with the codecs of port types.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.workflow.catalogue_parts import made_parts
from dlaaw_nb.workflow.converters import converters
from dlaaw_nb.workflow.kind_info import own_info, ready_info
from dlaaw_nb.workflow.library import ready_kinds
from dlaaw_nb.workflow.port_type import port_types

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FORMAT", "VERSION", "catalogue", "catalogue_text"]

FORMAT: Final = "dlaaw-nb/catalogue"
VERSION: Final = 1


def catalogue(own: Iterable[Any] = ()) -> dict[str, Any]:
    """List all that can be put on a canvas.

    Parameters
    ----------
    own : iterable of Task or type of Task
        What the person has made besides the kinds that are registered: functions with ``@task``,
        classes.

    Returns
    -------
    dict
        ``types``, ``converters`` and ``tasks`` (see `kind_info.ready_info`), those of this package
        first, by groups; what other rooms have registered, such as ``layers`` and ``network``; and
        ``broken``, kinds that could not be imported, each with the reason.
    """
    tasks, broken = _ready()
    known = {info["kind"] for info in tasks}
    tasks.sort(key=lambda info: (info.pop("rank"), info["group"], info["kind"]))
    for thing in own:
        try:
            info = own_info(thing)
        except DlaawError as error:
            broken.append({"kind": str(getattr(thing, "kind", thing)), "text": str(error)})
            continue
        if info["kind"] not in known:
            known.add(info["kind"])
            tasks.append(info)
    made: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "types": [
            {"name": kind.name, "description": kind.description, "wider": list(kind.wider)}
            for kind in port_types()
        ],
        "converters": [
            {"kind": kind, "source": source, "target": target}
            for (source, target), kind in sorted(converters().items())
        ],
        "tasks": tasks,
    }
    return {**made, **made_parts(), "broken": broken}


def _ready() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    tasks, broken = [], []
    for name in ready_kinds():
        # A package that is broken must not hide the rest.
        try:
            tasks.append(ready_info(name))
        except Exception as error:  # noqa: BLE001, PERF203
            broken.append({"kind": name, "text": f"{type(error).__name__}: {error}"})
    return tasks, broken


def catalogue_text() -> str:
    """Write the catalogue of what is installed as JSON text, a line for each value."""
    return json.dumps(catalogue(), indent=1, ensure_ascii=False) + "\n"
