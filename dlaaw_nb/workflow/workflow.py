"""Workflows: graphs of tasks with inputs and outputs of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.ends import misfit
from dlaaw_nb.workflow.joins import Joins
from dlaaw_nb.workflow.shown import WorkflowShown
from dlaaw_nb.workflow.task import Source
from dlaaw_nb.workflow.verbs import WorkflowVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.task import Task

__all__ = ["Workflow"]


class Workflow(WorkflowShown, WorkflowVerbs, Joins):
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
        if not name or name in self._outputs:
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

    def replace(self, task: Task | str, new: Task) -> Any:
        """Put another task in the place of one; its edges and values stay.

        Parameters
        ----------
        task : Task or str
            The placed task, or its name.
        new : Task
            What stands there from now on, under the same name: the same kind with other parameters,
            say.

        Returns
        -------
        Task
            The placed copy.

        Raises
        ------
        GraphError
            When an edge or a value does not fit it; the workflow then stays as it was.
        """
        old = self.placed(task)
        placed = self._tasks[old.name] = new.placed(old.name)
        try:
            self._check_around(placed)
        except GraphError:
            self._tasks[old.name] = old
            raise
        return placed

    def _check_around(self, task: Task) -> None:
        """Check what is joined to a task, and what it is given, as when it was added."""
        for edge in self.edges:
            if task.name in (edge.source, edge.target):
                source = Source(edge.source, edge.source_port)
                taken = self.placed(edge.target).input(edge.target_port)
                if reason := self._refusal(source, taken):
                    raise GraphError(f"{edge}: {reason}")
        for port, value in self._values.get(task.name, {}).items():
            if reason := misfit(task.input(port).type, value):
                raise GraphError(f"{task.name}.{port}: {reason}.")
        for source in self._outputs.values():
            if source.task == task.name:
                task.output(source.port)

    def __repr__(self) -> str:
        return f"<Workflow {self.name!r}: {len(self._tasks)} tasks, {len(self.edges)} edges>"
