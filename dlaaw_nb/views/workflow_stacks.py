"""Tasks of a large workflow that are drawn as one stack."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from dlaaw_nb.views.palette import GREY
from dlaaw_nb.views.text import seconds_text
from dlaaw_nb.views.workflow_boxes import Figure, draw_outline
from dlaaw_nb.views.workflow_marks import MARK, draw_mark, gravest, look_of, sorted_states
from dlaaw_nb.views.workflow_words import TIMES, fitted, word_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.views.drawing import Drawing
    from dlaaw_nb.views.workflow_boxes import TaskBox

__all__ = ["Stack", "kinds_text"]

_PAD, _BAR = 10.0, 4.0
_MARK_ROOM: Final = 2 * MARK + 4


class Stack(Figure):
    """Many tasks: how many of which kind, their states as counts and as a bar, their time.

    Parameters
    ----------
    boxes : sequence of TaskBox
        The tasks; one or more.
    """

    width = 172.0

    def __init__(self, boxes: Sequence[TaskBox]) -> None:
        self.kinds = Counter(box.kind for box in boxes)
        self.count = len(boxes)
        self.states = sorted_states(box.state for box in boxes)
        self.is_network = all(box.is_network for box in boxes)
        self._title, self._text = self._words()
        if not self._text:
            self._text = _time(boxes)
        self.height = 27.0 + (14.0 if self._text else 0.0) + (26.0 if self.states else 0.0)

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw it with its upper left corner at a place."""
        state, room = gravest(self.states), self.width - 2 * _PAD
        for away in (6.0, 3.0):
            _sheet(drawing, x, y, self, away)
        draw_outline(drawing, x, y, self, state, network=self.is_network)
        title = fitted(self._title, room, 12.0, bold=True)
        drawing.text(x + _PAD, y + 15, title, size=12, bold=True)
        if self._text:
            drawing.text(x + _PAD, y + 30, fitted(self._text, room, 9.5), size=9.5)
        if self.states:
            self._draw_states(drawing, x + _PAD, y + self.height - 21, room)

    def _words(self) -> tuple[str, str]:
        if len(self.kinds) == 1:
            return f"{self.count:,} {TIMES} {next(iter(self.kinds))}", ""
        room, common = self.width - 2 * _PAD, self.kinds.most_common()
        words = [f"{count:,} {TIMES} {fitted(kind, 90.0, 9.5)}" for kind, count in common[:6]]
        while len(words) > 1 and word_width(_listed(words, len(common)), 9.5) > room:
            words.pop()
        return f"{self.count:,} tasks", _listed(words, len(common))

    def _draw_states(self, drawing: Drawing, x: float, y: float, room: float) -> None:
        left, end = x, x + room
        shown = sorted(self.states, key=lambda state: state != gravest(self.states))
        for state in shown:
            count = f"{self.states[state]:,}"
            wide = _MARK_ROOM + word_width(count, 10.0)
            more = 0.0 if state == shown[-1] else 8.0 + word_width("…", 10.0)
            if left + wide + more > end:
                drawing.text(left, y, "…", size=10)
                break
            draw_mark(drawing, state, left + MARK, y, MARK - 0.5)
            drawing.text(left + _MARK_ROOM, y, count, size=10)
            left += wide + 8
        _draw_bar(drawing, self.states, x, y + 10, room)


def _time(boxes: Sequence[TaskBox]) -> str:
    times = (box.seconds for box in boxes if box.seconds is not None)
    total = math.fsum(time for time in times if math.isfinite(time))
    return f"{seconds_text(total)} in all" if total > 0 else ""


def _listed(words: Sequence[str], count: int) -> str:
    return ", ".join(words) + (", …" if len(words) < count else "")


def _draw_bar(drawing: Drawing, states: dict[str, int], x: float, y: float, room: float) -> None:
    total = sum(states.values())
    # What is there at all is seen: a pixel and a half at least.
    wide = [max(1.5, room * count / total) for count in states.values()]
    scale = room / sum(wide)
    for state, part in zip(states, wide, strict=True):
        width = part * scale
        colour = look_of(state).colour
        drawing.rect(x, y, width, _BAR, fill=colour, stroke=None)
        x += width


def _sheet(drawing: Drawing, x: float, y: float, figure: Figure, away: float) -> None:
    """Draw what is seen of a sheet that lies behind: its upper and its right side."""
    left, top = x + away, y - away
    right, bottom = left + figure.width, top + figure.height
    drawing.line((left + 3, top), (right - 3, top), (right, top + 3), (right, bottom - 3),
                 colour=GREY, width=1.0, opacity=0.7)  # fmt: skip


def kinds_text(kinds: Counter[str], most: int = 6) -> str:
    """Write how many tasks are of which kind.

    Parameters
    ----------
    kinds : Counter
        Kind to count.
    most : int
        Kinds that are written; of more, how many they are.

    Returns
    -------
    str
        ``12 x clean, 11 x train and 3 kinds more``, the most frequent first.
    """
    common = kinds.most_common()
    text = ", ".join(
        f"{count:,} {TIMES} {fitted(kind, 150.0, 10.0)}" for kind, count in common[:most]
    )
    more = len(common) - most
    return f"{text} and {more} kind{'s' if more > 1 else ''} more" if more > 0 else text
