"""Tables by their columns: whether they are there, of which kind, and rows taken from them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "fresh",
    "joined",
    "kind_of",
    "listing",
    "require_columns",
    "require_kind",
    "require_same",
    "row_codes",
    "take",
]

_SHOWN = 20
_INFERRED = {
    "string": "text",
    "boolean": "bool",
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "date": "time",
    "datetime": "time",
    "datetime64": "time",
    "empty": "empty",
}


def listing(names: Iterable[object]) -> str:
    """Write the names of columns on one line, shortened after the twentieth."""
    texts = [repr(name) for name in names]
    shown = ", ".join(texts[:_SHOWN]) or "none"
    return shown if len(texts) <= _SHOWN else f"{shown}, ... ({len(texts)} in all)"


def require_columns(where: str, table: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse a table that lacks a column, or has two of that name.

    Parameters
    ----------
    where : str
        The task, for messages.
    table : DataFrame
        The table.
    names : iterable of str
        Columns that it must have.

    Raises
    ------
    DataError
        The message names what is there, and what is near.
    """
    have: list[Any] = list(table.columns)
    for name in names:
        count = have.count(name)
        if count == 1:
            continue
        if count:
            raise DataError(
                f"{where}: expected one column {name!r}, got {count} of that name. Rename them "
                "before.",
                column=name,
            )
        near = difflib.get_close_matches(name, [text for text in have if isinstance(text, str)], 1)
        hint = f"Did you mean {near[0]!r}?" if near else "Name one of them."
        if have and not any(isinstance(text, str) for text in have):
            hint = "Its columns have no names that are text; give them some."
        raise DataError(
            f"{where}: expected a column {name!r}, got only {listing(have)}. {hint}", column=name
        )


def kind_of(cells: pd.Series[Any]) -> str:
    """Say of which kind the cells of a column are.

    Parameters
    ----------
    cells : Series
        A column.

    Returns
    -------
    str
        ``number``, ``bool``, ``text``, ``time``, ``empty`` (no cell has a value), or ``other``.
    """
    import pandas as pd

    kind = cells.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return kind_of(pd.Series(kind.categories))
    if pd.api.types.is_bool_dtype(kind):
        return "bool"
    if pd.api.types.is_numeric_dtype(kind):
        return "number" if cells.notna().any() or not len(cells) else "empty"
    if pd.api.types.is_datetime64_any_dtype(kind):
        return "time"
    return _INFERRED.get(pd.api.types.infer_dtype(cells, skipna=True), "other")


def require_kind(where: str, table: pd.DataFrame, names: Iterable[str], kind: str) -> None:
    """Refuse columns whose cells are of another kind.

    Parameters
    ----------
    where : str
        The task, for messages.
    table : DataFrame
        The table; it has the columns.
    names : iterable of str
        The columns.
    kind : str
        As `kind_of` gives it.

    Raises
    ------
    DataError
        The message names the column and a cell of it.
    """
    for name in names:
        got = kind_of(table[name])
        if got in (kind, "empty"):
            continue
        example = next((cell for cell in table[name] if isinstance(cell, str)), None)
        such = f"{got} such as {example!r:.80}" if example is not None else got
        raise DataError(
            f"{where}, column {name!r}: expected {kind}, got {such}. Leave the column out, or "
            "change what is in it before.",
            column=name,
        )


def take(table: pd.DataFrame, places: NDArray[np.intp]) -> pd.DataFrame:
    """Take rows by their positions.

    Parameters
    ----------
    table : DataFrame
        The table.
    places : int array, shape (rows,)
        Positions from 0; -1 for a row without values. Whole numbers stay whole there.

    Returns
    -------
    DataFrame
        With rows numbered from 0.
    """
    import pandas as pd

    if (places >= 0).all():
        return fresh(table.take(places))
    plain = fresh(table)
    columns = [_with_gaps(plain.iloc[:, at]) for at in range(plain.shape[1])]
    widened = pd.concat(columns, axis=1) if columns else plain
    return fresh(widened.reindex(places))


def joined(where: str, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables below each other.

    Parameters
    ----------
    where : str
        The task, for messages.
    tables : sequence of DataFrame
        At least one; all with the columns of the first, in any order.

    Returns
    -------
    DataFrame
        All rows, numbered from 0, with the first one's order of columns.

    Raises
    ------
    DataError
        When columns are missing or of different kinds.
    """
    import pandas as pd

    first = tables[0]
    names: list[Any] = list(first.columns)
    require_columns(where, first, [name for name in names if isinstance(name, str)])
    for number, table in enumerate(tables[1:], 2):
        require_same(where, first, table, number)
    filled = [table[names] for table in tables if len(table)]
    if not filled:
        return first.reset_index(drop=True)
    return pd.concat(filled, ignore_index=True) if len(filled) > 1 else fresh(filled[0])


def fresh(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table whose rows are numbered from 0."""
    return table.reset_index(drop=True)


def row_codes(
    where: str, tables: Sequence[pd.DataFrame], columns: Sequence[Sequence[Hashable]]
) -> list[NDArray[np.intp]]:
    """Give each row a number: rows of any of the tables have the same one where they are equal.

    Parameters
    ----------
    where : str
        The task, for messages.
    tables : sequence of DataFrame
        The tables.
    columns : sequence of sequences of names
        For each table the columns that are compared, as many for each.

    Returns
    -------
    list of int array, shape (rows,)
        For each table one from 0; missing cells are equal to each other.

    Raises
    ------
    DataError
        When cells cannot be compared.
    """
    import numpy as np
    import pandas as pd

    width = len(columns[0])
    parts = [
        table[list(names)].set_axis(range(width), axis=1)
        for table, names in zip(tables, columns, strict=True)
    ]
    filled = [part for part in parts if len(part)]
    if not filled or not width:
        return [np.zeros(len(part), np.intp) for part in parts]
    stacked = pd.concat(filled, ignore_index=True) if len(filled) > 1 else fresh(filled[0])
    try:
        groups = stacked.groupby(list(range(width)), sort=False, dropna=False, observed=True)
        codes = groups.ngroup().to_numpy()
    except TypeError as error:
        raise DataError(
            f"{where}: expected cells that can be compared (numbers, text, times), got lists or "
            f"mappings in one of {listing(columns[0])} ({error}). Leave that column out."
        ) from error
    ends = np.cumsum([len(part) for part in parts])
    return list(np.split(codes, ends[:-1]))


def _with_gaps(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Give a column a type that can leave cells open, and keeps whole numbers whole."""
    import numpy as np

    bare = isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iub"
    return cells.convert_dtypes() if bare else cells


def require_same(where: str, first: pd.DataFrame, other: pd.DataFrame, number: int) -> None:
    """Refuse a table whose columns are not those of the first one, in any order.

    Parameters
    ----------
    where : str
        The task, for messages.
    first, other : DataFrame
        The tables.
    number : int
        Which one `other` is, from 1.

    Raises
    ------
    DataError
        When columns are missing, too many, or of different kinds.
    """
    names, others = list(first.columns), list(other.columns)
    if len(names) != len(others) or set(names) != set(others):
        raise DataError(
            f"{where}: expected the columns of the first table, {listing(names)}, got "
            f"{listing(others)} in table {number}. Select or Rename the columns before."
        )
    for name in names:
        kinds = kind_of(first[name]), kind_of(other[name])
        if kinds[0] != kinds[1] and "empty" not in kinds:
            raise DataError(
                f"{where}, column {name!r}: expected {kinds[0]} as in the first table, got "
                f"{kinds[1]} in table {number}. Change what is in it before.",
                column=str(name),
            )
