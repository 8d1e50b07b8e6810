"""The plan ``kernel``: one launch of a person's own kernel, on the emulator or on a GPU.

``plan``: kind, source (CUDA C++), name (what errors call the source), kernel, grid and block (three
numbers each), shared_bytes, arguments (numbers, or ``{"array": name}``), check. ``data``: arrays by
name. Events: ``start``; ``log`` for what is printed; ``kernel`` with the arrays that it may write,
seconds (of the launch), compile_seconds, and of a GPU the resources that it takes (registers,
local_bytes, shared_bytes, max_threads; else none); ``result``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple

import numpy as np

from . import raw_build
from .faults import KernelError
from .raw_launch import Launch
from .raw_process import run_on_processor

if TYPE_CHECKING:
    from .cuda_driver import Device
    from .session import Stop

__all__ = ["require", "run_kernel"]

Emit = Callable[[Dict[str, Any]], None]


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
    Launch(spec, data)


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
    launch = Launch(spec, data)
    emit({"event": "start", "trials": 0, "device": machine.describe()})
    device: Optional[Device] = getattr(machine, "device", None)
    resources: Dict[str, int] = {}
    if device is None:
        compile_s, seconds, arrays = run_on_processor(launch, emit, stop)
    elif launch.check:
        raise KernelError("check: the emulator checks kernels. Use --target cpu with --check.")
    else:
        compile_s, seconds, arrays, resources = run_on_device(device, launch)
    emit(
        {
            "event": "kernel",
            "kernel": launch.kernel.name,
            "arrays": arrays,
            "seconds": seconds,
            "compile_seconds": compile_s,
            "resources": resources,
        }
    )


def run_on_device(
    device: Device, launch: Launch
) -> Tuple[float, float, Dict[str, np.ndarray], Dict[str, int]]:
    """Launch a kernel on a GPU.

    Parameters
    ----------
    device : Device
        Where.
    launch : Launch
        What.

    Returns
    -------
    float, float, dict of str to array, dict of str to int
        Seconds of compiling, and of the kernel; arrays that it may have written; resources.
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
        resources = {
            name: getattr(function, name)
            for name in ("registers", "local_bytes", "shared_bytes", "max_threads")
        }
        return compile_s, ended.milliseconds_since(begun) / 1e3, written, resources
    finally:
        for address in placed.values():
            device.free(address)
        device.give_back(begun, ended)
