"""The target ``gpu``: an NVIDIA GPU of this machine; processes of their own hold its context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine.cuda_found import OFFER, require_pycuda
from dlaaw_nb.engine.faults import DeviceError
from dlaaw_nb.targets.apart import Apart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.targets.job import Job

__all__ = ["GpuService"]


class GpuService:
    """Runs specifications on a GPU of this machine.

    Parameters
    ----------
    index : int
        Which, from 0.
    """

    def __init__(self, index: int = 0) -> None:
        self._apart = Apart(
            "target gpu",
            ("--gpu", str(index)),
            "a fault of the device",
            OFFER,
            DeviceError,
            require_pycuda,
        )

    def submit(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Job:
        """Start a job; see ``Service.submit``."""
        return self._apart.submit(spec, data)

    def prepare(self, spec: Mapping[str, Any]) -> None:  # noqa: ARG002 (the service's interface)
        """Start a worker beside what the caller does; see ``Service.prepare``."""
        self._apart.prepare()

    def describe(self) -> dict[str, Any]:
        """Describe the device; see ``Service.describe``."""
        return self._apart.describe()
