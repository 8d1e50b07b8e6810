"""A machine that is reached over SSH, as a node: it needs Python and NumPy, and nothing of ours."""

from __future__ import annotations

import io
import posixpath
import secrets
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from dlaaw_nb.engine import wire
from dlaaw_nb.engine.foreign import foreign_of
from dlaaw_nb.engine.packing import packed
from dlaaw_nb.errors import RemoteError
from dlaaw_nb.targets.board_frames import checked, ready
from dlaaw_nb.targets.worker import WorkerLostError, raise_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.targets.depot import Depot
    from dlaaw_nb.targets.ssh_process import Process

__all__ = ["Board", "bytes_of", "message_of", "send_data"]

_BEAT_S, _LIMIT_S = 0.5, 4.0  # between two heartbeats; without one the board ends the job
_SILENT_S = 6.0  # the board says something every second
_START_S = 90.0  # NumPy and CUDA on a slow board
_STOP_S = 3.0  # from the wish to stop to the end of the connection
_MOST_NOISE = 1 << 16  # of a login shell
_MOST_FRAME = 4 << 30


class Board:
    """A session on a board: a connection, and a worker there.

    Parameters
    ----------
    depot : Depot
        Where; it is closed with the session.
    worker : callable
        Takes the session's folder; gives another command to be run than the worker's own, or none.
    files : mapping of str to bytes
        What that needs, in the session's folder.
    follow : tuple of (str, int) or None
        Folder of a detached job to follow, and how many of its events are known.

    Attributes
    ----------
    session : str
        The folder.
    device : dict
        What the worker runs on.
    notes : list of str
        What was tried before, such as a GPU without PyCUDA.
    facts : dict
        What the machine has; see ``dlaaw_nb.engine.facts``.

    Raises
    ------
    RemoteError
        When it cannot be reached, or lacks something.
    """

    def __init__(
        self,
        depot: Depot,
        worker: Callable[[str], Sequence[str]] = lambda _session: (),
        files: Mapping[str, bytes] | None = None,
        follow: tuple[str, int] | None = None,
    ) -> None:
        self.name, self._depot, self._connection = depot.name, depot, depot.connection
        self._jobs = 0
        self._process: Process | None = None
        self._closed = threading.Event()
        self._skip = None if follow is None else follow[1]
        own = posixpath.join(depot.root, "sessions", secrets.token_hex(8))
        self.session = own if follow is None else follow[0]
        try:
            self._connection.make_folder(self.session)
            for name, content in (files or {}).items():
                self._connection.put(content, posixpath.join(self.session, name))
            self._process = self._start(worker(self.session))
            self._frames = _Frames(self._process)
            threading.Thread(target=self._beat, name="dlaaw-beat", daemon=True).start()
            self._await_ready()
        except OSError as error:
            self.close()
            if isinstance(error, RemoteError):
                raise
            raise RemoteError(f"{self.name}: {error}", self.name) from error
        except BaseException:
            self.close()
            raise

    def _start(self, worker: Sequence[str]) -> Process:
        self._marker = secrets.token_hex(16)
        common = ("--marker", self._marker, "--folder", self.session, "--limit", str(_LIMIT_S))
        if self._skip is not None:
            words = ["follow", *common, "--skip", str(self._skip)]
        else:
            words = ["board", *common, "--device", self._depot.settings.device]
        process = self._depot.start([*words, *(["--worker", *worker] if worker else [])])
        process.timeout_s = _START_S
        return process

    def _await_ready(self) -> None:
        process = self._running()
        try:
            noise = self._frames.skip_to(self._marker)
            first = self._frames.read() if noise is None else None
            first = first and ready(first)
        except (OSError, wire.WireError) as error:
            noise, first = str(error), None
        if first is None:
            raise self._depot.not_started(process, noise)
        if "failed" in first:
            status, said = process.wait(2.0), process.last_words()
            tail = f"\nThe end of its stderr:\n{said}" if said else ""
            told = f"{self.name}: {first['failed']}{tail}"
            raise RemoteError(told, self.name, process.command, status, said)
        self.device: dict[str, Any] = {**first["ready"], "node": self.name}
        self.notes: list[str] = list(first["notes"])
        self.facts: dict[str, Any] = dict(first["facts"])
        process.timeout_s = _SILENT_S

    def _running(self) -> Process:
        if self._process is None:
            raise WorkerLostError(f"{self.name}: the connection is closed")
        return self._process

    @property
    def alive(self) -> bool:
        """Whether the connection stands and the board's side runs, as far as is known."""
        process = self._process
        return process is not None and not process.over and self._connection.alive

    def latency_s(self) -> float:
        """Measure the way there and back, in seconds."""
        begin = time.perf_counter()
        self._connection.size(self._depot.root)
        return time.perf_counter() - begin

    def run(
        self,
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        digest: str,
        emit: Callable[[dict[str, Any]], None],
        stop: threading.Event,
    ) -> None:
        """Carry a plan out; see ``WorkerProcess.run``."""
        end = self._attempt(spec, data, digest, emit, stop)
        if end is not None and end.get("again"):  # its data did not arrive whole
            end = self._attempt(spec, data, digest, emit, stop)
        raise_end(end)

    def _attempt(
        self,
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        digest: str,
        emit: Callable[[dict[str, Any]], None],
        stop: threading.Event,
    ) -> dict[str, Any] | None:
        """Have a plan carried out once; gives how it ended."""
        self._jobs += 1
        job = self._jobs
        finished = threading.Event()
        self._heed(job, stop, finished)
        try:
            place = send_data(self._depot, data, digest)
            message = {"job": job, "spec": dict(spec), "digest": digest, "data": place}
            file = bytes_of({**message, "foreign": foreign_of(spec)})
            self._connection.put(file, posixpath.join(self.session, f"job-{job}"))
            for note in self.notes if job == 1 else ():
                emit({"event": "log", "level": "info", "message": f"{self.name}: {note}"})
            return self._follow(job, emit)
        except RemoteError:
            raise
        except (OSError, EOFError, wire.WireError) as error:
            reason = "it was stopped" if self._closed.is_set() else self._why_lost(error)
            self.close()
            raise WorkerLostError(reason) from error
        finally:
            finished.set()

    def _follow(self, job: int, emit: Callable[[dict[str, Any]], None]) -> dict[str, Any] | None:
        while True:
            frame = self._frames.read()
            if frame is None:
                raise EOFError("the worker ended")
            frame = checked(frame)
            if frame.get("beat") is not None:
                emit({"event": "telemetry", **frame["beat"]})
            elif "lost" in frame:
                raise WorkerLostError(f"{self.name}: {frame['lost']}")
            elif frame.get("job") == job:
                if "event" not in frame:
                    end: dict[str, Any] | None = frame["end"]
                    return end
                emit(frame["event"])

    def _why_lost(self, error: BaseException) -> str:
        process = self._running()
        if isinstance(error, TimeoutError):
            return f"no sign of life for {_SILENT_S:.0f} s (its network, or its power)"
        status, said = process.wait(1.0), process.last_words()
        tail = f"; it said last: {said[-500:]}" if said else ""
        what = "the connection was lost" if status == -1 else f"the board's side ended ({status})"
        return f"{what}: {error}{tail}"

    def follow(
        self, emit: Callable[[dict[str, Any]], None], stop: threading.Event
    ) -> dict[str, Any] | None:
        """Hand on the events of a detached job.

        Parameters
        ----------
        emit : callable
            Takes each event.
        stop : Event
            Asks the job to end.

        Returns
        -------
        dict or None
            How it ended; see ``raise_end``.

        Raises
        ------
        WorkerLostError
            When the connection is lost, or what looked after the job.
        """
        finished = threading.Event()
        self._heed(1, stop, finished, grace_s=60.0)
        try:
            return self._follow(1, emit)
        except (OSError, EOFError, wire.WireError) as error:
            raise WorkerLostError(self._why_lost(error)) from error
        finally:
            finished.set()

    def _heed(
        self, job: int, stop: threading.Event, finished: threading.Event, grace_s: float = _STOP_S
    ) -> None:
        watched = (job, stop, finished, grace_s)
        threading.Thread(target=self._watch, args=watched, name="dlaaw-stop", daemon=True).start()

    def _watch(
        self, job: int, stop: threading.Event, finished: threading.Event, grace_s: float
    ) -> None:
        while not finished.wait(0.02):
            if stop.is_set():
                with suppress(OSError, WorkerLostError):
                    self._running().send(b"C%d;" % job)
                if not finished.wait(grace_s):
                    self.close()
                return

    def _beat(self) -> None:
        while not self._closed.wait(_BEAT_S):
            process = self._process
            if process is None:
                return
            try:
                process.send(b".")
            except OSError:
                return  # whoever reads from it finds out as well

    def close(self) -> None:
        """End the worker and the connection."""
        process, self._process = self._process, None
        self._closed.set()
        if process is not None:
            process.close()
        self._depot.close()


