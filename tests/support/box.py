"""Boxes: processes in namespaces of their own, all of which end when the test lets go of them.

A box's first process is a shell that carries out commands from a pipe. The test holds the other
end: when it closes the box, fails, is killed or crashes, the pipe ends, the shell ends, and with it
the kernel ends every process in the box and takes away its mounts, names and network. Nothing has a
name outside, so that runs side by side do not meet.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import psutil
import pytest

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MARK = "--- done"
# The shell is process 1 of the box: it also collects the children of processes that ended.
_FIRST = (
    'set +e; while IFS= read -r _line; do ( eval "$_line" ) </dev/null 2>&1; '
    f"printf '\\n%s %s\\n' '{_MARK}' \"$?\"; done"
)


class BoxError(Exception):
    """A command in a box failed, or the box is gone."""


class Running(NamedTuple):
    """A process of a box: its id outside of the box, and its command line."""

    pid: int
    command: List[str]


def unavailable(reason: str) -> None:
    """Skip the test for a reason; where DLAAW_REQUIRE_CLUSTER is set, fail it."""
    if os.environ.get("DLAAW_REQUIRE_CLUSTER"):
        pytest.fail(f"DLAAW_REQUIRE_CLUSTER is set, but the test needs {reason}")
    pytest.skip(f"needs {reason}")


def program(name: str, package: str) -> str:
    """Find a program, also where only root's path has it; skip the test where it is missing."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PATH}")
    if found is None:
        unavailable(f"{name}: apt install {package}")
    return str(found)


class Box:
    """Processes in mount, process and further namespaces of their own.

    Parameters
    ----------
    namespaces : names of further namespaces, as ``unshare`` has them: "net", "uts", "ipc"

    Attributes
    ----------
    pid : the id, outside, of the box's first process
    """

    def __init__(self, *namespaces: str) -> None:
        if os.geteuid() != 0:
            unavailable("root, to make namespaces")
        options = [f"--{name}" for name in ("mount", "pid", *namespaces)]
        shell = [program("bash", "bash"), "-c", _FIRST]
        self._process = subprocess.Popen(
            [program("unshare", "util-linux"), *options, "--fork", "--kill-child", *shell],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": PATH, "LANG": "C.UTF-8"},
            cwd="/",
        )
        self.pid = 0
        self._lock = threading.Lock()  # one command at a time
        try:
            self.run("mount -t proc proc /proc")
        except BoxError as error:
            self.close()
            unavailable(f"namespaces, which this machine does not give: {error}")
        self.pid = psutil.Process(self._process.pid).children()[0].pid

    def __enter__(self) -> Box:  # noqa: PYI034 - Self needs a newer Python
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the box still runs."""
        return self._process.poll() is None

    def run(self, command: str, timeout_s: float = 20.0) -> str:
        """Carry out one command (of one line) in the box; give what it printed.

        Raises
        ------
        BoxError
            It failed, took longer than ``timeout_s``, or the box is gone.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None or stdin.closed:
            raise BoxError("the box is closed")
        text = ""
        with self._lock, contextlib.suppress(
            BrokenPipeError
        ), selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            stdin.write(command.encode() + b"\n")
            stdin.flush()
            end = time.monotonic() + timeout_s
            while selector.select(max(0.0, end - time.monotonic())):
                some = os.read(stdout.fileno(), 65536)
                text += some.decode("utf-8", "replace")
                said, mark, status = text.rpartition(f"\n{_MARK} ")
                if mark and status.endswith("\n"):
                    if int(status):
                        raise BoxError(f"{command}: status {status.strip()}: {said}")
                    return said
                if not some:
                    break
        raise BoxError(f"{command}: no answer within {timeout_s:g} s: {text}")

    def inside(self, path: str) -> Path:
        """Give the path, for the test, of a file that the box knows as ``path`` (absolute)."""
        return Path(f"/proc/{self.pid}/root") / path.lstrip("/")

    def processes(self) -> List[Running]:
        """List what runs in the box, but its first process and what has ended."""
        found = []
        for pid, space in _process_namespaces().items():
            if pid != self.pid and space == self._namespace():
                with contextlib.suppress(psutil.Error):
                    process = psutil.Process(pid)
                    if process.status() != psutil.STATUS_ZOMBIE:
                        found.append(Running(pid, process.cmdline()))
        return found

    def _namespace(self) -> Optional[str]:
        return _process_namespaces().get(self.pid)

    def kill(self) -> None:
        """End every process in the box at once, without asking any of them."""
        with contextlib.suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """End the box, with all that runs in it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its first process goes with it
            self._process.wait(10)


def _process_namespaces() -> Dict[int, str]:
    """Say for each process in which process namespace it is."""
    found = {}
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            found[pid] = os.readlink(f"/proc/{pid}/ns/pid")
    return found
