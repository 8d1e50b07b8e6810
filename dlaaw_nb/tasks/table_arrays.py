"""Tables as arrays of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.frames import kind_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["array_of_table"]


def array_of_table(where: str, table: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Make an array of a table of numbers.

    Parameters
    ----------
    where : str
        File or task, for messages.
    table : DataFrame
        Columns of numbers or truth values.

    Returns
    -------
    array, shape (rows, columns)
        bool where all cells are; int64 where all are whole and none is missing; else float64, with
        NaN for missing cells.

    Raises
    ------
    DataError
        When a column holds something else.
    """
    import numpy as np

    kinds = {}
    for at, name in enumerate(table.columns):
        kinds[at] = kind_of(table.iloc[:, at])
        if kinds[at] not in ("number", "bool", "empty"):
            raise DataError(
                f"{where}, column {name!r}: expected numbers, got {kinds[at]}. Leave the column "
                "out (Select), or make it numbers before.",
                column=str(name),
            )
    columns = [table.iloc[:, at] for at in kinds]
    whole = columns and all(_is_whole(cells) for cells in columns)
    truths = columns and all(kind == "bool" for kind in kinds.values())
    gaps = any(bool(cells.isna().any()) for cells in columns)
    if truths and not gaps:
        return np.column_stack([cells.to_numpy(bool) for cells in columns])
    if whole and not gaps:
        return np.column_stack([cells.to_numpy(np.int64) for cells in columns])
    made = np.empty((len(table), len(columns)), np.float64)
    for at, cells in enumerate(columns):
        made[:, at] = cells.to_numpy(np.float64, na_value=np.nan)
    return made


def _is_whole(cells: Any) -> bool:
    import pandas as pd

    kind = cells.dtype
    return bool(pd.api.types.is_integer_dtype(kind)) and str(kind).lower() != "uint64"
