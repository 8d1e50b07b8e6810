"""Plans in processes of their own on this machine, which one may spoil without harm.

A device fault ends a CUDA context for good, and so does what a person's own code may do to a
process. So the engine runs in a worker; when it dies, another one goes on with the trials that are
not finished.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.engine.trials import expand
from dlaaw_nb.targets.idle import Idle
from dlaaw_nb.targets.job import Job
from dlaaw_nb.targets.worker import WorkerLostError, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dlaaw_nb.errors import DlaawError

__all__ = ["Apart"]

_TRAINS = ("train", "cross_validate", "sweep")
_HEEDED = ("CXX", "PATH", "CUDA_HOME", "CUDA_VISIBLE_DEVICES")  # of the environment

_idle: Idle[WorkerProcess] = Idle(300.0)  # then one that nobody uses gives its device back


@dataclass(frozen=True)
class Apart:
    """What carries plans out in worker processes.

    Attributes
    ----------
    target : str
        What messages call it.
    arguments : tuple of str
        Of a worker: none for the processor, ``("--gpu", "0")`` for a GPU.
    fault : str
        What has happened, most likely, when a worker is lost.
    offer : str
        What to do then.
    error : type
        Of what is raised when nothing of a plan is left.
    require : callable
        Raises what is missing here, before a worker is started.
    """

    target: str
    arguments: tuple[str, ...]
    fault: str
    offer: str
    error: type[DlaawError]
    require: Callable[[], object] = lambda: None

    def submit(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Job:
        """Start a job; see ``Service.submit``."""
        stop = threading.Event()
        return Job(_Work(self, spec, data, stop).run, stop.set)

    def prepare(self) -> None:
        """Start a worker beside what the caller does."""
        _idle.prepare(self._kind, self._started)

    def describe(self) -> dict[str, Any]:
        """Describe what a worker runs on."""
        with self.worker() as worker:
            return worker.device

    @contextmanager
    def worker(self) -> Iterator[WorkerProcess]:
        """Lend a worker that nobody uses, or a new one; afterwards the next may have it."""
        kind = self._kind
        found = _idle.take(kind) or self._started()
        try:
            yield found
        finally:
            _idle.give(kind, found)

    @property
    def _kind(self) -> tuple[object, ...]:
        """What a worker is one of: with other settings it would be another one."""
        heeded = {k: v for k, v in os.environ.items() if k in _HEEDED or k.startswith("DLAAW_")}
        return (self.arguments, tuple(sorted(heeded.items())))

    def _started(self) -> WorkerProcess:
        self.require()
        return WorkerProcess(self.arguments)


class _Work:
    """A job, over as many workers as it takes."""

    def __init__(
        self,
        apart: Apart,
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        stop: threading.Event,
    ) -> None:
        self._apart, self._spec, self._data, self._stop = apart, spec, data, stop
        self._finished: set[int] = set()
        self._seconds = 0.0
        self._lost = 0

    def run(self, emit: Callable[[dict[str, Any]], None]) -> None:
        """Carry the plan out; trials that were lost with a worker are run again."""
        self._digest = digest_of(self._data)
        if self._spec["plan"]["kind"] not in _TRAINS:
            self._attempt(self._spec, emit, again=False)
            return
        wanted = [trial.index for trial in expand(self._spec, len(self._data["labels"]))]
        waiting: list[Sequence[int]] = [wanted]
        while waiting and not self._stop.is_set():
            part = waiting.pop(0)
            plan = {**self._spec["plan"], **({} if part is wanted else {"only": list(part)})}
            try:
                self._attempt({**self._spec, "plan": plan}, emit, again=part is not wanted)
            except WorkerLostError as fault:
                if self._stop.is_set():
                    break  # it had to be killed
                left = [index for index in part if index not in self._finished]
                self._tell(emit, fault, left, len(wanted))
                if len(left) > 1:
                    waiting[:0] = [left[: len(left) // 2], left[len(left) // 2 :]]
        emit({"event": "result", "seconds": self._seconds})

    def _attempt(
        self, spec: Mapping[str, Any], emit: Callable[[dict[str, Any]], None], again: bool
    ) -> None:
        trains = spec["plan"]["kind"] in _TRAINS

        def take(event: dict[str, Any]) -> None:
            kind = event["event"]
            if kind == "trial":
                self._finished.add(event["trial"])
            if kind == "result" and trains:
                self._seconds += event["seconds"]
            elif not (again and kind in ("start", "progress")):
                emit(event)

        with self._apart.worker() as worker:
            try:
                worker.run(spec, self._data, self._digest, take, self._stop)
            except WorkerLostError as fault:
                if trains or self._stop.is_set():
                    raise
                raise self._error(str(fault)) from fault

    def _tell(
        self,
        emit: Callable[[dict[str, Any]], None],
        fault: WorkerLostError,
        left: Sequence[int],
        trials: int,
    ) -> None:
        if len(left) == 1:
            text = f"trial {left[0]} was lost to {self._apart.fault}: {fault}"
            self._lost += 1
            if not self._finished and self._lost >= trials:
                raise self._error(text) from fault
            emit({"event": "log", "level": "warning", "message": text})
        elif left:
            text = (
                f"{self._apart.target}: its worker was lost ({fault}). Another one goes on with "
                f"the {len(left)} trials that are not finished."
            )
            emit({"event": "log", "level": "warning", "message": text})

    def _error(self, text: str) -> DlaawError:
        told = text if text.endswith(".") else f"{text}."
        return self._apart.error(f"{self._apart.target}: {told} {self._apart.offer}")
