"""Runs a person's own kernel on the emulator: in a process of its own, which it may spoil."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from . import raw_build
from .faults import BuildError, KernelError
from .raw_launch import MOST_THREADS

if TYPE_CHECKING:
    from .raw_launch import Launch
    from .session import Stop

__all__ = ["run_on_processor"]

Emit = Callable[[Dict[str, Any]], None]
_MOST_LINES = 10_000
_POLL_S = 0.02
_HEAD = np.dtype("u4")


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
        When there is no compiler, or a check has no sanitizers.
    """
    begin = time.perf_counter()
    programs = [_program(launch, options) for options in raw_build.options_for(launch.check)]
    compile_s = time.perf_counter() - begin
    seconds = 0.0
    arrays: Dict[str, np.ndarray] = {}
    if launch.check:
        _say_what_is_not_checked(launch, emit)
    for number, program in enumerate(programs):
        quiet = number > 0  # what it prints has been told
        seconds, arrays = _run(launch, program, _silent if quiet else emit, stop)
    return compile_s, seconds, arrays


def _say_what_is_not_checked(launch: Launch, emit: Emit) -> None:
    """Tell where races between blocks are not looked for: the emulator then runs them in turn."""
    threads = int(np.prod(launch.grid)) * int(np.prod(launch.block))
    if int(np.prod(launch.grid)) == 1:
        return
    reason = ""
    if re.search(r"(?<!extern )__shared__", launch.source):
        reason = "the source has shared memory of a fixed size"
    elif threads > MOST_THREADS:
        reason = f"{threads} threads are more than {MOST_THREADS}: use a smaller grid"
    if reason:
        message = f"check: races between blocks are not looked for ({reason})."
        emit({"event": "log", "level": "warning", "message": message})


def _silent(_event: Dict[str, Any]) -> None:
    return None


def _program(launch: Launch, options: Sequence[str]) -> Path:
    try:
        return raw_build.program(launch.source, launch.name, launch.kernels, options)
    except KernelError as error:
        if launch.check and re.search("sanitize|asan|tsan", str(error)):
            raise BuildError(
                "check: the compiler has no sanitizers (libasan, libtsan). Install them, or leave "
                "--check out."
            ) from error
        raise


def _run(
    launch: Launch, program: Path, emit: Emit, stop: Stop
) -> Tuple[float, Dict[str, np.ndarray]]:
    with tempfile.TemporaryDirectory(prefix="dlaaw-cell-") as folder:
        file = Path(folder) / "launch"
        places = _write(file, launch)
        process = subprocess.Popen(
            [str(program), str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=_environment(),
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
        if process.returncode:
            raise KernelError(_fault(launch, process.returncode, errors))
        seconds = re.search(r"dlaaw-seconds: ([\d.]+)", errors)
        arrays = {}
        for name, array in launch.written():
            made = np.fromfile(file, array.dtype, array.size, offset=places[name])
            arrays[name] = made.reshape(array.shape)
        return float(seconds.group(1)) if seconds else 0.0, arrays


def _environment() -> Dict[str, str]:
    return {
        **os.environ,
        "ASAN_OPTIONS": "detect_leaks=0:exitcode=66:abort_on_error=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=66",
        "TSAN_OPTIONS": "exitcode=66:halt_on_error=1",
    }


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


def _write(file: Path, launch: Launch) -> Dict[str, int]:
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
    return places


_KINDS = (
    ("heap-buffer-overflow", "an access outside of an array"),
    ("index .* out of bounds", "an access outside of a shared array"),
    ("stack-buffer-overflow", "an access outside of a local array"),
    ("ThreadSanitizer: data race", "a race: two threads use one place, one of them writes"),
    ("SEGV|AddressSanitizer", "an access to memory that is not the kernel's"),
)


def _fault(launch: Launch, status: int, errors: str) -> str:
    """Say what a launch did that it may not, with the lines of its source."""
    lines = raw_build.lines_of(errors, launch.name)
    own = [line for line in errors.splitlines() if line.startswith("dlaaw: ")]
    if own:
        return f"{launch.kernel.name}: {own[0][len('dlaaw: ') :]}."
    kind = next((told for pattern, told in _KINDS if re.search(pattern, errors)), "")
    if kind and lines:
        shown = launch.source.splitlines()
        quoted = "".join(
            f"\n    line {n}: {shown[n - 1].strip()}" for n in lines[:4] if 0 < n <= len(shown)
        )
        return f"{launch.kernel.name}: {kind}.{quoted}"
    if status < 0:
        return (
            f"{launch.kernel.name}: it ended its process (signal {-status}), most likely by an "
            "access outside of an array. %%cuda --check says where."
        )
    return f"{launch.kernel.name}: status {status}: {errors.strip()[-500:]}"
