"""Draws when each task of a run was worked on, and by which worker."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from dlaaw_nb.views.shapes import shortened
from dlaaw_nb.views.text import counted, seconds_text
from dlaaw_nb.views.workflow_bars import Bar
from dlaaw_nb.views.workflow_chart import Chart, Row
from dlaaw_nb.views.workflow_marks import states_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.views.drawing import Drawing

__all__ = ["Bar", "draw_gantt"]

ROWS: Final = 40
"""The most tasks that have a row each, and the most rows of workers."""

_IDLE: Final = {
    "cached": "an earlier result", "failed": "not run", "cancelled": "not run",
    "skipped": "not needed",
}  # fmt: skip
"""What is said of a task that was not worked on."""

_LETTERS: Final = 200  # of a worker's name that are looked at when they are sorted


def draw_gantt(
    title: str, bars: Sequence[Bar], now: float | None = None, word: str = ""
) -> Drawing:
    """Draw the course of a run.

    Parameters
    ----------
    title : str
        What stands above it; empty for nothing.
    bars : sequence of Bar
        What was worked on. Up to 40 tasks have a row each, in order of their start; of more, each
        worker has one.
    now : float or None
        Seconds from the start of the run until now, while it runs: what is running ends there. None
        takes the last time that is known.
    word : str
        What to call what was worked on, such as ``fold``; each worker has a row then, however few
        there are. Empty for tasks.

    Returns
    -------
    Drawing
        The picture. Bars narrower than a few pixels are joined.
    """
    span = _span(bars, now)
    known = sorted(
        (_whole(bar, span) for bar in bars),
        # What stood there from the start comes first, what never began last.
        key=lambda bar: (not bar.has_time and bar.state != "cached", bar.start, bar.end),
    )
    tasks: dict[str, list[Bar]] = {}
    for bar in known:
        tasks.setdefault(bar.name, []).append(bar)
    by_task = len(tasks) <= ROWS and not word
    rows = _task_rows(tasks) if by_task else _worker_rows(known, span, word or "task")
    return Chart(rows, span).draw(title, _summary(tasks, known, span, word or "task"), now)


def _span(bars: Sequence[Bar], now: float | None) -> float:
    times = [time for bar in bars for time in (bar.start, bar.end)]
    known = [time for time in [*times, now or 0.0] if math.isfinite(time)]
    return max(known, default=0.0)


def _whole(bar: Bar, span: float) -> Bar:
    """Give a bar an end that is not before its start; what is running has that of the run."""
    if not bar.has_time:
        return bar._replace(lane="", start=0.0, end=0.0)
    start = min(max(bar.start, 0.0), span)
    open_ended = bar.state == "running" or not math.isfinite(bar.end)
    return bar._replace(start=start, end=span if open_ended else max(start, bar.end))


def _task_rows(tasks: dict[str, list[Bar]]) -> list[Row]:
    lanes = {bar.lane for bars in tasks.values() for bar in bars}
    rows = []
    for name, bars in tasks.items():
        last = bars[-1]
        time = seconds_text(last.end - last.start) if last.end > last.start else ""
        lane = shortened(last.lane, 40) if len(lanes) > 1 else ""
        idle = "" if last.has_time else _IDLE.get(last.state, "")
        text = " · ".join(filter(None, (time, lane, idle)))
        rows.append(Row(name, bars, text, is_task=True))
    return rows


def _worker_rows(bars: Sequence[Bar], span: float, word: str) -> list[Row]:
    lanes: dict[str, list[Bar]] = {}
    for bar in bars:
        if bar.has_time:
            lanes.setdefault(bar.lane, []).append(bar)
    names = sorted(lanes, key=_natural)
    apart = [(name or "worker", held) for name in names for held in _apart(lanes[name])]
    if len(apart) > ROWS:
        apart = [(name or "worker", lanes[name]) for name in names]
    rows = [_worker_row(name, held, span, word) for name, held in apart]
    if len(rows) <= ROWS:
        return rows
    rest = [bar for _, held in apart[ROWS - 1 :] for bar in held]
    more = Row(f"{len(rows) - ROWS + 1:,} more", [], _tasks_text(rest, word), is_task=False)
    return [*rows[: ROWS - 1], more]


def _apart(bars: Sequence[Bar]) -> list[list[Bar]]:
    """Share out what a worker did at the same time, so that no bar hides another."""
    shares: list[list[Bar]] = []
    for bar in bars:
        free = (share for share in shares if share[-1].end <= bar.start)
        share = next(free, None)
        if share is not None:
            share.append(bar)
        elif len(shares) <= ROWS:
            shares.append([bar])
    return shares


def _natural(name: str) -> list[tuple[int, str]]:
    """Give a key that puts worker-2 before worker-10."""
    parts = re.split(r"(\d{1,15})", name[:_LETTERS])
    return [(int(part) if at % 2 else 0, "" if at % 2 else part) for at, part in enumerate(parts)]


def _worker_row(name: str, bars: list[Bar], span: float, word: str) -> Row:
    busy, end = 0.0, 0.0
    for bar in bars:
        busy += max(0.0, bar.end - max(bar.start, end))
        end = max(end, bar.end)
    share = f", {100 * busy / span:.0f} % busy" if span > 0 else ""
    return Row(name, bars, _tasks_text(bars, word) + share, is_task=False)


def _tasks_text(bars: Sequence[Bar], word: str) -> str:
    return counted(len({bar.name for bar in bars}), word)


def _summary(tasks: dict[str, list[Bar]], bars: Sequence[Bar], span: float, word: str) -> str:
    if not tasks:
        return f"no {word} has begun"
    states = states_text(held[-1].state for held in tasks.values())
    lanes = {bar.lane for bar in bars} - {""}
    place = "worker" if word == "task" else "node"
    where = f" on {counted(len(lanes), place)}" if lanes else ""
    again = len(bars) - len(tasks)
    retries = f", {again:,} tried again" if again else ""
    time = f" in {seconds_text(span)}" if span > 0 else ""
    return f"{_tasks_text(bars, word)}{where}{time}" + (f": {states}" if states else "") + retries
