"""Sends ready tasks to the executor in batches, and takes their outcomes."""

from __future__ import annotations

import queue
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.events import EventReader
from dlaaw_nb.workflow.jobs import Batch, Job, Outcome
from dlaaw_nb.workflow.shipping import Shipping
from dlaaw_nb.workflow.worker import perform, perform_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.executors import Crew
    from dlaaw_nb.workflow.task import Task

__all__ = ["Dispatcher", "Flight"]

LIGHT_S = 0.005
"""Tasks that are known to take less are sent many at a time."""

_BATCH_S, _MOST_JOBS = 0.02, 256
_POLL_S = 0.1  # between two looks at the events of other processes
_START_S = 60.0  # that a worker may take to begin, before a time limit counts


@dataclass(slots=True, eq=False)
class Flight:
    """A batch under way.

    Attributes
    ----------
    jobs : list of Job
        What was sent.
    future : Future
        What is waited for.
    deadline : float or None
        Of the monotonic clock; None without a time limit.
    limit_s : float or None
        Seconds that it may take once it has begun.
    ended : str
        Why it was ended by us: ``"timeout"`` or ``"cancelled"``.
    """

    jobs: list[Job]
    future: Future[Any]
    limit_s: float | None = None
    deadline: float | None = None
    ended: str = ""


class _Stop:
    """Whether the run is cancelled; an Event would wait for a lock in an interrupt's handler."""

    told = False

    def is_set(self) -> bool:
        return self.told


