"""What runs on a board: it looks after a worker for a client that is somewhere else.

``python WORKER board --marker WORD --folder FOLDER``: jobs appear as files in FOLDER, put there
whole (``job-1``, ``job-2``, one after the other), events go out on standard output as frames of
``wire``, after a line with the marker: what a login shell prints before it is not ours. Standard
input carries a heartbeat alone: any byte says that the client is there, ``C7;`` that job 7 shall
stop. Without a heartbeat for the limit, or at the end of the input, the worker and all
that it started are ended, and this process with them.

A job is ``{"spec", "digest", "foreign", "data"}``; data is the path of a file as of ``packing``.
The worker reads both itself.
Frames out: ``{"ready": device, "notes", "facts"}`` or ``{"failed"}``; ``{"beat": telemetry}`` every
second; ``{"job", "event"}``; ``{"job", "end"}`` as of ``worker``, with ``again`` where its data
should be sent once more; ``{"lost": reason}`` when the worker died.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, List, Optional, Sequence

from . import wire
from .facts import facts
from .faults import DlaawError
from .keeping import keep
from .meeting import Meeting
from .telemetry import Telemetry

__all__ = ["MEETING", "Board", "commands", "end_group", "frames", "main"]

MEETING = "meet"
"""Name of the socket in a session's folder where rank 0 comes to."""

_BEAT_S = 1.0
_LOOK_S, _IDLE_LOOK_S = 0.005, 0.1  # between two looks for a job: soon after one, and later
_SOON_S = 120.0
_GRACE_S = 1.0  # from TERM to KILL
_LEAVING_S = 5.0  # from the last word of a worker to its end


class Board:
    """Looks after a worker.

    Parameters
    ----------
    folder : Path
        Where jobs appear.
    out : callable
        Takes frames.
    commands : sequence of sequence of str
        What starts a worker; those after the first where it fails.
    meet : Path or None
        Where the worker comes to, if it is not the process that is started; see ``meeting``.
    """

    def __init__(
        self,
        folder: Path,
        out: Callable[[Dict[str, Any]], None],
        commands: Sequence[Sequence[str]],
        meet: Optional[Path] = None,
    ) -> None:
        self._folder, self._out, self._commands = folder, out, list(commands)
        self._meet = meet
        self._process: Any = None
        self._channel: Any = None
        self._starting: Any = None
        self._unwanted = 0  # the latest job that shall stop
        self._job: Any = None
        self._next = 1
        self._latest = time.monotonic()
        self.ready: Dict[str, Any] = {}
        self.notes: List[str] = []

    def start(self) -> None:
        """Start a worker: the first command that works.

        Raises
        ------
        DlaawError
            When none does, with what each said.
        """
        said: List[str] = []
        for command in self._commands:
            meeting = None if self._meet is None else Meeting(self._meet)
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if meeting is None else subprocess.DEVNULL,
                stdout=subprocess.PIPE if meeting is None else 2,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 (it calls one function of C)
            )
            self._starting = process
            channel: Any = (process.stdout, process.stdin)
            if meeting is not None:
                channel = meeting.await_other(partial(_has_ended, process))
            first = None if channel is None else wire.read(channel[0])
            if first is not None and "ready" in first:
                self._process, self._channel, self._starting = process, channel, None
                self.ready, self.notes = first["ready"], said
                threading.Thread(
                    target=self._forward, args=(process, channel[0]), daemon=True
                ).start()
                return
            status = f"the worker ended with {_status_text(_ended(process))}"
            said.append(first["failed"] if first else status)
        raise DlaawError("\n".join(said))

    def _forward(self, process: Any, stream: BinaryIO) -> None:
        """Hand on what the worker sends, until it ends."""
        while True:
            try:
                frame = wire.read(stream)
            except (wire.WireError, OSError, ValueError):
                frame = None
            if frame is None:
                break
            if "end" in frame:
                self._job, self._latest = None, time.monotonic()
            self._out(frame)
            if (frame.get("end") or {}).get("lost"):
                break
        status = _ended(process)
        if self._process is process:
            self._process = None
            if self._job is not None:
                self._job = None
                self._out({"lost": f"the worker ended with {_status_text(status)}"})

    @property
    def over(self) -> bool:
        """Whether what started the worker is gone, and another start is for the client to order."""
        return self._meet is not None and self._process is None

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    def look(self) -> float:
        """Take the next job where there is one, and tell the worker of a wish to stop.

        The thread that calls it must live as long as the worker.

        Returns
        -------
        float
            Seconds until the next look.
        """
        job = self._job
        if job is not None and job == self._unwanted:
            self._unwanted = 0
            with contextlib.suppress(OSError):
                self._send({"do": "stop", "job": job})
        file = self._folder / f"job-{self._next}"
        if self._job is None and file.exists():
            self._next += 1
            self._take(file)
        soon = self.busy or time.monotonic() - self._latest < _SOON_S
        return _LOOK_S if soon else _IDLE_LOOK_S

    def _take(self, file: Path) -> None:
        self._job, self._latest = self._next - 1, time.monotonic()
        try:
            if self._process is None or self._process.poll() is not None:
                if self._meet is not None:  # another start may be of fewer nodes
                    self._out({"lost": "mpiexec has ended"})
                    return
                self.start()
            self._send({"do": "run", "job": self._job, "path": str(file)})
        except DlaawError as error:
            job, self._job = self._job, None
            end = {"error": "TargetError", "message": str(error), "lost": False}
            self._out({"job": job, "end": end})
        except OSError:
            pass  # the worker has died: whoever reads from it tells

    def _send(self, message: Dict[str, Any]) -> None:
        if self._process is not None:
            wire.write(self._channel[1], message)

    def cancel(self, job: int) -> None:
        """Ask a job to stop, from any thread, also before it is there; `look` tells the worker."""
        self._unwanted = job

    def end(self) -> None:
        """End the worker and all that it started, from any thread."""
        processes = [self._process, self._starting]
        self._process = self._starting = None
        for process in filter(None, processes):
            end_group(process)


