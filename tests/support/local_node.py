"""The machine at hand as one node among others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.targets.worker import WorkerProcess

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["LocalNode"]


class LocalNode:
    """A worker process of this machine.

    Parameters
    ----------
    name : str
        As people call it.
    arguments : sequence of str
        Of the worker: none for the processor, ``("--gpu", "0")`` for a GPU.
    """

    def __init__(self, name: str, arguments: Sequence[str] = ()) -> None:
        self.name, self._arguments = name, tuple(arguments)
        self._worker: WorkerProcess | None = None

    def open(self) -> dict[str, Any]:
        """Start a worker where none runs; see ``Node.open``."""
        if self._worker is None or not self._worker.alive:
            self._worker = WorkerProcess(self._arguments)
        return self._worker.device

    def run(
        self,
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        digest: str,
        emit: Callable[[dict[str, Any]], None],
        stop: threading.Event,
    ) -> None:
        """Carry a plan out; see ``WorkerProcess.run``."""
        self.open()
        assert self._worker is not None
        self._worker.run(spec, data, digest, emit, stop)

    def close(self) -> None:
        """Let the worker end."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None
