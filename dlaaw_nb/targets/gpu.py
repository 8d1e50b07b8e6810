"""The target ``gpu``: an NVIDIA GPU of this machine, in processes of their own.

A device fault ends a CUDA context for good. So the context lives in a worker; when it dies, another
one goes on with the trials that are not finished.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine.cuda_found import OFFER, require_pycuda
from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.engine.faults import DeviceError
from dlaaw_nb.engine.trials import expand
from dlaaw_nb.targets.idle import Idle
from dlaaw_nb.targets.job import Job
from dlaaw_nb.targets.worker import WorkerLostError, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["GpuService"]


_idle: Idle[WorkerProcess] = Idle(300.0)  # then one that nobody uses gives its device back


def _started(arguments: tuple[str, ...]) -> WorkerProcess:
    if "--gpu" in arguments:
        require_pycuda()
    return WorkerProcess(arguments)


@contextmanager
def _worker(arguments: tuple[str, ...]) -> Iterator[WorkerProcess]:
    """Lend a worker that nobody uses, or a new one; afterwards the next may have it."""
    found = _idle.take(arguments) or _started(arguments)
    try:
        yield found
    finally:
        _idle.give(arguments, found)


class GpuService:
    """Runs specifications on a GPU of this machine.

    Parameters
    ----------
    index : int
        Which, from 0.
    """

    def __init__(self, index: int = 0) -> None:
        self._arguments: tuple[str, ...] = ("--gpu", str(index))

    def submit(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Job:
        """Start a job; see ``Service.submit``."""
        stop = threading.Event()
        work = _Work(self._arguments, spec, data, stop)
        return Job(work.run, stop.set)

    def prepare(self, spec: Mapping[str, Any]) -> None:  # noqa: ARG002 (the service's interface)
        """Start a worker beside what the caller does; see ``Service.prepare``."""
        _idle.prepare(self._arguments, partial(_started, self._arguments))

    def describe(self) -> dict[str, Any]:
        """Describe the device; see ``Service.describe``."""
        with _worker(self._arguments) as worker:
            return worker.device


class _Work:
    """A job, over as many workers as it takes."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        stop: threading.Event,
    ) -> None:
        self._arguments, self._spec, self._data, self._stop = arguments, spec, data, stop
        self._finished: set[int] = set()
        self._started = False
        self._seconds = 0.0
        self._faults: list[str] = []

    def run(self, emit: Callable[[dict[str, Any]], None]) -> None:
        """Carry the plan out; trials that a fault of the device cut off are run again."""
        self._digest = digest_of(self._data)
        if self._spec["plan"]["kind"] not in ("train", "cross_validate", "sweep"):
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
        trains = spec["plan"]["kind"] in ("train", "cross_validate", "sweep")

        def take(event: dict[str, Any]) -> None:
            kind = event["event"]
            if kind == "trial":
                self._finished.add(event["trial"])
            if kind == "result" and trains:
                self._seconds += event["seconds"]
            elif not (again and kind in ("start", "progress")):
                emit(event)

        with _worker(self._arguments) as worker:
            try:
                worker.run(spec, self._data, self._digest, take, self._stop)
            except WorkerLostError as fault:
                if trains or self._stop.is_set():
                    raise
                raise DeviceError(f"target gpu: {fault} {OFFER}") from fault

    def _tell(
        self,
        emit: Callable[[dict[str, Any]], None],
        fault: WorkerLostError,
        left: Sequence[int],
        trials: int,
    ) -> None:
        if len(left) == 1:
            text = f"trial {left[0]} was lost to a fault of the device: {fault}"
            if trials == 1 or (not self._finished and len(self._faults) + 1 >= trials):
                raise DeviceError(f"target gpu: {text} {OFFER}") from fault
            self._faults.append(text)
            emit({"event": "log", "level": "warning", "message": text})
        elif left:
            text = (
                f"the GPU's worker was lost ({fault}). Another one goes on with the {len(left)} "
                f"trials that are not finished."
            )
            emit({"event": "log", "level": "warning", "message": text})
