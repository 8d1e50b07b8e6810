"""The plan ``kernel``: one launch of a person's own kernel, on the emulator or on a GPU.

``plan``: kind, source (CUDA C++), name (what errors call the source), kernel, grid and block (three
numbers each), shared_bytes, arguments (numbers, or ``{"array": name}``), check. ``data``: arrays by
name. Events: ``start``; ``log`` for what is printed; ``kernel`` with the arrays that it may write,
seconds (of the launch) and compile_seconds; ``result``.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from . import raw_build
from .faults import BuildError, KernelError
from .raw_signature import Kernel, Parameter, dynamic_shared, kernels_of

if TYPE_CHECKING:
    from .cuda_driver import Device
    from .session import Stop

__all__ = ["require", "run_kernel"]

Emit = Callable[[Dict[str, Any]], None]
_MOST_THREADS = 1024
_MOST_LINES = 10_000
_POLL_S = 0.02
_HEAD = np.dtype("u4")


class _Launch:
    """A plan ``kernel``, checked against the source's own signature.

    Raises
    ------
    KernelError
        When something does not fit.
    """

    def __init__(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        plan = spec["plan"]
        self.source, self.name = str(plan["source"]), str(plan.get("name") or "cell")
        if not re.fullmatch(r"[\w.\- ]{1,80}", self.name):
            raise KernelError(f"name: expected a word, got {self.name[:80]!r}.")
        self.kernels = kernels_of(self.source)
        names = [kernel.name for kernel in self.kernels]
        if plan["kernel"] not in names:
            raise KernelError(
                f"kernel: expected one of {', '.join(names)}, got {plan['kernel']!r}."
            )
        self.number = names.index(plan["kernel"])
        self.kernel: Kernel = self.kernels[self.number]
        self.check = bool(plan.get("check"))
        self.grid = _three(plan["grid"], "grid", 2**31 - 1)
        self.block = _three(plan["block"], "block", _MOST_THREADS)
        if int(np.prod(self.block)) > _MOST_THREADS:
            raise KernelError(
                f"block: expected at most {_MOST_THREADS} threads, got {int(np.prod(self.block))}. "
                "Use a smaller block and more of them (grid)."
            )
        self.shared_bytes = int(plan.get("shared_bytes") or 0)
        line = dynamic_shared(self.source, self.kernel)
        if line and self.shared_bytes <= 0:
            raise KernelError(
                f"{self.kernel.name}: line {line} declares `extern __shared__`, whose size is said "
                "at the launch. Give shared_bytes=."
            )
        self.arguments = self._arguments(plan["arguments"], data.get("arrays") or {})

    def _arguments(
        self, given: Sequence[Any], arrays: Mapping[str, np.ndarray]
    ) -> List[Tuple[Parameter, str, np.ndarray]]:
        wanted = self.kernel.parameters
        if len(given) != len(wanted):
            raise KernelError(f"{self.kernel}: expected {len(wanted)} arguments, got {len(given)}.")
        found = []
        for parameter, value in zip(wanted, given):
            name = str(value.get("array")) if isinstance(value, Mapping) else ""
            if name and name not in arrays:
                raise KernelError(
                    f"{self.kernel.name}, argument {parameter.name!r}: no array {name[:80]!r} "
                    "came along."
                )
            thing = arrays[name] if name else value
            found.append((parameter, name, checked(self.kernel, parameter, thing)))
        return found

    def written(self) -> List[Tuple[str, np.ndarray]]:
        """Arrays that the kernel may write, by name."""
        return [(name, a) for p, name, a in self.arguments if p.pointer and not p.const]


def _three(value: Any, what: str, most: int) -> Tuple[int, int, int]:
    numbers = [int(n) for n in value]
    if len(numbers) != 3 or any(not 1 <= n <= most for n in numbers):
        raise KernelError(f"{what}: expected three numbers from 1 to {most}, got {tuple(value)}.")
    return numbers[0], numbers[1], numbers[2]


def checked(kernel: Kernel, parameter: Parameter, value: Any) -> np.ndarray:
    """Hold an argument against what the kernel takes.

    Parameters
    ----------
    kernel : Kernel
        Whose argument it is, for the message.
    parameter : Parameter
        What it takes there.
    value : array or number
        What it is given.

    Returns
    -------
    array
        The array itself, or the number in its type, shape ().

    Raises
    ------
    KernelError
        With the kernel, the argument, what was expected, what came, and what to do.
    """
    place = f"{kernel.name}, argument {parameter.name!r} ({parameter})"
    if not parameter.pointer:
        return _number(place, parameter, value)
    wanted = f"an array of {parameter.dtype}"
    if not isinstance(value, np.ndarray):
        raise KernelError(
            f"{place}: expected {wanted}, got {type(value).__name__}. Use NumPy arrays."
        )
    if value.dtype != parameter.dtype:
        raise KernelError(
            f"{place}: expected {wanted}, got one of {value.dtype}. Convert it: "
            f"{parameter.name}.astype(np.{parameter.dtype})."
        )
    if not value.flags.c_contiguous:
        raise KernelError(
            f"{place}: expected an array that lies in one piece, got a slice or a transposed one. "
            f"Use np.ascontiguousarray({parameter.name})."
        )
    if not parameter.const and not value.flags.writeable:
        raise KernelError(
            f"{place}: the kernel may write to it, but it is read-only. Declare it const in the "
            "kernel, or give a copy."
        )
    return value


def _number(place: str, parameter: Parameter, value: Any) -> np.ndarray:
    kind = parameter.dtype.kind
    plain = isinstance(value, (bool, int, float, np.generic)) and not isinstance(value, np.ndarray)
    if not plain:
        raise KernelError(f"{place}: expected a number, got {type(value).__name__}.")
    number = value.item() if isinstance(value, np.generic) else value
    if kind == "f":
        with np.errstate(over="ignore"):
            made = np.array(number, parameter.dtype)
        if np.isinf(made) and not np.isinf(number):
            raise KernelError(f"{place}: {number!r} is beyond what a {parameter.type} holds.")
        return made
    if isinstance(number, float):
        raise KernelError(f"{place}: expected a whole number, got {number!r}.")
    if kind != "b":
        limits = np.iinfo(parameter.dtype)
        if not limits.min <= int(number) <= limits.max:
            raise KernelError(
                f"{place}: expected a number from {limits.min} to {limits.max}, got {number}."
            )
    return np.array(number, parameter.dtype)


def require(spec: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Refuse a plan that does not fit the source's own signature, before anything is compiled.

    Parameters
    ----------
    spec, data : mapping
        As above.

    Raises
    ------
    KernelError
        With what does not fit.
    """
    _Launch(spec, data)


