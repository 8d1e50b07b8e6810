"""Tests a target: is it reachable, what has it, how fast is it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError, TargetError
from dlaaw_nb.targets import gateway, targets_file
from dlaaw_nb.targets.asking import at_once
from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LIMIT_S", "board_named", "check"]

MPIEXEC = "mpiexec"
"""Name of what starts a cluster's ranks, among its nodes."""

LIMIT_S = 60.0  # the first contact with a slow board: Python, NumPy and a compiler start


def check(name: str, timeout_s: float = LIMIT_S) -> dict[str, dict[str, Any]]:
    """Test a target.

    Parameters
    ----------
    name : str
        One of ``names``.
    timeout_s : float
        A node that has not answered by then counts as unreachable.

    Returns
    -------
    dict of str to dict
        For each node (a target that is no cluster is its only one), and for ``mpiexec`` over them
        where that starts it, what was found, with ``state`` ``"available"``; or ``state``
        ``"unreachable"`` and ``error``.

    Raises
    ------
    TargetError
        When there is no target of that name.
    FormatError
        When its table in a targets file is wrong.
    """
    settings = None if name in gateway.BUILT_IN else targets_file.read().get(name)
    if isinstance(settings, FormatError):
        raise settings
    if settings is None:
        return {name: {"state": "available", **gateway.describe(name)}}
    from dlaaw_nb.targets.probe import probe, probe_world

    nodes = settings.nodes if isinstance(settings, ClusterSettings) else (settings,)
    probes: dict[str, Callable[[], dict[str, Any]]] = {n.name: partial(probe, n) for n in nodes}
    if isinstance(settings, ClusterSettings) and settings.launch == "mpi":
        probes[MPIEXEC] = partial(probe_world, settings)
    return at_once(probes, lambda name: _probed(probes[name]), timeout_s)()


def board_named(name: str) -> BoardSettings:
    """Find a board.

    Parameters
    ----------
    name : str
        Of a target with ``kind = "ssh"``.

    Returns
    -------
    BoardSettings
        How it is reached.

    Raises
    ------
    TargetError
        When there is none of that name.
    FormatError
        When its table in a targets file is wrong.
    """
    found = targets_file.read()
    settings = found.get(name)
    if isinstance(settings, FormatError):
        raise settings
    if not isinstance(settings, BoardSettings):
        boards = [key for key, one in found.items() if isinstance(one, BoardSettings)]
        raise TargetError(
            f"target: expected a board ({', '.join(boards) or 'none yet'}), got {name!r}. "
            "dlaaw targets lists them."
        )
    return settings


def _probed(probe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        found = probe()
    except Exception as error:  # noqa: BLE001 (one node that fails in whatever way is told of)
        return {"state": "unreachable", "error": str(error) or type(error).__name__}
    return {"state": "available", **found}
