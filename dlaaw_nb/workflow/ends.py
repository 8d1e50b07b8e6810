"""What a workflow is given and gives, and the plain values at its tasks' inputs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import NOTHING, WorkflowInput
from dlaaw_nb.workflow.converters import converter
from dlaaw_nb.workflow.graph import Graph
from dlaaw_nb.workflow.port_type import PortType, type_of
from dlaaw_nb.workflow.signature import annotated_type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dlaaw_nb.workflow.task import Source, Task

__all__ = ["Ends", "misfit"]


class Ends(Graph):
    """A graph with inputs, outputs and plain values.

    Parameters
    ----------
    name : str
        What it is called in messages and views.
    description : str
        For people; a sentence or two.
    """

    def __init__(self, name: str = "workflow", description: str = "") -> None:
        super().__init__(name)
        self.description = description
        self._inputs: dict[str, WorkflowInput] = {}
        self._outputs: dict[str, Source] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self.folder: Path | None = None  # of its file, which relative paths in it start from
        self.code: str | None = None  # of its file, as long as that is not trusted
        self.trusted = True  # made here, or from a file that the person trusts
        # Where a person put tasks and ends on a canvas, in pixels.
        self.places: dict[str, tuple[float, float]] = {}
        self.input_places: dict[str, tuple[float, float]] = {}
        self.output_places: dict[str, tuple[float, float]] = {}

    @property
    def inputs(self) -> Mapping[str, WorkflowInput]:
        """What the workflow is given, by name (read only)."""
        return MappingProxyType(self._inputs)

    @property
    def outputs(self) -> Mapping[str, Source]:
        """What the workflow gives, by name: which output of which task (read only)."""
        return MappingProxyType(self._outputs)

    def input_types(self, name: str) -> set[str]:
        """Name the port types that an input feeds, or its own type if it has one."""
        declared = self._inputs[name]
        if declared.type is not None:
            return {declared.type.name}
        return {
            self._tasks[edge.target].input(edge.target_port).type.name
            for edge in self.edges
            if (edge.source, edge.source_port) == ("", name)
        }

    def values(self, task: Task | str) -> Mapping[str, Any]:
        """Give the constants at the inputs of a task, by port (read only)."""
        return MappingProxyType(self._values.get(self.placed(task).name, {}))

    def input(
        self, name: str, default: Any = NOTHING, *, type: Any = None, description: str = ""  # noqa: A002
    ) -> WorkflowInput:  # fmt: skip
        """Declare something that the workflow is given.

        Parameters
        ----------
        name : str
            Its name; ``run(name=...)`` gives another value than the default.
        default : object
            A file's path, a URL, a table, a number, ...; left out where a run must say.
        type : str, class or None
            Name of a port type, or a class; None takes what the port that it feeds expects, and a
            path or URL given to it is read as that: ``"rows.csv"`` as a data set, say.
        description : str
            For people.

        Returns
        -------
        WorkflowInput
            To be given to `add` or `connect`.

        Raises
        ------
        GraphError
            When the name is taken or no name, or the default is not of the type.
        """
        if not name or name in self._inputs:
            raise GraphError(
                f"{self.name}: expected the name of an input that is not taken, got {name!r}."
            )
        kind = None if type is None else annotated_type(type)
        if kind is not None and default is not NOTHING:
            reason = misfit(kind, default)
            if reason:
                raise GraphError(f"{self.name}: input {name}: {reason}.")
        self._inputs[name] = WorkflowInput(name, default, kind, description)
        return self._inputs[name]

    def set(self, task: Task | str, /, **values: Any) -> None:
        """Give inputs of a task plain values.

        Raises
        ------
        GraphError
            When there is no such input, it is fed already, or the value does not fit.
        """
        placed = self.placed(task)
        for port, value in values.items():
            taken = placed.input(port)
            where = f"{placed.name}.{port}"
            if (placed.name, port) in self._fed:
                raise GraphError(f"{where}: that input is fed already. Disconnect it first.")
            reason = misfit(taken.type, value)
            if reason:
                raise GraphError(f"{where}: {reason}.")
            self._values.setdefault(placed.name, {})[port] = value

    def remove(self, task: Task | str) -> None:
        """Take a task away, with its edges, and what it gave to the workflow's outputs."""
        name = self.placed(task).name
        super().remove(name)
        self._values.pop(name, None)
        self.places.pop(name, None)
        for output in [key for key, source in self._outputs.items() if source.task == name]:
            del self._outputs[output]
            self.output_places.pop(output, None)

    def dangling(self) -> tuple[tuple[str, str], ...]:
        """List the required inputs that have neither an edge nor a value."""
        values = self._values
        return tuple(
            (task, port) for task, port in super().dangling() if port not in values.get(task, {})
        )


def misfit(wanted: PortType, value: Any) -> str | None:
    """Why a value a person gave cannot become one of a type; None when it can."""
    reason = wanted.check(value)
    if reason is None:
        return None
    found = type_of(value)
    names = [found.name, *found.wider]
    if isinstance(value, str):  # a path or URL
        names.append("file")
    return None if any(converter(name, wanted.name) for name in names) else reason