def run_kernel(
    spec: Mapping[str, Any], data: Mapping[str, Any], emit: Emit, stop: Stop, machine: Any
) -> None:
    """Carry out a plan ``kernel``.

    Parameters
    ----------
    spec, data : mapping
        As above.
    emit : callable
        Takes the events.
    stop : Stop
        Ends the launch on a processor; on a GPU it cannot be ended but with its process.
    machine : Processor or Gpu
        Where.

    Raises
    ------
    KernelError
        When the source or the arguments cannot be used, or the kernel did what it may not.
    DeviceError
        When the GPU failed.
    """
    launch = _Launch(spec, data)
    emit({"event": "start", "trials": 0, "device": machine.describe()})
    device: Optional[Device] = getattr(machine, "device", None)
    if device is None:
        compile_s, seconds, arrays = _on_processor(launch, emit, stop)
    elif launch.check:
        raise KernelError("check: the emulator checks kernels. Use --target cpu with --check.")
    else:
        compile_s, seconds, arrays = run_on_device(device, launch)
    emit(
        {
            "event": "kernel",
            "kernel": launch.kernel.name,
            "arrays": arrays,
            "seconds": seconds,
            "compile_seconds": compile_s,
        }
    )


def run_on_device(device: Device, launch: Any) -> Tuple[float, float, Dict[str, np.ndarray]]:
    """Launch a kernel on a GPU.

    Parameters
    ----------
    device : Device
        Where.
    launch : _Launch
        What.

    Returns
    -------
    float, float, dict of str to array
        Seconds of compiling, and of the kernel; arrays that it may have written.
    """
    begin = time.perf_counter()
    image = raw_build.gpu_image(launch.source, launch.name, launch.kernels, device.arch)
    (function,) = device.load(image, (launch.kernel.name,))
    compile_s = time.perf_counter() - begin
    threads = int(np.prod(launch.block))
    if threads > function.max_threads:
        raise KernelError(
            f"{launch.kernel.name}: {threads} threads of {function.registers} registers do not fit "
            f"a block here, {function.max_threads} do. Use a smaller block."
        )
    placed: Dict[int, int] = {}  # an array given twice is one on the device too
    sizes = {id(array): array for parameter, _, array in launch.arguments if parameter.pointer}
    device.require({"arrays": sum(array.nbytes for array in sizes.values())})
    begun, ended = device.event(), device.event()
    try:
        for key, array in sizes.items():
            placed[key] = device.alloc(max(1, array.nbytes))
            device.upload(placed[key], array)
        arguments = [
            placed[id(array)] if parameter.pointer else array[()]
            for parameter, _, array in launch.arguments
        ]
        begun.record(device.stream)
        device.launch(
            function, launch.grid, launch.block, launch.shared_bytes, arguments, device.stream
        )
        ended.record(device.stream)
        written = {name: np.empty_like(array) for name, array in launch.written()}
        for name, array in launch.written():
            device.download(written[name], placed[id(array)], device.stream)
        device.wait(device.stream)
        return compile_s, ended.milliseconds_since(begun) / 1e3, written
    finally:
        for address in placed.values():
            device.free(address)
        device.give_back(begun, ended)


def _on_processor(
    launch: _Launch, emit: Emit, stop: Stop
) -> Tuple[float, float, Dict[str, np.ndarray]]:
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


def _say_what_is_not_checked(launch: _Launch, emit: Emit) -> None:
    """Tell where races between blocks are not looked for: the emulator then runs them in turn."""
    threads = int(np.prod(launch.grid)) * int(np.prod(launch.block))
    if int(np.prod(launch.grid)) == 1:
        return
    reason = ""
    if re.search(r"(?<!extern )__shared__", launch.source):
        reason = "the source has shared memory of a fixed size"
    elif threads > _MOST_THREADS:
        reason = f"{threads} threads are more than {_MOST_THREADS}: use a smaller grid"
    if reason:
        message = f"check: races between blocks are not looked for ({reason})."
        emit({"event": "log", "level": "warning", "message": message})


def _silent(_event: Dict[str, Any]) -> None:
    return None


def _program(launch: _Launch, options: Sequence[str]) -> Path:
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
    launch: _Launch, program: Path, emit: Emit, stop: Stop
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
    import os

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


def _write(file: Path, launch: _Launch) -> Dict[str, int]:
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


def _fault(launch: _Launch, status: int, errors: str) -> str:
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
