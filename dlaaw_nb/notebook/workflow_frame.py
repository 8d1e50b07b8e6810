"""One frame of a run's monitor: a line of words, a bar, the workflow with its states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.views.html import escape
from dlaaw_nb.views.text import seconds_text

if TYPE_CHECKING:
    from dlaaw_nb.notebook.workflow_surface import RunCourse
    from dlaaw_nb.workflow.run import Run

__all__ = ["frame_html", "headline", "last_frame"]

_TEXT: Final = (
    "color:var(--jp-ui-font-color1,inherit);font-size:13px;line-height:20px;"
    "font-variant-numeric:tabular-nums"
)
_LINE: Final = "height:20px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
_TRACK: Final = (
    "width:620px;max-width:100%;height:8px;border-radius:4px;overflow:hidden;margin:2px 0;"
    "background:var(--jp-layout-color3,#c8c8c8)"
)
_COLOURS: Final = {
    "finished": "var(--jp-success-color1,#009268)",
    "cancelled": "var(--jp-warn-color1,#d55e00)",
    "failed": "var(--jp-error-color1,#c62828)",
}


def headline(course: RunCourse) -> str:
    """Say what runs, and how it stands.

    Parameters
    ----------
    course : RunCourse
        The run.

    Returns
    -------
    str
        ``ensemble: running, 3 of 4 tasks done, 1.2 s``.
    """
    run = course.run
    told = f"{course.done:,} of {course.total:,} tasks done"
    return f"{run.workflow.name}: {run.state}, {told}, {seconds_text(run.seconds)}"


def frame_html(course: RunCourse, height: int = 0) -> tuple[str, int]:
    """Draw a frame of a run that is under way.

    Parameters
    ----------
    course : RunCourse
        The run.
    height : int
        Of the highest picture so far, in CSS pixels: what is below must not jump.

    Returns
    -------
    html : str
        The frame.
    height : int
        Of the highest picture, this one among them.
    """
    drawing = course.run.plot(fine=True, steady=True)
    height = max(height, drawing.height)
    below = f'<div style="min-height:{height + 4}px">{drawing.to_html()}</div>'
    return _wrapped(course, below), height


def last_frame(run: Run, caption: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw the frame that stays.

    Parameters
    ----------
    run : Run
        One that is over.
    caption : str
        A line above it; empty for none.

    Returns
    -------
    data, metadata : dict
        MIME bundle and its metadata.
    """
    data, metadata = run._repr_mimebundle_()
    if caption:
        data["text/plain"] = f"{caption}\n{data['text/plain']}"
    above = f'<div style="{_TEXT}">{escape(caption)}</div>' if caption else ""
    opened = f'<div class="dlaaw-run" data-state="{run.state}">'
    data["text/html"] = f"{opened}{above}{data['text/html']}</div>"
    return data, metadata


def _wrapped(course: RunCourse, below: str) -> str:
    state = course.run.state
    colour = _COLOURS.get(state, "var(--jp-brand-color1,#0077bb)")
    percent = 100.0 * course.share
    bar = (
        f'<div role="progressbar" aria-label="tasks done" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent:.0f}" style="{_TRACK}">'
        f'<div style="width:{percent:.1f}%;height:100%;background:{colour}"></div></div>'
    )
    return (
        f'<div class="dlaaw-run" data-state="{state}" style="{_TEXT}">'
        f'<div style="{_LINE}">{escape(headline(course))}</div>{bar}{below}</div>'
    )
