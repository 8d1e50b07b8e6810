"""Indexes of tables, of rows or of columns, as columns with a description, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.table_columns import column_in, column_out
from dlaaw_nb.store.text import shown

if TYPE_CHECKING:
    from dlaaw_nb.store.table_memory import Memory

__all__ = ["index_in", "index_out"]


def index_out(index: Any) -> tuple[list[Any], dict[str, Any]]:
    """Turn an index into columns.

    Parameters
    ----------
    index : pandas.Index
        Of any kind.

    Returns
    -------
    arrays : list of pyarrow.Array
        None for a range, one for each level of others.
    about : dict
        The description; plain values for JSON.

    Raises
    ------
    CodecError
        When it would not come back as it is.
    """
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        numbers = [index.start, index.stop, index.step]
        return [], {"kind": "range", "range": numbers, "name": _name_out(index.name)}
    if isinstance(index, pd.MultiIndex):
        levels = [index.get_level_values(at) for at in range(index.nlevels)]
        pairs = [index_out(_plain_index(level)) for level in levels]
        arrays = [array for level, _ in pairs for array in level]
        return arrays, {"kind": "levels", "levels": [level for _, level in pairs]}
    column = column_out(index)
    about: dict[str, Any] = {"kind": "values", "of": column.about, "name": _name_out(index.name)}
    if getattr(index, "freqstr", None) and not isinstance(index, pd.PeriodIndex):
        about["freq"] = index.freqstr
    return [column.array], about


def _plain_index(level: Any) -> Any:
    """Give a level that is a range its values: the levels of an index share their length."""
    import pandas as pd

    if not isinstance(level, pd.RangeIndex):
        return level
    return pd.Index(level.to_numpy(), name=level.name)


def index_in(arrays: list[Any], about: dict[str, Any], memory: Memory) -> Any:
    """Turn columns into an index.

    Parameters
    ----------
    arrays : list of pyarrow.Array
        What was read, validated.
    about : dict
        The description that `index_out` gave.
    memory : Memory
        Where the file's bytes lie.

    Returns
    -------
    pandas.Index
        The index.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the description does not fit.
    """
    import pandas as pd

    if about["kind"] == "range":
        start, stop, step = map(int, about["range"])
        return pd.RangeIndex(start, stop, step, name=_name_in(about["name"]))
    if about["kind"] == "levels":
        if len(arrays) != len(about["levels"]):
            raise ValueError("levels that are missing")
        pairs = zip(arrays, about["levels"], strict=True)
        levels = [index_in([array], level, memory) for array, level in pairs]
        return pd.MultiIndex.from_arrays(levels, names=[level.name for level in levels])
    (array,) = arrays
    values = column_in(array, about["of"], memory)
    index = pd.Index(values, dtype=values.dtype, name=_name_in(about["name"]), copy=False)
    if "freq" in about:
        index.freq = about["freq"]
    return index


def _name_out(name: Any) -> Any:
    if name is None or type(name) in (str, int, float, bool):
        return name
    if isinstance(name, tuple):
        return {"tuple": [_name_out(part) for part in name]}
    raise CodecError(f"an index named by words or numbers, got {shown(name)}. Give it a name.")


def _name_in(name: Any) -> Any:
    return tuple(_name_in(part) for part in name["tuple"]) if isinstance(name, dict) else name