def _has_ended(process: Any) -> bool:
    return process.poll() is not None


def _ended(process: Any) -> int:
    """Wait for the end of a process whose worker has gone; gives its status."""
    try:
        status: int = process.wait(_LEAVING_S)
    except subprocess.TimeoutExpired:  # mpiexec without rank 0
        end_group(process)
        status = process.wait()
    return status


def _status_text(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"


def end_group(process: Any) -> None:
    """End a process that leads a session, and all of it: asked first, then made to.

    Parameters
    ----------
    process : Popen
        Started with a session of its own.
    """
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except (ProcessLookupError, PermissionError):
            break
        until = time.monotonic() + _GRACE_S
        while time.monotonic() < until:
            process.poll()
            try:
                os.killpg(process.pid, 0)
            except (ProcessLookupError, PermissionError):
                break
            time.sleep(0.02)
    process.poll()


_C = ctypes.CDLL(None)


def _die_with_parent() -> None:
    if hasattr(_C, "prctl"):  # Linux
        _C.prctl(1, signal.SIGTERM)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Look after a worker until the client goes.

    Parameters
    ----------
    argv : sequence of str or None
        ``--marker``, ``--folder``, ``--device auto|cpu|gpu``, ``--limit`` seconds without a
        heartbeat; ``--worker``, the words of an mpiexec that starts rank 0 as a worker with
        ``--meet FOLDER/meet``, in place of this program's own worker.

    Returns
    -------
    int
        Exit status.
    """
    given = _given(argv)
    out = frames(given.marker)
    folder = Path(given.folder)
    if given.worker:
        board = Board(folder, out, [given.worker], folder / MEETING)
    else:
        board = Board(folder, out, commands(given.device))
    client = _Client(board, folder, given.limit)
    client.mind()
    try:
        board.start()
    except DlaawError as error:
        out({"failed": str(error)})
        return 3
    out({"ready": board.ready, "notes": board.notes, "facts": facts()})
    threading.Thread(target=_beat, args=(board, out, folder, client), daemon=True).start()
    keep(folder.parent.parent, time.time())
    try:
        while not board.over:
            time.sleep(board.look())
        client.leave("mpiexec has ended")
    except BrokenPipeError:
        client.leave("nobody listens any more")
    except BaseException as error:  # noqa: BLE001 (said there; the worker must not outlive it)
        client.leave(f"{type(error).__name__}: {error}")
    return 0


def _given(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="board")
    parser.add_argument("--marker", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--limit", type=float, default=4.0)
    parser.add_argument("--worker", nargs=argparse.REMAINDER)
    return parser.parse_args(argv)


def frames(marker: str) -> Callable[[Dict[str, Any]], None]:
    """Give what sends frames to standard output; anything else that is printed goes elsewhere.

    Parameters
    ----------
    marker : str
        A line that goes before the first.

    Returns
    -------
    callable
        Takes a frame, from any thread.
    """
    outputs = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    lock = threading.Lock()

    def out(frame: Dict[str, Any]) -> None:
        with lock:
            wire.write(outputs, frame)

    outputs.write(f"\n{marker}\n".encode())
    outputs.flush()
    return out


def commands(device: str) -> List[List[str]]:
    """List what starts a worker for a device; the next one where one fails.

    Parameters
    ----------
    device : str
        ``"auto"``, ``"cpu"`` or ``"gpu"``.

    Returns
    -------
    list of list of str
        Commands.
    """
    own = [sys.executable, sys.argv[0], "worker"]
    gpu = [*own, "--gpu", "0"]
    return {"cpu": [own], "gpu": [gpu], "auto": [gpu, own]}[device]


class _Client:
    """Whoever is at the other end: what comes from there, and what to do when nothing does.

    It has a thread of its own, so that neither data that is being read nor output that nobody
    takes keeps a board from noticing that its client has gone.
    """

    def __init__(self, board: Board, folder: Path, limit_s: float) -> None:
        self._board, self._folder, self._limit_s = board, folder, limit_s
        self._leaving = threading.Lock()

    def mind(self) -> None:
        """Listen from now on."""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        rest = b""
        while select.select([0], [], [], self._limit_s)[0]:
            said = os.read(0, 4096)
            if not said:
                self.leave("the client has gone")
            *words, rest = (rest[-20:] + said).split(b";")
            for word in words:
                number = word.rpartition(b"C")[2]
                if number.isdigit():
                    self._board.cancel(int(number))
        self.leave(f"no heartbeat for {self._limit_s:g} s")

    def leave(self, why: str) -> None:
        """End all that was started here, and this process."""
        self._leaving.acquire()  # for ever: only the first does it
        self._board.end()
        shutil.rmtree(str(self._folder), ignore_errors=True)
        with contextlib.suppress(OSError):
            os.set_blocking(2, False)
            os.write(2, f"board: {why}\n".encode())
        os._exit(0)  # threads may wait for what does not come


def _beat(
    board: Board, out: Callable[[Dict[str, Any]], None], folder: Path, client: _Client
) -> None:
    """Tell every second that the board is there."""
    telemetry = Telemetry()
    try:
        while True:
            out({"beat": telemetry.read() if board.busy else None})
            with contextlib.suppress(OSError):
                os.utime(str(folder))  # in use; see ``keeping``
            time.sleep(_BEAT_S)
    except BrokenPipeError:
        client.leave("nobody listens any more")
