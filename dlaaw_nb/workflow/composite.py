"""Tasks made of others: a workflow inside of a workflow, and a task for each item of a list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.task import Task
from dlaaw_nb.workflow.types import ANY, LIST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Map", "SubWorkflow"]


class SubWorkflow(Task):
    """A workflow as a task of another one; its tasks run among those of the other.

    Parameters
    ----------
    workflow : Workflow
        It is copied; what is changed in it later changes nothing here.
    """

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow.copy()
        inner = list(workflow.tasks.values())
        self.policy = Policy(cached=all(task.policy.cached for task in inner))
        self.uses_target = any(task.uses_target for task in inner)  # type: ignore[misc]

    @property
    def kind(self) -> str:
        """The workflow's name, made a word."""
        word = "".join(part.capitalize() for part in _words(self.workflow.name))
        return word if word[:1].isalpha() else "Workflow"

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The workflow's inputs; those with a default may be left open."""
        return tuple(
            Port(
                given.name,
                given.type or self._fed_type(given.name),
                "input",
                required=given.default is NOTHING,
            )
            for given in self.workflow.inputs.values()
        )

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The workflow's outputs."""
        return tuple(
            replace(self.workflow.tasks[source.task].output(source.port), name=name)
            for name, source in self.workflow.outputs.items()
        )

    def fingerprint(self) -> str:
        """Hash of the whole workflow."""
        return self.workflow.fingerprint()

    def _fed_type(self, name: str) -> Any:
        for edge in self.workflow.edges:
            if (edge.source, edge.source_port) == ("", name):
                return self.workflow.tasks[edge.target].input(edge.target_port).type
        return ANY

    def __repr__(self) -> str:
        return f"SubWorkflow({self.workflow!r})"


class Map(Task):
    """A task that runs once for each item of a list; what comes out is gathered in lists.

    Parameters
    ----------
    task : Task or Workflow
        What runs for each item.
    over : str or sequence of str
        Names of its inputs that take an item each of the lists; several lists go in step.

    Raises
    ------
    GraphError
        When it has no such input.
    """

    def __init__(self, task: Any, over: str | tuple[str, ...]) -> None:
        from dlaaw_nb.workflow.workflow import Workflow

        self.task: Task = SubWorkflow(task) if isinstance(task, Workflow) else task
        if not isinstance(self.task, Task):
            raise GraphError(f"map: expected a Task or Workflow, got {task!r:.100}.")
        self.over = (over,) if isinstance(over, str) else tuple(over)
        if not self.over:
            raise GraphError(f"map of {self.task.kind}: name at least one input to map over.")
        for name in self.over:
            self.task.input(name)
        self.policy = self.task.policy
        self.uses_target = self.task.uses_target  # type: ignore[misc]

    @property
    def kind(self) -> str:
        """``Map`` and the kind of its task."""
        return f"Map{self.task.kind[:1].upper()}{self.task.kind[1:]}"

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The task's inputs; those that are mapped over take lists."""
        return tuple(
            Port(port.name, LIST, "input") if port.name in self.over else port
            for port in self.task.inputs
        )

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The task's outputs, each a list."""
        return tuple(Port(port.name, LIST, "output") for port in self.task.outputs)

    @property
    def parameters(self) -> Mapping[str, Any]:  # type: ignore[override]
        """What it maps over."""
        return {"over": list(self.over)}

    def fingerprint(self) -> str:
        """Hash of its task, and of what it maps over."""
        import hashlib

        text = f"map {self.task.fingerprint()} {self.over}"
        return hashlib.sha256(text.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Map({self.task!r}, over={self.over!r})"


def _words(text: str) -> list[str]:
    return "".join(c if c.isascii() and c.isalnum() else " " for c in text).split()
