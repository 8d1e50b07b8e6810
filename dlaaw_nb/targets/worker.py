"""A worker process of this machine, as its owner sees it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from dlaaw_nb.engine import children, wire
from dlaaw_nb.engine.foreign import foreign_of
from dlaaw_nb.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["WorkerLostError", "WorkerProcess", "raise_end"]

_MOST_KEPT = 4  # data sets that a worker keeps; the oldest goes
_LINES = 20  # of standard error, for messages
_GRACE_S = 2.0  # from the wish to stop to the end of the process


class WorkerLostError(Exception):
    """A worker ended, or lost its device, with a job under way.

    Parameters
    ----------
    reason : str
        In words.
    blameless : bool
        Whether the job cannot be why: a cable, a power cut.
    """

    def __init__(self, reason: str, blameless: bool = False) -> None:
        super().__init__(reason)
        self.blameless = blameless


def raise_end(end: Mapping[str, Any] | None) -> None:
    """Raise what a job ended with.

    Parameters
    ----------
    end : mapping or None
        error (name of its class), message and lost; None for a job that went well.

    Raises
    ------
    WorkerLostError
        When the device was lost.
    Exception
        What the engine raised.
    """
    if end is None:
        return
    if end["lost"]:
        raise WorkerLostError(end["message"])
    from dlaaw_nb import errors

    kind = getattr(errors, str(end["error"]), TargetError)
    known = isinstance(kind, type) and issubclass(kind, errors.DlaawError)
    raise (kind if known else TargetError)(end["message"])


class WorkerProcess:
    """A process that carries out plans; see ``dlaaw_nb.engine.worker``.

    Parameters
    ----------
    arguments : sequence of str
        Of the worker.

    Raises
    ------
    TargetError
        When it cannot start: no driver, no device, no PyCUDA.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dlaaw_nb.engine.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # an interrupt is not for it
            env=children.environment(),
        )
        self._inputs = cast("BinaryIO", self._process.stdin)
        self._outputs = cast("BinaryIO", self._process.stdout)
        self._errors_from = cast("BinaryIO", self._process.stderr)
        self._errors: deque[str] = deque(maxlen=_LINES)
        self._known: deque[str] = deque()
        self._lock = threading.Lock()
        self._jobs = 0
        self._reader = threading.Thread(target=self._read_errors, name="dlaaw-stderr", daemon=True)
        self._reader.start()
        first = self._read()
        if first is None or "ready" not in first:
            said = self.last_words()
            self.kill()
            raise TargetError(first["failed"] if first else f"worker: {said}")
        self.device: dict[str, Any] = first["ready"]

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Say how the process ended, and what it wrote last."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.poll()
        state = "runs" if code is None else f"ended with status {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):  # of one without a name
                state = f"was ended by {signal.Signals(-code).name}"
        said = " ".join(list(self._errors)[-3:]).strip()
        return f"the process {state}{': ' + said if said else ''}"

    def run(
        self,
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        digest: str,
        emit: Callable[[dict[str, Any]], None],
        stop: threading.Event,
    ) -> None:
        """Carry out a plan, and hand on its events.

        Parameters
        ----------
        spec, data : mapping
            See ``dlaaw_nb.engine.execute``.
        digest : str
            The same for the same data, which then travels once.
        emit : callable
            Takes each event.
        stop : Event
            Asks for the end. A process that does not end its job soon is killed.

        Raises
        ------
        WorkerLostError
            When the process ended, or lost its device.
        Exception
            What the engine raised.
        """
        self._jobs += 1
        job = self._jobs
        known = digest in self._known
        message = {"do": "run", "job": job, "spec": spec, "digest": digest}
        finished = threading.Event()
        watcher = threading.Thread(
            target=self._watch, args=(job, stop, finished), name="dlaaw-stop", daemon=True
        )
        watcher.start()
        try:
            self._send({**message, "foreign": foreign_of(spec), "data": None if known else data})
            if not known:
                self._known.append(digest)
                while len(self._known) > _MOST_KEPT:
                    self._send({"do": "forget", "digest": self._known.popleft()})
            end = self._follow(job, emit)
        finally:
            finished.set()
        if end is not None and end["lost"]:
            self.kill()  # from here on what it wrote is complete, such as which assert failed
            said = " ".join(list(self._errors)[-3:]).strip()
            raise WorkerLostError(f"{end['message']} {said}".strip())
        raise_end(end)

    def _follow(self, job: int, emit: Callable[[dict[str, Any]], None]) -> dict[str, Any] | None:
        """Hand on the events of a job; gives how it ended."""
        while True:
            found = self._read()
            if found is None:
                raise WorkerLostError(self.last_words())
            if found.get("job") == job:
                if "event" not in found:
                    end: dict[str, Any] | None = found["end"]
                    return end
                emit(found["event"])

    def _watch(self, job: int, stop: threading.Event, finished: threading.Event) -> None:
        while not finished.wait(0.02):
            if stop.is_set():
                with contextlib.suppress(WorkerLostError, ValueError):
                    self._send({"do": "stop", "job": job})
                if not finished.wait(_GRACE_S):
                    self.kill()
                return

    def _send(self, message: dict[str, Any]) -> None:
        with self._lock:
            try:
                wire.write(self._inputs, message)
            except OSError as error:
                raise WorkerLostError(self.last_words()) from error

    def _read(self) -> dict[str, Any] | None:
        try:
            return wire.read(self._outputs)
        except (wire.WireError, OSError, ValueError):
            return None

    def _read_errors(self) -> None:
        for line in self._errors_from:
            self._errors.append(line.decode(errors="replace").rstrip())

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._clean()

    def close(self) -> None:
        """Let the process end by itself, as it does with its input; wait for nothing."""
        with contextlib.suppress(OSError, ValueError):
            self._inputs.close()
        threading.Thread(target=self._reap, name="dlaaw-reap", daemon=True).start()

    def _reap(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        self.kill()

    def _clean(self) -> None:
        self._process.wait()
        self._reader.join(_GRACE_S)
        for stream in (self._inputs, self._outputs, self._errors_from):
            with contextlib.suppress(OSError, ValueError):
                stream.close()
