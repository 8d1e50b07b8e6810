"""What of CUDA this machine has: PyCUDA, a driver, devices; or in one line what is missing."""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import Any, Dict

from .faults import DeviceError

__all__ = ["OFFER", "describe", "initialized", "require_pycuda", "size_text"]

_INSTALL = "pip install 'dlaaw-nb[gpu]' (it needs a C++ compiler and the headers of CUDA)"
OFFER = "Or use target='cpu', which needs no GPU."


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
        raise DeviceError(f"target gpu: PyCUDA is not installed. {_INSTALL}. {OFFER}")


def _driver() -> Any:
    """PyCUDA's driver module, or one line that says what is missing."""
    require_pycuda()
    try:
        driver = importlib.import_module("pycuda.driver")
    except ModuleNotFoundError as error:
        raise DeviceError(
            f"target gpu: PyCUDA is there, but {error.name!r}, which it needs, is not. "
            f"Install it again: {_INSTALL}. {OFFER}"
        ) from error
    except ImportError as error:
        text = str(error)
        if "libcuda" in text:
            raise DeviceError(
                "target gpu: this machine has no NVIDIA driver (libcuda.so.1 was not found). "
                f"Install the driver of your GPU. {OFFER}"
            ) from error
        if "undefined symbol" in text:
            raise DeviceError(
                f"target gpu: the NVIDIA driver is older than the CUDA that PyCUDA was built with "
                f"({text.splitlines()[0]}). Update the driver, or build PyCUDA with an older CUDA. "
                f"{OFFER}"
            ) from error
        raise DeviceError(f"target gpu: PyCUDA cannot be loaded ({text}). {OFFER}") from error
    return driver


def initialized() -> Any:
    """Load PyCUDA's driver module, and have it find the devices.

    Returns
    -------
    module
        ``pycuda.driver``.

    Raises
    ------
    DeviceError
        When PyCUDA, the driver or a device is missing, or the driver is too old: what, and what
        to do.
    """
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
            f"target gpu: {reason}.{hint} nvidia-smi should list it. {OFFER}"
        ) from error
    return driver


def describe(driver: Any, device: Any, index: int) -> Dict[str, Any]:
    """Describe a device.

    Parameters
    ----------
    driver : module
        What `initialized` gave.
    device : object
        PyCUDA's.
    index : int
        Which it is.

    Returns
    -------
    dict
        See ``Device.info``.
    """

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
