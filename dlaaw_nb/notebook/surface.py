"""Where a monitor draws: a display of a notebook, a line of a terminal, or nowhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.notebook.course import Course

__all__ = ["NotebookSurface", "Surface", "TerminalSurface", "find_surface"]


class Surface:
    """Draws nowhere; the base of those that draw.

    Attributes
    ----------
    shown : bool
        Whether something was shown yet.
    """

    shown = False

    def show(
        self,
        course: Course,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        again: bool = False,
    ) -> None:
        """Show a frame in the place of the one before.

        Parameters
        ----------
        course : Course
            The run.
        data, metadata : mapping
            MIME bundle.
        again : bool
            Whether to open a further place here.
        """

    def say(self, text: str) -> None:
        """Say how it ended, where a picture cannot.

        Parameters
        ----------
        text : str
            Plain text.
        """


class NotebookSurface(Surface):
    """One display, updated by its id wherever it stands.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's, of a kernel.
    """

    def __init__(self, shell: Any) -> None:
        import secrets

        self._publish = shell.display_pub.publish
        self._id = {"display_id": f"dlaaw-{secrets.token_hex(8)}"}

    def show(
        self,
        course: Course,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        again: bool = False,
    ) -> None:
        """Show a frame; see `Surface.show`."""
        del course
        if again and self.shown:
            self._send(data, metadata, update=True)
        self._send(data, metadata, update=self.shown and not again)
        self.shown = True

    def _send(self, data: Mapping[str, Any], metadata: Mapping[str, Any], *, update: bool) -> None:
        self._publish(dict(data), dict(metadata), transient=self._id, update=update)

    def button(self, stop: Callable[[], object] | None) -> Any:
        """Show a Stop button.

        Parameters
        ----------
        stop : callable or None
            What it calls; None interrupts the kernel.

        Returns
        -------
        StopButton
            It has a method ``remove``.
        """
        from dlaaw_nb.notebook.stop_button import StopButton

        return StopButton(self._publish, stop)


class TerminalSurface(Surface):
    """A bar on stderr, if that is a terminal; it goes away at the end."""

    def __init__(self) -> None:
        self._bar: Any = None

    def show(
        self,
        course: Course,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        again: bool = False,
    ) -> None:
        """Move the bar; see `Surface.show`."""
        del data, metadata, again
        if self._bar is None and course.total and not course.over:
            from tqdm import tqdm

            self._bar = tqdm(
                total=course.total, unit=" epochs", leave=False, file=sys.stderr, disable=None
            )
        if self._bar is not None:
            self._bar.update(course.done - self._bar.n)
            if course.over:
                self._bar.close()
                self._bar = None
        self.shown = True

    def say(self, text: str) -> None:
        """Write a line; see `Surface.say`."""
        sys.stdout.write(f"{text}\n")


def find_surface() -> Surface:
    """Find where to draw.

    Returns
    -------
    Surface
        For a kernel its displays; for a person at a terminal a bar; else nothing.
    """
    ipython = sys.modules.get("IPython")  # not loaded: surely no notebook
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        return NotebookSurface(shell)
    person = sys.stderr is not None and sys.stderr.isatty()
    return TerminalSurface() if person or shell is not None else Surface()
