"""The task that sums groups of rows up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.frames import kind_of, require_columns, require_kind, row_codes, take
from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GroupBy"]

_OF_NUMBERS = ("sum", "mean", "median", "std")
_OF_ORDERED = ("min", "max")
_WAYS = (*_OF_NUMBERS, *_OF_ORDERED, "count", "first", "last", "distinct")
_ROWS = "rows"


@dataclass(frozen=True)
class GroupBy(ReadyTask):
    """Sum up the rows that are equal in some columns, one row for each group.

    Parameters
    ----------
    by : list of str
        The columns that make the groups; empty makes one group of all rows.
    aggregations : mapping of str to str, or to list of str
        For each column what is wanted of it: ``"sum"``, ``"mean"``, ``"median"``, ``"std"`` (of a
        sample, n - 1), ``"min"``, ``"max"``, ``"count"``, ``"first"``, ``"last"``, ``"distinct"``
        (how many different). The new column is called ``<column>_<what>``.
    rows : bool
        Whether a column ``rows`` counts the rows of each group.

    Raises
    ------
    GraphError
        When a parameter is out of its range, or nothing is asked.

    Notes
    -----
    Missing cells are passed over; a missing cell in `by` is a group of its own. Groups come in the
    order of their first rows.
    """

    palette_group = "Tables"
    by: tuple[str, ...] = ()
    aggregations: dict[str, Any] = field(default_factory=dict)
    rows: bool = False

    def __post_init__(self) -> None:
        self._check_names("by")
        self._check_flag("rows")
        wanted = "a mapping of columns to " + ", ".join(_WAYS)
        given: Any = self.aggregations
        if not isinstance(given, Mapping):
            raise self._refuse("aggregations", wanted)
        made = {}
        for name, ways in given.items():
            listed = (ways,) if isinstance(ways, str) else ways
            fits = isinstance(listed, (list, tuple)) and all(way in _WAYS for way in listed)
            if not isinstance(name, str) or not fits or len(set(listed)) != len(listed):
                raise self._refuse("aggregations", wanted)
            made[name] = ways if isinstance(ways, str) else tuple(ways)
        self._keep("aggregations", made)
        if not self._asked and not self.rows:
            raise self._refuse("aggregations", "at least one column, or rows=True")
        self._check_new_names()

    def _check_new_names(self) -> None:
        made = [*self.by, *([_ROWS] if self.rows else ())]
        made += [f"{name}_{way}" for name, way in self._asked]
        if len(set(made)) < len(made):
            raise self._refuse("aggregations", f"new names that differ, among {', '.join(made)}")

    @property
    def _asked(self) -> list[tuple[str, str]]:
        pairs = self.aggregations.items()
        return [
            (name, w) for name, ways in pairs for w in ([ways] if isinstance(ways, str) else ways)
        ]

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Sum the groups up."""
        import numpy as np
        import pandas as pd

        require_columns(self.where, table, (*self.by, *self.aggregations))
        self._check_kinds(table)
        codes = row_codes(self.where, [table], [self.by])[0]
        found, first = np.unique(codes, return_index=True)
        order = np.argsort(first, kind="stable")
        groups = found[order] if self.by else np.zeros(1, np.intp)
        parts: list[Any] = [take(table[list(self.by)], first[order])] if self.by else []
        if self.rows:
            counts = pd.Series(codes).groupby(codes).size().reindex(groups, fill_value=0)
            parts.append(counts.reset_index(drop=True).rename(_ROWS))
        parts += [self._column(table[name], way, codes, groups) for name, way in self._asked]
        made: pd.DataFrame = pd.concat(parts, axis=1)
        return made

    def _check_kinds(self, table: pd.DataFrame) -> None:
        for name, way in self._asked:
            if way in _OF_NUMBERS:
                require_kind(f"{self.where} ({way})", table, [name], "number")
            elif way in _OF_ORDERED and kind_of(table[name]) == "other":
                raise DataError(
                    f"{self.where} ({way}), column {name!r}: expected cells of one kind, got a "
                    "mix. Change what is in it before.",
                    column=name,
                )

    def _column(self, cells: Any, way: str, codes: Any, groups: Any) -> Any:
        plain = cells.reset_index(drop=True)
        if str(plain.dtype) == "category":
            plain = plain.astype(plain.cat.categories.dtype)
        grouped = plain.groupby(codes)
        made = getattr(grouped, "nunique" if way == "distinct" else way)()
        if way in ("count", "distinct", "sum"):
            made = made.reindex(groups, fill_value=0)
        else:
            made = made.reindex(groups)
        return made.reset_index(drop=True).rename(f"{cells.name}_{way}")
