"""Processes that we start: their group, and where they find this package.

A notebook sends an interrupt to all of its kernel's group, and a board ends all of a worker's.
So what a kernel starts has a session of its own, and what a worker starts stays with the worker.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict

__all__ = ["environment", "own_session", "stay_together"]

_together = False


def stay_together() -> None:
    """Let what is started from now on end with this process's group."""
    global _together  # noqa: PLW0603 - of the whole process
    _together = True


def own_session() -> bool:
    """Tell whether what is started now gets a session of its own."""
    return not _together


def environment() -> Dict[str, str]:
    """Give our environment, with this package where another Python looks for modules first."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
