"""Tasks of files whose code has not run, and their ports as entries of a file."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError, GraphError, TrustError
from dlaaw_nb.workflow.composite import Map
from dlaaw_nb.workflow.documents import shown
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.port_type import PortType, port_type
from dlaaw_nb.workflow.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UnloadedTask", "mapped", "port_entry", "type_named"]


class UnloadedTask(Task):
    """A task of a file whose code has not run, for the file is not trusted yet.

    Parameters
    ----------
    entry : mapping
        As it stands in the file.

    Raises
    ------
    FormatError
        When its kind or module is no name that Python could look up.
    """

    def __init__(self, entry: Mapping[str, Any]) -> None:
        for key in ("kind", "module"):
            if key in entry and not _is_dotted(entry[key]):
                raise FormatError(
                    f"{key}: expected names with dots between, got {shown(entry[key])}.", key
                )
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


def mapped(task: Task) -> Task:
    """Give what a map runs for each item, a map of a map too; of any other task itself."""
    while isinstance(task, Map):
        task = task.task
    return task


def port_entry(port: Port) -> dict[str, Any]:
    """Write a port."""
    entry: dict[str, Any] = {"name": port.name, "type": port.type.name}
    if port.direction == "input" and not port.required:
        entry["required"] = False
    if port.many:
        entry["many"] = True
    return entry


def type_named(name: str) -> PortType:
    """Find a port type; one that only the code of a file brings is made up until that has run."""
    try:
        return port_type(name)
    except GraphError:
        return PortType(name, "a type of the file's own")


def _port(entry: Mapping[str, Any], side: Any) -> Port:
    return Port(
        entry["name"], type_named(entry["type"]), side,
        required=entry.get("required", True), many=entry.get("many", False),
    )  # fmt: skip


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split("."))
