"""Values as tables: rows that are mappings or lists, and columns that are lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["column_names", "table_of_columns", "table_of_rows", "table_of_value"]


def column_names(count: int) -> list[str]:
    """Name columns that have no names: ``column 0``, ``column 1``, ..."""
    return [f"column {number}" for number in range(count)]


def table_of_value(where: str, value: Any) -> pd.DataFrame:
    """Make a table of a JSON value.

    Parameters
    ----------
    where : str
        File or task, for messages.
    value : object
        A list of rows, or a mapping of names to columns, which are lists.

    Returns
    -------
    DataFrame
        The table.

    Raises
    ------
    DataError
        When it is neither, or lengths differ.
    """
    if isinstance(value, Mapping):
        return table_of_columns(where, value)
    if isinstance(value, list):
        return table_of_rows(where, value)
    raise DataError(
        f"{where}: expected a list of rows, or columns by name, got {type(value).__name__}. "
        "ReadMapping and ReadText read other files."
    )


def table_of_columns(where: str, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Make a table of columns by name, each a list of as many cells."""
    import pandas as pd

    lengths = {}
    for name, cells in columns.items():
        if isinstance(cells, (str, Mapping)) or not hasattr(cells, "__len__"):
            raise DataError(
                f"{where}, column {name!r}: expected a list of cells, got {cells!r:.80}. Write "
                f"[{cells!r:.40}] for a single row.",
                column=name,
            )
        lengths[name] = len(cells)
    if len(set(lengths.values())) > 1:
        shortest = min(lengths, key=lengths.__getitem__)
        longest = max(lengths, key=lengths.__getitem__)
        raise DataError(
            f"{where}: expected columns of one length, got {lengths[longest]} cells in "
            f"{longest!r} and {lengths[shortest]} in {shortest!r}.",
            column=shortest,
        )
    return pd.DataFrame({str(name): _column(cells) for name, cells in columns.items()})


def table_of_rows(where: str, rows: Sequence[Any]) -> pd.DataFrame:
    """Make a table of rows.

    Parameters
    ----------
    where : str
        File or task, for messages.
    rows : sequence
        Mappings of names to cells (names that a row lacks leave its cell open), lists of as many
        cells, or plain values, which become one column named ``value``.

    Returns
    -------
    DataFrame
        Columns in the order in which they first come.

    Raises
    ------
    DataError
        When the rows are of several kinds or lengths.
    """
    kinds = {_row_kind(row) for row in rows}
    if len(kinds) > 1:
        number = next(at for at, row in enumerate(rows) if _row_kind(row) != _row_kind(rows[0]))
        raise DataError(
            f"{where}, row {number} (from 0): expected {_row_kind(rows[0])} as in the first row, "
            f"got {_row_kind(rows[number])}. Make all rows alike."
        )
    if kinds == {"a mapping"}:
        names = list(dict.fromkeys(name for row in rows for name in row))
        return table_of_columns(where, {name: [row.get(name) for row in rows] for name in names})
    if kinds == {"a list"}:
        width = len(rows[0])
        for at, row in enumerate(rows):
            if len(row) != width:
                raise DataError(
                    f"{where}, row {at} (from 0): expected {width} cells as in the first row, got "
                    f"{len(row)}. Make all rows as long."
                )
        cells = zip(*rows, strict=True) if width else ()
        pairs = zip(column_names(width), map(list, cells), strict=True)
        return table_of_columns(where, dict(pairs))
    return table_of_columns(where, {"value": list(rows)})


def _row_kind(row: Any) -> str:
    if isinstance(row, Mapping):
        return "a mapping"
    return "a list" if isinstance(row, (list, tuple)) else "a plain value"


def _column(cells: Any) -> Any:
    """Make a column; whole numbers and truths stay what they are where cells are missing."""
    import pandas as pd

    if not isinstance(cells, (list, tuple)):
        return cells
    known = {type(cell) for cell in cells if cell is not None}
    gaps = any(cell is None for cell in cells)
    kinds: dict[frozenset[type], Any] = {
        frozenset({int}): "Int64",
        frozenset({bool}): "boolean",
    }
    kind = kinds.get(frozenset(known))
    if gaps and kind is not None:
        try:
            return pd.array(list(cells), dtype=kind)
        except OverflowError:  # beyond 64 bits: kept as they are
            return pd.Series(list(cells), dtype=object)
    return pd.Series(list(cells), dtype=None if known else object)