class Dispatcher:
    """The way to the executor and back.

    Parameters
    ----------
    crew : Crew
        Where tasks run.
    store : Store
        Where values are kept.
    run : str
        The run's id.
    target : str
        The run's target.
    """

    def __init__(self, crew: Crew, store: Store, run: str, target: str) -> None:
        self.crew, self._store, self._run, self._target = crew, store, run, target
        self._stop = _Stop()
        self.scratch = Path(store.folder, "scratch", run)
        self.flights: set[Flight] = set()
        self._arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._reader = EventReader(self.scratch / "events")
        self._seconds: dict[str, float] = {}
        self._shipping = Shipping(crew, store, self.scratch)

    def open(self) -> None:
        """Get ready: for workers elsewhere, find out whether they see the store."""
        if self.crew.elsewhere:
            self._shipping.open(self._stop.is_set)

    def close(self) -> None:
        """Take away what was for this run alone."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def room(self) -> int:
        """How many batches may be sent now."""
        return self.crew.workers - len(self.flights)

    def is_light(self, code: str) -> bool:
        """Whether tasks of a code are known to be quick."""
        return self._seconds.get(code, 1.0) < LIGHT_S

    def batch_size(self, code: str, ready: int) -> int:
        """Say how many tasks like one go together, if so many are ready."""
        fair = -(-ready // (2 * self.crew.workers))
        return max(1, min(fair, self.most_jobs(code)))

    def most_jobs(self, code: str) -> int:
        """Say how many tasks like one, which is light, go together at most."""
        return max(1, min(_MOST_JOBS, int(_BATCH_S / max(self._seconds[code], 2e-5))))

    def send(self, jobs: list[Job], tasks: Sequence[Task], limit_s: float | None) -> Flight:
        """Send jobs that one worker does one after the other.

        Parameters
        ----------
        jobs : list of Job
            What to do.
        tasks : sequence of Task
            In step, the task of each.
        limit_s : float or None
            Seconds that they may take.

        Returns
        -------
        Flight
            Under way.

        Raises
        ------
        Exception
            When a task cannot be pickled, a value is gone, or the executor is shut down.
        """
        elsewhere = self.crew.elsewhere
        needed = {job.code: task for job, task in zip(jobs, tasks, strict=True)}
        known: dict[str, Any] = dict(needed)
        if elsewhere:
            known = dict(self._shipping.tasks(jobs, needed))
            jobs = self._shipping.jobs(jobs)
        batch = Batch(
            self._run, jobs, known, self._store.objects.url, self._shipping.token,
            str(self.scratch), self._target, self._threads(), limit_s is not None,
            None if elsewhere else self._stop,
            None if elsewhere else self.tell,
        )  # fmt: skip
        call: Callable[[Batch], list[Outcome]] = perform_elsewhere if elsewhere else perform
        future = self.crew.executor.submit(call, batch)
        flight = Flight(jobs, future, limit_s)
        if limit_s is not None:
            flight.deadline = time.monotonic() + limit_s + _START_S
        self.flights.add(flight)
        future.add_done_callback(lambda _: self._arrived.put(flight))
        return flight

    def local_batch(self) -> dict[str, Any]:
        """Give what a batch for this process has besides its jobs and tasks."""
        return {
            "run": self._run, "store": self._store.objects.url, "token": "",
            "scratch": str(self.scratch), "target": self._target, "threads": self._threads(),
            "stop": self._stop, "send": lambda _: None, "keeps": False,
        }  # fmt: skip

    def begun(self, job: int) -> None:
        """Let the time limit of a job count from now."""
        for flight in self.flights:
            if flight.jobs[0].id == job and flight.limit_s is not None:
                flight.deadline = time.monotonic() + flight.limit_s

    def end_late(self) -> None:
        """End flights whose time is up; one that still waits for a worker of ours gets more."""
        now = time.monotonic()
        for flight in list(self.flights):
            if flight.deadline is None or flight.deadline > now:
                continue
            if not self.crew.foreign and not flight.future.running() and not flight.future.done():
                flight.deadline = now + (flight.limit_s or 0.0) + _START_S
            else:
                self.end(flight, "timeout")

    def next_deadline(self) -> float | None:
        """When a flight has to be ended at the latest; None without a limit."""
        return min((f.deadline for f in self.flights if f.deadline is not None), default=None)

    def stop(self) -> None:
        """Let tasks of this process hear that the run is cancelled, and `wait` return."""
        self._stop.told = True
        self._arrived.put(None)

    def tell(self, event: dict[str, Any]) -> None:
        """Let `wait` give an event; from any thread."""
        self._arrived.put(event)

    def wait(self, until: float | None) -> list[Any]:
        """Wait for what arrives: flights that ended, and events.

        Parameters
        ----------
        until : float or None
            Time of the monotonic clock to wait for at most.

        Returns
        -------
        list of Flight and dict
            At least one, unless the time was up.
        """
        timeout = None if until is None else max(0.0, until - time.monotonic())
        if self.crew.elsewhere and self.flights:
            timeout = _POLL_S if timeout is None else min(timeout, _POLL_S)
        arrived: list[Any] = []
        try:
            arrived.append(self._arrived.get(timeout=timeout))
            while True:
                arrived.append(self._arrived.get_nowait())
        except queue.Empty:
            pass
        if self.crew.elsewhere:
            arrived[:0] = self._reader.read()
        return [item for item in arrived if item is not None]

    def land(self, flight: Flight) -> list[Outcome] | BaseException:
        """Give what came of a flight, or what its worker died of."""
        self.flights.discard(flight)
        try:
            outcomes: list[Outcome] = flight.future.result(timeout=0)
        except BaseException as error:  # noqa: BLE001 - also CancelledError, and what a worker dies of
            return error
        for job, outcome in zip(flight.jobs, outcomes, strict=True):
            before = self._seconds.get(job.code)
            self._seconds[job.code] = (
                outcome.seconds if before is None else 0.8 * before + 0.2 * outcome.seconds
            )
            if self.crew.elsewhere:
                self._shipping.unpack(outcome)
        return outcomes

    def last_words(self, flight: Flight) -> str:
        """Give what the first task of a flight printed before it was ended, where that is known."""
        try:
            data = (self.scratch / "logs" / str(flight.jobs[0].id)).read_bytes()
        except OSError:
            return ""
        return data.decode(errors="replace")

    def end(self, flight: Flight, why: str) -> None:
        """End a flight: kill its process where that can be done, else forget it.

        Parameters
        ----------
        flight : Flight
            Under way.
        why : str
            ``"timeout"`` or ``"cancelled"``.
        """
        flight.ended = why
        flight.deadline = None
        if not self.crew.kill(flight.future):
            self._arrived.put(flight)  # it cannot be ended from here: nobody waits for it any more

    def cancel(self) -> None:
        """Tell all workers that nobody wants their results any more, and end what can be ended."""
        self._stop.told = True
        if self.crew.elsewhere:
            self.scratch.mkdir(parents=True, exist_ok=True)
            (self.scratch / "cancel").touch()
        for flight in list(self.flights):
            self.end(flight, "cancelled")

    def _threads(self) -> int:
        from dlaaw_nb.workflow.executors import cores

        return max(1, cores() // max(1, min(self.crew.workers, cores())))
