"""Tasks that choose, name and compute columns of a table."""

from __future__ import annotations

import math
import operator as operators
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError, GraphError
from dlaaw_nb.tasks.frames import fresh, listing, require_columns, require_kind
from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AddColumn", "Rename", "Select"]

_ARITHMETIC: dict[str, Any] = {
    "+": operators.add,
    "-": operators.sub,
    "*": operators.mul,
    "/": operators.truediv,
    "//": operators.floordiv,
    "%": operators.mod,
    "**": operators.pow,
}
_LARGEST = 2.0**63


@dataclass(frozen=True)
class Select(ReadyTask):
    """Choose columns of a table (projection); rows stay as they are.

    Parameters
    ----------
    columns : list of str
        The columns, in the order in which they are to stand.
    drop : bool
        Whether these are the columns to leave out instead.

    Raises
    ------
    GraphError
        When no column is named, or one twice.
    """

    palette_group = "Tables"
    columns: tuple[str, ...] = ()
    drop: bool = False

    def __post_init__(self) -> None:
        self._check_names("columns", least=1)
        self._check_flag("drop")

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Choose the columns."""
        require_columns(self.where, table, self.columns)
        if self.drop:
            return fresh(table[[name for name in table.columns if name not in self.columns]])
        return fresh(table[list(self.columns)])


@dataclass(frozen=True)
class Rename(ReadyTask):
    """Give columns of a table other names.

    Parameters
    ----------
    names : mapping of str to str
        The new name of each column that gets one, such as ``{"column 0": "age"}``.

    Raises
    ------
    GraphError
        When a name is no text, or a new name comes twice.
    """

    palette_group = "Tables"
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_words("names", "old names of columns to new ones")
        if len(set(self.names.values())) < len(self.names) or "" in self.names.values():
            raise self._refuse("names", "a different new name for each column")

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rename the columns."""
        require_columns(self.where, table, self.names)
        renamed = fresh(table.rename(columns=self.names))
        twice = [name for name, count in Counter(renamed.columns).items() if count > 1]
        if twice:
            raise DataError(
                f"{self.where}: expected every column to have its own name, got {twice[0]!r} for "
                "two. Choose another name, or rename the other one too.",
                column=str(twice[0]),
            )
        return renamed


@dataclass(frozen=True)
class AddColumn(ReadyTask):
    """Compute a column from one or two others, such as ``area = width * height``.

    Parameters
    ----------
    column : str
        Name of the new column.
    left : str or number
        A column of numbers, by name, or a number.
    operator : {"+", "-", "*", "/", "//", "%", "**"}
        ``"//"`` gives the whole part, ``"%"`` the rest, ``"**"`` the power.
    right : str or number
        Like `left`; one of the two must be a column.
    replace : bool
        Whether a column of that name may be there already, and gives way.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    A missing cell gives a missing cell. Whole numbers give whole numbers, but for ``/`` and
    negative powers. A division by zero is refused.
    """

    palette_group = "Tables"
    column: str = ""
    left: str | float = ""
    operator: str = "+"
    right: str | float = ""
    replace: bool = False

    def __post_init__(self) -> None:
        self._check_text("column", empty=False)
        self._check_choice("operator", _ARITHMETIC)
        self._check_flag("replace")
        for side in ("left", "right"):
            value = getattr(self, side)
            number = type(value) in (int, float) and math.isfinite(value)
            if not number and not (isinstance(value, str) and value):
                raise self._refuse(side, "the name of a column, or a number")
        if not isinstance(self.left, str) and not isinstance(self.right, str):
            raise GraphError(
                f"{self.kind}: left, right: expected at least one column, got {self.left!r} and "
                f"{self.right!r}. Name a column."
            )

    def run(self, table: pd.DataFrame) -> pd.DataFrame:
        """Compute the column."""
        names = [side for side in (self.left, self.right) if isinstance(side, str)]
        require_columns(self.where, table, names)
        require_kind(self.where, table, names, "number")
        if self.column in table.columns and not self.replace:
            raise DataError(
                f"{self.where}: expected a name that is not taken, got {self.column!r} beside "
                f"{listing(table.columns)}. Choose another, or set replace.",
                column=self.column,
            )
        made = fresh(table)
        made[self.column] = self._computed(made)
        return made

    def _computed(self, table: Any) -> Any:
        left, right = (table[s] if isinstance(s, str) else s for s in (self.left, self.right))
        if self.operator in ("/", "//", "%"):
            self._require_no_zero(right)
        if self.operator == "**" and self._is_negative(right):
            left = left.astype("Float64") if hasattr(left, "astype") else float(left)
        try:
            made = _ARITHMETIC[self.operator](left, right)
            self._require_room(made, left, right)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise DataError(
                f"{self.where}: {self.left!r} {self.operator} {self.right!r} cannot be computed "
                f"({error}). Look at the cells of these columns.",
                column=self.column,
            ) from error
        return made

    def _require_room(self, made: Any, left: Any, right: Any) -> None:
        """Refuse whole numbers beyond 64 bits, which would come out as others."""
        if getattr(made.dtype, "kind", "") not in "iu":
            return
        sides = [s.astype("Float64") if hasattr(s, "astype") else float(s) for s in (left, right)]
        rough = _ARITHMETIC[self.operator](*sides).abs()
        if bool((rough >= _LARGEST).fillna(False).any()):
            raise OverflowError("a result is beyond 64 bits; multiply one side by 1.0 before")

    def _is_negative(self, right: Any) -> bool:
        return bool((right < 0).any()) if hasattr(right, "any") else right < 0

    def _require_no_zero(self, right: Any) -> None:
        cells = right if hasattr(right, "eq") else None
        rows = [] if cells is None else (cells.eq(0).fillna(False)).to_numpy(bool).nonzero()[0]
        if len(rows) or (cells is None and right == 0):
            at = f" in row {rows[0]} (from 0)" if len(rows) else ""
            raise DataError(
                f"{self.where}: expected numbers other than 0 to divide by, got 0{at} of "
                f"{self.right!r}. Filter such rows out before.",
                column=self.right if isinstance(self.right, str) else None,
            )
