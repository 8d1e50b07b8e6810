"""The one file that calls the CUDA driver, through PyCUDA.

Everything else of the engine sees a `Device`: addresses are plain numbers, and what must come in an
order (copy, launch, copy) goes into a `Stream`. Tests put a recorder in its place.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import threading
from contextlib import AbstractContextManager
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from .faults import DeviceError, DeviceMemoryError
from .launch import address as address_of

__all__ = [
    "Device",
    "Event",
    "Function",
    "Stream",
    "close_devices",
    "open_device",
    "require_pycuda",
    "size_text",
]

_INSTALL = "pip install 'dlaaw-nb[gpu]' (it needs a C++ compiler and the headers of CUDA)"
_OFFER = "Or use target='cpu', which needs no GPU."
_CONTEXT_BYTES = 64 << 20  # what stays free, for the driver's own needs


def size_text(count: float) -> str:
    """Write a number of bytes for people.

    Parameters
    ----------
    count : float
        Bytes.

    Returns
    -------
    str
        Such as ``"1.5 GB"``.
    """
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def require_pycuda() -> None:
    """Refuse at once where PyCUDA is not installed, without loading anything.

    Raises
    ------
    DeviceError
        With what to install.
    """
    if importlib.util.find_spec("pycuda") is None:
        raise DeviceError(f"target gpu: PyCUDA is not installed. {_INSTALL}. {_OFFER}")


def _driver() -> Any:
    """PyCUDA's driver module, or one line that says what is missing."""
    require_pycuda()
    try:
        driver = importlib.import_module("pycuda.driver")
    except ModuleNotFoundError as error:
        raise DeviceError(
            f"target gpu: PyCUDA is there, but {error.name!r}, which it needs, is not. "
            f"Install it again: {_INSTALL}. {_OFFER}"
        ) from error
    except ImportError as error:
        text = str(error)
        if "libcuda" in text:
            raise DeviceError(
                "target gpu: this machine has no NVIDIA driver (libcuda.so.1 was not found). "
                f"Install the driver of your GPU. {_OFFER}"
            ) from error
        if "undefined symbol" in text:
            raise DeviceError(
                f"target gpu: the NVIDIA driver is older than the CUDA that PyCUDA was built with "
                f"({text.splitlines()[0]}). Update the driver, or build PyCUDA with an older CUDA. "
                f"{_OFFER}"
            ) from error
        raise DeviceError(f"target gpu: PyCUDA cannot be loaded ({text}). {_OFFER}") from error
    return driver


def _initialized() -> Any:
    driver = _driver()
    try:
        driver.init()
    except driver.Error as error:
        text = str(error)
        reason = (
            "the NVIDIA driver sees no GPU"
            if "no CUDA-capable device" in text or "no device" in text
            else f"the NVIDIA driver cannot be used ({text})"
        )
        hint = ""
        if os.environ.get("CUDA_VISIBLE_DEVICES") is not None:
            hint = f" CUDA_VISIBLE_DEVICES is {os.environ['CUDA_VISIBLE_DEVICES']!r}."
        raise DeviceError(
            f"target gpu: {reason}.{hint} nvidia-smi should list it. {_OFFER}"
        ) from error
    return driver


class Stream:
    """Work that a device does in order.

    Parameters
    ----------
    handle : object
        PyCUDA's.
    """

    def __init__(self, handle: Any) -> None:
        self.handle = handle


class Event:
    """A place in a stream.

    Parameters
    ----------
    handle : object
        PyCUDA's.
    """

    def __init__(self, handle: Any, device: Device) -> None:
        self._handle, self._device = handle, device

    def record(self, stream: Optional[Stream] = None) -> None:
        """Mark the place that the stream has reached.

        Parameters
        ----------
        stream : Stream or None
            None for the device's own.
        """
        with self._device.told("mark a place in a stream"):
            self._handle.record((stream or self._device.stream).handle)

    def passed(self) -> bool:
        """Tell whether the device has come past it.

        Returns
        -------
        bool
            True once everything before it is done.
        """
        with self._device.told("run a kernel"):
            return bool(self._handle.query())

    def milliseconds_since(self, before: Event) -> float:
        """Measure the time between two events, both of which have passed.

        Parameters
        ----------
        before : Event
            The earlier one.

        Returns
        -------
        float
            Milliseconds, as the device counts them.
        """
        with self._device.told("run a kernel"):
            return float(self._handle.time_since(before._handle))


