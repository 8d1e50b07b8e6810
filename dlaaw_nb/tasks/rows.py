"""Tasks that choose and order rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError, GraphError
from dlaaw_nb.tasks.conditions import OPERATORS, Condition, condition_fault
from dlaaw_nb.tasks.frames import fresh, kind_of, require_columns, row_codes
from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Distinct", "DropMissing", "Filter", "Head", "Sort", "distinct_rows"]


@dataclass(frozen=True)
class Filter(ReadyTask):
    """Keep the rows that meet a condition (selection).

    Parameters
    ----------
    column : str
        The column that is asked; empty where `conditions` say all.
    operator : {"==", "!=", "<", "<=", ">", ">=", "in", "contains", "missing", "present"}
        ``"in"`` takes a list, ``"contains"`` a piece of text, ``"missing"`` and ``"present"`` no
        value.
    value : number, text, bool, list or None
        What cells are compared with; times are written as text, like ``"2026-01-31"``.
    conditions : list of [column, operator, value]
        More of the same.
    joined_by : {"and", "or"}
        ``"and"``: all must hold; ``"or"``: one is enough.

    Raises
    ------
    GraphError
        When a condition cannot be asked.

    Notes
    -----
    A missing cell meets no comparison, ``!=`` included.
    """

    palette_group = "Tables"
    column: str = ""
    operator: str = "=="
    value: Any = None
    conditions: tuple[tuple[Any, ...], ...] = ()
    joined_by: str = "and"

    def __post_init__(self) -> None:
        self._check_text("column")
        self._check_choice("operator", OPERATORS)
        self._check_choice("joined_by", ("and", "or"))
        given: Any = self.conditions
        if not isinstance(given, (list, tuple)) or not all(
            isinstance(item, (list, tuple)) and 2 <= len(item) <= 3 for item in given
        ):
            raise self._refuse("conditions", "a list of [column, operator, value]")
        self._keep("conditions", tuple(_frozen(item) for item in given))
        self._keep("value", _frozen(self.value))
        if not self._asked:
            raise GraphError(f"{self.kind}: expected a condition, got none. Name a column.")
        for condition in self._asked:
            fault = condition_fault(condition)
            if fault:
                where = f"{self.kind}: {condition.column or 'column'} {condition.operator}"
                raise GraphError(f"{where}: {fault}. Change the condition.")

    @property
    def _asked(self) -> list[Condition]:
        own = [Condition(self.column, self.operator, self.value)] if self.column else []
        return own + [Condition(*item) for item in self.conditions]

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows."""
        import numpy as np

        require_columns(self.where, table, [condition.column for condition in self._asked])
        answers = [condition.holds(self.where, table) for condition in self._asked]
        join: Any = np.logical_and if self.joined_by == "and" else np.logical_or
        return fresh(table[join.reduce(answers)])


@dataclass(frozen=True)
class Sort(ReadyTask):
    """Order the rows by columns; equal rows stay in the order they had.

    Parameters
    ----------
    by : list of str
        The columns: by the first, where that is equal by the second, and so on.
    descending : bool or list of str
        Whether the largest come first; or the columns of `by` for which they do.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    Rows with a missing cell come last. Text is ordered by its characters: capitals come first.
    """

    palette_group = "Tables"
    by: tuple[str, ...] = ()
    descending: bool | tuple[str, ...] = False

    def __post_init__(self) -> None:
        self._check_names("by", least=1)
        if isinstance(self.descending, bool):
            return
        self._check_names("descending")
        if not set(self.descending) <= set(self.by):
            raise self._refuse("descending", f"columns of by ({', '.join(self.by)})")

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Order the rows."""
        require_columns(self.where, table, self.by)
        for name in self.by:
            kind = kind_of(table[name])
            if kind == "other":
                raise DataError(
                    f"{self.where}, column {name!r}: expected cells of one kind to order by, got "
                    "a mix. Change what is in it before.",
                    column=name,
                )
        falls = self.descending
        down = [falls if isinstance(falls, bool) else name in falls for name in self.by]
        ascending = [not flag for flag in down]
        return fresh(table.sort_values(list(self.by), ascending=ascending, kind="stable"))


@dataclass(frozen=True)
class Distinct(ReadyTask):
    """Keep one of the rows that are equal, the first.

    Parameters
    ----------
    columns : list of str
        The columns that are compared; empty compares all. Missing cells are equal to each other.

    Raises
    ------
    GraphError
        When `columns` is no list of names.
    """

    palette_group = "Tables"
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_names("columns")

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Keep the first of equal rows."""
        require_columns(self.where, table, self.columns)
        return distinct_rows(self.where, table, self.columns or tuple(table.columns))


@dataclass(frozen=True)
class Head(ReadyTask):
    """Keep the first rows of a table.

    Parameters
    ----------
    rows : int
        How many, from 0.
    skip : int
        How many before them are left out, from 0.

    Raises
    ------
    GraphError
        When a number is negative.
    """

    palette_group = "Tables"
    rows: int = 10
    skip: int = 0

    def __post_init__(self) -> None:
        self._check_count("rows", 0)
        self._check_count("skip", 0)

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows."""
        return fresh(table.iloc[self.skip : self.skip + self.rows])


@dataclass(frozen=True)
class DropMissing(ReadyTask):
    """Leave out the rows with missing cells.

    Parameters
    ----------
    columns : list of str
        The columns that are looked at; empty looks at all.

    Raises
    ------
    GraphError
        When `columns` is no list of names.
    """

    palette_group = "Tables"
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_names("columns")

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Leave the rows out."""
        require_columns(self.where, table, self.columns)
        looked_at = table[list(self.columns)] if self.columns else table
        return fresh(table[looked_at.notna().all(axis=1).to_numpy(bool)])


def distinct_rows(where: str, table: pd.DataFrame, columns: tuple[Any, ...]) -> pd.DataFrame:
    """Keep the first of the rows that are equal in some columns."""
    import numpy as np

    require_columns(where, table, [name for name in columns if isinstance(name, str)])
    codes = row_codes(where, [table], [columns])[0]
    return fresh(table.iloc[np.sort(np.unique(codes, return_index=True)[1])])


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, (list, tuple)) else value
