"""Workflows of ordinary tasks in DATAVIEW's words, made into the package's own and run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import GraphError

if TYPE_CHECKING:
    from dlaaw_nb import workflow as own
    from dlaaw_nb.workflow.run import Run

__all__ = ["DATAVIEW_BigFile", "Slots", "Task", "Workflow"]

_KINDS: Final = {"Ensemble_vote": "EnsembleVote"}
"""DATAVIEW's names of tasks that have another one here."""


class DATAVIEW_BigFile(str):  # noqa: N801, SLOT000 - DATAVIEW's name
    """A file by its name, as an input or an output of a workflow."""


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

    A derived class sets `wins` and `wouts`, and calls `addTask` and `addEdge` in `design`. Tasks
    are the ready ones of this package by their names (``dlaaw tasks`` lists them), and DATAVIEW's
    ``NNExecutor`` (inputs: model, data) and ``Ensemble_vote`` (inputs: the members' predictions).

    Attributes
    ----------
    wins, wouts : dict of int to object
        Its inputs (files, or values) and outputs (names of files).
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
        self._workflow: own.Workflow | None = None

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

    @property
    def workflow(self) -> own.Workflow:
        """The workflow in the package's own words; designed when it is first asked for.

        Raises
        ------
        GraphError
            When a task is not known, a port has no such number, or two ends do not fit.
        """
        if self._workflow is None:
            if not self.tasks:
                self.design()
            self._workflow = _own_workflow(self)
        return self._workflow

    def run(self, **settings: Any) -> Run:
        """Run it, and write its outputs to the files that `wouts` names, as JSON.

        Parameters
        ----------
        **settings : object
            What ``dlaaw_nb.Workflow.run`` takes: executor, target, store, ...

        Returns
        -------
        Run
            Over.
        """
        done = self.workflow.run(**settings)
        for number, place in self.wouts.items():
            _write(done.outputs[f"wout{number}"], place)
        return done


def _own_workflow(described: Workflow) -> own.Workflow:
    from dlaaw_nb.workflow import Source
    from dlaaw_nb.workflow import Workflow as OwnWorkflow
    from dlaaw_nb.workflow.library import ready_task

    made = OwnWorkflow(described.name, described.description)
    placed = [made.add(ready_task(_KINDS.get(task.name, task.name))) for task in described.tasks]
    inputs: dict[int, Any] = {}
    # Ports that take many edges take them in the order of DATAVIEW's port numbers.
    for ends in sorted(described.edges, key=_port_number):
        if isinstance(ends[0], Task) and len(ends) == 3:
            task = placed[ends[0].number]
            made.output(f"wout{ends[2]}", Source(task.name, _port(task.outputs, ends[1], task)))
            continue
        if isinstance(ends[0], Task):
            giver = placed[ends[0].number]
            source = Source(giver.name, _port(giver.outputs, ends[1], giver))
        else:
            number = ends[0]
            if number not in inputs:
                value = described.wins[number]
                value = os.fspath(value) if isinstance(value, os.PathLike) else value
                value = str(value) if isinstance(value, DATAVIEW_BigFile) else value
                inputs[number] = made.input(f"win{number}", value)
            source = inputs[number]
        taker = placed[ends[-2].number]
        port = _port(taker.inputs, ends[-1], taker)
        made.connect(source, taker, target_port=port, convert=True)
    return made


def _port(ports: Any, number: int, task: Any) -> str:
    """Name a port by its number; those behind one that takes many are that one."""
    names = [port.name for port in ports]
    if number >= len(names) and names and ports[-1].many:
        return str(names[-1])
    if number >= len(names):
        raise GraphError(
            f"{task.name}: expected a port from 0 to {len(names) - 1} ({', '.join(names)}), got "
            f"{number}."
        )
    return str(names[number])


def _port_number(ends: tuple[Any, ...]) -> int:
    return int(ends[-1])


def _write(value: Any, place: Any) -> None:
    import json

    from dlaaw_nb.store.files import write_text

    if hasattr(value, "to_json"):  # predictions and tables
        table = hasattr(value, "columns")
        text = value.to_json(orient="records", indent=1) if table else value.to_json()
    else:
        text = json.dumps(value, default=str)
    write_text(place, text + "\n")
