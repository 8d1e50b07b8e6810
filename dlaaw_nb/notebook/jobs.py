"""Runs in the background: the kernel stays free, and the run shows itself as it goes."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import PlanError
from dlaaw_nb.notebook.monitor import Monitor
from dlaaw_nb.notebook.monitor_frame import headline, trouble

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BackgroundJob", "run_in_background"]


class BackgroundJob:
    """A verb of a network that runs in a thread of its own.

    It shows itself where it is displayed, and follows the run there until its end.

    Parameters
    ----------
    verb : callable
        ``network.train``, ``network.cross_validate`` or ``network.sweep``; takes `callback` and
        `stop` besides.
    *args, **kwargs : object
        What it is called with.
    caption : str
        A line above the result once it is there.
    done : callable or None
        Takes the result, in the job's thread, before it is shown.

    Examples
    --------
    >>> from dlaaw_nb import Linear, NNWorkflow, Sigmoid, datasets
    >>> from dlaaw_nb.notebook.jobs import run_in_background
    >>> network = NNWorkflow([Linear(5, 1), Sigmoid()], epochs=50)
    >>> job = run_in_background(network.train, datasets.load("breast_cancer"))
    >>> job.wait()
    True
    >>> job.state
    'finished'
    """

    def __init__(
        self,
        verb: Callable[..., Any],
        *args: Any,
        caption: str = "Finished in the background.",
        done: Callable[[Any], object] | None = None,
        **kwargs: Any,
    ) -> None:
        self._asked = threading.Event()
        self.monitor = Monitor(stop=self.stop, last=False)
        self._caption, self._done = caption, done
        self._result: Any = None
        self._error: BaseException | None = None
        call = (verb, args, {**kwargs, "callback": self.monitor, "stop": self._asked})
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._run, *call), name="dlaaw-background", daemon=True
        )
        self._thread.start()

    @property
    def state(self) -> str:
        """``running``, ``finished``, ``stopped`` (what was trained is kept) or ``failed``."""
        if self._thread.is_alive():
            return "running"
        if isinstance(self._error, KeyboardInterrupt):
            return "stopped"
        if self._error is not None:
            return "failed"
        return "stopped" if self.monitor.course.state == "stopped" else "finished"

    @property
    def result(self) -> Any:
        """What the verb returned.

        Raises
        ------
        PlanError
            When it still runs, or was stopped before anything was trained.
        Exception
            What the verb raised.
        """
        if self._thread.is_alive():
            raise PlanError(
                f"{headline(self.monitor.course)}. There is no result yet: wait() for it, or "
                "stop() to keep what was trained so far."
            )
        if isinstance(self._error, KeyboardInterrupt):
            raise PlanError("The job was stopped before anything was trained. Start it again.")
        if self._error is not None:
            raise self._error
        return self._result

    def stop(self) -> None:
        """Ask for the end; what was trained so far becomes the result."""
        self._asked.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end.

        Parameters
        ----------
        timeout : float or None
            Seconds to wait at most; None waits as long as it takes.

        Returns
        -------
        bool
            Whether it has ended, in whatever way.
        """
        self._thread.join(timeout)
        ended = not self._thread.is_alive()
        if ended:
            # What executes a notebook cell by cell may have missed it while no cell ran.
            self.monitor.refresh()
        return ended

    def _run(self, verb: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self._result = verb(*args, **kwargs)
            if self._done is not None:
                self._done(self._result)
            self.monitor.show_result(self._result, self._caption)
        except BaseException as error:  # noqa: BLE001 - kept for whoever asks for the result
            self._error = error
            before = getattr(error, "result", None)  # of a training that diverged
            if before is not None and self._done is not None:
                self._done(before)
            self.monitor.show_failure(error)

    def _ipython_display_(self) -> None:
        self.monitor.show()

    def __repr__(self) -> str:
        text = f"BackgroundJob({self.state}: {headline(self.monitor.course)}"
        return f"{text}; {trouble(self._error)})" if self._error is not None else f"{text})"


def run_in_background(verb: Callable[..., Any], *args: Any, **kwargs: Any) -> BackgroundJob:
    """Start a verb of a network and return at once.

    Parameters
    ----------
    verb : callable
        ``network.train``, ``network.cross_validate`` or ``network.sweep``.
    *args, **kwargs : object
        What it is called with, without `callback` and `stop`.

    Returns
    -------
    BackgroundJob
        Under way; show it to see how it goes.
    """
    return BackgroundJob(verb, *args, **kwargs)
