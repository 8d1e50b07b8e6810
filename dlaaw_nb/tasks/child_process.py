"""A program run as a child: its output is streamed, and it ends with all that it started.

The child leads a session of its own, so that a signal to its group reaches what it started, after
it has ended itself too; children that left the group are found by psutil while it lives.
"""

from __future__ import annotations

import codecs
import os
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from dlaaw_nb.errors import TaskError
from dlaaw_nb.tasks.families import descendants, end_all, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Ended", "run_child"]

GRACE_S = 3.0
"""Seconds between the request to end and the end by force."""

_POLL_S = 0.05
_CHUNK_BYTES = 1 << 16
_LAST_LINES = 20
_LONGEST_LINE = 500


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes
    ----------
    status : int
        Its exit status; below 0 the signal that ended it.
    output : bytes
        What it wrote to stdout, if that was asked for.
    last_lines : str
        The end of what it wrote to stderr.
    cancelled : bool
        Whether it was ended because nobody wants its result any more.
    overflowed : bool
        Whether it was ended because it wrote more than may be kept.
    """

    status: int
    output: bytes
    last_lines: str
    cancelled: bool
    overflowed: bool


def run_child(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    given: bytes | None,
    keep_bytes: int,
    log: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Ended:
    """Run a program to its end, or end it.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    folder : Path
        Where it runs.
    environment : mapping of str to str
        All of its variables.
    given : bytes or None
        What it reads from stdin; None for nothing.
    keep_bytes : int
        Most of stdout that is kept; 0 keeps none, and lets it write without end.
    log : callable
        Takes text of stdout and stderr as it comes.
    cancelled : callable
        Asked all the time whether to end it.

    Returns
    -------
    Ended
        When it and all that it started have ended.

    Raises
    ------
    TaskError
        When it cannot be started.
    """
    process = _started(command, folder, environment, given is not None)
    output = _Kept(keep_bytes)
    errors = _LastLines()
    threads = [
        _reading(process.stdout, log, output.take),
        _reading(process.stderr, log, errors.take),
    ]
    if given is not None:
        threads.append(_thread(_feed, process.stdin, given))
    stopped = False
    try:
        while process.poll() is None and not stopped:
            stopped = cancelled() or output.overflowed
            time.sleep(0 if stopped else _POLL_S)
    finally:
        _end(process)
        for thread in threads:
            thread.join(GRACE_S)  # a child that left the group may hold a pipe for ever
    return Ended(
        process.returncode,
        bytes(output.content),
        errors.text,
        stopped and not output.overflowed,
        output.overflowed,
    )


def _started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], fed: bool
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except FileNotFoundError:
        fault = "there is no such program. Install it, put its folder on PATH, or give its path"
    except PermissionError:
        fault = "it may not be run. Give it the permission (chmod +x), or name its interpreter"
    except (OSError, ValueError) as error:  # too long, no format of a program, a NUL
        fault = f"it cannot be started ({error}). Check its arguments"
    raise TaskError(f"command {command[0]!r}: {fault}.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it started: by request, then by force."""
    family = descendants(process.pid)
    if process.poll() is None or _group_lives(process.pid):
        _signal_all(process, family, force=False)
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline and _anyone(process, family):
            time.sleep(_POLL_S)
        _signal_all(process, family, force=True)
    process.wait()


def _signal_all(process: subprocess.Popen[bytes], family: Sequence[Any], *, force: bool) -> None:
    end_all(family, force=force)
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL if force else signal.SIGTERM)
    elif process.poll() is None:
        (process.kill if force else process.terminate)()


def _anyone(process: subprocess.Popen[bytes], family: Sequence[Any]) -> bool:
    return process.poll() is None or _group_lives(process.pid) or any(map(runs, family))


def _group_lives(group: int) -> bool:
    if os.name != "posix":
        return False
    try:
        os.killpg(group, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return True


class _Kept:
    """The beginning of a stream, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self.content, self.overflowed, self._limit = bytearray(), False, limit

    def take(self, data: bytes) -> None:
        if self._limit and not self.overflowed:
            self.content += data
            self.overflowed = len(self.content) > self._limit


class _LastLines:
    """The last lines of a stream."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=_LAST_LINES)
        self._open = b""

    def take(self, data: bytes) -> None:
        *whole, rest = (self._open + data).split(b"\n")
        self._lines.extend(line[-_LONGEST_LINE:] for line in whole)
        self._open = rest[-_LONGEST_LINE:]

    @property
    def text(self) -> str:
        lines = [*self._lines, self._open]
        return b"\n".join(lines).decode(errors="replace").strip()


def _reading(
    stream: IO[bytes] | None, log: Callable[[str], None], take: Callable[[bytes], None]
) -> threading.Thread:
    return _thread(_read, stream, log, take)


def _thread(work: Callable[..., None], *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, name="dlaaw-child", daemon=True)
    thread.start()
    return thread


def _read(stream: IO[bytes], log: Callable[[str], None], take: Callable[[bytes], None]) -> None:
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    with stream, suppress(OSError, ValueError):
        while data := stream.read(_CHUNK_BYTES):
            log(decode(data))
            take(data)
        log(decode(b"", True))


def _feed(stream: IO[bytes], given: bytes) -> None:
    with suppress(OSError):  # it may end, or close it, without reading all
        rest = memoryview(given)
        while rest:
            rest = rest[stream.write(rest) :]
    with suppress(OSError):
        stream.close()
