"""Describes all targets at once, those far away too, within a time limit."""

from __future__ import annotations

from typing import Any

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.targets import gateway, targets_file
from dlaaw_nb.targets.asking import at_once

__all__ = ["LIMIT_S", "survey"]

LIMIT_S = 8.0  # a board that answers does so in 1 or 2 s; a dead one never


def survey(timeout_s: float = LIMIT_S) -> dict[str, dict[str, Any]]:
    """Describe every target, those that cannot be used too.

    Boards are asked all at the same time.

    Parameters
    ----------
    timeout_s : float
        A target that has not answered by then counts as unreachable; cpu and gpu, which may
        have to start a driver first, are waited for.

    Returns
    -------
    dict of str to dict
        By name what `describe` gives, with ``state`` ``"available"``; or ``state``
        ``"unreachable"`` and ``error``, what is missing. A targets file that cannot be read is
        told in the same way, by the name ``targets file``. Targets of a file have ``where`` and
        ``file`` in either case.
    """
    places: dict[str, dict[str, Any]] = {}
    try:
        known, trouble = gateway.names(), {}
        places.update(targets_file.whereabouts())
    except DlaawError as error:
        known = gateway.always_there()
        trouble = {"targets file": {"state": "unreachable", "error": str(error)}}
    near = gateway.BUILT_IN
    far = at_once([name for name in known if name not in near], _state, timeout_s)
    told = {name: _state(name) for name in near}
    told.update({name: {**places.get(name, {}), **facts} for name, facts in far().items()})
    return {**told, **trouble}


def _state(name: str) -> dict[str, Any]:
    try:
        return {"state": "available", **gateway.describe(name)}
    except Exception as error:  # noqa: BLE001 (a target of another package may raise anything)
        return {"state": "unreachable", "error": str(error) or type(error).__name__}
