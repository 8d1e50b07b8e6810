"""The table of ``%runs``: what ran, when, how long, and how it ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from dlaaw_nb.views.html import section, table
from dlaaw_nb.views.shapes import shortened
from dlaaw_nb.views.text import MISSING, counted, seconds_text
from dlaaw_nb.views.workflow_marks import look_of, states_text

if TYPE_CHECKING:
    from dlaaw_nb.store import Store
    from dlaaw_nb.store.records import RunRecord

__all__ = ["RunsTable"]

_HEADER: Final = ("run", "workflow", "state", "when", "time", "tasks")


class RunsTable:
    """Runs of a store as a table, the newest first.

    Parameters
    ----------
    store : Store
        Whose runs.
    workflow : str or None
        Name of the workflow; None for any.
    limit : int
        How many at most.

    Attributes
    ----------
    rows : list of tuple of str
        The cells: run, workflow, state, when, time, tasks.
    """

    def __init__(self, store: Store, workflow: str | None, limit: int) -> None:
        from dlaaw_nb.store.remotes import shown_url

        of = f" of {workflow}" if workflow is not None else ""
        records = store.runs(limit, workflow)
        self._title = f"{counted(len(records), 'run')}{of} in {shown_url(store.url)}"
        self.rows = [_row(store, record) for record in records]

    def __repr__(self) -> str:
        if not self.rows:
            return self._title
        lines = [_HEADER, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        written = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n".join([self._title, *written])

    def _repr_html_(self) -> str:
        return section(self._title, *([table(self.rows, _HEADER)] if self.rows else []))


def _row(store: Store, record: RunRecord) -> tuple[str, ...]:
    counts = store.provenance.states(record.id)
    total = sum(counts.values())
    told = states_text(counts)
    seconds = None if record.finished is None else record.finished - record.started
    return (
        record.id,
        shortened(record.workflow, 40),
        f"{look_of(record.state).letter} {record.state}",
        time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.started)),
        MISSING if seconds is None else seconds_text(seconds),
        f"{total:,}: {told}" if told else f"{total:,}",
    )
