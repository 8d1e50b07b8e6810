"""A run of a workflow watched while it goes on: one display, redrawn in place."""

from __future__ import annotations

import contextvars
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.notebook.monitor import FIRST_S, GAP_S, SHARE, STOP_S
from dlaaw_nb.notebook.surface import NotebookSurface
from dlaaw_nb.notebook.workflow_frame import frame_html, headline, last_frame
from dlaaw_nb.notebook.workflow_surface import RunCourse, find_run_surface
from dlaaw_nb.workflow.states import DONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.notebook.surface import Surface
    from dlaaw_nb.workflow.run import Run

__all__ = ["RunMonitor", "has_begun", "watch"]

_CAME_TO: Final = DONE | {"failed"}


class RunMonitor:
    """Shows how a run of a workflow goes on.

    A callback for `Workflow.run` and `Workflow.start`. In a notebook it draws the workflow, its
    tasks coloured by their states, into one display in place, with a Stop button, and at the end
    the run's summary; at a terminal it shows a bar; elsewhere nothing. A run that is shorter than
    0.3 s is drawn once, at its end. Frames are drawn by a thread of its own, which rests twenty
    times as long as it worked, so that watching costs at most 5 %.

    Parameters
    ----------
    caption : str
        A line above the summary; empty for none.

    Attributes
    ----------
    run : Run or None
        What it shows.

    Examples
    --------
    >>> from dlaaw_nb import Workflow, task
    >>> from dlaaw_nb.notebook.workflow_monitor import RunMonitor
    >>> @task
    ... def square(x: int) -> int:
    ...     return x * x
    >>> workflow = Workflow("squares")
    >>> workflow.output("result", workflow.add(square, x=3))
    >>> run = workflow.run(callback=RunMonitor())
    """

    def __init__(self, caption: str = "") -> None:
        self.run: Run | None = None
        self._caption, self._height = caption, 0
        self._surface: Surface | None = None
        self._button: Any = None
        self._stop: Callable[[], object] | None = None
        self._lock = threading.RLock()
        self._over, self._ended = threading.Event(), False
        # What is shown from other threads belongs to the cell that made this.
        self._cell = contextvars.copy_context()

    def attach(self, run: Run) -> None:
        """Learn which run it is that tells its events; the run calls this.

        Parameters
        ----------
        run : Run
            Whose callback this is.
        """
        self._rest()
        self.run, self._height = run, 0
        self._over, self._ended = threading.Event(), False

    def __call__(self, event: dict[str, Any]) -> None:
        """Take one event; see `Run`."""
        if event["event"] != "run" or self.run is None:
            return
        if event["state"] == "running":
            # An interrupt of the kernel ends a run in its main thread, and only there.
            main = threading.current_thread() is threading.main_thread()
            self._begin(None if main else self.run.cancel)
        else:
            self._cell.copy().run(self._finish)

    def show(self) -> None:
        """Show the run here, as it stands; what is under way is followed to its end."""
        if self.run is None:
            return
        if self.run.finished is not None:
            self._ended = False
            self._finish()
            return
        self._begin(self.run.cancel)
        with suppress(Exception), self._lock:
            if self._over.is_set():  # it has ended just now
                return
            self._draw()
            # Once the cell is over, a page takes updates for it, but no new outputs.
            self._offer_stop()

    def _begin(self, stop: Callable[[], object] | None) -> None:
        with suppress(Exception):  # whatever keeps us from drawing must not keep it from running
            self._stop = stop
            self._surface = self._surface or find_run_surface()
            threading.Thread(
                target=self._cell.copy().run, args=(self._draw_on, self._over),
                name="dlaaw-run-monitor", daemon=True,
            ).start()  # fmt: skip

    def _draw_on(self, over: threading.Event) -> None:
        wait = FIRST_S
        while not over.wait(wait):
            if self.run is not None and self.run.wait(0.0):  # it broke, and could not tell
                self._finish()
                return
            began = time.thread_time()
            with suppress(Exception), self._lock:
                if not over.is_set():
                    self._draw()
            wait = max(GAP_S, SHARE * (time.thread_time() - began))
            with suppress(Exception), self._lock:
                if not over.is_set() and self.run is not None and self.run.seconds > STOP_S:
                    self._offer_stop()

    def _draw(self) -> None:
        if self._surface is None or self.run is None:
            return
        course = RunCourse(self.run)
        data: dict[str, Any] = {}
        if isinstance(self._surface, NotebookSurface):
            html, self._height = frame_html(course, self._height)
            data = {"text/html": html, "text/plain": headline(course)}
        self._surface.show(course, data, {})

    def _offer_stop(self) -> None:
        if self._button is None and isinstance(self._surface, NotebookSurface):
            self._button = self._surface.button(self._stop)

    def _finish(self) -> None:
        self._rest()
        with suppress(Exception), self._lock:
            surface = self._surface = self._surface or find_run_surface()
            if self.run is None or self._ended or not (surface.shown or has_begun(self.run)):
                return
            self._ended = True
            data: dict[str, Any] = {}
            metadata: dict[str, Any] = {}
            if isinstance(surface, NotebookSurface) or self._caption:
                data, metadata = last_frame(self.run, self._caption)
            surface.show(RunCourse(self.run), data, metadata)
            if self._caption:
                surface.say(data["text/plain"])

    def _rest(self) -> None:
        self._over.set()
        with suppress(Exception), self._lock:
            if self._button is not None:
                self._button.remove()
            self._button = None


def has_begun(run: Run) -> bool:
    """Whether a run came as far as its tasks; else what was raised says all there is."""
    tasks = run.tasks.values()
    return not tasks or any(task.attempts or task.state in _CAME_TO for task in tasks)


def watch(run: Run) -> RunMonitor:
    """Show a run here, and follow it to its end.

    Parameters
    ----------
    run : Run
        Under way (`Workflow.start`), or over.

    Returns
    -------
    RunMonitor
        What draws it.
    """
    monitor = RunMonitor()
    monitor.attach(run)
    run.listen(monitor)
    monitor.show()
    return monitor