class _Frames:
    """The frames in what a process prints, behind what is not ours."""

    def __init__(self, process: Process) -> None:
        self._process, self._rest = process, b""

    def skip_to(self, marker: str) -> str | None:
        """Skip what a login shell prints; gives that where the marker does not come."""
        wanted = f"\n{marker}\n".encode()
        seen = b""
        until = time.monotonic() + _START_S
        while wanted not in seen:
            if len(seen) > _MOST_NOISE or time.monotonic() > until:
                return seen.decode(errors="replace")
            piece = self._process.read(4096)
            if not piece:
                return seen.decode(errors="replace")
            seen += piece
        self._rest = seen.partition(wanted)[2]
        return None

    def read(self) -> dict[str, Any] | None:
        """Read a frame; None at the end."""
        return wire.read(cast("BinaryIO", _Exactly(self._take)), _MOST_FRAME)

    def _take(self, count: int) -> bytes:
        if not self._rest:
            self._rest = self._process.read(1 << 16)
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken


class _Exactly:
    """A stream whose reads give all that was asked for, but at its end."""

    def __init__(self, take: Callable[[int], bytes]) -> None:
        self._take = take

    def read(self, count: int) -> bytes:
        """Read so many bytes, or what is left."""
        found = b""
        while len(found) < count:
            piece = self._take(count - len(found))
            if not piece:
                break
            found += piece
        return found


def send_data(depot: Depot, data: Mapping[str, Any], digest: str) -> str:
    """Upload data that is not there yet.

    Parameters
    ----------
    depot : Depot
        Where to.
    data : mapping
        Arrays, and mappings of them.
    digest : str
        Of its content.

    Returns
    -------
    str
        Path of the file.

    Raises
    ------
    RemoteError
        When it cannot be written.
    """
    place = posixpath.join(depot.root, "data", f"{digest}.dla")
    if not depot.connection.size(place):
        content = packed(data)
        try:
            depot.connection.put(content, place)
        except OSError as error:
            if not depot.connection.alive:
                raise
            raise RemoteError(
                f"{depot.name}: {len(content)} bytes of data could not be written to {place}: "
                f"{error}. Is the disk full? (df -h {depot.root})",
                depot.name,
            ) from error
    return place


def bytes_of(message: dict[str, Any]) -> bytes:
    """Give a message as a file."""
    made = io.BytesIO()
    wire.write(made, message)
    return made.getvalue()


def message_of(content: bytes) -> dict[str, Any]:
    """Read what `bytes_of` gave; empty for what is none."""
    return wire.read(io.BytesIO(content)) or {}
