"""A run of a workflow: under way or over, with its tasks, outputs and lineage."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import RunError, TaskError
from dlaaw_nb.workflow.binding import bind
from dlaaw_nb.workflow.dispatch import Dispatcher
from dlaaw_nb.workflow.executors import find_crew
from dlaaw_nb.workflow.exports import save_product
from dlaaw_nb.workflow.flat import flatten
from dlaaw_nb.workflow.keys import Codes
from dlaaw_nb.workflow.planners import find_planner
from dlaaw_nb.workflow.recording import Recording, plain_argument, run_record
from dlaaw_nb.workflow.reuse import Reuse
from dlaaw_nb.workflow.run_shown import RunShown
from dlaaw_nb.workflow.scheduler import Scheduler
from dlaaw_nb.workflow.states import ENDED
from dlaaw_nb.workflow.streams import captured
from dlaaw_nb.workflow.task_run import TaskRun
from dlaaw_nb.workflow.values import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.store import DataProduct, Lineage, Store
    from dlaaw_nb.workflow.options import RunOptions
    from dlaaw_nb.workflow.values import Ref
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Outputs", "Run"]


class Outputs(Mapping[str, Any]):
    """What a run gave, by name of the workflow's output; loaded when it is asked for.

    Parameters
    ----------
    run : Run
        Whose outputs.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def __getitem__(self, name: str) -> Any:
        return self._run.value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._run.workflow.outputs)

    def __len__(self) -> int:
        return len(self._run.workflow.outputs)

    def __repr__(self) -> str:
        return f"<outputs: {', '.join(self) or 'none'}>"


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
        self._stop = threading.Event()
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
        return Outputs(self)

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
        return load(self._ref(name), self.store.objects)

    def product(self, name: str) -> DataProduct:
        """Give an output, or an input, as a data product.

        Raises
        ------
        KeyError, RunError
            As for `value`.
        """
        ref = self._inputs[name] if name in self._inputs else self._ref(name)
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
        return save_product(self.product(name), path)

    def lineage(self, name: str) -> Lineage:
        """Trace an output to what made it: tasks, code, networks, data.

        Raises
        ------
        KeyError, RunError
            As for `value`.
        """
        return self.store.lineage(self.product(name))

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
            raise self._error()

    def begin(self) -> None:
        """Run in a thread of its own."""
        self._thread = threading.Thread(target=self.execute, name="dlaaw-run", daemon=True)
        self._thread.start()

    def execute(self) -> None:
        """Run here, until the end; an interrupt cancels the run."""
        self._state = "running"
        try:
            self._dispatcher.open()
            refs = bind(
                self._flat, self._given, self.store, self.workflow.folder,
                copy=self._dispatcher.crew.foreign,
            )  # fmt: skip
            self._inputs.update(refs)
            self._feed(refs)
            self._recording.begin(refs)
            self._notify({"event": "run", "state": "running"})
            with captured() if not self._dispatcher.crew.elsewhere else nullcontext():
                self._drive()
        except BaseException as error:  # noqa: BLE001 - kept for check()
            self._fault, self._state = error, "failed"
        finally:
            self._end()

    def _prepare(self) -> None:
        options = self.options
        self.workflow.check()
        options.require_trust(self.workflow)
        self._flat = flatten(self.workflow)
        self._inputs: dict[str, Ref] = {}
        crew = find_crew(options.executor, options.workers)
        planner = find_planner(options.planner)
        record = run_record(
            self.id, self.workflow, self.started, options.seed, options.target,
            {"executor": crew.name, "planner": type(planner).__name__},
        )  # fmt: skip
        record.arguments = {name: plain_argument(value) for name, value in self._given.items()}
        self._recording = Recording(self.store, record)
        self._dispatcher = Dispatcher(crew, self.store, self.id, options.target, self._stop)
        self._codes = Codes()
        self._planner = planner
        self._scheduler = Scheduler(
            self._flat, self.store, self._dispatcher, self._recording, self._reuse(),
            self._codes, options.seed, self._notify,
        )  # fmt: skip

    def _reuse(self) -> Reuse:
        options = self.options
        resumed, keys = {}, {}
        if options.resume:
            provenance = self.store.provenance
            resumed = provenance.finished(options.resume)
            keys = {task.name: task.key for task in provenance.tasks(options.resume)}
        return Reuse(self.store, self.workflow.name, options.force, resumed, keys)

    def _feed(self, refs: dict[str, Ref]) -> None:
        self._scheduler.begin(refs, self.options.outputs, self._planner)

    def _drive(self) -> None:
        while True:
            try:
                self._scheduler.run()
            except KeyboardInterrupt:
                self._scheduler.cancel()
            else:
                return

    def _end(self) -> None:
        states = {node.state for node in self._flat.nodes.values()}
        if self._fault is None:
            self._state = "finished"
            for state in ("cancelled", "failed"):
                self._state = state if state in states else self._state
        self.finished = time.time()
        refs = {name: self._found(name) for name in self.workflow.outputs}
        kept = {name: ref for name, ref in refs.items() if ref is not None}
        with suppress(Exception):
            self._dispatcher.close()
            self._dispatcher.crew.close()
        self.trouble = self._recording.end(self._state, self.finished, kept)
        self._over.set()
        self._notify({"event": "run", "state": self._state})

    def _found(self, name: str) -> Ref | None:
        source = self._flat.outputs[name]
        node = self._flat.nodes[source.task]
        return node.outputs.get(source.port) if node.state in ENDED else None

    def _ref(self, name: str) -> Ref:
        if name not in self.workflow.outputs:
            known = ", ".join(self.workflow.outputs) or "none"
            raise KeyError(f"{name!r}: the workflow has no such output. It has: {known}.")
        ref = self._found(name)
        if ref is None:
            node = self._flat.nodes[self._flat.outputs[name].task]
            why = node.error or f"it is {node.state}"
            raise RunError(f"output {name}: not there, for {node.name} has not finished: {why}", self)
        return ref

    def _error(self) -> RunError:
        if self._state == "cancelled":
            return RunError(
                f"{self.workflow.name}: the run was cancelled. What had finished is kept: run it "
                "again to go on from there. The error's .run holds it.",
                self,
            )
        roots = [n for n in self._flat.nodes.values() if n.state == "failed" and len(n.chain) == 1]
        hanging = sum(n.state == "failed" for n in self._flat.nodes.values()) - len(roots)
        told = "; ".join(f"{node.name}: {node.error}" for node in roots[:3])
        more = f" and {len(roots) - 3} more" if len(roots) > 3 else ""
        tail = f" {hanging} hang on that." if hanging else ""
        error = RunError(f"{self.workflow.name}: {told}{more}.{tail}".replace("..", "."), self)
        first = next((node for node in roots if node.exception or node.trace), None)
        if first is not None:
            error.__cause__ = first.exception or TaskError(first.error, first.name, first.trace)
        return error

    def _notify(self, event: dict[str, Any]) -> None:
        if self._callback is not None:
            self._callback(event)
        for listener in list(self._listeners):
            with suppress(Exception):  # a view that fails must not stop the run
                listener(event)
