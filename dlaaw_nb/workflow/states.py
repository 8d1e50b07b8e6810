"""The states of a task in a run, and of a run."""

from __future__ import annotations

from typing import Final

__all__ = ["DONE", "ENDED", "STATES"]

STATES: Final = {
    "initialized": "waits for what feeds it",
    "ready": "can run, and waits for its turn",
    "running": "runs",
    "finished": "has run, and its outputs are there",
    "failed": "raised an error, or hangs on a task that did",
    "skipped": "was not needed for the outputs asked for",
    "cached": "has not run, for an earlier result stands in for it",
    "cancelled": "had not ended when the run was cancelled",
}
"""Each state of a task, and what it means; a run is initialized, running, finished, failed or
cancelled."""

ENDED: Final = frozenset(("finished", "failed", "skipped", "cached", "cancelled"))
DONE: Final = frozenset(("finished", "cached"))
