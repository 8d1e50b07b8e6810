"""Joins what gives to what takes in a workflow, and finds the ports that nobody named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import NOTHING, WorkflowInput
from dlaaw_nb.workflow.converters import offer
from dlaaw_nb.workflow.ends import Ends, misfit
from dlaaw_nb.workflow.task import Source, Task

if TYPE_CHECKING:
    from dlaaw_nb.workflow.graph import Edge
    from dlaaw_nb.workflow.port import Port

__all__ = ["Joins"]


class Joins(Ends):
    """A graph whose tasks and ends can be joined by what people have at hand."""

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

    def _feed(self, task: Task, port: str, source: Any) -> None:
        if isinstance(source, Task | Source | WorkflowInput):
            self.connect(source, task, target_port=port)
        elif port in self._values.get(task.name, {}):
            raise GraphError(
                f"{task.name}.{port}: it has a plain value already. Give several by inputs of the "
                f"workflow: input(name, {source!r:.50})."
            )
        else:
            self.set(task, **{port: source})

    def _in_order(self, task: Task, sources: tuple[Any, ...]) -> list[tuple[str, Any]]:
        ports = task.inputs
        pairs: list[tuple[str, Any]] = []
        at = 0
        for source in sources:
            if at >= len(ports):
                raise GraphError(
                    f"{task.name}: expected at most {len(ports)} inputs "
                    f"({', '.join(port.name for port in ports) or 'none'}), got {len(sources)}."
                )
            pairs.append((ports[at].name, source))
            at += not ports[at].many
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
            giver = self.placed(source.task)
            return Source(giver.name, giver.output(port or source.port).name)
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
        reason = None if given.default is NOTHING else misfit(taken.type, given.default)
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