class Function:
    """A kernel that is loaded.

    Parameters
    ----------
    handle : object
        PyCUDA's.
    name : str
        Its name.

    Attributes
    ----------
    registers, shared_bytes, local_bytes, max_threads : int
        Of a thread; static, of a block; of a thread, spilled; most threads of a block.
    """

    def __init__(self, handle: Any, name: str, module: Any) -> None:
        self.handle, self.name, self._module = handle, name, module
        self.registers = int(handle.num_regs)
        self.shared_bytes = int(handle.shared_size_bytes)
        self.local_bytes = int(handle.local_size_bytes)
        self.max_threads = int(handle.max_threads_per_block)
        self.allowed = 0  # dynamic shared memory that it may ask for


class _Told(AbstractContextManager):  # type: ignore[type-arg]
    """Turns the driver's errors into ours, which say what was being done."""

    def __init__(self, device: Device, doing: str) -> None:
        self._device, self._doing = device, doing

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, self._device.driver.MemoryError):
            raise DeviceMemoryError(
                f"{self._device.place}: out of memory to {self._doing} "
                f"({size_text(self._device.free_bytes())} are free). Use fewer rows or trials at "
                f"once, or end other programs on it. {_OFFER}"
            ) from error
        if isinstance(error, self._device.driver.Error):
            raise DeviceError(
                f"{self._device.place}: could not {self._doing}: {error}.", lost=True
            ) from error


