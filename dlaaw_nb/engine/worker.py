"""A process that carries plans out for another one: ``python -m dlaaw_nb.engine.worker --gpu 0``.

Under MPI (``mpiexec -n 6 python -m mpi4py -m dlaaw_nb.engine.worker --ranks 6 --meet PATH``) rank 0
does so for all the others, which compute.

Messages come on standard input, and go out on what was standard output (see ``wire``), or both ways
through PATH under MPI (see ``meeting``); what anything prints, a kernel on the device too, becomes
log events. It ends with its input.

In: ``{"do": "run", "job", "spec", "data", "digest", "foreign"}``, or ``{"do", "job", "path"}`` of a
file with the rest, whose data is a path as well (see ``packing``); ``{"do": "stop", "job"}``;
``{"do": "forget", "digest"}``. Data that came once under a digest need not come again;
foreign layers are as ``foreign.foreign_of`` describes them.
Out: ``{"ready": device}`` or ``{"failed": ...}``; ``{"job", "event"}``; ``{"job", "end": None or
{"error", "message", "lost", "again"}}``, the last where damaged data should be sent once more.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO, Dict, Optional

from . import children, wire
from .execute import execute
from .faults import DamagedDataError, DeviceError, DlaawError
from .foreign import register_foreign
from .meeting import Channel, join
from .packing import loaded
from .prints import Prints
from .processor import Processor
from .rank import serve
from .ranks import Ranks, world
from .session import Stop

__all__ = ["Worker", "main"]

_MOST_DATA = 4  # sets that came as files; the oldest goes
_LOOK_S = 0.005  # between two looks for a job, under MPI
_GRACE_S = 5.0  # from the end of the input to that of the process, whatever runs


class Worker:
    """Carries out one plan after another.

    Parameters
    ----------
    inputs, outputs : binary file
        Where messages come from and go to.
    machine : Gpu, Processor or Ranks
        What carries them out.
    prints : Prints
        What is printed meanwhile.
    """

    def __init__(self, inputs: BinaryIO, outputs: BinaryIO, machine: Any, prints: Prints) -> None:
        self._inputs, self._outputs, self._machine = inputs, outputs, machine
        self._prints = prints
        self._jobs: queue.Queue[Optional[Dict[str, Any]]] = queue.Queue()
        self._data: Dict[str, Dict[str, Any]] = {}
        self._stop: Optional[Stop] = None
        self._job: Any = None
        self._stopped: Dict[Any, bool] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.lost = False  # the device, or a rank

    def send(self, message: Dict[str, Any]) -> None:
        """Send a message; from any thread."""
        with self._lock:
            wire.write(self._outputs, message)

    def _emit(self, event: Dict[str, Any]) -> None:
        self.send({"job": self._job, "event": event})

    def listen(self) -> None:
        """Take messages until there are no more; then whatever runs is stopped, or the process."""
        try:
            while True:
                message = wire.read(self._inputs)
                if message is None:
                    break
                self._take(message)
        except (wire.WireError, OSError):
            pass
        self._jobs.put(None)
        stop = self._stop
        if stop is not None:
            stop.set()
        if not self._over.wait(_GRACE_S):  # a person's own code may never end
            os._exit(1)

    def _take(self, message: Dict[str, Any]) -> None:
        if message["do"] == "stop":
            self._stopped[message["job"]] = True
            stop = self._stop
            if stop is not None and self._job == message["job"]:
                stop.set()
        elif message["do"] == "forget":
            self._data.pop(message["digest"], None)
        else:
            if message.get("data") is not None and message.get("digest"):
                self._data[message["digest"]] = message["data"]
            self._jobs.put(message)

    def run(self) -> None:
        """Carry out plans until there are no more, or the device is lost."""
        try:
            while True:
                message = self._next()
                if message is None or not self._run(message):
                    return
        finally:
            self._over.set()

    def _next(self) -> Optional[Dict[str, Any]]:
        """Wait for a job; ranks want to hear that somebody waits for one."""
        beat = getattr(self._machine, "beat", None)
        while beat is not None and self._jobs.empty():
            beat()
            time.sleep(_LOOK_S)
        return self._jobs.get()

    def _from_files(self, path: Path) -> Dict[str, Any]:
        """Read a job, which is then gone, and its data, which is known from then on."""
        with path.open("rb") as stream:
            message = wire.read(stream) or {}
        path.unlink()
        file, digest = message.pop("data"), message["digest"]
        if digest not in self._data:
            self._data[digest] = loaded(Path(file), digest)
            while len(self._data) > _MOST_DATA:
                self._data.pop(next(iter(self._data)))
        return message

    def _run(self, message: Dict[str, Any]) -> bool:
        job, self._stop, self._job = message["job"], Stop(), message["job"]
        self._prints.emit = self._emit
        if self._stopped.pop(job, False):
            self._stop.set()
        end: Optional[Dict[str, Any]] = None
        try:
            if "path" in message:
                message = self._from_files(Path(message["path"]))
            data = message.get("data")
            if data is None:
                data = self._data[message["digest"]]
            foreign = message.get("foreign") or {}
            register_foreign(foreign)
            if hasattr(self._machine, "learn"):
                self._machine.learn(foreign)
            execute(message["spec"], data, self._emit, self._stop, self._machine)
        except DlaawError as error:
            lost = isinstance(error, DeviceError) and error.lost
            end = {"error": type(error).__name__, "message": str(error), "lost": lost}
            end["again"] = isinstance(error, DamagedDataError)
        except Exception as error:  # noqa: BLE001 (told to whoever asked, whatever it is)
            import traceback

            text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            end = {"error": type(error).__name__, "message": text[-4000:], "lost": False}
        self._prints.hear_out()
        self._prints.emit, self._job, self._stop = None, None, None
        self.send({"job": job, "end": end})
        lost = end is not None and bool(end["lost"])
        self.lost = lost or getattr(self._machine, "worn", False)
        return not self.lost


def _machine(gpu: Optional[int]) -> Any:
    if gpu is None:
        return Processor()
    from .cuda_driver import open_device
    from .gpu import Gpu

    return Gpu(open_device(gpu))


def _of_rank(device: str) -> Any:
    """Give a rank's machine: of ``auto`` the GPU, where it can be used."""
    try:
        return _machine(None if device == "cpu" else 0)
    except DlaawError:
        if device == "gpu":
            raise
        return _machine(None)


