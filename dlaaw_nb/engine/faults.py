"""Errors that the engine raises itself; ``dlaaw_nb.errors`` draws the whole tree."""

from __future__ import annotations

__all__ = [
    "BuildError",
    "DeviceError",
    "DeviceMemoryError",
    "DlaawError",
    "KernelError",
    "PlanError",
    "TargetError",
]


class DlaawError(Exception):
    """Root of every error that the package raises on purpose."""


class PlanError(DlaawError, ValueError):
    """A plan does not fit its data, for example more batches than rows."""


class BuildError(DlaawError, RuntimeError):
    """A compiler refused the kernels.

    Parameters
    ----------
    message : str
        What failed and what to do.
    command : tuple of str
        The command as it was run.
    stderr : str
        What the compiler printed.
    """

    def __init__(self, message: str, command: tuple[str, ...] = (), stderr: str = "") -> None:
        super().__init__(message)
        self.command = command
        self.stderr = stderr


class TargetError(DlaawError, RuntimeError):
    """An unknown target, or one that cannot do what was asked."""


class DamagedDataError(TargetError):
    """Data did not arrive as it was sent."""


class DeviceError(TargetError):
    """A GPU cannot be used, or failed while it worked.

    Parameters
    ----------
    message : str
        Which device, what failed and what to do.
    lost : bool
        Whether the context is gone for good, so that the process has to start anew.
    """

    def __init__(self, message: str, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


class DeviceMemoryError(DeviceError, MemoryError):
    """A GPU has less free memory than a plan needs; the message has both sizes."""


class KernelError(DlaawError, ValueError):
    """A person's own CUDA source, or what a kernel of it was given, cannot be used."""
