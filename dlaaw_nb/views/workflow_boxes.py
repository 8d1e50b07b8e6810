"""What stands in a picture of a workflow: tasks, and the ends of the workflow itself.

A figure knows its size, where its ports are, and how it is drawn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from dlaaw_nb.views.palette import COLOURS, GREY
from dlaaw_nb.views.text import seconds_text
from dlaaw_nb.views.workflow_edges import port_dot
from dlaaw_nb.views.workflow_marks import MARK, draw_mark, look_of
from dlaaw_nb.views.workflow_words import fitted, fitted_name, word_width

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dlaaw_nb.views.drawing import Drawing

__all__ = ["End", "Figure", "PlainTask", "SmallTask", "TaskBox", "draw_outline"]

_PAD, _HEAD, _NOTE, _PORT = 10.0, 44.0, 14.0, 15.0
_NAME, _SMALL, _TINY = 12.0, 10.0, 9.5  # font sizes
_LEAST, _MOST = 96.0, 188.0  # width
_TIME: Final = 60.0  # room for a time, and the gap before it
_PORTS: Final = 8  # most ports of a side that have a line of their own


class TaskBox(NamedTuple):
    """A task of a workflow, as it is drawn.

    Attributes
    ----------
    name : str
        By which it is known in the workflow; ``Sub1/clean`` in a sub-workflow.
    kind : str
        What kind of task it is. A kind that begins with ``NN`` is a network.
    inputs, outputs : tuple of str
        Names of its ports.
    state : str
        One of the states of `workflow_marks.STATES`; empty before a run.
    seconds : float or None
        How long it took; None where it is not known.
    note : str
        A few words more.
    given : tuple of str
        Inputs that have a value of their own, and need no edge.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    state: str = ""
    seconds: float | None = None
    note: str = ""
    given: tuple[str, ...] = ()

    @property
    def is_network(self) -> bool:
        """Whether it is a network, or does something with one."""
        return self.kind.startswith("NN")


class Figure:
    """What has a place in the picture.

    A subclass must give `width`, `height` and `draw`, and may say where its ports are.
    """

    width: float
    height: float

    def inlet(self, port: str) -> float:
        """Say how far below the middle of its left side an edge to an input ends."""
        del port
        return 0.0

    def outlet(self, port: str) -> float:
        """Say how far below the middle of its right side an edge from an output begins."""
        del port
        return 0.0

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw it with its upper left corner at a place."""
        raise NotImplementedError


class PlainTask(Figure):
    """A task with its name, kind, state, time and ports.

    Parameters
    ----------
    box : TaskBox
        The task.
    width : float
        Width in CSS pixels.
    fed : collection of str
        Its inputs that an edge ends at; the others have an open ring.
    """

    def __init__(self, box: TaskBox, width: float, fed: Collection[str] = ()) -> None:
        self.box, self.width, self._fed = box, width, fed
        self._head = _HEAD + (_NOTE if box.note else 0.0)
        self._ins, self._outs = _lines(box.inputs), _lines(box.outputs)
        lines = max(len(self._ins), len(self._outs))
        self.height = self._head + (_PORT * lines + 5.0 if lines else 0.0)

    @staticmethod
    def wanted(box: TaskBox) -> float:
        """Say how wide a task would be, in CSS pixels."""
        mark = 2 * MARK + 4 if box.state else 0.0
        name = fitted_name(box.name, _MOST - 2 * _PAD - mark, _NAME, bold=True)
        first = word_width(name, _NAME, bold=True) + mark
        time = _time(box)
        # Of a run there is room for any time, so that a box does not grow when it has ended.
        room = max(_width_of([time], 12.0), _TIME if box.state else 0.0)
        second = word_width(fitted(box.kind, _MOST, _SMALL), _SMALL) + room
        ports = _width_of(_lines(box.inputs), 8.0) + _width_of(_lines(box.outputs), 8.0)
        wide = max(first, second, ports - 4.0, _width_of([box.note], 0.0)) + 2 * _PAD + 1.0
        return min(_MOST, max(_LEAST, wide))

    def inlet(self, port: str) -> float:
        """Say how far below the middle an edge to an input ends."""
        return self._below(self._ins, self.box.inputs, port)

    def outlet(self, port: str) -> float:
        """Say how far below the middle an edge from an output begins."""
        return self._below(self._outs, self.box.outputs, port)

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw it with its upper left corner at a place."""
        box, right, room = self.box, x + self.width - _PAD, self.width - 2 * _PAD
        draw_outline(drawing, x, y, self, box.state, network=box.is_network)
        draw_mark(drawing, box.state, right - MARK + 2, y + 15)
        name = fitted_name(box.name, room - (2 * MARK + 4 if box.state else 0), _NAME, bold=True)
        drawing.text(x + _PAD, y + 15, name, size=_NAME, bold=True)
        time = _time(box)
        kind = fitted(box.kind, room - _width_of([time], 6.0), _SMALL)
        drawing.text(x + _PAD, y + 31, kind, size=_SMALL)
        if time:
            drawing.text(right, y + 31, time, size=_SMALL, anchor="end")
        if box.note:
            note = fitted(box.note, room, _TINY)
            drawing.text(x + _PAD, y + 31 + _NOTE, note, size=_TINY)
        self._draw_ports(drawing, x, y)

    def _draw_ports(self, drawing: Drawing, x: float, y: float) -> None:
        if self._ins or self._outs:
            line = y + self._head - 2
            drawing.line((x + 4, line), (x + self.width - 4, line), opacity=0.35)
        half = self.width / 2 - 12 if self._ins and self._outs else self.width - 24
        for at, port in enumerate(self._ins):
            place = y + self._head + _PORT * (at + 0.5)
            drawing.text(x + 9, place, fitted(port, half, _TINY), size=_TINY)
        for at, port in enumerate(self._outs):
            place = y + self._head + _PORT * (at + 0.5)
            text = fitted(port, half, _TINY)
            drawing.text(x + self.width - 9, place, text, size=_TINY, anchor="end")
        middle = y + self.height / 2
        for port in self.box.inputs[: _PORTS + 1]:
            if port not in self._fed and port not in self.box.given:
                drawing.circle(x - 4, middle + self.inlet(port), 2.4)
        for port in self.box.outputs[: _PORTS + 1]:
            port_dot(drawing, x + self.width, middle + self.outlet(port))

    def _below(self, lines: Sequence[str], ports: Sequence[str], port: str) -> float:
        if not (self._ins or self._outs):
            return 0.0
        # A port without a line stands level with the first, so that chains of tasks are level.
        at = min(ports.index(port), len(lines) - 1) if lines and port in ports else 0
        return self._head + _PORT * (at + 0.5) - self.height / 2


