"""The target ``cpu``: this machine's processor, in this process.

Activations that a person wrote in CUDA may do anything to a process, and never come to an end: a
network with some is carried out in a process of its own.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine import device
from dlaaw_nb.engine.execute import execute
from dlaaw_nb.engine.programs import prepare
from dlaaw_nb.engine.resources import kernels_added
from dlaaw_nb.engine.session import Stop
from dlaaw_nb.targets.job import Job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.targets.apart import Apart

__all__ = ["CpuService"]


class CpuService:
    """Runs specifications on this machine's cores."""

    def submit(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Job:
        """Start a job; see ``Service.submit``."""
        kinds = _own_kinds(spec)
        if kinds:
            return _apart(kinds).submit(spec, data)
        stop = Stop()
        return Job(lambda emit: execute(spec, data, emit, stop), stop.set)

    def prepare(self, spec: Mapping[str, Any]) -> None:
        """Compile beside what the caller does; see ``Service.prepare``."""
        kinds = _own_kinds(spec)
        if kinds:
            _apart(kinds).prepare()  # it compiles what it is given, and nobody should beside it
            return
        # Not a daemon: a compiler that is cut off leaves its folder behind in the cache.
        threading.Thread(target=prepare, args=(spec,), name="dlaaw-prepare").start()

    def describe(self) -> dict[str, Any]:
        """Describe this machine; see ``Service.describe``."""
        return {**device.describe(), "compiler_version": device.compiler_version()}


def _own_kinds(spec: Mapping[str, Any]) -> list[str]:
    if not kernels_added():
        return []
    from dlaaw_nb.engine.foreign import compiled_kinds

    return compiled_kinds(spec)


def _apart(kinds: Sequence[str]) -> Apart:
    from dlaaw_nb.errors import KernelError
    from dlaaw_nb.targets.apart import Apart

    names = ", ".join(kind.rpartition("_")[0] or kind for kind in kinds)
    offer = f"Look at forward and backward of {names}: an array in it may be too small."
    return Apart("target cpu", (), "a fault of code of your own", offer, KernelError)
