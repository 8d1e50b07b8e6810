"""Columns of tables as Arrow arrays and back, each with a description that makes it lossless.

Numbers, dates and codes keep their memory as it is, so that they are read where they lie; an Arrow
reader sees missing ones as such by the bits of validity, which our own reading does not need. What
lies under a missing value is set, so that the same column always gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.libraries import library
from dlaaw_nb.store.table_words import words_in, words_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.store.table_memory import Memory

__all__ = ["Column", "arrow", "column_in", "column_out"]

_MASKED = frozenset(
    ["boolean", "Float32", "Float64"]
    + [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
)  # fmt: skip


class Column(NamedTuple):
    """An Arrow array, and what pandas' column it is: plain values for JSON."""

    array: Any
    about: dict[str, Any]


def arrow() -> Any:
    """Import pyarrow, or say how to get it."""
    return library("pyarrow", "Tables are kept as Arrow files", CodecError)


def column_out(held: Any) -> Column:
    """Turn a column or an index into an Arrow array.

    Parameters
    ----------
    held : pandas.Series or pandas.Index
        Of one level.

    Returns
    -------
    Column
        The array and its description.

    Raises
    ------
    CodecError
        When values of this kind would not come back as they are.
    """
    import numpy as np

    if isinstance(held.dtype, np.dtype):
        return _plain_out(held.to_numpy())
    for name, write in _WRITERS.items():
        if type(held.dtype).__name__ == name:
            return write(held.array)
    if held.dtype.name in _MASKED:
        return _masked_out(held.array)
    raise CodecError(f"a type that is kept, got {held.dtype}. Give astype(...) of it.")


def column_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    """Turn an Arrow array into the values of a column.

    Parameters
    ----------
    array : pyarrow.Array
        What was read, validated.
    about : dict
        The description that `column_out` gave.
    memory : Memory
        Where the file's bytes lie.

    Returns
    -------
    array
        A NumPy array or an ExtensionArray of pandas, which may be written to.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the description does not fit.
    """
    return _READERS[about["kind"]](array, about, memory)


def _plain_out(values: Any) -> Column:
    import numpy as np

    pa, kind = arrow(), values.dtype.kind
    about = {"kind": "plain", "dtype": values.dtype.str}
    if kind == "O":
        return words_out(values)
    if kind == "b":
        return Column(pa.array(values), about)
    native = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    if kind in "iuf" and values.dtype.itemsize <= 8:
        return Column(_raw(native, pa.from_numpy_dtype(native.dtype)), about)
    if kind in "mM":
        unit = np.datetime_data(native.dtype)[0]
        number = (pa.timestamp if kind == "M" else pa.duration)(unit)
        return Column(_raw(native.view(np.int64), number, np.isnat(native)), about)
    raise CodecError(f"numbers, dates or words, got {values.dtype}. Give astype(...) of it.")


def _plain_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    import numpy as np

    dtype = np.dtype(about["dtype"])
    if dtype.kind not in "biufmM":
        raise TypeError(f"a column of {dtype}")
    if dtype.kind == "b":
        return np.array(array.to_numpy(zero_copy_only=False), dtype)
    return memory.values(array, dtype.newbyteorder("=")).astype(dtype, copy=False)


def _zoned_out(values: Any) -> Column:
    import numpy as np
    import pandas as pd

    dtype = values.dtype
    zone = str(dtype.tz)
    try:
        same = pd.DatetimeTZDtype(dtype.unit, zone) == dtype
    except (TypeError, ValueError, KeyError):
        same = False
    if not same:
        raise CodecError(f"a time zone with a name, got {zone}. Give tz_convert('UTC') of it.")
    number = arrow().timestamp(dtype.unit, zone)
    array = _raw(np.asarray(values.asi8), number, np.asarray(values.isna()))
    return Column(array, {"kind": "zoned", "unit": dtype.unit, "zone": zone})


def _zoned_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    import numpy as np
    import pandas as pd

    dtype = pd.DatetimeTZDtype(about["unit"], about["zone"])
    times = memory.values(array, np.dtype(f"M8[{dtype.unit}]"))
    return pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(dtype.tz).array


def _period_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    import numpy as np
    import pandas as pd

    ordinals = memory.values(array, np.dtype(np.int64))
    return pd.arrays.PeriodArray(ordinals, dtype=pd.PeriodDtype(about["freq"]))


