"""Tasks that turn a value of one type into another: the converters of a workflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.frames import require_columns
from dlaaw_nb.tasks.json_tables import column_names, table_of_columns, table_of_rows
from dlaaw_nb.tasks.json_values import plain
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.tasks.table_arrays import array_of_table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "ArrayToTable",
    "ListToArray",
    "ListToTable",
    "MappingToTable",
    "TableToArray",
    "TableToMapping",
    "TextToFloat",
    "TextToInt",
]

_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?inf|nan")


@dataclass(frozen=True)
class TableToArray(ReadyTask):
    """Make an array of the numbers of a table, shape (rows, columns).

    Parameters
    ----------
    columns : list of str
        The columns, in the order in which they are to stand; empty takes all.

    Raises
    ------
    GraphError
        When `columns` is no list of names.

    Notes
    -----
    Whole numbers stay whole unless a cell is missing; missing cells become NaN.
    """

    palette_group = "Converters"
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_names("columns")

    def run(self, table: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Make the array."""
        require_columns(self.where, table, self.columns)
        return array_of_table(self.where, table[list(self.columns)] if self.columns else table)


@dataclass(frozen=True)
class ArrayToTable(ReadyTask):
    """Make a table of an array of one or two axes.

    Parameters
    ----------
    columns : list of str
        Names of the columns; empty calls them ``column 0``, ``column 1``, ...

    Raises
    ------
    GraphError
        When `columns` is no list of names.
    """

    palette_group = "Converters"
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_names("columns")

    def run(self, array: np.ndarray[Any, Any]) -> pd.DataFrame:
        """Make the table."""
        import pandas as pd

        if array.ndim not in (1, 2):
            raise DataError(
                f"{self.where}: expected an array of shape (rows,) or (rows, columns), got "
                f"{array.shape}. Reshape it before."
            )
        flat = array[:, None] if array.ndim == 1 else array
        width = flat.shape[1]
        if self.columns and len(self.columns) != width:
            raise DataError(
                f"{self.where}: expected {len(self.columns)} columns ({', '.join(self.columns)}), "
                f"got {width}. Name as many as there are."
            )
        return pd.DataFrame(flat.copy(), columns=list(self.columns) or column_names(width))


@dataclass(frozen=True)
class TableToMapping(ReadyTask):
    """Make a mapping of a table: each column's cells by its name, or the cells of a lone row.

    Parameters
    ----------
    of : {"columns", "row"}
        ``"columns"``: a list for each column; ``"row"``: the cells of the only row.

    Raises
    ------
    GraphError
        When `of` is neither.

    Notes
    -----
    Missing cells become None, times become ISO 8601 text.
    """

    palette_group = "Converters"
    of: str = "columns"

    def __post_init__(self) -> None:
        self._check_choice("of", ("columns", "row"))

    def run(self, table: pd.DataFrame) -> dict[str, Any]:
        """Make the mapping."""
        names = [str(name) for name in table.columns]
        named: Any = table.set_axis(names, axis=1)
        require_columns(self.where, named, names)
        made: dict[str, Any] = {name: plain(self.where, named[name], name) for name in names}
        if self.of == "columns":
            return made
        if len(table) != 1:
            raise DataError(
                f"{self.where}: expected a table of one row, got {len(table)}. Filter it before, "
                "or take of='columns'."
            )
        return {name: cells[0] for name, cells in made.items()}


@dataclass(frozen=True)
class MappingToTable(ReadyTask):
    """Make a table of a mapping: columns of lists, or one row of plain values."""

    palette_group = "Converters"

    def run(self, mapping: dict[str, Any]) -> pd.DataFrame:
        """Make the table."""
        lists = [isinstance(cells, (list, tuple)) or _has_axis(cells) for cells in mapping.values()]
        if not any(lists) and not any(isinstance(cells, Mapping) for cells in mapping.values()):
            return table_of_columns(self.where, {name: [v] for name, v in mapping.items()})
        return table_of_columns(self.where, mapping)


@dataclass(frozen=True)
class ListToTable(ReadyTask):
    """Make a table of a list of rows: mappings, lists, or plain values.

    Parameters
    ----------
    columns : list of str
        Names of the columns of rows that are lists or plain values; empty calls them
        ``column 0``, ... or ``value``.

    Raises
    ------
    GraphError
        When `columns` is no list of names.
    """

    palette_group = "Converters"
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_names("columns")

    def run(self, items: list[Any]) -> pd.DataFrame:
        """Make the table."""
        import pandas as pd

        if any(isinstance(item, pd.DataFrame) for item in items):
            raise DataError(
                f"{self.where}: expected a list of rows, got a list of tables. Concat joins them."
            )
        made = table_of_rows(self.where, [_listed(item) for item in items])
        if not self.columns:
            return made
        if not items:
            return pd.DataFrame({name: pd.Series([], dtype=object) for name in self.columns})
        if isinstance(items[0], Mapping):
            require_columns(self.where, made, self.columns)
            return made[list(self.columns)]
        if len(self.columns) != made.shape[1]:
            raise DataError(
                f"{self.where}: expected {len(self.columns)} cells in a row "
                f"({', '.join(self.columns)}), got {made.shape[1]}. Name as many as there are."
            )
        return made.set_axis(list(self.columns), axis=1)


@dataclass(frozen=True)
class ListToArray(ReadyTask):
    """Make an array of a list: of numbers, of truth values, of text, or of such lists and arrays.

    All lists inside must be of one length.
    """

    palette_group = "Converters"

    def run(self, items: list[Any]) -> np.ndarray[Any, Any]:
        """Make the array."""
        import numpy as np

        try:
            made = np.array(items)
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"{self.where}: expected lists of one length, got a list that is no array "
                f"({str(error)[:200]}). Make its items alike."
            ) from error
        kinds = {type(item) for item in items}
        if made.dtype.kind not in "biufcU" or (made.dtype.kind == "U" and len(kinds) > 1):
            names = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise DataError(
                f"{self.where}: expected numbers, or text, got a list of {names}. Leave out what "
                "is no number."
            )
        return made


@dataclass(frozen=True)
class TextToInt(ReadyTask):
    """Read a whole number from text, such as ``" -12 "``."""

    palette_group = "Converters"

    def run(self, text: str) -> int:
        """Read the number."""
        if not _WHOLE.fullmatch(text.strip()):
            raise _no_number(self.where, text, "a whole number")
        return int(text)


@dataclass(frozen=True)
class TextToFloat(ReadyTask):
    """Read a number from text, such as ``"-1.5e3"``; ``inf`` and ``nan`` are taken too."""

    palette_group = "Converters"

    def run(self, text: str) -> float:
        """Read the number."""
        if not _NUMBER.fullmatch(text.strip()):
            raise _no_number(self.where, text, "a number with a decimal point")
        return float(text)


def _no_number(where: str, text: str, wanted: str) -> DataError:
    return DataError(
        f"{where}: expected {wanted}, got {text[:80]!r}. Write it in digits, without separators."
    )


def _has_axis(value: Any) -> bool:
    return bool(getattr(value, "ndim", 0))


def _listed(item: Any) -> Any:
    return item.tolist() if _has_axis(item) else item
