"""The forms of what a machine may send: what has another is refused, for it may be anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.engine.wire import WireError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["checked", "ready"]

_MOST_TEXT = 100_000  # characters of a message; the rest is left out
_NUMBER = (int, float)
_EVENTS: dict[str, dict[str, Any]] = {
    "start": {"trials": int, "device": dict},
    "cost": {"trial": int, "epoch": int, "cost": _NUMBER},
    "progress": {"done": int, "total": int, "rows": int},
    "trial": {
        "trial": int,
        "variant": int,
        "costs": list,
        "parameters": dict,
        "normalization": dict,
        "test_outputs": np.ndarray,
        "seconds": _NUMBER,
        "epochs_done": int,
        "stopped": bool,
    },
    "prediction": {"outputs": dict},
    "kernel": {"kernel": str, "arrays": dict, "seconds": _NUMBER},
    "log": {"level": str, "message": str},
    "telemetry": {},
    "schedule": {"part": int, "node": str, "state": str, "at_s": _NUMBER},
    "reduced": {"variants": list},
    "result": {"seconds": _NUMBER},
}
_END = {"error": str, "message": str, "lost": bool}


def ready(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Check the first frame of a machine.

    Parameters
    ----------
    frame : mapping
        As it came.

    Returns
    -------
    dict
        It has ``failed``, a text, or ``ready``, ``notes`` and ``facts``.

    Raises
    ------
    WireError
        When it has another form.
    """
    if "failed" in frame:
        return _with(frame, {"failed": str}, "its first message")
    return _with(frame, {"ready": dict, "notes": list, "facts": dict}, "its first message")


def checked(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Check a frame that came from a machine.

    Parameters
    ----------
    frame : mapping
        As it came.

    Returns
    -------
    dict
        It has ``beat``, ``lost``, or ``job`` with ``event`` or ``end``; see ``engine.board``.

    Raises
    ------
    WireError
        When it has another form.
    """
    if "beat" in frame:
        return _with(frame, {"beat": (dict, type(None))}, "a beat")
    if "lost" in frame:
        return _with(frame, {"lost": str}, "a loss")
    if "end" in frame:
        found = _with(frame, {"job": int, "end": (dict, type(None))}, "an end")
        if found["end"] is not None:
            found["end"] = _with(found["end"], _END, "an end")
        return found
    found = _with(frame, {"job": int, "event": dict}, "an event")
    kind = found["event"].get("event")
    if not isinstance(kind, str) or kind not in _EVENTS:
        raise WireError(f"connection: an event of no known kind: {kind!r:.60}.")
    found["event"] = _with(found["event"], _EVENTS[kind], f"event {kind!r}")
    return found


def _with(found: Mapping[str, Any], form: Mapping[str, Any], what: str) -> dict[str, Any]:
    taken = dict(found)
    for name, kind in form.items():
        value = taken.get(name)
        numbers_only = kind in (int, _NUMBER)
        if not isinstance(value, kind) or (numbers_only and isinstance(value, bool)):
            raise WireError(f"connection: {what} has {name} {value!r:.60}, which is of no use.")
        if isinstance(value, str):
            taken[name] = value[:_MOST_TEXT]
    return taken
