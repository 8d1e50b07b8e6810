"""What a workflow from elsewhere would do that a file may not do by itself."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.composite import Map, SubWorkflow
from dlaaw_nb.workflow.unloaded import UnloadedTask, mapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlaaw_nb.workflow.task import Task
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Risks", "leaves_folder"]

_TEXT = "str"


class Risks:
    """Finds tasks that run code or commands, and paths that leave the folder of the file.

    Parameters
    ----------
    everywhere : bool
        Whether to look at what the person made or trusts, too.
    """

    def __init__(self, *, everywhere: bool) -> None:
        self._everywhere = everywhere

    def of(self, workflow: Workflow) -> list[str]:
        """Write a phrase for each of them."""
        return list(self._found(workflow, ""))

    def _found(self, workflow: Workflow, prefix: str) -> Iterator[str]:
        wanted = self._everywhere or not workflow.trusted
        for name, task in workflow.tasks.items():
            inner = mapped(task)
            where = f"{prefix}{name}"
            if isinstance(inner, SubWorkflow):
                yield from self._found(inner.workflow, f"{where}/")
            elif isinstance(inner, UnloadedTask):
                yield f"task {where} runs code of its own ({inner.kind})"
            elif wanted and inner.carries_code:
                yield f"task {where} ({inner.kind}) runs a command or sends data"
            if wanted:
                yield from _values(workflow, task, where)
        if wanted:
            yield from _defaults(workflow, prefix)


def _values(workflow: Workflow, task: Task, where: str) -> Iterator[str]:
    for port, value in workflow.values(task.name).items():
        if not _only_text(task, port) and leaves_folder(value):
            yield f"task {where} reads {value!r:.100}"


def _defaults(workflow: Workflow, prefix: str) -> Iterator[str]:
    leaving = {name for name, given in workflow.inputs.items() if leaves_folder(given.default)}
    if not leaving:
        return
    text = dict.fromkeys(leaving, True)
    fed = set()
    for edge in workflow.edges:
        if not edge.source and edge.source_port in leaving:
            fed.add(edge.source_port)
            if not _only_text(workflow.tasks[edge.target], edge.target_port):
                text[edge.source_port] = False
    for name in workflow.inputs:
        declared = workflow.inputs[name]
        if name not in leaving or (declared.type is not None and declared.type.name == _TEXT):
            continue
        if declared.type is not None or name not in fed or not text[name]:
            yield f"input {prefix}{name} reads {declared.default!r:.100}, outside of its folder"


def _only_text(task: Task, port: str) -> bool:
    """Whether what comes in there is never taken for a path.

    An input of a workflow inside says nothing: what counts is which tasks in it are fed.
    """
    return not isinstance(task, Map | SubWorkflow) and task.input(port).type.name == _TEXT


def leaves_folder(value: Any) -> bool:
    """Tell whether a path leads out of the folder that its file is in.

    Parameters
    ----------
    value : object
        Text, a path, or a list of them; whatever else it is leads nowhere.

    Returns
    -------
    bool
        Whether it does, or one in the list.
    """
    if isinstance(value, list | tuple):
        return any(leaves_folder(item) for item in value)
    if isinstance(value, PurePath):
        value = str(value)
    if not isinstance(value, str):
        return False
    scheme, sign, _ = value.partition("://")
    if sign:
        return scheme.lower() not in ("http", "https")
    parts = value.replace("\\", "/").split("/")
    return value[:1] in ("/", "\\", "~") or ".." in parts or value[1:2] == ":"
