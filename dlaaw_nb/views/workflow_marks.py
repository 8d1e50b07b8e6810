"""The states of tasks: a colour and a mark for each, drawn or as a letter, and their counts."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from dlaaw_nb.views.palette import COLOURS, GREY
from dlaaw_nb.views.shapes import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlaaw_nb.views.drawing import Drawing

__all__ = [
    "MARK", "STATES", "StateLook", "draw_mark", "draw_sign", "gravest", "look_of",
    "sorted_states", "states_text",
]  # fmt: skip

MARK: Final = 6.5
"""Radius of a drawn mark, in CSS pixels."""

_INK: Final = "#ffffff"  # on the colours it has at least 3 : 1


class StateLook(NamedTuple):
    """How a state is shown: its colour, and a letter that stands for the drawn mark in text."""

    colour: str
    letter: str


STATES: Final[dict[str, StateLook]] = {
    "finished": StateLook(COLOURS[2], "✓"),
    "cached": StateLook(COLOURS[5], "="),
    "running": StateLook(COLOURS[0], "▶"),
    "ready": StateLook(COLOURS[4], "○"),
    "initialized": StateLook(GREY, "◌"),
    "failed": StateLook(COLOURS[1], "✗"),
    "skipped": StateLook(GREY, "\N{EN DASH}"),
    "cancelled": StateLook(COLOURS[3], "■"),
}
"""The states that are known, in the order in which they are counted."""

_OTHER: Final = StateLook(GREY, "?")
_GRAVE: Final = (
    "failed", "running", "cancelled", "skipped", "ready", "initialized", "finished", "cached",
)  # fmt: skip


def look_of(state: str) -> StateLook:
    """Say how a state is shown.

    Parameters
    ----------
    state : str
        One of `STATES`, or a word that is not known here.

    Returns
    -------
    StateLook
        Grey with a question mark for an unknown one.
    """
    return STATES.get(state, _OTHER)


def sorted_states(states: Iterable[str] | Mapping[str, int]) -> dict[str, int]:
    """Count states.

    Parameters
    ----------
    states : iterable of str, or mapping of str to int
        The state of each task, or counts. Tasks without a state (an empty word) do not count.

    Returns
    -------
    dict of str to int
        Counts above 0: the known states in the order of `STATES`, then others in theirs.
    """
    counts = Counter(states)
    known = [state for state in STATES if counts[state] > 0]
    others = [state for state in counts if state and state not in STATES and counts[state] > 0]
    return {state: counts[state] for state in [*known, *others]}


def states_text(states: Iterable[str] | Mapping[str, int]) -> str:
    """Write how many tasks are in which state.

    Parameters
    ----------
    states : iterable of str, or mapping of str to int
        The state of each task, or counts.

    Returns
    -------
    str
        ``3 finished, 1 failed``; empty where no task has a state.
    """
    counts = sorted_states(states)
    return ", ".join(f"{count:,} {shortened(state, 24)}" for state, count in counts.items())


def gravest(states: Iterable[str]) -> str:
    """Choose the state that stands for several.

    Parameters
    ----------
    states : iterable of str
        States of tasks.

    Returns
    -------
    str
        The one that a person must know of first: a failure before all others. Empty without any.
    """
    found = sorted_states(states)
    return next((state for state in _GRAVE if state in found), next(iter(found), ""))


def draw_mark(drawing: Drawing, state: str, x: float, y: float, radius: float = MARK) -> None:
    """Draw the mark of a state; nothing for an empty one.

    Parameters
    ----------
    drawing : Drawing
        Where to.
    state : str
        Any state.
    x, y : float
        Middle of the mark.
    radius : float
        In CSS pixels.
    """
    if not state:
        return
    colour = look_of(state).colour
    if state in _FILLED:
        drawing.circle(x, y, radius, fill=colour, stroke=None)
    else:
        dash = _broken(radius) if state == "initialized" else ()
        drawing.circle(x, y, radius - 0.8, stroke=colour, stroke_width=1.6, dash=dash)
    draw_sign(drawing, state, x, y, radius, _INK if state in _FILLED else colour)


def draw_sign(drawing: Drawing, state: str, x: float, y: float, radius: float, colour: str) -> None:
    """Draw what stands inside the ring of a state's mark.

    Parameters
    ----------
    drawing : Drawing
        Where to.
    state : str
        Any state.
    x, y : float
        Middle of the mark.
    radius : float
        Of the ring, which is not drawn, in CSS pixels.
    colour : str
        ``#rrggbb``.
    """
    lines, shape = _SIGNS.get(state, _UNKNOWN)
    for line in lines:
        points = [(x + dx * radius, y + dy * radius) for dx, dy in line]
        drawing.line(*points, colour=colour, width=0.27 * radius)
    if shape:
        drawing.polygon(*((x + dx * radius, y + dy * radius) for dx, dy in shape), fill=colour)


def _broken(radius: float) -> tuple[float, float]:
    """Break a ring into eight dashes."""
    step = 2 * math.pi * (radius - 0.8) / 8
    return 0.6 * step, 0.4 * step


_FILLED: Final = frozenset({"finished", "cached", "failed", "cancelled"})

# Signs inside the ring, with its radius for 1: lines, and one filled shape.
_Points = tuple[tuple[float, float], ...]
_SIGNS: Final[dict[str, tuple[tuple[_Points, ...], _Points]]] = {
    "finished": ((((-0.48, 0.04), (-0.12, 0.4), (0.5, -0.34)),), ()),
    "cached": ((((-0.45, -0.2), (0.45, -0.2)), ((-0.45, 0.24), (0.45, 0.24))), ()),
    "running": ((), ((-0.24, -0.42), (0.46, 0.0), (-0.24, 0.42))),
    "ready": ((), ((-0.28, 0.0), (0.0, -0.28), (0.28, 0.0), (0.0, 0.28))),
    "initialized": ((), ()),
    "failed": ((((-0.38, -0.38), (0.38, 0.38)), ((-0.38, 0.38), (0.38, -0.38))), ()),
    "skipped": ((((-0.42, 0.0), (0.42, 0.0)),), ()),
    "cancelled": ((), ((-0.36, -0.36), (0.36, -0.36), (0.36, 0.36), (-0.36, 0.36))),
}
_UNKNOWN: Final[tuple[tuple[_Points, ...], _Points]] = (
    (
        ((-0.3, -0.25), (0.0, -0.5), (0.3, -0.25), (0.0, 0.05), (0.0, 0.2)),
        ((0.0, 0.35), (0.0, 0.55)),
    ),
    (),
)
