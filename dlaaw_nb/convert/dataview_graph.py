"""Workflows of ordinary tasks in DATAVIEW's words."""

from __future__ import annotations

from typing import Any

from dlaaw_nb.errors import GraphError

__all__ = ["Slots", "Task", "Workflow"]


class Slots(dict[int, Any]):
    """Numbered inputs or outputs, as Java's arrays; one that was not set is named if asked for."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, number: int) -> Any:
        raise GraphError(
            f"{self._name}[{number}]: not set. Write self.{self._name}[{number}] = ..."
        )


class Task:
    """A task of an ordinary workflow, by its name."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.number = name, number

    def __repr__(self) -> str:
        return f"Task({self.name!r}, {self.number})"


class Workflow:
    """An ordinary workflow in DATAVIEW's words: tasks by name, edges between numbered ports.

    Attributes
    ----------
    wins, wouts : dict of int to object
        Its inputs and outputs.
    tasks : list of Task
        In the order they were added.
    edges : list of tuple
        ``(input number, task, port)``, ``(task, port, task, port)`` or ``(task, port, output
        number)``.
    """

    def __init__(self, name: str = "workflow", description: str = "") -> None:
        self.name, self.description = name, description
        self.wins, self.wouts = Slots("wins"), Slots("wouts")
        self.tasks: list[Task] = []
        self.edges: list[tuple[Any, ...]] = []

    def design(self) -> None:
        """Put tasks and edges together; a derived class overrides it."""
        raise GraphError(f"{type(self).__name__}: override design(), and call addTask and addEdge.")

    def addTask(self, name: str) -> Task:  # noqa: N802
        """Add a task by its name."""
        task = Task(name, len(self.tasks))
        self.tasks.append(task)
        return task

    def addTasks(self, name: str, count: int) -> list[Task]:  # noqa: N802
        """Add several tasks of one name."""
        return [self.addTask(name) for _ in range(count)]

    def addEdge(self, *ends: Any) -> None:  # noqa: N802
        """Join an input to a task's port, two tasks' ports, or a task's port to an output.

        Raises
        ------
        GraphError
            When the ends are none of these, or a task is of another workflow.
        """
        shape = tuple("task" if isinstance(end, Task) else "number" for end in ends)
        known = {
            ("number", "task", "number"),
            ("task", "number", "task", "number"),
            ("task", "number", "number"),
        }
        numbers = [end for end in ends if not isinstance(end, Task)]
        whole = all(type(end) is int and end >= 0 for end in numbers)
        if shape not in known or not whole:
            raise GraphError(
                "addEdge: expected (input, task, port), (task, port, task, port) or (task, port, "
                f"output), got {ends!r}."
            )
        for end in ends:
            if isinstance(end, Task) and all(end is not task for task in self.tasks):
                raise GraphError(f"addEdge: {end!r} is not of this workflow. Add it with addTask.")
        self.edges.append(ends)