class Device:
    """One GPU, through its primary context, which the calling thread holds.

    Parameters
    ----------
    index : int
        Which GPU, from 0, as nvidia-smi lists them.

    Attributes
    ----------
    info : dict
        kind (``"gpu"``), index, name, compute_capability, memory_bytes, multiprocessors,
        threads_per_block, shared_bytes (of a block, at most), shared_bytes_each (of a
        multiprocessor), registers_each, l2_bytes, clock_khz, memory_clock_khz, bus_bits,
        integrated (CPU and GPU share memory), driver (version of CUDA that it knows).
    arch : str
        Such as ``"sm_90"``.

    Raises
    ------
    DeviceError
        When there is no such GPU, no driver, no PyCUDA.
    """

    def __init__(self, index: int = 0) -> None:
        driver = self.driver = _initialized()
        count = driver.Device.count()
        if not 0 <= index < count:
            raise DeviceError(
                f"target gpu:{index}: expected a GPU from 0 to {count - 1}, this machine has "
                f"{count}. Use target='gpu:0'."
            )
        self._device = driver.Device(index)
        self.info = _describe(driver, self._device, index)
        self.place = f"gpu {index} ({self.info['name']})"
        self.arch = "sm_" + self.info["compute_capability"].replace(".", "")
        self._allocated: Dict[int, Tuple[Any, int]] = {}
        # What is not needed any more waits for the next user: PyCUDA cannot destroy it in another
        # thread, where the garbage collector may find it.
        self._spare_streams: List[Stream] = []
        self._spare_events: List[Event] = []
        self._spare_pinned: Dict[int, List[np.ndarray]] = {}
        self._pinned: Dict[int, np.ndarray] = {}  # lent, by address
        self._mapped: Dict[int, Any] = {}
        with self.told("make a context"):
            self._context = self._device.retain_primary_context()
            self._context.push()
            self.stream = self.new_stream()

    def told(self, doing: str) -> _Told:
        """Turn the driver's errors into ours.

        Parameters
        ----------
        doing : str
            What is being done, for the message.

        Returns
        -------
        context manager
            Raises DeviceError, or DeviceMemoryError.
        """
        return _Told(self, doing)

    def new_stream(self) -> Stream:
        """Lend a stream beside the device's own.

        Returns
        -------
        Stream
            Its work runs beside that of others; `give_back` when it is done.
        """
        if self._spare_streams:
            return self._spare_streams.pop()
        with self.told("make a stream"):
            return Stream(self.driver.Stream(1))  # 1: it does not wait for the default stream

    def give_back(self, *lent: Any) -> None:
        """Take back what was lent; nothing may be under way in it.

        Parameters
        ----------
        *lent : Stream, Event or array
            What `new_stream`, `event` and `pinned` gave.
        """
        for thing in lent:
            if isinstance(thing, Stream):
                self._spare_streams.append(thing)
            elif isinstance(thing, Event):
                self._spare_events.append(thing)
            else:
                whole = self._pinned.pop(address_of(thing))
                self._spare_pinned.setdefault(len(whole), []).append(whole)

    def event(self) -> Event:
        """Lend an event.

        Returns
        -------
        Event
            To be recorded; `give_back` when it is not needed any more.
        """
        if self._spare_events:
            return self._spare_events.pop()
        with self.told("make an event"):
            return Event(self.driver.Event(), self)

    def free_bytes(self) -> int:
        """Measure the memory that is free.

        Returns
        -------
        int
            Bytes.
        """
        return int(self.driver.mem_get_info()[0])

    def require(self, parts: Mapping[str, int]) -> None:
        """Refuse what does not fit into the memory, before anything is allocated.

        Parameters
        ----------
        parts : mapping of str to int
            Bytes by what they are for.

        Raises
        ------
        DeviceMemoryError
            With the sizes.
        """
        wanted, free = sum(parts.values()), self.free_bytes() - _CONTEXT_BYTES
        if wanted > free:
            told = ", ".join(f"{name} {size_text(size)}" for name, size in parts.items())
            raise DeviceMemoryError(
                f"{self.place}: needs {size_text(wanted)} ({told}), of which "
                f"{size_text(max(0, free))} are free. Use fewer rows, or end other programs on it. "
                f"{_OFFER}"
            )

    def alloc(self, nbytes: int) -> int:
        """Allocate memory; what is in it is not said.

        Parameters
        ----------
        nbytes : int
            Bytes, at least 1.

        Returns
        -------
        int
            Address, a multiple of 256.

        Raises
        ------
        DeviceMemoryError
            When there is not so much.
        """
        with self.told(f"allocate {size_text(nbytes)}"):
            allocation = self.driver.mem_alloc(max(1, int(nbytes)))
        self._allocated[int(allocation)] = (allocation, int(nbytes))
        return int(allocation)

    def free(self, address: int) -> None:
        """Give memory back.

        Parameters
        ----------
        address : int
            What `alloc` or `place_array` gave.
        """
        if address in self._mapped:
            del self._mapped[address]
        else:
            self._allocated.pop(address)[0].free()

    def zero(self, address: int, nbytes: int, stream: Optional[Stream] = None) -> None:
        """Fill memory with zeros.

        Parameters
        ----------
        address, nbytes : int
            Where, and how much.
        stream : Stream or None
            None for the device's own.
        """
        with self.told("fill memory with zeros"):
            self.driver.memset_d8_async(address, 0, nbytes, (stream or self.stream).handle)

    def pinned(self, nbytes: int) -> np.ndarray:
        """Lend host memory that the device copies from and to while the host goes on.

        Parameters
        ----------
        nbytes : int
            Bytes.

        Returns
        -------
        uint8 array, shape (nbytes,)
            Zeros; `give_back` when no copy is under way any more.
        """
        room = max(4096, 1 << (int(nbytes) - 1).bit_length())
        spare = self._spare_pinned.get(room)
        if spare:
            whole = spare.pop()
        else:
            with self.told(f"allocate {size_text(room)} of the host's memory"):
                whole = self.driver.pagelocked_empty(room, np.uint8)
        self._pinned[address_of(whole)] = whole
        lent: np.ndarray = whole[:nbytes]
        lent[:] = 0
        return lent

    def upload(self, address: int, array: np.ndarray, stream: Optional[Stream] = None) -> None:
        """Copy an array to the device.

        Parameters
        ----------
        address : int
            Where to.
        array : array
            C-contiguous; `pinned` memory may not be changed before the copy has passed.
        stream : Stream or None
            None for the device's own.
        """
        if array.nbytes:
            with self.told(f"copy {size_text(array.nbytes)} to it"):
                self.driver.memcpy_htod_async(address, array, (stream or self.stream).handle)

    def download(self, array: np.ndarray, address: int, stream: Optional[Stream] = None) -> None:
        """Copy from the device into an array; it is there once the stream has come so far.

        Parameters
        ----------
        array : array
            C-contiguous.
        address : int
            Where from.
        stream : Stream or None
            None for the device's own.
        """
        if array.nbytes:
            with self.told(f"copy {size_text(array.nbytes)} from it"):
                self.driver.memcpy_dtoh_async(array, address, (stream or self.stream).handle)

    def place_array(self, array: np.ndarray) -> int:
        """Put an array where kernels read it.

        Parameters
        ----------
        array : array
            C-contiguous.

        Returns
        -------
        int
            Address; `free` gives it back. Where CPU and GPU share memory, the host's own is mapped
            and nothing is copied to the device.
        """
        if self.info["integrated"] and array.nbytes:
            with self.told(f"map {size_text(array.nbytes)} of the host's memory"):
                flags = self.driver.host_alloc_flags.DEVICEMAP
                held = self.driver.pagelocked_empty(array.shape, array.dtype, mem_flags=flags)
                held[...] = array
                address = int(held.base.get_device_pointer())
            self._mapped[address] = held
            return address
        address = self.alloc(array.nbytes)
        self.upload(address, array)
        self.wait()
        return address

    def load(self, image: bytes, names: Sequence[str]) -> List[Function]:
        """Load compiled code.

        Parameters
        ----------
        image : bytes
            A cubin.
        names : sequence of str
            Of kernels in it.

        Returns
        -------
        list of Function
            In that order.
        """
        with self.told("load compiled code"):
            module = self.driver.module_from_buffer(image)
            return [Function(module.get_function(name), name, module) for name in names]

    def launch(
        self,
        function: Function,
        grid: Sequence[int],
        block: Sequence[int],
        shared_bytes: int,
        arguments: Sequence[Any],
        stream: Optional[Stream] = None,
    ) -> None:
        """Start a kernel; the host goes on.

        Parameters
        ----------
        function : Function
            The kernel.
        grid, block : sequence of int
            Blocks, and threads of a block, in up to three dimensions.
        shared_bytes : int
            Dynamic shared memory of a block.
        arguments : sequence of NumPy scalar or int
            An int is an address.
        stream : Stream or None
            None for the device's own.

        Raises
        ------
        DeviceError
            When the device refuses it.
        """
        self._allow(function, shared_bytes)
        three = [tuple((*map(int, part), 1, 1)[:3]) for part in (grid, block)]
        packed = [np.uintp(a) if isinstance(a, int) else a for a in arguments]
        with self.told(f"launch {function.name}, grid {three[0]}, block {three[1]}"):
            function.handle(
                *packed,
                grid=three[0],
                block=three[1],
                shared=int(shared_bytes),
                stream=(stream or self.stream).handle,
            )

    def _allow(self, function: Function, shared_bytes: int) -> None:
        most = int(self.info["shared_bytes"]) - function.shared_bytes
        if shared_bytes > most:
            raise DeviceError(
                f"{self.place}: {function.name} needs {shared_bytes} bytes of shared memory for "
                f"each block, the device gives {most}. Use smaller layers, or a smaller tile. "
                f"{_OFFER}"
            )
        if shared_bytes > (48 << 10) and shared_bytes > function.allowed:
            attribute = self.driver.function_attribute.MAX_DYNAMIC_SHARED_SIZE_BYTES
            with self.told(f"give {function.name} {shared_bytes} bytes of shared memory"):
                function.handle.set_attribute(attribute, int(shared_bytes))
            function.allowed = shared_bytes

    def wait(self, stream: Optional[Stream] = None) -> None:
        """Wait until everything in a stream is done.

        Parameters
        ----------
        stream : Stream or None
            None for the device's own.
        """
        with self.told("run a kernel"):
            (stream or self.stream).handle.synchronize()

    def close(self) -> None:
        """Give back memory and context."""
        for allocation, _ in self._allocated.values():
            allocation.free()
        self._allocated.clear()
        for kept in (self._mapped, self._pinned, self._spare_pinned):
            kept.clear()
        self._spare_streams.clear()
        self._spare_events.clear()
        del self.stream
        self._context.pop()
        self._context.detach()


