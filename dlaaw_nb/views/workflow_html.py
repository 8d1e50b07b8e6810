"""The summary of a run as HTML and as text: facts, a picture, and what became of each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dlaaw_nb.views.html import escape, note, section
from dlaaw_nb.views.shapes import clean, shortened
from dlaaw_nb.views.text import MISSING, seconds_text
from dlaaw_nb.views.workflow_marks import look_of, states_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["RunRow", "run_html", "run_text"]

ROWS: Final = 30
"""The most tasks that are listed at first sight; failures come first."""

_FOLDED: Final = 500  # and the most that can be unfolded
_NAME, _KIND, _STATE, _WHY = 60, 30, 20, 200  # letters
_LETTERS: Final = 4_000  # of a traceback
_FIRST: Final = ("failed", "running")
_HEADER: Final = ("task", "kind", "state", "time", "why")
_TABLE: Final = "border-collapse:collapse;margin:6px 0;border:none"
_CELL: Final = "padding:2px 14px 2px 0;vertical-align:top;text-align:"


class RunRow(NamedTuple):
    """What became of a task.

    Attributes
    ----------
    name, kind : str
        Of the task.
    state : str
        One of the states of `workflow_marks.STATES`, or another word.
    seconds : float or None
        How long it took; None where it is not known.
    why : str
        Why it failed or was left out, in a few words; empty for nothing.
    """

    name: str
    kind: str
    state: str
    seconds: float | None = None
    why: str = ""


def run_html(
    title: str,
    facts: Sequence[tuple[str, str]],
    picture_html: str,
    rows: Sequence[RunRow],
    notes: Sequence[str] = (),
    texts: Sequence[tuple[str, str]] = (),
) -> str:
    """Write the summary of a run as HTML.

    Parameters
    ----------
    title : str
        Its heading.
    facts : sequence of (str, str)
        Names and values: when it was started, where it ran.
    picture_html : str
        HTML of a picture, such as `Drawing.to_html` gives, placed as it is; empty for none.
    rows : sequence of RunRow
        The tasks. Failures are listed first; of more than 30 the rest is folded away, and of that
        no more than 500 are written.
    notes : sequence of str
        Warnings, above all else.
    texts : sequence of (str, str)
        Titles and longer texts that are folded away at the end: tracebacks.

    Returns
    -------
    str
        A ``<div>`` that needs no style and no script.
    """
    parts = [note(shortened(text, 2_000)) for text in notes]
    if facts:
        parts.append(_facts(facts))
    parts.append(picture_html)
    ordered = _ordered(rows)
    if ordered:
        parts.append(_table(ordered[:ROWS], states_text(row.state for row in rows)))
    if len(ordered) > ROWS:
        folded = ordered[ROWS : ROWS + _FOLDED]
        left_out = len(ordered) - ROWS - len(folded)
        rest = f"<div>and {left_out:,} more</div>" if left_out else ""
        count = f"{len(ordered) - ROWS:,} more {'tasks' if len(ordered) - ROWS > 1 else 'task'}"
        parts.append(f"<details><summary>{count}</summary>{_table(folded, '')}{rest}</details>")
    parts += [_text(name, text) for name, text in texts]
    return section(shortened(title, 120), *parts)


def run_text(
    title: str,
    facts: Sequence[tuple[str, str]],
    rows: Sequence[RunRow],
    notes: Sequence[str] = (),
) -> str:
    """Write the summary of a run as text.

    Parameters
    ----------
    title : str
        Its heading.
    facts : sequence of (str, str)
        Names and values.
    rows : sequence of RunRow
        The tasks; failures are listed first, and no more than 30.
    notes : sequence of str
        Warnings.

    Returns
    -------
    str
        Lines without a last line break.
    """
    count = "1 task" if len(rows) == 1 else f"{len(rows):,} tasks"
    head = ", ".join(filter(None, (count, states_text(row.state for row in rows))))
    lines = [f"{shortened(title, 120)}: {head}" if title else head]
    lines += [f"! {shortened(text, 2_000)}" for text in notes]
    known = [(shortened(name, _NAME), shortened(value, _WHY)) for name, value in facts]
    lines += _aligned(known)
    ordered = _ordered(rows)
    lines += _aligned(
        [(look_of(row.state).letter if row.state else "", *_words(row)) for row in ordered[:ROWS]]
    )
    if len(ordered) > ROWS:
        lines.append(f"  and {len(ordered) - ROWS:,} more")
    return "\n".join(lines)


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    lines = (
        _cell("th", escape(shortened(name, _NAME)), ' scope="row"', "")
        + _cell("td", escape(shortened(value, _WHY)), "", "")
        for name, value in facts
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table style="{_TABLE}"><tbody>{body}</tbody></table>'


def _text(name: str, text: str) -> str:
    last = text[-_LETTERS:]  # the end of a traceback says what happened
    cut = "..." if len(text) > len(last) else ""
    lines = "\n".join(_kept_indent(line) for line in f"{cut}{last}".splitlines())
    return (
        f"<details><summary>Traceback of {escape(_own_name(name))}</summary>"
        f'<pre style="margin:4px 0 4px 14px;line-height:1.3">{escape(lines)}</pre></details>'
    )


def _kept_indent(line: str) -> str:
    own = line.expandtabs(4).lstrip(" ")
    return " " * (len(line.expandtabs(4)) - len(own)) + clean(own)


def _ordered(rows: Sequence[RunRow]) -> list[RunRow]:
    rank = {state: at for at, state in enumerate(_FIRST)}
    return sorted(rows, key=lambda row: rank.get(row.state, len(rank)))


def _words(row: RunRow) -> tuple[str, ...]:
    time = MISSING if row.seconds is None else seconds_text(row.seconds)
    state = shortened(row.state, _STATE)
    return _own_name(row.name), shortened(row.kind, _KIND), state, time, shortened(row.why, _WHY)


def _own_name(name: str) -> str:
    """Cut a name so that what is left are its last parts: they tell more than the first."""
    if len(name) <= _NAME:
        return clean(name)
    own = name[-_NAME:].partition("/")[2]
    return f"…/{clean(own)}" if own else shortened(name, _NAME)


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Write cells as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"  {'  '.join(padded)}".rstrip())
    return lines


def _table(rows: Iterable[RunRow], caption: str) -> str:
    head = "".join(_cell("th", escape(text), ' scope="col"', text) for text in _HEADER)
    title = f'<caption style="text-align:left">{escape(caption)}</caption>' if caption else ""
    line = "border-bottom:1px solid var(--jp-border-color1,#7b7b7b)"
    body = "".join(f"<tr>{_row(row)}</tr>" for row in rows)
    return (
        f'<table style="{_TABLE}">{title}<thead><tr style="{line}">{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _row(row: RunRow) -> str:
    name, kind, state, time, why = map(escape, _words(row))
    look = look_of(row.state)
    # The mark is drawn in the state's colour; the word beside it says the same.
    mark = f'<span aria-hidden="true" style="color:{look.colour}">{look.letter}</span> '
    cells = zip(_HEADER[1:], (kind, (mark if state else "") + state, time, why), strict=True)
    first = _cell("th", name, ' scope="row"', _HEADER[0])
    return first + "".join(_cell("td", text, "", column) for column, text in cells)


def _cell(tag: str, html: str, scope: str, column: str) -> str:
    align = "right" if column == "time" else "left"
    weight = ";font-weight:normal" if "row" in scope else ""
    return f'<{tag}{scope} style="{_CELL}{align}{weight}">{html}</{tag}>'
