"""How a store shows itself: where it is, and its newest runs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.remotes import shown_url
from dlaaw_nb.views.html import note, section, table
from dlaaw_nb.views.text import seconds_text

if TYPE_CHECKING:
    from dlaaw_nb.store.records import RunRecord
    from dlaaw_nb.store.store import Store

__all__ = ["store_html"]

_FEW = 10


def store_html(store: Store) -> str:
    """Write a store as HTML.

    Parameters
    ----------
    store : Store
        Its objects are not counted, for that takes long where they are many or far away.

    Returns
    -------
    str
        The newest runs; where they cannot be read, a note says why.
    """
    title = f"Store {shown_url(store.url)}"
    try:
        runs = store.runs(_FEW)
    except StoreError as error:
        return section(title, note(str(error)))
    if not runs:
        return section(title, "no runs yet")
    header = ("run", "workflow", "state", "started", "took")
    return section(title, table(map(_row, runs), header, "the newest runs"))


def _row(run: RunRecord) -> tuple[str, ...]:
    started = dt.datetime.fromtimestamp(run.started, tz=dt.timezone.utc).astimezone()
    took = seconds_text(None if run.finished is None else run.finished - run.started)
    return run.id, run.workflow, run.state, started.strftime("%Y-%m-%d %H:%M:%S"), took
