"""What tests of ready tasks need: a task's surroundings, without a run."""

from __future__ import annotations

from contextlib import contextmanager

from dlaaw_nb.workflow.context import TaskContext, use_context


@contextmanager
def in_folder(folder, name="Task1"):
    """Let tasks write into a folder, and log into the context that is given."""
    made = TaskContext(task=name, folder=folder)
    with use_context(made):
        yield made
