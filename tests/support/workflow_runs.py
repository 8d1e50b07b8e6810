"""How tests run workflows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from dlaaw_nb.workflow import Workflow
    from dlaaw_nb.workflow.run import Run


def run(workflow: Workflow, store: Any, **options: Any) -> Run:
    """Run a workflow on a store."""
    return workflow.run(store=store, **options)


def start(workflow: Workflow, store: Any, **options: Any) -> Run:
    """Start one in a thread of its own."""
    return workflow.start(store=store, **options)


def states(made: Run) -> dict[str, str]:
    """Give the state of each task."""
    return {name: one.state for name, one in made.tasks.items()}


def counts(made: Run) -> dict[str, int]:
    """Count the tasks in each state."""
    return dict(Counter(states(made).values()))


def lines(path: Path) -> list[str]:
    """Give the words in a file; none while it is not there."""
    return path.read_text().split() if path.exists() else []
