"""How tests run workflows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from dlaaw_nb.workflow import Workflow
from dlaaw_nb.workflow.options import RunOptions
from dlaaw_nb.workflow.run import Run

if not hasattr(Workflow, "document"):
    Workflow.document = property(lambda self: {})


def run(
    workflow: Workflow,
    store: Any,
    *,
    check: bool = True,
    callback: Any = None,
    inputs: dict[str, Any] | None = None,
    **options: Any,
) -> Run:
    """Run a workflow that is trusted."""
    made = Run(workflow, inputs or {}, RunOptions(store=store, trusted=True, **options), callback)
    made.execute()
    if check:
        made.check()
    return made


def start(workflow: Workflow, store: Any, *, inputs: Any = None, callback: Any = None, **options: Any) -> Run:
    """Start one in a thread of its own."""
    made = Run(workflow, inputs or {}, RunOptions(store=store, trusted=True, **options), callback)
    made.begin()
    return made


def states(made: Run) -> dict[str, str]:
    return {name: one.state for name, one in made.tasks.items()}


def counts(made: Run) -> dict[str, int]:
    return dict(Counter(states(made).values()))


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
