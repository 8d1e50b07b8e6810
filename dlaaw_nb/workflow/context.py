"""What a task may know of the run it is in, and tell it: `context()` inside of `run`."""

from __future__ import annotations

import contextvars
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.task_log import TaskLog

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TaskContext", "context", "current", "use_context"]


class TaskContext:
    """The surroundings of one try of a task.

    Parameters
    ----------
    task : str
        Name of the task in its workflow; empty outside of a run.
    attempt : int
        Which try this is, from 1.
    folder : Path, str or None
        Where files of this try go; it is made when it is first asked for, and gone after the try.
    seed : int
        Follows from the run's seed and the task's name: the same in every run of that seed.
    target : str
        The run's target.
    listened : frozenset of str
        Outputs that somebody wants at every cost event.
    wanted : frozenset of str, or None
        Outputs that somebody takes; others may be left out. None for all.
    send : callable or None
        Takes each event, a dict of plain values, as it comes.
    stopped : callable or None
        Whether the run was cancelled.

    Attributes
    ----------
    facts : dict
        What the task noted of how it ran.
    costs : list of [int, float]
        Epoch and cost, as they were told.
    spill : str
        A file that takes the beginning of the log while the try is under way, for one whose process
        is killed; empty for none.
    """

    __slots__ = (
        "_event", "_folder", "_log", "_made", "_send", "_stopped", "attempt", "costs", "facts",
        "listened", "seed", "spill", "target", "task", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        task: str = "",
        attempt: int = 1,
        folder: Path | str | None = None,
        seed: int = 0,
        target: str = "cpu",
        listened: frozenset[str] = frozenset(),
        wanted: frozenset[str] | None = None,
        send: Callable[[dict[str, Any]], None] | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> None:
        self.task, self.attempt, self.seed, self.target = task, attempt, seed, target
        self.listened, self.wanted = listened, wanted
        self.facts: dict[str, Any] = {}
        self.costs: list[list[float]] = []
        self._folder, self._send, self._stopped = folder, send, stopped
        self._event: threading.Event | None = None
        self._log: TaskLog | None = None
        self._made = False
        self.spill = ""

    @property
    def folder(self) -> Path:
        """A folder of this try alone; what a `file` output names there is kept."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="dlaaw-")
        folder = self._folder = Path(self._folder)
        if not self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made = True
        return folder

    @property
    def scratch_folder(self) -> Path | None:
        """The folder of this try, whether it was made or not; None where there is no run."""
        return None if self._folder is None else Path(self._folder)

    @property
    def stop(self) -> threading.Event:
        """Set once nobody wants the task's result any more; made when it is first asked for."""
        if self._event is None:
            self._event = threading.Event()
            if self._stopped is not None:
                threading.Thread(target=self._watch, daemon=True, name="dlaaw-stop").start()
        return self._event

    @property
    def cancelled(self) -> bool:
        """Whether the task should end now, for nobody wants its result any more."""
        return self._stopped is not None and self._stopped()

    def log(self, text: str) -> None:
        """Add to the task's log; what it prints goes there too.

        Parameters
        ----------
        text : str
            As it is: lines end in a line feed. Of a very long log the beginning and the end are
            kept.
        """
        if not self.task:
            sys.stdout.write(text)
            return
        if self._log is None:
            self._log = TaskLog(self.spill)
        self._log.add(text)

    @property
    def log_text(self) -> str:
        """The log; a line says how much is left out of its middle."""
        return "" if self._log is None else self._log.text()

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        """Tell how far the task is.

        Parameters
        ----------
        done, total : float
            Such as 30 of 100; None where the end is not known.
        text : str
            A few words.
        """
        self.tell({"event": "progress", "done": done, "total": total, "text": text})

    def cost(self, epoch: int, cost: float, **more: Any) -> None:
        """Tell the cost of a training at an epoch; it is kept with the result.

        Parameters
        ----------
        epoch : int
            From 0.
        cost : float
            The mean loss.
        **more : object
            Plain values, such as ``score=0.9``.
        """
        self.costs.append([epoch, cost])
        self.tell({"event": "cost", "epoch": epoch, "cost": cost, **more})

    def emit(self, port: str, value: Any, step: int) -> None:
        """Give what an output is at a step, to those who listen live.

        Parameters
        ----------
        port : str
            Name of the output; without a listener nothing happens.
        value : object
            What it is now.
        step : int
            The epoch.
        """
        if port in self.listened:
            self.tell({"event": "live", "port": port, "value": value, "step": step})

    def note(self, **facts: Any) -> None:
        """Note how the task ran, for the record: ``device={...}``, ``kernel_hash="..."``.

        Parameters
        ----------
        **facts : object
            Plain JSON values.
        """
        self.facts.update(facts)

    def tell(self, event: dict[str, Any]) -> None:
        """Send an event of the task, a dict of plain values with the key ``event``."""
        if self._send is not None:
            self._send({"task": self.task, **event})

    def _watch(self) -> None:
        event = self._event
        while event is not None and (stopped := self._stopped) is not None:
            if stopped():
                event.set()
                return
            event.wait(0.05)

    def close(self) -> None:
        """End the try: its folder is removed, and what watches for the end of the run ends."""
        self._stopped = None
        if self._log is not None:
            self._log.close()
        if self._made and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


_current: contextvars.ContextVar[TaskContext | None] = contextvars.ContextVar(
    "dlaaw_task", default=None
)


def context() -> TaskContext:
    """Give the surroundings of the task that runs here.

    Returns
    -------
    TaskContext
        Outside of a run one that prints its log, with a temporary folder.
    """
    return _current.get() or TaskContext()


def current() -> TaskContext | None:
    """Give the surroundings of the task that runs here, None outside of a run."""
    return _current.get()


class use_context:  # noqa: N801 - used as a verb
    """Make a context the current one: ``with use_context(made): ...``.

    Parameters
    ----------
    made : TaskContext
        What `context` gives inside.
    """

    __slots__ = ("_made", "_token")

    def __init__(self, made: TaskContext) -> None:
        self._made = made

    def __enter__(self) -> TaskContext:
        self._token = _current.set(self._made)
        return self._made

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
