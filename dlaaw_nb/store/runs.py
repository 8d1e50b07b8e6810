"""The runs of a store and their tasks, as questions to its records."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import queries
from dlaaw_nb.store.processes import is_gone
from dlaaw_nb.store.reader import Reader
from dlaaw_nb.store.rows import product_in, product_row, run_from, task_from
from dlaaw_nb.store.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlaaw_nb.store.records import RunRecord, TaskRecord

__all__ = ["RunHistory"]

_LATEST = 5
"""Of how many of its last times the duration of a task is the mean."""


class RunHistory(Reader):
    """What is written down of runs and their tasks.

    Parameters
    ----------
    path : Path
        The database.
    """

    def runs(self, limit: int | None = 100, workflow: str | None = None) -> list[RunRecord]:
        """List runs, the newest first.

        Parameters
        ----------
        limit : int or None
            How many at most; None for all.
        workflow : str or None
            Name of the workflow; None for any.

        Returns
        -------
        list of RunRecord
            The runs.
        """
        self.settle()
        count = -1 if limit is None else limit
        return [run_from(row) for row in self.read(queries.RUNS, workflow, count)]

    def run(self, id: str) -> RunRecord:  # noqa: A002 - the word of the record
        """Find a run.

        Parameters
        ----------
        id : str
            Its id, or the beginning of it that no other run's has.

        Returns
        -------
        RunRecord
            The run.

        Raises
        ------
        StoreError
            When there is none, or several.
        """
        self.settle()
        found = {row[0]: row for row in self.read(queries.RUNS_LIKE, id)} if id else {}
        if id in found or len(found) == 1:
            return run_from(found.get(id) or next(iter(found.values())))
        if found:
            names = ", ".join(list(found)[:5])
            raise StoreError(
                f"run {shown(id)}: several runs begin like that ({names}). Write more of the id."
            )
        known = [row[0] for row in self.read(queries.RUN_IDS)]
        near = difflib.get_close_matches(id, known, 3, 0.5) or known[:3]
        raise StoreError(
            f"run {shown(id)}: there is no such run in {self.path}. Near or new ones: "
            f"{', '.join(near) or 'none'}."
        )

    def tasks(self, run_id: str) -> list[TaskRecord]:
        """List the tasks of a run, in the order in which they ended.

        Parameters
        ----------
        run_id : str
            Id of the run; one that is not there has no tasks.

        Returns
        -------
        list of TaskRecord
            All that are written down.
        """
        self.settle()
        rows = self.read(queries.TASKS, self.number(run_id))
        return [task_from(run_id, row) for row in rows]

    def states(self, run_id: str) -> dict[str, int]:
        """Count the tasks of a run.

        Parameters
        ----------
        run_id : str
            Id of the run; one that is not there has no tasks.

        Returns
        -------
        dict of str to int
            How many are in each state.
        """
        return {str(state): int(count) for state, count in self.read(queries.STATES, run_id)}

    def number(self, run_id: str) -> int:
        """Give the number of a run in the database; 0 for one that is not there."""
        rows = self.read(queries.NUMBER, run_id)
        return int(rows[0][0]) if rows else 0

    def durations(self, code_hashes: Iterable[str]) -> dict[str, float]:
        """Say how long tasks took.

        Parameters
        ----------
        code_hashes : iterable of str
            Of their code.

        Returns
        -------
        dict of str to float
            For those that have run, the mean of the last few times, in seconds.
        """
        rows = self.read(queries.DURATIONS, _LATEST, json.dumps(list(code_hashes)))
        return {code: float(seconds) for code, seconds in rows if seconds is not None}

    def interrupted(self) -> list[RunRecord]:
        """List runs that say they are under way, but whose process is gone.

        Returns
        -------
        list of RunRecord
            Of this machine; the newest first.
        """
        self.settle()
        return [record for record in map(run_from, self.read(queries.RUNNING)) if is_gone(record)]

    def delete_run(self, id: str) -> None:  # noqa: A002
        """Forget a run and its tasks; their products stay until the store collects them.

        Parameters
        ----------
        id : str
            Its id, or the beginning of it that no other run's has.

        Raises
        ------
        StoreError
            When there is no such run, or the database cannot be written.
        """
        number = self.number(self.run(id).id)
        made = self.read(queries.OUTPUTS, number)
        items = (item for (text,) in made for item in json.loads(text) if len(item) > 3)
        moved = [(queries.KEEP, product_row(product_in(item))) for item in items]
        self.change([*moved, *((sql, (number,)) for sql in queries.DELETE_RUN)])