def _masked_out(values: Any) -> Column:
    import numpy as np

    mask = np.asarray(values.isna())
    zero = values.dtype.numpy_dtype.type(0)
    data = values.to_numpy(values.dtype.numpy_dtype, na_value=zero)
    about = {"kind": "masked", "dtype": values.dtype.name}
    if values.dtype.name == "boolean":
        return Column(arrow().array(data, mask=mask), about)
    return Column(_raw(data, arrow().from_numpy_dtype(data.dtype), mask), about)


def _masked_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    import numpy as np
    import pandas as pd

    if about["dtype"] not in _MASKED:
        raise TypeError("no masked column")
    dtype: Any = pd.api.types.pandas_dtype(about["dtype"])
    mask = np.array(array.is_null().to_numpy(zero_copy_only=False))
    if about["dtype"] == "boolean":
        filled = np.array(array.fill_null(False).to_numpy(zero_copy_only=False), bool)
        return pd.arrays.BooleanArray(filled, mask)
    data = memory.values(array, dtype.numpy_dtype)
    return dtype.construct_array_type()(data, mask)


def _categories_out(values: Any) -> Column:
    import numpy as np

    words = column_out(values.categories)
    codes = np.ascontiguousarray(values.codes)
    indices = _raw(codes, arrow().from_numpy_dtype(codes.dtype), codes < 0)
    array = arrow().DictionaryArray.from_arrays(indices, words.array, ordered=values.ordered)
    return Column(array, {"kind": "categories", "of": words.about, "ordered": bool(values.ordered)})


def _categories_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    import numpy as np
    import pandas as pd

    words = column_in(array.dictionary, about["of"], memory)
    codes = memory.values(array.indices, np.dtype(array.indices.type.to_pandas_dtype()))
    categories = pd.Index(words, dtype=words.dtype, copy=False)
    dtype = pd.CategoricalDtype(categories, ordered=bool(about["ordered"]))
    return pd.Categorical.from_codes(codes, dtype=dtype)


def _intervals_out(values: Any) -> Column:
    sides = [column_out(side) for side in (values.left, values.right)]
    array = arrow().StructArray.from_arrays([side.array for side in sides], ["left", "right"])
    about = {"kind": "interval", "closed": values.dtype.closed, "of": sides[0].about}
    return Column(array, about)


def _period_out(values: Any) -> Column:
    import numpy as np

    array = _raw(np.asarray(values.asi8), arrow().int64(), np.asarray(values.isna()))
    return Column(array, {"kind": "period", "freq": values.dtype.name[len("period[") : -1]})


def _arrow_out(values: Any) -> Column:
    return Column(_one_array(values.__arrow_array__()), {"kind": "arrow"})


def _intervals_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    import pandas as pd

    left, right = (column_in(array.field(i), about["of"], memory) for i in (0, 1))
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=about["closed"])


def _arrow_in(array: Any, about: dict[str, Any], memory: Memory) -> Any:
    import pandas as pd

    del about, memory
    return pd.arrays.ArrowExtensionArray(arrow().chunked_array([array]))


def _raw(values: Any, number: Any, missing: Any = None) -> Any:
    """Make an Arrow array of memory as it is, with bits that say which values are missing."""
    import numpy as np

    pa = arrow()
    bits = None
    if missing is not None and missing.any():
        bits = pa.py_buffer(np.packbits(~missing, bitorder="little").tobytes())
    return pa.Array.from_buffers(number, len(values), [bits, pa.py_buffer(values)])


def _one_array(chunked: Any) -> Any:
    """Join chunks, and set what lies under missing values."""
    pa = arrow()
    array = chunked.combine_chunks() if isinstance(chunked, pa.ChunkedArray) else chunked
    return array.take(pa.array(range(len(array)), pa.int64())) if array.null_count else array


_READERS: dict[str, Callable[[Any, dict[str, Any], Memory], Any]] = {
    "arrow": _arrow_in,
    "categories": _categories_in,
    "interval": _intervals_in,
    "masked": _masked_in,
    "period": _period_in,
    "plain": _plain_in,
    "words": words_in,
    "zoned": _zoned_in,
}

_WRITERS: dict[str, Callable[[Any], Column]] = {
    "ArrowDtype": _arrow_out,
    "CategoricalDtype": _categories_out,
    "DatetimeTZDtype": _zoned_out,
    "IntervalDtype": _intervals_out,
    "PeriodDtype": _period_out,
    "StringDtype": words_out,
}
"""By the name of pandas' data type: some versions of it lack some."""
