"""What a task may know of the run it is in, and tell it: `context()` inside of `run`."""

from __future__ import annotations

import contextvars
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TaskContext", "context", "current", "use_context"]

_LARGEST_LOG = 256 * 1024  # characters of the beginning, and as many of the end


class TaskContext:
    """The surroundings of one try of a task.

    Parameters
    ----------
    task : str
        Name of the task in its workflow; empty outside of a run.
    attempt : int
        Which try this is, from 1.
    folder : Path or None
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
    """

    def __init__(
        self,
        task: str = "",
        attempt: int = 1,
        folder: Path | None = None,
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
        self.stop = threading.Event()
        self._folder, self._send, self._stopped = folder, send, stopped
        self._head: list[str] = []
        self._tail: list[str] = []
        self._sizes = [0, 0, 0]  # characters at the beginning, at the end, left out between
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """A folder of this try alone; what a `file` output names there is kept."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="dlaaw-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    @property
    def scratch_folder(self) -> Path | None:
        """The folder of this try, whether it was made or not; None where there is no run."""
        return self._folder

    @property
    def cancelled(self) -> bool:
        """Whether the task should end now, for nobody wants its result any more."""
        if not self.stop.is_set() and self._stopped is not None and self._stopped():
            self.stop.set()
        return self.stop.is_set()

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
        with self._lock:
            room = _LARGEST_LOG - self._sizes[0]
            if room > 0:
                self._head.append(text[:room])
                self._sizes[0] += min(room, len(text))
                text = text[room:]
            if text:
                self._keep_end(text)

    @property
    def log_text(self) -> str:
        """The log; a line says how much is left out of its middle."""
        with self._lock:
            left_out = self._sizes[2]
            gap = f"\n... {left_out:,} characters left out ...\n" if left_out else ""
            return "".join((*self._head, gap, *self._tail))

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

    def _keep_end(self, text: str) -> None:
        self._tail.append(text)
        self._sizes[1] += len(text)
        if self._sizes[1] > 2 * _LARGEST_LOG:
            whole = "".join(self._tail)
            self._sizes[2] += len(whole) - _LARGEST_LOG
            self._tail = [whole[-_LARGEST_LOG:]]
            self._sizes[1] = _LARGEST_LOG


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
