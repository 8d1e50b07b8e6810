"""A recorder in place of ``engine/cuda_driver.py``: device memory on the host, kernels emulated.

It does nothing before somebody waits, as a device may: a host that reads or changes memory too
early gets wrong numbers. It refuses what a driver would not forgive: addresses that nobody
allocated, copies beyond an allocation, memory that is freed twice or never.
"""

from __future__ import annotations

import ctypes
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np
from kernel_builds import FIBERS, Emulator, built_with

from dlaaw_nb.engine import build, cuda_build
from dlaaw_nb.engine.faults import DeviceMemoryError
from dlaaw_nb.engine.launch import Prediction, Training

_STRUCTS = {"dlaaw_train": Training, "dlaaw_predict": Prediction}


class RecordedStream:
    """Work that waits to be done, in order."""

    def __init__(self) -> None:
        self.queue: List[Callable[[], None]] = []
        self.handle = self

    def run(self) -> None:
        while self.queue:
            self.queue.pop(0)()


class RecordedEvent:
    def __init__(self) -> None:
        self._reached, self._stream, self._asked = False, None, 0

    def record(self, stream: RecordedStream) -> None:
        self._reached, self._stream, self._asked = False, stream, 0
        stream.queue.append(self._reach)

    def _reach(self) -> None:
        self._reached = True

    def passed(self) -> bool:
        self._asked += 1
        if self._asked > 2 and self._stream is not None:
            while not self._reached:
                self._stream.queue.pop(0)()
        return self._reached


class RecordedFunction:
    def __init__(self, library: ctypes.CDLL, name: str) -> None:
        self.library, self.name = library, name
        self.registers, self.shared_bytes, self.local_bytes, self.max_threads = 64, 0, 0, 1024


