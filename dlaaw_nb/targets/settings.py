"""What a targets file says of a target, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BoardSettings", "ClusterSettings"]


@dataclass(frozen=True)
class BoardSettings:
    """A machine that is reached over SSH.

    Attributes
    ----------
    name : str
        As people call it.
    host : str
        Its name or address, or a ``Host`` of the SSH configuration.
    user, port, identity_file, proxy_jump : str, int, str, str or None
        As in an SSH configuration, which they go before; None leaves it to that.
    python : str or None
        The interpreter there; None looks for one.
    device : str
        ``"auto"``, ``"cpu"`` or ``"gpu"``. ``"auto"`` takes a GPU where PyCUDA is there.
    cache : str or None
        Folder for what is uploaded; None takes ``~/.cache/dlaaw_nb`` there.
    config_file, known_hosts : Path or None
        None for those in ``~/.ssh``.
    """

    name: str
    host: str
    user: str | None = None
    port: int | None = None
    identity_file: str | None = None
    proxy_jump: str | None = None
    python: str | None = None
    device: str = "auto"
    cache: str | None = None
    config_file: Path | None = None
    known_hosts: Path | None = None


@dataclass(frozen=True)
class ClusterSettings:
    """Several machines that share a plan.

    Attributes
    ----------
    name : str
        As people call it.
    nodes : tuple of BoardSettings
        At least one.
    launch : str
        ``"ssh"``: each node is told by itself; ``"mpi"``: the head runs mpiexec over all of them.
    head : BoardSettings or None
        The machine that runs mpiexec, one of the nodes or not; None for the first that answers.
    mpiexec : str
        The command there, with options if need be, as for a shell.
    """

    name: str
    nodes: tuple[BoardSettings, ...]
    launch: str = "ssh"
    head: BoardSettings | None = None
    mpiexec: str = "mpiexec"
