"""The target ``cpu``: this machine's processor, in this process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine import device
from dlaaw_nb.engine.execute import execute
from dlaaw_nb.engine.programs import prepare
from dlaaw_nb.engine.session import Stop
from dlaaw_nb.targets.job import Job

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CpuService"]


class CpuService:
    """Runs specifications on this machine's cores."""

    def submit(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Job:
        """Start a job; see ``Service.submit``."""
        stop = Stop()
        return Job(lambda emit: execute(spec, data, emit, stop), stop.set)

    def prepare(self, spec: Mapping[str, Any]) -> None:
        """Compile beside what the caller does; see ``Service.prepare``."""
        # Not a daemon: a compiler that is cut off leaves its folder behind in the cache.
        threading.Thread(target=prepare, args=(spec,), name="dlaaw-prepare").start()

    def describe(self) -> dict[str, Any]:
        """Describe this machine; see ``Service.describe``."""
        return {**device.describe(), "compiler_version": device.compiler_version()}
