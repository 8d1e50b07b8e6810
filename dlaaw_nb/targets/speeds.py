"""How fast nodes were in earlier jobs, so that the fastest are given the first trials."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["load", "save"]

_MOST = 1000


def _file() -> Path:
    return Path(platformdirs.user_state_dir("dlaaw_nb", appauthor=False)) / "speeds.json"


def load() -> dict[str, float]:
    """Read what is known.

    Returns
    -------
    dict of str to float
        Work in a second by node; empty where nothing is known, or the file cannot be read.
    """
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
        return {str(name): float(speed) for name, speed in found.items() if float(speed) > 0}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def save(speeds: Mapping[str, float]) -> None:
    """Add what a job has shown.

    Parameters
    ----------
    speeds : mapping of str to float
        Work in a second by node. What cannot be written is let be: it only makes a next job faster.
    """
    if not speeds:
        return
    known = {**load(), **speeds}
    file = _file()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(dict(list(known.items())[-_MOST:])), encoding="utf-8")
        part.replace(file)
