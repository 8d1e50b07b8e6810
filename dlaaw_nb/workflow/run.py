"""A run of a workflow: under way or over, with its tasks, outputs and lineage."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.binding import bind, check_given
from dlaaw_nb.workflow.dispatch import Dispatcher
from dlaaw_nb.workflow.executors import find_crew
from dlaaw_nb.workflow.exits import end_at_exit
from dlaaw_nb.workflow.exports import save_output
from dlaaw_nb.workflow.faults import run_error
from dlaaw_nb.workflow.flat import flatten
from dlaaw_nb.workflow.garbage import seldom_searched
from dlaaw_nb.workflow.interrupts import interrupts_cancel
from dlaaw_nb.workflow.outputs import Outputs
from dlaaw_nb.workflow.planners import find_planner
from dlaaw_nb.workflow.recording import Recording, plain_argument, run_record
from dlaaw_nb.workflow.reuse import reuse_of
from dlaaw_nb.workflow.run_shown import RunShown
from dlaaw_nb.workflow.scheduler import Scheduler
from dlaaw_nb.workflow.streams import captured
from dlaaw_nb.workflow.task_run import TaskRun
from dlaaw_nb.workflow.values import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dlaaw_nb.store import DataProduct, Lineage, Store
    from dlaaw_nb.workflow.options import RunOptions
    from dlaaw_nb.workflow.values import Ref
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Run"]


class Run(RunShown):
    """One execution of a workflow.

    Made by `Workflow.start` (under way) and `Workflow.run` (over).

    Parameters
    ----------
    workflow : Workflow
        What runs; a copy is kept.
    given : mapping of str to object
        Values of its inputs.
    options : RunOptions
        How it runs.
    callback : callable or None
        Takes each event, in the run's thread: ``{"event": "task", "task", "state"}``, ``"cost"``,
        ``"progress"``, ``"live"``, ``"run"`` with its state at the beginning and the end.

    Attributes
    ----------
    id : str
        Unique; ``store.run(id)`` finds its record.
    workflow : Workflow
        What ran.
    store : Store
        Where its values and its record are.
    started, finished : float or None
        Seconds since the epoch.
    trouble : str
        What kept the record from being written; empty when all is written.
    """

    def __init__(
        self,
        workflow: Workflow,
        given: Mapping[str, Any],
        options: RunOptions,
        callback: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        self.workflow = workflow.copy()
        self.options, self._callback, self._given = options, callback, dict(given)
        self.id = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}"
        self.store: Store = options.open_store()
        self.started: float = time.time()
        self.finished: float | None = None
        self.trouble = ""
        self._state = "initialized"
        self._over = threading.Event()
        self._listeners: list[Callable[[dict[str, Any]], object]] = []
        self._thread: threading.Thread | None = None
        self._fault: BaseException | None = None
        self._prepare()

    @property
    def state(self) -> str:
        """``initialized``, ``running``, ``finished``, ``failed`` or ``cancelled``."""
        return self._state

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self.finished or time.time()) - self.started

    @property
    def tasks(self) -> dict[str, TaskRun]:
        """The course of every task by name, those that maps and inner workflows made too."""
        nodes = list(self._flat.nodes.values())
        return {node.name: TaskRun(node, self.store) for node in nodes if not node.internal}

    @property
    def outputs(self) -> Outputs:
        """What it gave, by name of the output."""
        return Outputs(self, self._flat)

    def value(self, name: str) -> Any:
        """Load an output.

        Parameters
        ----------
        name : str
            Of the workflow's output.

        Returns
        -------
        object
            Its value.

        Raises
        ------
        KeyError
            When the workflow has no such output.
        RunError
            When it is not there: not yet, or its task failed.
        """
        return load(self.outputs.ref(name), self.store.objects)

    def product(self, name: str) -> DataProduct:
        """Give an output, or an input, as a data product.

        Raises
        ------
        KeyError, RunError
            As for `value`.
        """
        ref = self._inputs[name] if name in self._inputs else self.outputs.ref(name)
        return ref.product(self.store)

    def save(self, name: str, path: str | Path) -> Path:
        """Write an output to a file, and remember that the file came from this run.

        Parameters
        ----------
        name : str
            Of the output.
        path : str or Path
            Where to. A table is written as its suffix says (``.csv``, ``.json``, ``.parquet``).

        Returns
        -------
        Path
            The file.
        """
        return save_output(self, name, path)

    def lineage(self, name: str) -> Lineage:
        """Trace an output to what made it: tasks, code, networks, data.

        Raises
        ------
        KeyError, RunError
            As for `value`.
        """
        return self.store.lineage(self.product(name), self.id)

    def listen(self, listener: Callable[[dict[str, Any]], object]) -> None:
        """Have a function called with each event from now on."""
        self._listeners.append(listener)

    def cancel(self) -> None:
        """End it: running tasks and their child processes are ended; what has finished is kept."""
        self._scheduler.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end.

        Parameters
        ----------
        timeout : float or None
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether it is over.
        """
        return self._over.wait(timeout)

    def check(self) -> None:
        """Raise an error unless it finished.

        Raises
        ------
        RunError
            When a task failed or it was cancelled; the message has the first cause, and
            ``__cause__`` what was raised there.
        """
        if self._fault is not None:
            raise self._fault
        if self._state in ("failed", "cancelled"):
            raise run_error(self, self._flat.nodes.values())

    def begin(self) -> None:
        """Run in a thread of its own."""
        self._thread = threading.Thread(target=self.execute, name="dlaaw-run", daemon=True)
        self._thread.start()
        end_at_exit(self)

    def execute(self) -> None:
        """Run here, until the end; an interrupt cancels the run."""
        self._state = "running"
        try:
            with interrupts_cancel(self._scheduler.cancel), seldom_searched(len(self._flat.nodes)):
                self._execute()
        except BaseException as error:  # noqa: BLE001 - kept for check()
            self._fault, self._state, self._callback = error, "failed", None
            with suppress(Exception):
                self._scheduler.abandon()
        finally:
            self._end()

    def _execute(self) -> None:
        dispatcher = self._dispatcher
        dispatcher.open()
        refs = bind(self._flat, self._given, self.store, copy=dispatcher.crew.foreign)
        self._inputs.update(refs)
        self._recording.begin(refs)
        self._notify({"event": "run", "state": "running"})
        self._scheduler.begin(refs, self.options.outputs, self._planner)
        with captured() if not dispatcher.crew.elsewhere else nullcontext():
            try:
                self._scheduler.run()
            except KeyboardInterrupt:  # where a person has a handler of their own
                self._scheduler.cancel()
                self._scheduler.run()

    def _prepare(self) -> None:
        options = self.options
        self.workflow.check()
        options.check(self.workflow)
        self._flat = flatten(self.workflow, self._given)
        check_given(self._flat, self._given)
        self._inputs: dict[str, Ref] = {}
        crew = find_crew(options.executor, options.workers)
        self._planner = find_planner(options.planner)
        record = run_record(
            self.id, self.workflow, self.started, options.seed, options.target,
            {"executor": crew.name, "planner": type(self._planner).__name__},
        )  # fmt: skip
        record.arguments = {name: plain_argument(value) for name, value in self._given.items()}
        self._recording = Recording(self.store, record)
        self._dispatcher = Dispatcher(crew, self.store, self.id, options.target)
        self._scheduler = Scheduler(
            self._flat, self.store, self._dispatcher, self._recording,
            reuse_of(self.store, self.workflow.name, options), options.seed, self._notify,
        )  # fmt: skip

    def _end(self) -> None:
        states = {node.state for node in self._flat.nodes.values()}
        if self._fault is None:
            self._state = "finished"
            for state in ("cancelled", "failed"):
                self._state = state if state in states else self._state
        self.finished = time.time()
        try:
            with suppress(Exception):
                self._dispatcher.close()
                self._dispatcher.crew.close()
            kept = self.outputs.found()
            self.trouble = self._recording.end(self._state, self.finished, kept)
        finally:
            self._over.set()
        self._notify({"event": "run", "state": self._state})

    def _notify(self, event: dict[str, Any]) -> None:
        if self._callback is not None:
            self._callback(event)
        if self._listeners:
            with suppress(Exception):  # a view that fails must not stop the run
                for listener in list(self._listeners):
                    listener(event)
