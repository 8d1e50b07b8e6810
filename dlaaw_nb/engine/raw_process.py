"""Runs a person's own kernel on the emulator: in a process of its own, which it may spoil."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from . import children, raw_build
from .faults import KernelError
from .raw_findings import MOST_SHOWN, Checked, findings_of, unwatched_of
from .raw_symbols import variables_of

if TYPE_CHECKING:
    from .raw_launch import Launch
    from .raw_symbols import Variable
    from .session import Stop

__all__ = ["run_on_processor"]

Emit = Callable[[Dict[str, Any]], None]
_MOST_LINES = 10_000
_POLL_S = 0.02
_HEAD = np.dtype("u4")
WATCH_S = 60  # of a checked launch; what comes later is not looked at
SHADOW_BYTES = 1 << 30  # of memory that remembers accesses


def run_on_processor(
    launch: Launch, emit: Emit, stop: Stop
) -> Tuple[float, float, Dict[str, np.ndarray]]:
    """Run a launch on the emulator, in a process that ends with it.

    Parameters
    ----------
    launch : Launch
        What.
    emit : callable
        Takes what it prints, as log events.
    stop : Stop
        Ends it.

    Returns
    -------
    float, float, dict of str to array
        Seconds of compiling, and of the kernel; arrays that it may have written.

    Raises
    ------
    KernelError
        When the source cannot be used, or the kernel did what it may not.
    BuildError
        When there is no compiler.
    """
    begin = time.perf_counter()
    program = raw_build.program(launch.source, launch.name, launch.kernels, launch.check)
    compile_s = time.perf_counter() - begin
    seconds, arrays = _run(launch, program, emit, stop)
    return compile_s, seconds, arrays


def _run(
    launch: Launch, program: Path, emit: Emit, stop: Stop
) -> Tuple[float, Dict[str, np.ndarray]]:
    with tempfile.TemporaryDirectory(prefix="dlaaw-cell-") as folder:
        file = Path(folder) / "launch"
        variables = variables_of(program) if launch.check else []
        places = _write(file, launch, variables)
        process = subprocess.Popen(
            [str(program), str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            # Elsewhere nothing but the group ends it with us.
            start_new_session=children.own_session() and sys.platform == "linux",
        )
        with process:
            told = _Told(process, emit)
            while process.poll() is None and not stop.is_set():
                time.sleep(_POLL_S if told.busy_for > 0.1 else 0.001)
            if process.poll() is None:
                process.kill()
                process.wait()
                told.join()
                return told.busy_for, {}
            errors = told.join()
        if launch.check:
            limits = (WATCH_S, SHADOW_BYTES)
            _tell_findings(Checked(launch, program, variables or [], *limits), errors, emit)
        if process.returncode:
            raise KernelError(_fault(launch, process.returncode, errors))
        seconds = re.search(r"dlaaw-seconds: ([\d.]+)", errors)
        arrays = {}
        for name, array in launch.written():
            made = np.fromfile(file, array.dtype, array.size, offset=places[name])
            arrays[name] = made.reshape(array.shape)
        return float(seconds.group(1)) if seconds else 0.0, arrays


def _tell_findings(checked: Checked, errors: str, emit: Emit) -> None:
    """Raise what the checks found, and say what they did not look at."""
    for message in unwatched_of(checked, errors):
        emit({"event": "log", "level": "warning", "message": message})
    found = findings_of(checked, errors)
    if len(found) > MOST_SHOWN:
        found = [*found[:MOST_SHOWN], f"... and {len(found) - MOST_SHOWN} more"]
    if found:
        raise KernelError("\n".join([f"{checked.launch.kernel.name}: {found[0]}", *found[1:]]))


class _Told:
    """What a process prints, handed on line by line."""

    def __init__(self, process: Any, emit: Emit) -> None:
        self._process, self._emit, self._begin = process, emit, time.perf_counter()
        self._errors: List[bytes] = []
        self._threads = [threading.Thread(target=job) for job in (self._print, self._keep)]
        for thread in self._threads:
            thread.start()

    @property
    def busy_for(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self._begin

    def _print(self) -> None:
        for number, line in enumerate(self._process.stdout):
            if number < _MOST_LINES:
                message = line.decode(errors="replace").rstrip("\n")[:_MOST_LINES]
                self._emit({"event": "log", "level": "info", "message": message})
            elif number == _MOST_LINES:
                message = f"(more than {_MOST_LINES} lines were printed: the rest is left out)"
                self._emit({"event": "log", "level": "warning", "message": message})

    def _keep(self) -> None:
        self._errors.append(self._process.stderr.read())

    def join(self) -> str:
        """Wait for the end of what is printed; give what came on standard error."""
        for thread in self._threads:
            thread.join()
        return b"".join(self._errors).decode(errors="replace")


def _write(file: Path, launch: Launch, variables: Optional[List[Variable]]) -> Dict[str, int]:
    """Write a launch as emulator/cell.cuh reads it; where each array lies in the file."""
    places: Dict[str, int] = {}
    with file.open("wb") as out:
        head = [launch.number, *launch.grid, *launch.block, len(launch.arguments)]
        out.write(np.array(head, _HEAD).tobytes())
        out.write(np.array([launch.shared_bytes], "u8").tobytes())
        numbers: Dict[int, int] = {}
        for number, (parameter, name, array) in enumerate(launch.arguments):
            if parameter.pointer and id(array) in numbers:  # an array given twice is one
                out.write(np.array([2, numbers[id(array)]], "u8").tobytes())
                continue
            out.write(np.array([parameter.pointer, array.nbytes], "u8").tobytes())
            if parameter.pointer:
                places[name], numbers[id(array)] = out.tell(), number
            out.write(array.tobytes())
            out.write(b"\0" * (-array.nbytes % 8))
        if launch.check:
            out.write(np.array(_checked(launch, variables), "u8").tobytes())
    return places


def _checked(launch: Launch, variables: Optional[List[Variable]]) -> List[int]:
    """List what the checks want to know of a launch: its arrays, its variables, their limits."""
    written = {id(array) for parameter, _, array in launch.arguments if parameter.writes}
    numbers = []
    for _, _, array in launch.arguments:
        numbers += [array.itemsize, id(array) in written]
    numbers.append(len(variables or []))
    for variable in variables or []:
        numbers += [variable.address, variable.bytes]
    return [*numbers, variables is not None, SHADOW_BYTES, WATCH_S]


def _fault(launch: Launch, status: int, errors: str) -> str:
    """Say what a launch did that it may not."""
    own = [line for line in errors.splitlines() if line.startswith("dlaaw: ")]
    if own:
        return f"{launch.kernel.name}: {own[0][len('dlaaw: ') :]}."
    if status < 0:
        likely = "an access outside of an array. %%cuda --check says where"
        if launch.check:
            likely = "more than the 256 KiB of stack that a thread has"
        if status == -signal.SIGFPE:
            likely = "a whole number that was divided by 0"
        return (
            f"{launch.kernel.name}: it ended its process (signal {-status}), most likely by "
            f"{likely}."
        )
    return f"{launch.kernel.name}: status {status}: {errors.strip()[-500:]}"
