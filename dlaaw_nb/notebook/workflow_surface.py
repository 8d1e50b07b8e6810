"""Where the monitor of a run draws: as other monitors do, but a terminal's bar counts tasks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dlaaw_nb.notebook.course import Course
from dlaaw_nb.notebook.surface import Surface, TerminalSurface, find_surface
from dlaaw_nb.workflow.states import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.run import Run

__all__ = ["RunCourse", "TaskBar", "find_run_surface"]


class RunCourse(Course):
    """How a run of a workflow stands: its tasks count, not epochs.

    Parameters
    ----------
    run : Run
        What is followed.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run, self.state = run, run.state
        states = [task.state for task in run.tasks.values()]
        self.total, self.done = len(states), sum(state in ENDED for state in states)

    @property
    def over(self) -> bool:
        """Whether it has ended, however."""
        return self.run.finished is not None

    @property
    def seconds(self) -> float:
        """Time since the beginning, or that it took."""
        return self.run.seconds


class TaskBar(TerminalSurface):
    """A bar on stderr, if that is a terminal, that counts tasks; it goes away at the end."""

    def show(
        self,
        course: Course,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        again: bool = False,
    ) -> None:
        """Move the bar; see `Surface.show`."""
        if self._bar is None and course.total and not course.over:
            from tqdm import tqdm

            self._bar = tqdm(
                total=course.total, unit=" tasks", leave=False, file=sys.stderr, disable=None
            )
        if self._bar is not None:
            self._bar.total = course.total  # a map makes tasks while it runs
        super().show(course, data, metadata, again=again)


def find_run_surface() -> Surface:
    """Find where to draw; see `find_surface`."""
    surface = find_surface()
    return TaskBar() if isinstance(surface, TerminalSurface) else surface
