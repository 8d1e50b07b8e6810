"""A training watched while it goes on: cost, score, pace, time left; one display, in place."""

from __future__ import annotations

import contextvars
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlaaw_nb.notebook.course import Course
from dlaaw_nb.notebook.monitor_frame import caption_html, frame_html, headline, last_frame
from dlaaw_nb.notebook.surface import NotebookSurface, Surface, find_surface

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Monitor"]

FIRST_S, GAP_S = 0.3, 0.25  # the first frame, and at least so long between two
STOP_S = 0.5  # a training shorter than this has no Stop
SHARE = 20.0  # a frame that takes T to draw is followed by 20 T without one


class Monitor:
    """Shows how a training, the folds of a cross-validation, or a sweep goes on.

    A callback for the verbs of a network. In a notebook it draws into one display in place; at a
    terminal it shows a bar; elsewhere nothing. A run that is shorter than 0.3 s is drawn once, at
    its end. Frames are drawn by a thread of its own, which rests twenty times as long as it worked,
    so that watching costs at most 5 %.

    Parameters
    ----------
    stop : callable or None
        What the Stop button calls. None interrupts the kernel, where that ends the run: where the
        run is in the kernel's main thread.
    last : bool
        Whether to draw the end by matplotlib. False leaves that to `show_result`.

    Attributes
    ----------
    course : Course
        What is known of the run.

    Examples
    --------
    >>> from dlaaw_nb import Linear, Monitor, NNWorkflow, Sigmoid, datasets
    >>> network = NNWorkflow([Linear(5, 1), Sigmoid()], epochs=50)
    >>> result = network.train(datasets.load("breast_cancer"), callback=Monitor())
    """

    batched = True  # a few cost events a second are enough

    def __init__(self, *, stop: Callable[[], object] | None = None, last: bool = True) -> None:
        self.course = Course()
        self._stop, self._last = stop, last
        self._surface: Surface | None = None
        self._button: Any = None
        self._stoppable = False
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._bundle: tuple[dict[str, Any], dict[str, Any]] | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        """Take one event; see ``dlaaw_nb.nn.collector``."""
        if event["event"] == "begin":
            self._begin()
        self.course.take(event)
        if event["event"] == "end":
            self._finish()

    def show(self) -> None:
        """Show the run here too; every place where it was shown follows it."""
        with self._lock:
            surface = self._surface = self._surface or find_surface()
            bundle = self._bundle or ({"text/html": frame_html(self.course)}, {})
            surface.show(self.course, *bundle, again=True)
            # Once the cell is over, a page takes updates for it, but no new outputs.
            if self._stop is not None and self._button is None and not self.course.over:
                self._button = getattr(surface, "button", lambda _: None)(self._stop)

    def show_result(self, result: Any, caption: str) -> None:
        """Put a result in the place of the last frame.

        Parameters
        ----------
        result : TrainingResult, CrossValidation or Sweep
            What came of the run.
        caption : str
            A line above it.
        """
        data, metadata = result._repr_mimebundle_()
        if "text/html" in data:
            data["text/html"] = caption_html(caption) + data["text/html"]
        data["text/plain"] = f"{caption}\n{data['text/plain']}"
        self._publish(data, metadata)
        if self._surface is not None:
            self._surface.say(data["text/plain"])

    def show_failure(self, error: BaseException) -> None:
        """Say in the place of the last frame what ended the run.

        Parameters
        ----------
        error : BaseException
            What was raised; perhaps before the run began.
        """
        # What is wrong with a result is found after the run: it had ended well until now.
        state = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
        self.course.take({"event": "end", "state": state, "error": error})
        self._rest()
        self._publish(*last_frame(self.course))

    def refresh(self) -> None:
        """Send what stands there once more, for those who did not listen when it came."""
        if self._bundle is not None:
            self._publish(*self._bundle)

    def _begin(self) -> None:
        self.course = Course()
        self._over = threading.Event()
        self._bundle = None
        self._stoppable = self._stop is not None or _in_main_thread()
        with suppress(Exception):  # whatever keeps us from drawing must not keep it from training
            self._surface = self._surface or find_surface()
            # The thread speaks in the name of the cell that began the run.
            draw = contextvars.copy_context().run
            thread = threading.Thread(
                target=draw, args=(self._draw_on, self._over), name="dlaaw-monitor", daemon=True
            )
            thread.start()

    def _draw_on(self, over: threading.Event) -> None:
        wait = FIRST_S
        while not over.wait(wait):
            began = time.thread_time()
            with suppress(Exception), self._lock:
                if not over.is_set():
                    self._draw()
            wait = max(GAP_S, SHARE * (time.thread_time() - began))
            with suppress(Exception), self._lock:
                if not over.is_set():
                    self._offer_stop()

    def _draw(self) -> None:
        surface = self._surface
        if surface is None:
            return
        if isinstance(surface, NotebookSurface):
            data = {"text/html": frame_html(self.course), "text/plain": headline(self.course)}
            surface.show(self.course, data, {})
        else:
            surface.show(self.course, {}, {})

    def _offer_stop(self) -> None:
        wanted = self._stoppable and self._button is None and self.course.seconds > STOP_S
        if wanted and isinstance(self._surface, NotebookSurface):
            self._button = self._surface.button(self._stop)

    def _finish(self) -> None:
        self._rest()
        if self._surface is None:
            return
        with suppress(Exception):
            if self._last:
                self._publish(*last_frame(self.course))
            elif self._surface.shown:
                self._publish({"text/html": frame_html(self.course)}, {})

    def _rest(self) -> None:
        self._over.set()
        with suppress(Exception), self._lock:
            if self._button is not None:
                self._button.remove()
            self._button = None

    def _publish(self, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        with self._lock:
            self._surface = self._surface or find_surface()
            data.setdefault("text/plain", headline(self.course))
            self._bundle = data, metadata
            self._surface.show(self.course, data, metadata)


def _in_main_thread() -> bool:
    """Whether an interrupt of the kernel would end this run."""
    return threading.current_thread() is threading.main_thread()