def _describe(driver: Any, device: Any, index: int) -> Dict[str, Any]:
    def get(name: str, otherwise: int = 0) -> int:
        attribute = getattr(driver.device_attribute, name, None)
        try:
            return int(device.get_attribute(attribute)) if attribute is not None else otherwise
        except driver.Error:
            return otherwise

    major, minor = device.compute_capability()
    version = driver.get_driver_version()
    shared = get("MAX_SHARED_MEMORY_PER_BLOCK")
    return {
        "kind": "gpu",
        "index": index,
        "name": str(device.name()),
        "compute_capability": f"{major}.{minor}",
        "memory_bytes": int(device.total_memory()),
        "multiprocessors": get("MULTIPROCESSOR_COUNT"),
        "threads_per_block": get("MAX_THREADS_PER_BLOCK", 1024),
        "shared_bytes": max(shared, get("MAX_SHARED_MEMORY_PER_BLOCK_OPTIN")),
        "shared_bytes_each": get("MAX_SHARED_MEMORY_PER_MULTIPROCESSOR", shared),
        "registers_each": get("MAX_REGISTERS_PER_MULTIPROCESSOR", 65536),
        "threads_each": get("MAX_THREADS_PER_MULTIPROCESSOR", 1024),
        "l2_bytes": get("L2_CACHE_SIZE"),
        "clock_khz": get("CLOCK_RATE"),
        "memory_clock_khz": get("MEMORY_CLOCK_RATE"),
        "bus_bits": get("GLOBAL_MEMORY_BUS_WIDTH"),
        "integrated": bool(get("INTEGRATED")),
        "driver": f"{version // 1000}.{version % 1000 // 10}",
    }


_open: Dict[int, Device] = {}
_lock = threading.Lock()


def open_device(index: int = 0) -> Device:
    """Give this process's handle of a GPU; the first call makes its context.

    Parameters
    ----------
    index : int
        Which GPU.

    Returns
    -------
    Device
        For the thread that called first.
    """
    with _lock:
        if index not in _open:
            _open[index] = Device(index)
        return _open[index]


def close_devices() -> None:
    """Give back all contexts of this process; in the thread that opened them."""
    with _lock:
        while _open:
            _open.popitem()[1].close()
