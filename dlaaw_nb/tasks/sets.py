"""Tasks that take tables as sets of rows: union, difference, intersection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.frames import fresh, joined, require_columns, require_same, row_codes
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.tasks.rows import distinct_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Difference", "Intersection", "Union"]


@dataclass(frozen=True)
class Union(ReadyTask):
    """Put tables with the same columns below each other.

    Parameters
    ----------
    distinct : bool
        Whether rows that are equal come once, as in a set.

    Raises
    ------
    GraphError
        When `distinct` is no truth value.
    """

    palette_group = "Tables"
    distinct: bool = True

    def __post_init__(self) -> None:
        self._check_flag("distinct")

    def run(self, *tables: pd.DataFrame) -> pd.DataFrame:
        """Join the tables."""
        if not tables:
            raise DataError(f"{self.where}: expected at least one table, got none. Connect some.")
        whole = joined(self.where, tables)
        return distinct_rows(self.where, whole, tuple(whole.columns)) if self.distinct else whole


@dataclass(frozen=True)
class Difference(ReadyTask):
    """Keep the rows of one table that another does not have, each once.

    Both have the same columns, in any order; missing cells are equal to each other.
    """

    palette_group = "Tables"

    def run(self, left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of `left` that are not in `right`."""
        return _kept(self.where, left, right, wanted=False)


@dataclass(frozen=True)
class Intersection(ReadyTask):
    """Keep the rows that two tables share, each once.

    Both have the same columns, in any order; missing cells are equal to each other.
    """

    palette_group = "Tables"

    def run(self, left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of `left` that are in `right`."""
        return _kept(self.where, left, right, wanted=True)


def _kept(where: str, left: pd.DataFrame, right: pd.DataFrame, *, wanted: bool) -> pd.DataFrame:
    import numpy as np

    names: list[Any] = list(left.columns)
    require_columns(where, left, names)
    require_same(where, left, right, 2)
    ours, theirs = row_codes(where, [left, right], [names, names])
    kept = np.isin(ours, theirs) == wanted
    first = np.zeros(len(ours), bool)
    first[np.unique(ours, return_index=True)[1]] = True
    return fresh(left[kept & first])
