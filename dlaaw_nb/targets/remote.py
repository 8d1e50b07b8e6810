"""Targets that are reached over SSH: one machine, or several that share a plan."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import TargetError
from dlaaw_nb.targets import speeds
from dlaaw_nb.targets.board import Board
from dlaaw_nb.targets.depot import Depot
from dlaaw_nb.targets.idle import Idle
from dlaaw_nb.targets.job import Job
from dlaaw_nb.targets.mpi import MpiNode, World
from dlaaw_nb.targets.parts import parts_of
from dlaaw_nb.targets.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.targets.pool import Node
    from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

__all__ = ["BoardNode", "ClusterService", "SshService"]

_idle: Idle[Any] = Idle(300.0)  # boards and worlds, by their settings


class BoardNode:
    """A machine over SSH as a node: its session waits for the next job.

    Parameters
    ----------
    settings : BoardSettings
        Where.
    """

    def __init__(self, settings: BoardSettings) -> None:
        self.name, self._settings = settings.name, settings
        self._board: Board | None = None

    def open(self) -> dict[str, Any]:
        """Reach it; see ``Node.open``."""
        if self._board is not None and not self._board.alive:
            self.close()
        if self._board is None:
            self._board = _idle.take(self._settings) or _connected(self._settings)
        return self._board.device

    def run(
        self,
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        digest: str,
        emit: Callable[[dict[str, Any]], None],
        stop: threading.Event,
    ) -> None:
        """Carry a plan out; see ``Node.run``."""
        self.open()
        if self._board is not None:
            self._board.run(spec, data, digest, emit, stop)

    def close(self) -> None:
        """Let it go."""
        board, self._board = self._board, None
        if board is not None:
            _idle.give(self._settings, board)


class _OverNodes:
    """What one machine and several have in common."""

    def __init__(self, name: str, settings: Sequence[BoardSettings]) -> None:
        self._name, self._settings = name, list(settings)

    def submit(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Job:
        """Start a job; see ``Service.submit``."""
        stop = threading.Event()
        notes: list[str] = []
        nodes = self._nodes(notes.append)
        parts = parts_of(spec, data, len(nodes))
        pool = Pool(f"target {self._name}", nodes, parts, stop, speeds.load())

        def work(emit: Callable[[dict[str, Any]], None]) -> None:
            def tell(event: dict[str, Any]) -> None:
                while notes:
                    emit({"event": "log", "level": "warning", "message": notes.pop(0)})
                emit(event)

            try:
                pool.run(tell)
            finally:
                speeds.save(pool.speeds)

        return Job(work, stop.set)

    def _nodes(self, note: Callable[[str], None]) -> list[Node]:  # noqa: ARG002 (for MPI)
        return [BoardNode(settings) for settings in self._settings]

    def prepare(self, spec: Mapping[str, Any]) -> None:  # noqa: ARG002 (the service's interface)
        """Connect beside what the caller does; see ``Service.prepare``."""
        for settings in self._settings:
            _idle.prepare(settings, partial(_connected, settings))


def _connected(settings: BoardSettings) -> Board:
    return Board(Depot(settings))


class SshService(_OverNodes):
    """Runs specifications on a machine that is reached over SSH.

    Parameters
    ----------
    settings : BoardSettings
        Where.
    """

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings.name, [settings])

    def submit_detached(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Job:
        """Start a job that goes on without this process."""
        from dlaaw_nb.targets.detached import submit_detached

        return submit_detached(self._settings[0], spec, data)

    def describe(self) -> dict[str, Any]:
        """Describe the machine; see ``Service.describe``."""
        node = BoardNode(self._settings[0])
        try:
            return {**node.open(), "host": self._settings[0].host}
        finally:
            node.close()


class ClusterService(_OverNodes):
    """Runs specifications on several machines at once.

    Parameters
    ----------
    settings : ClusterSettings
        Which.
    """

    def __init__(self, settings: ClusterSettings) -> None:
        super().__init__(settings.name, settings.nodes)
        self._all, self._launch = settings, settings.launch

    def _nodes(self, note: Callable[[str], None]) -> list[Node]:
        return [MpiNode(self._all, note, _idle)] if self._launch == "mpi" else super()._nodes(note)

    def prepare(self, spec: Mapping[str, Any]) -> None:
        """Start what the plan will need beside what the caller does; see ``Service.prepare``."""
        if self._launch == "mpi":
            _idle.prepare(self._all, partial(World, self._all))
        else:
            super().prepare(spec)

    def describe(self) -> dict[str, Any]:
        """Describe the machines, those that do not answer too; see ``Service.describe``."""
        found: dict[str, dict[str, Any]] = {}

        def ask(settings: BoardSettings) -> None:
            node = BoardNode(settings)
            try:
                found[settings.name] = {"state": "available", **node.open()}
            except TargetError as error:
                found[settings.name] = {"state": "unreachable", "error": str(error)}
            finally:
                node.close()

        threads = [threading.Thread(target=ask, args=(s,)) for s in self._settings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        devices = {settings.name: found[settings.name] for settings in self._settings}
        if all(device["state"] != "available" for device in devices.values()):
            told = "\n".join(f"  {name}: {device['error']}" for name, device in devices.items())
            raise TargetError(f"target {self._name}: no node answers.\n{told}")
        return {
            "kind": "cluster",
            "name": f"{len(devices)} nodes",
            "launch": self._launch,
            "nodes": list(devices),
            "devices": devices,
        }