def _standard() -> Channel:
    return os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")


def main(argv: Optional[list[str]] = None) -> int:
    """Serve until there is no more input.

    Parameters
    ----------
    argv : list of str or None
        ``--gpu INDEX``, or nothing for the processor; under MPI ``--ranks COUNT``, ``--meet
        PATH`` and ``--device auto|cpu|gpu``.

    Returns
    -------
    int
        Exit status: 0, or 3 where the device cannot be used, or nobody is there to work for.
    """
    parser = argparse.ArgumentParser(prog="dlaaw_nb.engine.worker")
    parser.add_argument("--gpu", type=int, default=None)
    parser.add_argument("--ranks", type=int, default=0)
    parser.add_argument("--meet", type=Path)
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="cpu")
    given = parser.parse_args(argv)
    children.stay_together()
    comm = world() if given.ranks else None
    if comm is not None and comm.rank > 0:
        serve(comm, _of_rank(given.device), Prints())
        return 0
    try:
        channel = _standard() if given.meet is None else join(given.meet)
    except DlaawError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    prints = Prints()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        machine = _machine(given.gpu) if comm is None else Ranks(comm, given.ranks)
        ready = machine.describe()
    except DlaawError as error:
        wire.write(channel[1], {"failed": str(error), "error": type(error).__name__})
        return 3
    worker = Worker(*channel, machine, prints)
    _serve(worker, ready)
    if comm is not None and not worker.lost:
        machine.close()
        return 0
    os._exit(1 if worker.lost else 0)  # a lost context hangs in its destructors


def _serve(worker: Worker, ready: Dict[str, Any]) -> None:
    """Work until there is no more input, or nobody listens."""
    worker.send({"ready": ready, "process": os.getpid()})
    threading.Thread(target=worker.listen, daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        worker.run()


if __name__ == "__main__":
    raise SystemExit(main())
