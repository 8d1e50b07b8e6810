"""What tests of ready tasks need: a task's surroundings, without a run."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from dlaaw_nb.workflow.context import TaskContext, use_context


class Surroundings(TaskContext):
    """A context that is cancelled by `end`."""

    def __init__(self, task, folder):
        self.end = threading.Event()
        super().__init__(task=task, folder=folder, stopped=self.end.is_set)


@contextmanager
def in_folder(folder, name="Task1"):
    """Let tasks write into a folder, and log into the context that is given."""
    made = Surroundings(name, folder)
    with use_context(made):
        yield made