class RecordedDevice:
    """A device with little of everything.

    Parameters
    ----------
    memory_bytes, multiprocessors : int
        What it has.
    """

    arch = "sm_90"
    place = "gpu 0 (recorded)"

    def __init__(self, memory_bytes: int = 1 << 30, multiprocessors: int = 4, integrated=False):
        self.info = {
            "kind": "gpu",
            "index": 0,
            "name": "recorded",
            "compute_capability": "9.0",
            "memory_bytes": memory_bytes,
            "multiprocessors": multiprocessors,
            "threads_per_block": 1024,
            "shared_bytes": 96 << 10,
            "shared_bytes_each": 96 << 10,
            "registers_each": 65536,
            "threads_each": 2048,
            "integrated": integrated,
        }
        self.memory: Dict[int, np.ndarray] = {}
        self.log: List[Tuple[Any, ...]] = []
        self.order = 0
        self.lent = 0  # streams, events and pinned memory that somebody has
        self._pinned: List[np.ndarray] = []
        self.stream = self.new_stream()

    def new_stream(self) -> RecordedStream:
        self.lent += 1
        return RecordedStream()

    def give_back(self, *lent: Any) -> None:
        for thing in lent:
            if isinstance(thing, RecordedStream):
                assert not thing.queue, "a stream is given back with work under way"
            self.lent -= 1

    def event(self) -> RecordedEvent:
        self.lent += 1
        return RecordedEvent()

    def free_bytes(self) -> int:
        return int(self.info["memory_bytes"]) - sum(a.nbytes for a in self.memory.values())

    def require(self, parts: Dict[str, int]) -> None:
        if sum(parts.values()) > self.free_bytes():
            raise DeviceMemoryError(f"needs {parts}, has {self.free_bytes()}")

    def alloc(self, nbytes: int) -> int:
        self.require({"allocation": nbytes})
        raw = np.full(nbytes + 512, 0xFF, np.uint8)  # NaN where nothing was written
        skip = -raw.ctypes.data % 256
        array = raw[skip : skip + nbytes]
        self.memory[array.ctypes.data] = array
        self.log.append(("alloc", nbytes))
        return int(array.ctypes.data)

    def free(self, address: int) -> None:
        self.log.append(("free", self.memory.pop(address).nbytes))

    def _at(self, address: int, nbytes: int) -> np.ndarray:
        for base, array in self.memory.items():
            if base <= address and address + nbytes <= base + array.nbytes:
                return array[address - base : address - base + nbytes]
        raise AssertionError(f"{nbytes} bytes at {address:#x}: nobody allocated that")

    def zero(self, address: int, nbytes: int, stream: RecordedStream) -> None:
        self._at(address, nbytes)
        stream.queue.append(lambda: self._at(address, nbytes).fill(0))

    def pinned(self, nbytes: int) -> np.ndarray:
        self.lent += 1
        self._pinned.append(np.zeros(nbytes, np.uint8))
        return self._pinned[-1]

    def _is_pinned(self, array: np.ndarray) -> bool:
        return any(np.shares_memory(array, pinned) for pinned in self._pinned)

    def upload(self, address: int, array: np.ndarray, stream: RecordedStream) -> None:
        self._at(address, array.nbytes)
        source = array if self._is_pinned(array) else array.copy()
        self.log.append(("upload", array.nbytes))
        flat = source.reshape(-1).view(np.uint8)

        def copy() -> None:
            self._at(address, array.nbytes)[:] = flat

        stream.queue.append(copy)

    def download(self, array: np.ndarray, address: int, stream: RecordedStream) -> None:
        self._at(address, array.nbytes)
        self.log.append(("download", array.nbytes))

        def copy() -> None:
            array.reshape(-1).view(np.uint8)[:] = self._at(address, array.nbytes)

        stream.queue.append(copy)

    def place_array(self, array: np.ndarray) -> int:
        address = self.alloc(array.nbytes)
        self._at(address, array.nbytes)[:] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        self.log.append(("place", array.nbytes))
        return address

    def load(self, image: bytes, names: Sequence[str]) -> List[RecordedFunction]:
        library = ctypes.CDLL(image.decode())
        return [RecordedFunction(library, name) for name in names]

    def launch(
        self,
        function: RecordedFunction,
        grid: Sequence[int],
        block: Sequence[int],
        shared_bytes: int,
        arguments: Sequence[Any],
        stream: RecordedStream,
    ) -> None:
        assert block[0] % 32 == 0
        assert block[0] <= function.max_threads
        assert shared_bytes <= self.info["shared_bytes"]
        kind = _STRUCTS[function.name]
        size, (address,) = ctypes.sizeof(kind), arguments
        self._at(address, size * grid[1])
        self.log.append(("launch", function.name, tuple(grid), tuple(block), shared_bytes))

        def run() -> None:
            emulator = Emulator(function.library)
            emulator.configure(block[0], self.order)
            for trial in range(grid[1]):
                structure = kind.from_buffer_copy(self._at(address + size * trial, size))
                floats = getattr(function.library, f"{function.name}_floats")
                assert 4 * floats(ctypes.c_void_p(structure.sizes)) <= shared_bytes
                call = getattr(function.library, function.name)
                call(ctypes.byref(structure), 0, grid[0], None)
                assert not emulator.error()

        stream.queue.append(run)

    def wait(self, stream: RecordedStream) -> None:
        stream.run()


def emulated_cubin(source: str, arch: str, options: Sequence[str] = ()) -> bytes:
    """What stands for ``cuda_build.program_cubin``: a library in which CUDA is emulated."""
    assert arch == "sm_90"
    with built_with([*FIBERS, "-UDLAAW_TILE", *options]):
        build.library(source)
        return str(build._file(source, build.compiler() or ())).encode()


def use(monkeypatch: Any) -> None:
    """Let GPU programs be compiled for the recorder."""
    monkeypatch.setattr(cuda_build, "program_cubin", emulated_cubin)
    monkeypatch.setattr(cuda_build, "compiler_name", lambda: "recorded")
