"""Workflows: graphs of tasks with inputs and outputs of their own."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import NOTHING, WorkflowInput
from dlaaw_nb.workflow.converters import converter, offer
from dlaaw_nb.workflow.graph import Edge, Graph
from dlaaw_nb.workflow.port_type import PortType, type_of
from dlaaw_nb.workflow.shown import WorkflowShown
from dlaaw_nb.workflow.signature import annotated_type
from dlaaw_nb.workflow.task import Source, Task
from dlaaw_nb.workflow.verbs import WorkflowVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pathlib import Path

    from dlaaw_nb.workflow.port import Port

__all__ = ["Workflow"]


class Workflow(WorkflowShown, WorkflowVerbs, Graph):
    """Tasks joined by edges, with inputs and outputs of its own.

    Tasks and edges are checked as they are added; what can be known only at the end (a cycle, an
    input that nothing feeds) is found by `check`, and before every run.

    Parameters
    ----------
    name : str
        What the workflow is called in messages and views.
    description : str
        For people; a sentence or two.

    Examples
    --------
    >>> from dlaaw_nb import Workflow, task
    >>> @task
    ... def square(x: int) -> int:
    ...     return x * x
    >>> workflow = Workflow("squares")
    >>> first = workflow.add(square, x=workflow.input("x", 3))
    >>> workflow.output("result", workflow.add(square, x=first))
    >>> workflow
    <Workflow 'squares': 2 tasks, 2 edges>
    """

    def __init__(self, name: str = "workflow", description: str = "") -> None:
        super().__init__(name)
        self.description = description
        self._inputs: dict[str, WorkflowInput] = {}
        self._outputs: dict[str, Source] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self.folder: Path | None = None  # of its file, which relative paths in it start from
        self.places: dict[str, tuple[float, float]] = {}  # where a person put a task on a canvas

    @property
    def inputs(self) -> Mapping[str, WorkflowInput]:
        """What the workflow is given, by name (read only)."""
        return MappingProxyType(self._inputs)

    @property
    def outputs(self) -> Mapping[str, Source]:
        """What the workflow gives, by name: which output of which task (read only)."""
        return MappingProxyType(self._outputs)

    def input_types(self, name: str) -> set[str]:
        """Name the port types that an input of the workflow feeds, or its own type if it has one."""
        declared = self._inputs[name]
        if declared.type is not None:
            return {declared.type.name}
        return {
            self._tasks[edge.target].input(edge.target_port).type.name
            for edge in self.edges
            if (edge.source, edge.source_port) == ("", name)
        }

    def values(self, task: Task | str) -> Mapping[str, Any]:
        """The constants at the inputs of a task, by port (read only)."""
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
        if not isinstance(name, str) or not name or name in self._inputs:
            raise GraphError(
                f"{self.name}: expected the name of an input that is not taken, got {name!r}."
            )
        kind = None if type is None else annotated_type(type)
        if kind is not None and default is not NOTHING:
            reason = _misfit(kind, default)
            if reason:
                raise GraphError(f"{self.name}: input {name}: {reason}.")
        self._inputs[name] = WorkflowInput(name, default, kind, description)
        return self._inputs[name]

    def output(self, name: str, source: Any, port: str | None = None) -> None:
        """Declare something that the workflow gives.

        Parameters
        ----------
        name : str
            Its name; ``run.outputs[name]`` is its value.
        source : Task, Source or str
            A placed task, one of its outputs (``task["port"]``), or the name of either.
        port : str or None
            Name of the output; None takes the one named by `source`, else the task's first.

        Raises
        ------
        GraphError
            When the name is taken, or there is no such task or output.
        """
        if not isinstance(name, str) or not name or name in self._outputs:
            raise GraphError(
                f"{self.name}: expected the name of an output that is not taken, got {name!r}."
            )
        found = self._source(source, port, None)
        if not found.task:
            raise GraphError(f"{self.name}: output {name}: expected a task, got an input.")
        self._outputs[name] = found

    def add(self, task: Any, /, *sources: Any, name: str | None = None, **inputs: Any) -> Any:
        """Place a task, and say what its inputs are.

        Parameters
        ----------
        task : Task or Workflow
            What to place; a copy is. A workflow becomes one task with the workflow's inputs and
            outputs.
        *sources : WorkflowInput, Task, Source or object
            What feeds its inputs, in their order; an input that takes many takes all that is left.
            An input of the workflow, a placed task, one of its outputs, or a plain value.
        name : str or None
            Its name; None counts it by its kind (``ReadCSV1``, ``ReadCSV2``).
        **inputs : object
            The same by name of the input.

        Returns
        -------
        Task
            The placed copy; ``placed["port"]`` is one of its outputs.

        Raises
        ------
        GraphError
            When it is no task, the name is taken, or something does not fit; the workflow then
            stays as it was.
        """
        from dlaaw_nb.workflow.composite import SubWorkflow

        placed = self.place(SubWorkflow(task) if isinstance(task, Workflow) else task, name)
        try:
            for port, source in self._in_order(placed, sources):
                self._feed(placed, port, source)
            for port, source in inputs.items():
                several = isinstance(source, (list, tuple)) and not isinstance(source, Source)
                many = several and placed.input(port).many
                for one in source if many else (source,):
                    self._feed(placed, port, one)
        except GraphError:
            self.remove(placed)
            raise
        return placed

    def map(
        self,
        task: Any,
        over: Mapping[str, Any],
        *,
        name: str | None = None,
        **inputs: Any,
    ) -> Any:
        """Place a task that runs once for each item of a list, and gathers the results in lists.

        Parameters
        ----------
        task : Task or Workflow
            What runs for each item.
        over : mapping of str to source
            By name of its input, the list whose items it takes; several lists go in step.
        name : str or None
            Its name.
        **inputs : object
            What is the same for every item.

        Returns
        -------
        Task
            The placed task; each of its outputs is a list.

        Raises
        ------
        GraphError
            As for `add`.
        """
        from dlaaw_nb.workflow.composite import Map

        return self.add(Map(task, tuple(over)), name=name, **over, **inputs)

    def connect(
        self,
        source: Any,
        target: Task | str,
        *,
        source_port: str | None = None,
        target_port: str | None = None,
        convert: bool = False,
        live: bool = False,
    ) -> Edge:
        """Join an output, or an input of the workflow, to an input of a task.

        Parameters
        ----------
        source : Task, Source, WorkflowInput or str
            What gives.
        target : Task or str
            The placed task that takes, or its name.
        source_port, target_port : str or None
            Names of the output and the input. None takes the first output that fits, and the only
            input there is.
        convert : bool
            Whether to put a converter between where the types do not fit and there is one.
        live : bool
            Whether the target runs at every cost event of a network too, with what the layer puts
            out then.

        Returns
        -------
        Edge
            The new edge; the one into `target`, where a converter was put between.

        Raises
        ------
        GraphError
            When a task or port is unknown, types or shapes do not fit, or the input is fed already.
        """
        taker = self.placed(target)
        taken = taker.input(target_port)
        given = self._source(source, source_port, taken)
        if convert and given.task:
            given = self._converted(given, taken)
        if taken.name in self._values.get(taker.name, {}):
            raise GraphError(
                f"{given} -> {taker.name}.{taken.name}: that input has a value already. Give it "
                "either a value or an edge."
            )
        return self.join(given, Source(taker.name, taken.name), live=live)

    def set(self, task: Task | str, **values: Any) -> None:
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
            reason = _misfit(taken.type, value)
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

    def dangling(self) -> tuple[tuple[str, str], ...]:
        """List the required inputs that have neither an edge nor a value."""
        values = self._values
        return tuple(
            (task, port) for task, port in super().dangling() if port not in values.get(task, {})
        )

    def __repr__(self) -> str:
        return f"<Workflow {self.name!r}: {len(self._tasks)} tasks, {len(self.edges)} edges>"

    def _feed(self, task: Task, port: str, source: Any) -> None:
        if isinstance(source, Task | Source | WorkflowInput):
            self.connect(source, task, target_port=port)
        else:
            self.set(task, **{port: source})

    def _in_order(self, task: Task, sources: tuple[Any, ...]) -> list[tuple[str, Any]]:
        ports = task.inputs
        pairs: list[tuple[str, Any]] = []
        for number, source in enumerate(sources):
            at = min(number, len(ports) - 1)
            if not ports or (number >= len(ports) and not ports[-1].many):
                raise GraphError(
                    f"{task.name}: expected at most {len(ports)} inputs "
                    f"({', '.join(port.name for port in ports) or 'none'}), got {len(sources)}."
                )
            pairs.append((ports[at].name, source))
        return pairs

    def _source(self, source: Any, port: str | None, taken: Port | None) -> Source:
        if isinstance(source, str) and source not in self._tasks:
            task, _, named = source.rpartition(".")
            if task in self._tasks:
                source, port = task, port or named
            elif source in self._inputs:
                return Source("", source)
        if isinstance(source, Source):
            if not source.task and source.port in self._inputs:
                return source
            return Source(self.placed(source.task).name, port or source.port)
        if isinstance(source, WorkflowInput):
            if self._inputs.get(source.name) is not source:
                raise GraphError(
                    f"{self.name}: input {source.name!r} is of another workflow. Use what this "
                    "one's input() returned."
                )
            return Source("", source.name)
        giver = self.placed(source)
        if port is not None:
            return Source(giver.name, giver.output(port).name)
        outputs = giver.outputs
        if not outputs:
            raise GraphError(f"{giver.name}: it has no output that could be used.")
        fitting = (out for out in outputs if taken is None or taken.refusal(out) is None)
        return Source(giver.name, next(fitting, outputs[0]).name)

    def _refusal(self, source: Source, taken: Port) -> str | None:
        if source.task:
            return super()._refusal(source, taken)
        given = self._inputs.get(source.port)
        if given is None:
            return f"there is no input {source.port!r}. Declare it with input({source.port!r})"
        if given.type is not None:
            fits = taken.type.accepts(given.type) or offer(given.type, taken.type)
            return None if fits else taken.type.refusal(given.type)
        reason = None if given.default is NOTHING else _misfit(taken.type, given.default)
        return reason and f"{reason}. Give it type=..., or feed it to a converter first."

    def _converted(self, given: Source, taken: Port) -> Source:
        from dlaaw_nb.workflow.library import ready_task

        output = self.placed(given.task).output(given.port)
        kind = None if taken.refusal(output) is None else offer(output.type, taken.type)
        if kind is None:
            return given
        between = self.place(ready_task(kind))
        self.join(given, Source(between.name, between.inputs[0].name))
        return Source(between.name, between.outputs[0].name)


def _misfit(wanted: PortType, value: Any) -> str | None:
    """Why a value a person gave cannot become one of a type; None when it can."""
    reason = wanted.check(value)
    if reason is None:
        return None
    found = type_of(value)
    names = [found.name, *found.wider]
    if isinstance(value, str):  # a path or URL
        names.append("file")
    return None if any(converter(name, wanted.name) for name in names) else reason
