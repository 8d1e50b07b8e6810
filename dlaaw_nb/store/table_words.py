"""Columns of words, and of other Python objects that Arrow has a type for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError

if TYPE_CHECKING:
    from dlaaw_nb.store.table_columns import Column
    from dlaaw_nb.store.table_memory import Memory

__all__ = ["words_in", "words_out"]

_TYPES = {
    "string": "large_string",
    "bytes": "large_binary",
    "boolean": "bool_",
    "date": "date32",
    "empty": "large_string",
}
"""What pandas calls objects of one kind, and Arrow's type for them."""


def words_out(values: Any) -> Column:
    """Turn words, or objects of one kind, into an Arrow array.

    Parameters
    ----------
    values : pandas ExtensionArray of words, or NumPy array of objects
        The column.

    Returns
    -------
    Column
        The array and its description.

    Raises
    ------
    CodecError
        When the objects are of several kinds, or of one that would not come back as it is.
    """
    import numpy as np

    from dlaaw_nb.store.table_columns import Column, arrow

    pa = arrow()
    if isinstance(values.dtype, np.dtype):
        return _objects_out(values)
    chunked = values.__arrow_array__()
    array = chunked.combine_chunks() if isinstance(chunked, pa.ChunkedArray) else chunked
    array = array.cast(pa.large_string())
    if array.null_count:
        array = array.take(pa.array(np.arange(len(array))))  # sets what lies under missing words
    dtype = values.dtype
    missing = "nan" if isinstance(dtype.na_value, float) else "NA"
    about = {"kind": "words", "dtype": "str", "storage": dtype.storage, "missing": missing}
    return Column(array, about)


def _objects_out(values: Any) -> Column:
    import pandas as pd

    from dlaaw_nb.store.table_columns import Column, arrow

    pa = arrow()
    kind = pd.api.types.infer_dtype(values, skipna=True)
    absent = pd.isna(values)
    names = {_missing_name(value) for value in values[absent]} or {"None"}
    if kind not in _TYPES or len(names) > 1 or None in names:
        what = f"{kind} objects" if kind not in _TYPES else "missing values of several kinds"
        raise CodecError(f"objects of one kind, such as words, got {what}. Give astype(str) of it.")
    array = pa.array(values, getattr(pa, _TYPES[kind])(), mask=absent)
    about = {"kind": "words", "dtype": "object", "missing": names.pop()}
    return Column(array, about)


def _missing_name(value: Any) -> str | None:
    import pandas as pd

    if value is None:
        return "None"
    if value is pd.NA:
        return "NA"
    return "nan" if isinstance(value, float) else None


def words_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    """Turn an Arrow array into words or objects.

    Parameters
    ----------
    array : pyarrow.Array
        What was read, validated.
    about : dict
        The description that `words_out` gave.
    memory : Memory
        Not needed: words are copied, or stay in Arrow's own memory.

    Returns
    -------
    array
        The column.
    """
    import numpy as np
    import pandas as pd

    from dlaaw_nb.store.table_columns import arrow

    del memory
    missing: Any = {"None": None, "nan": np.nan, "NA": pd.NA}[about["missing"]]
    if about["dtype"] == "str":
        dtype: Any = pd.StringDtype(about["storage"], na_value=missing)
        return dtype.__from_arrow__(arrow().chunked_array([array]))
    values = np.array(array.to_numpy(zero_copy_only=False), dtype=object)
    if missing is not None:
        values[np.asarray(array.is_null())] = missing
    return values