class SmallTask(Figure):
    """A task with its state and name alone, where many must have room.

    Parameters
    ----------
    box : TaskBox
        The task.
    width : float
        Width in CSS pixels.
    fed : collection of str
        As for `PlainTask`; its ports are not drawn.
    """

    height = 22.0

    def __init__(self, box: TaskBox, width: float, fed: Collection[str] = ()) -> None:
        del fed
        self.box, self.width = box, width

    @staticmethod
    def wanted(box: TaskBox) -> float:
        """Say how wide a task would be, in CSS pixels."""
        name = fitted_name(box.name, 130.0, _SMALL, bold=True)
        mark = 2 * MARK + 2 if box.state else 0.0
        return min(130.0, max(64.0, word_width(name, _SMALL, bold=True) + 16.0 + mark))

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw it with its upper left corner at a place."""
        box, middle = self.box, y + self.height / 2
        draw_outline(drawing, x, y, self, box.state, network=box.is_network)
        mark = 2 * MARK + 2 if box.state else 0.0
        draw_mark(drawing, box.state, x + 7 + MARK, middle, MARK - 0.5)
        name = fitted_name(box.name, self.width - 16 - mark, _SMALL, bold=True)
        drawing.text(x + 8 + mark, middle, name, size=_SMALL, bold=True)


class End(Figure):
    """An input or an output of the workflow.

    Parameters
    ----------
    name, text : str
        Its name, and a few words on what passes; empty for none.
    width : float
        Width in CSS pixels.
    count : int
        How many it stands for; several look like a stack.
    """

    def __init__(self, name: str, text: str, count: int = 1) -> None:
        self.name, self.text = fitted(name, 130.0, 11.0, bold=True), fitted(text, 130.0, _TINY)
        self.count = count
        words = (word_width(self.name, 11.0, bold=True), word_width(self.text, _TINY))
        self.height = 36.0 if self.text else 24.0
        self.width = max(40.0, max(words) + (self.height if self.text else 24.0))

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw it with its upper left corner at a place."""
        round_ = self.height / 2
        if self.count > 1:
            drawing.rect(x + 3, y - 3, self.width, self.height, radius=round_)
        drawing.rect(x, y, self.width, self.height, radius=round_, stroke_width=1.4)
        middle, centre = y + self.height / 2, x + self.width / 2
        up = 6.5 if self.text else 0.0
        drawing.text(centre, middle - up, self.name, size=11, anchor="middle", bold=True)
        if self.text:
            drawing.text(centre, middle + 7.5, self.text, size=_TINY, anchor="middle")


def draw_outline(
    drawing: Drawing, x: float, y: float, figure: Figure, state: str, *, network: bool
) -> None:
    """Draw the frame of a task; that of a network is a double one.

    Parameters
    ----------
    drawing : Drawing
        Where to.
    x, y : float
        Upper left corner.
    figure : Figure
        Whose size it has.
    state : str
        Of the task; it gives the colour.
    network : bool
        Whether it is a network.
    """
    plain = COLOURS[0] if network else GREY
    colour = look_of(state).colour if state else plain
    dash = (4.0, 3.0) if state in ("initialized", "skipped") else ()
    size = figure.width, figure.height
    drawing.rect(x, y, *size, radius=6, stroke=colour, stroke_width=1.5, dash=dash)
    if network:
        inner = size[0] - 6, size[1] - 6
        drawing.rect(x + 3, y + 3, *inner, radius=3.5, stroke=colour, stroke_width=0.8)


def _time(box: TaskBox) -> str:
    known = box.seconds is not None and math.isfinite(box.seconds) and box.seconds > 0
    return seconds_text(box.seconds) if known else ""


def _lines(ports: Sequence[str]) -> tuple[str, ...]:
    """Give the names of ports that have a line of their own: of a task with more than one."""
    if len(ports) < 2:
        return ()
    if len(ports) <= _PORTS:
        return tuple(ports)
    return (*ports[: _PORTS - 1], f"{len(ports) - _PORTS + 1:,} more")


def _width_of(texts: Iterable[str], more: float) -> float:
    """Measure the widest of small texts, and what stands beside it."""
    widest = max((word_width(fitted(text, 90.0, _TINY), _TINY) for text in texts), default=0.0)
    return widest + more if widest else 0.0
