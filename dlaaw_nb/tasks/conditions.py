"""Conditions on the cells of a column: what may be asked, and which rows answer it."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.frames import kind_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["OPERATORS", "Condition", "condition_fault"]

_ORDERS: dict[str, Any] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_GAPS = ("missing", "present")
OPERATORS = (*_ORDERS, "in", "contains", *_GAPS)
"""What may be asked of a cell."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A question that each cell of a column answers with yes or no.

    Attributes
    ----------
    column : str
        The column.
    operator : str
        One of `OPERATORS`.
    value : object
        What cells are compared with; a list of such for ``in``, unused for ``missing`` and
        ``present``.
    """

    column: Any
    operator: Any
    value: Any = None

    def holds(self, where: str, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Say for which rows the answer is yes.

        Parameters
        ----------
        where : str
            The task, for messages.
        table : DataFrame
            It has the column.

        Returns
        -------
        bool array, shape (rows,)
            A missing cell says yes to ``missing`` alone.

        Raises
        ------
        DataError
            When the value cannot be compared with the cells.
        """
        import numpy as np

        cells: Any = table[self.column]
        present: NDArray[np.bool_] = cells.notna().to_numpy(bool)
        if self.operator in _GAPS:
            return present if self.operator == "present" else ~present
        known = cells[present]
        if str(known.dtype) == "category":
            known = known.astype(known.cat.categories.dtype)
        answers = np.zeros(len(cells), bool)
        if len(known):
            answers[present] = self._answers(where, known)
        return answers

    def _answers(self, where: str, known: Any) -> Any:
        import numpy as np

        kind = kind_of(known)
        if self.operator == "contains":
            self._require(where, kind, "text")
            return known.str.contains(self.value, regex=False).to_numpy(bool)
        values = self.value if self.operator == "in" else (self.value,)
        compare = _ORDERS.get(self.operator, operator.eq)
        if kind == "time":
            known = _times(known)
        answers = np.zeros(len(known), bool)
        for value in values:
            self._require(where, kind, _kind_of_value(value))
            answers |= self._compared(where, known, compare, value, kind)
        return answers

    def _compared(self, where: str, known: Any, compare: Any, value: Any, kind: str) -> Any:
        import pandas as pd

        try:
            against = pd.Timestamp(value) if kind == "time" else value
            return compare(known, against).to_numpy(bool)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{where}, column {self.column!r}: {self.operator} {value!r:.80} cannot be asked "
                f"of its cells ({error}). Times are written like 2026-01-31T12:00.",
                column=self.column,
            ) from error

    def _require(self, where: str, kind: str, wanted: str) -> None:
        fits = kind == wanted or (kind, wanted) == ("time", "text")
        if not fits or (kind == "bool" and self.operator not in ("==", "!=", "in")):
            asked = self.operator if self.operator == "contains" else f"{self.operator} {wanted}"
            mends = {"time": "Compare with ISO times, or name", "other": "Name"}
            mend = mends.get(kind, f"Compare with {kind}, or name")
            raise DataError(
                f"{where}, column {self.column!r}: expected cells that answer {asked!r}, got "
                f"{kind}. {mend} another column.",
                column=self.column,
            )


def condition_fault(condition: Condition) -> str | None:  # noqa: PLR0911 - a table of cases
    """Say what is wrong with a condition, as a phrase; None if nothing is."""
    if not isinstance(condition.column, str) or not condition.column:
        return f"expected the name of a column, got {condition.column!r:.80}"
    if condition.operator not in OPERATORS:
        return f"expected one of {', '.join(OPERATORS)}, got {condition.operator!r:.80}"
    if condition.operator in _GAPS:
        return None if condition.value is None else "expected no value to compare with"
    if condition.operator == "contains":
        fits = isinstance(condition.value, str) and condition.value != ""
        return None if fits else f"expected text to look for, got {condition.value!r:.80}"
    if condition.operator == "in":
        several = isinstance(condition.value, (list, tuple))
        if several and all(_kind_of_value(item) for item in condition.value):
            return None
        return f"expected a list of numbers or text, got {condition.value!r:.80}"
    if _kind_of_value(condition.value):
        return None
    return f"expected a number, text or truth value to compare with, got {condition.value!r:.80}"


def _kind_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)) and math.isfinite(value):
        return "number"
    return "text" if isinstance(value, str) else ""


def _times(cells: Any) -> Any:
    import pandas as pd

    return cells if cells.dtype.kind == "M" else pd.to_datetime(cells)
