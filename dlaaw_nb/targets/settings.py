"""Settings of named targets: a board, and a cluster of boards."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BoardSettings", "ClusterSettings"]


@dataclass(frozen=True)
class BoardSettings:
    """How a board is reached; see ``dlaaw_nb.targets.targets_file``."""

    name: str
    host: str
    user: str | None = None
    port: int | None = None
    identity_file: str | None = None
    proxy_jump: str | None = None
    python: str | None = None
    device: str = "auto"
    cache: str | None = None
    config_file: str | None = None
    known_hosts: str | None = None


@dataclass(frozen=True)
class ClusterSettings:
    """Boards that share a plan's trials.

    Parameters
    ----------
    name : str
        What people call it, ``target="lab"``.
    nodes : tuple of BoardSettings
        The boards that compute, each once.
    launch : {"ssh", "mpi"}
        How they are started: one job for each trial over SSH, or one ``mpiexec`` on the head.
    head : BoardSettings or None
        Where ``mpiexec`` runs; None stands for the first node. It need not be one of the nodes.
    mpiexec : str
        The command there.
    """

    name: str
    nodes: tuple[BoardSettings, ...]
    launch: str = "ssh"
    head: BoardSettings | None = None
    mpiexec: str = "mpiexec"
