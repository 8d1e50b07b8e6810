"""Jobs that go on without a client: a journal takes their events, and anybody may follow it.

``python WORKER detach --folder FOLDER`` starts what carries out ``FOLDER/job-1`` (see ``board``)
and comes back at once; every frame goes into ``FOLDER/journal``. ``python WORKER follow --marker
WORD --folder FOLDER --skip COUNT`` hands the journal's frames on, but for the first, until the job
has ended; standard input is as of ``board``: a heartbeat, and ``C``, which asks the job to stop.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Optional, Sequence

from . import wire
from .board import Board, commands, frames
from .faults import DlaawError
from .telemetry import Telemetry

__all__ = ["detach", "follow"]

_BEAT_S, _LOOK_S = 1.0, 0.02
_START_S = 90.0
JOURNAL, ALIVE, CANCEL = "journal", "alive", "cancel"


def detach(argv: Sequence[str]) -> int:
    """Start a job that needs no client.

    Parameters
    ----------
    argv : sequence of str
        ``--folder`` of the job, ``--device auto|cpu|gpu``.

    Returns
    -------
    int
        0 once it is on its way.
    """
    parser = argparse.ArgumentParser(prog="detach")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--device", default="auto")
    given = parser.parse_args(argv)
    folder = Path(given.folder)
    if os.fork():
        until = time.monotonic() + _START_S
        while not (folder / ALIVE).exists() and time.monotonic() < until:
            time.sleep(_LOOK_S)
        return 0 if (folder / ALIVE).exists() else 1
    os.setsid()
    with (folder / "stderr").open("ab") as errors:
        os.dup2(errors.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)
    _write_alive(folder)
    _carry_out(folder, given.device)
    os._exit(0)


def _write_alive(folder: Path) -> None:
    part = folder / f"{ALIVE}.part"
    part.write_text(_identity(os.getpid()), encoding="ascii")
    part.replace(folder / ALIVE)


def _identity(process: int) -> str:
    """Tell a process from any other that has its number later: when it began, since which boot."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return f"{process} {stat.rpartition(')')[2].split()[19]} {boot}"
    except OSError:
        return f"{process} gone"


def _is_alive(folder: Path) -> bool:
    """Tell whether what looks after a job still runs."""
    try:
        noted = (folder / ALIVE).read_text(encoding="ascii")
        return _identity(int(noted.split()[0])) == noted
    except (OSError, ValueError, IndexError):
        return False


class _Writer:
    """Writes the journal: one frame after the other, whichever thread it comes from."""

    def __init__(self, path: Path) -> None:
        self._path, self._file, self._lock = path, path.open("ab"), threading.Lock()
        self.over = False

    def write(self, frame: Dict[str, Any]) -> None:
        """Write a frame; the last is the job's end, or what came before the disk was full."""
        with self._lock:
            if self.over:
                return
            self.over = "end" in frame or "lost" in frame
            try:
                wire.write(self._file, frame)
            except OSError as error:  # whoever follows sees that nothing is alive, and reads this
                sys.stderr.write(f"{self._path}: {error}\n")
                self.over = True

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            self._file.close()


def _carry_out(folder: Path, device: str) -> None:
    journal = _Writer(folder / JOURNAL)
    board = Board(folder, journal.write, commands(device))
    telemetry, told, asked = Telemetry(), time.monotonic(), False
    try:
        board.start()
        for note in board.notes:
            journal.write({"job": 1, "event": {"event": "log", "level": "info", "message": note}})
        while not journal.over:
            time.sleep(max(board.look(), _LOOK_S))
            if not asked and (folder / CANCEL).exists():
                asked = True
                board.cancel(1)
            if time.monotonic() - told > _BEAT_S and board.busy:
                told = time.monotonic()
                journal.write({"job": 1, "event": {"event": "telemetry", **telemetry.read()}})
    except DlaawError as error:
        end = {"error": "TargetError", "message": str(error), "lost": False}
        journal.write({"job": 1, "end": end})
    finally:
        board.end()
        journal.close()


def follow(argv: Sequence[str]) -> int:
    """Hand on the events of a job.

    Parameters
    ----------
    argv : sequence of str
        ``--marker``, ``--folder``, ``--skip``, ``--limit`` seconds without a heartbeat.

    Returns
    -------
    int
        0; the job goes on when this ends.
    """
    parser = argparse.ArgumentParser(prog="follow")
    parser.add_argument("--marker", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--limit", type=float, default=4.0)
    given = parser.parse_args(argv)
    folder = Path(given.folder)
    out = frames(given.marker)
    if not (folder / JOURNAL).exists() and not _is_alive(folder):
        out({"failed": f"{folder}: there is no such job any more."})
        return 3
    out({"ready": {}, "notes": [], "facts": {}})
    with contextlib.suppress(BrokenPipeError):
        _hand_on(folder, given.skip, given.limit, out)
    os._exit(0)


def _hand_on(
    folder: Path, skip: int, limit_s: float, out: Callable[[Dict[str, Any]], None]
) -> None:
    journal, count = _Journal(folder), 0
    heard = told = time.monotonic()
    while True:
        frame = journal.read()
        if frame is not None:
            count += 1
            if count > skip:
                out(frame)
            if "end" in frame or "lost" in frame:
                return
        elif not _is_alive(folder) and journal.read() is None:
            said = (folder / "stderr").read_text(encoding="utf-8", errors="replace")[-500:]
            out({"lost": f"what looked after the job has ended: {said.strip() or 'no reason'}"})
            return
        now = time.monotonic()
        beat = _heard(0 if frame is not None else _LOOK_S)
        if beat:
            heard = now
            if b"C" in beat:
                (folder / CANCEL).touch()
        if beat == b"" or now - heard > limit_s:
            return
        if now - told > _BEAT_S:
            told = now
            out({"beat": None})


def _heard(wait_s: float) -> Optional[bytes]:
    """Give what the client sent; nothing at its end, None where it sent none."""
    return os.read(0, 4096) if select.select([0], [], [], wait_s)[0] else None


class _Journal:
    """Frames in a file that grows."""

    def __init__(self, folder: Path) -> None:
        self._path, self._place = folder / JOURNAL, 0
        self._file: Optional[BinaryIO] = None

    def read(self) -> Optional[Dict[str, Any]]:
        """Read the next frame; None where it is not whole yet."""
        if self._file is None:
            if not self._path.exists():
                return None
            self._file = self._path.open("rb")
        self._file.seek(self._place)
        try:
            frame = wire.read(self._file)
        except wire.WireError:  # cut off: it is still being written
            return None
        if frame is not None:
            self._place = self._file.tell()
        return frame
