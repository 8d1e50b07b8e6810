"""The codec of tables: a DataFrame of pandas as an Arrow IPC file, mapped into memory.

References
----------
Apache Arrow, "IPC File Format", https://arrow.apache.org/docs/format/Columnar.html
"""

from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.blob import flat
from dlaaw_nb.store.codec import Codec, register_codec, unfit
from dlaaw_nb.store.table_columns import arrow, column_in, column_out
from dlaaw_nb.store.table_index import index_in, index_out
from dlaaw_nb.store.table_memory import Memory
from dlaaw_nb.store.text import one_line, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.store.blob import Blob, Buffer

__all__ = ["TABLE", "is_table"]

_ABOUT = b"dlaaw.table"
_FEW = 8


def is_table(value: object) -> bool:
    """Whether a value is a DataFrame of pandas, without importing pandas for it."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


class _Table(Codec):
    """Tables: index, data types, names, categories and time zones come back as they are."""

    name = "arrow-1"
    suffix = ".arrow"
    media_type = "application/vnd.apache.arrow.file"

    def settle(self, value: Any) -> Any:
        if not is_table(value):
            return value
        copy = value.copy(deep=False)
        # pandas copies a column before it is written to while another table shares it. So the
        # original must live as long as the copy, or a reader would write into others' memory.
        object.__setattr__(copy, "_dlaaw_shared_with", value)
        return copy

    def encode(self, value: Any) -> list[Buffer]:
        import pandas as pd

        if type(value) is not pd.DataFrame:
            raise unfit(self.name, "a DataFrame", value, "Give pandas.DataFrame(...) of it.")
        names = [one_line(str(name), 80) for name in value.columns]
        arrays, columns = [], []
        for at, name in enumerate(names):
            array, about = _column(name, value.iloc[:, at])
            arrays.append(array)
            columns.append(about)
        try:
            rows, row_about = index_out(value.index)
            labels, label_about = index_out(value.columns)
        except CodecError as error:
            raise CodecError(f"codec {self.name}, index: expected {error}") from None
        about = {"columns": columns, "rows": row_about, "labels": label_about}
        about["attrs"] = _attrs(value)
        if labels:
            about["label_values"] = base64.b64encode(b"".join(_file(labels, {}))).decode()
        return _file([*arrays, *rows], about, _unique(names))

    def decode(self, blob: Blob) -> Any:
        try:
            return _frame(blob)
        except CodecError:
            raise
        except Exception as error:
            # Hostile bytes reach pyarrow and pandas, which raise whatever they like.
            raise CodecError(
                f"codec {self.name}: expected an Arrow file of a table, got one that cannot be "
                f"read ({one_line(str(error), 80)}). Run again what made it."
            ) from error

    def preview(self, value: Any) -> str:
        if not is_table(value):
            return shown(value)
        rows, columns = value.shape
        few = ", ".join(one_line(str(name), 30) for name in value.columns[:_FEW])
        more = ", ..." if columns > _FEW else ""
        size = f"{rows} row{'s' * (rows != 1)} x {columns} column{'s' * (columns != 1)}"
        return one_line(f"{size}: {few}{more}" if few else size)


def _column(name: str, series: Any) -> tuple[Any, dict[str, Any]]:
    try:
        return column_out(series)
    except CodecError as error:
        raise CodecError(f"codec {TABLE.name}, column {name}: expected {error}") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise CodecError(
            f"codec {TABLE.name}, column {name}: expected values of one kind, got {series.dtype} "
            f"that Arrow cannot hold ({one_line(str(error), 80)}). Give astype(...) of it."
        ) from error


def _attrs(table: Any) -> dict[str, Any]:
    try:
        if json.loads(json.dumps(table.attrs)) == table.attrs:
            return dict(table.attrs)
    except (TypeError, ValueError, RecursionError):
        pass
    raise CodecError(
        f"codec {TABLE.name}: expected attrs of plain values, got {shown(table.attrs)}. "
        "Clear them: table.attrs = {}."
    )


def _unique(names: Sequence[str]) -> list[str]:
    """Name the columns of the file for readers of others: ours goes by their order."""
    seen: set[str] = set()
    result = []
    for at, name in enumerate(names):
        unique = name if name not in seen else f"{name} ({at})"
        seen.add(unique)
        result.append(unique)
    return result


class _Pieces:
    """What pyarrow writes to: keeps the pieces, large ones without a copy."""

    closed = False

    def __init__(self) -> None:
        self.chunks: list[Buffer] = []

    def write(self, data: Any) -> int:
        chunk = data if isinstance(data, bytes) else flat(memoryview(data))
        self.chunks.append(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Keep the pieces."""


def _file(arrays: Sequence[Any], about: dict[str, Any], names: Sequence[str] = ()) -> list[Buffer]:
    pa = arrow()
    all_names = [*names, *(f"index {at + 1}" for at in range(len(arrays) - len(names)))]
    fields = [pa.field(name, array.type) for name, array in zip(all_names, arrays, strict=True)]
    schema = pa.schema(fields, {_ABOUT: json.dumps(about, separators=(",", ":")).encode()})
    pieces = _Pieces()
    version = pa.ipc.MetadataVersion.V5
    options = pa.ipc.IpcWriteOptions(metadata_version=version, use_threads=False)
    with pa.ipc.new_file(pa.PythonFile(pieces, mode="w"), schema, options=options) as writer:
        if arrays:
            writer.write_batch(pa.RecordBatch.from_arrays(list(arrays), schema=schema))
    return pieces.chunks


def _read(view: memoryview) -> tuple[list[Any], dict[str, Any], Memory]:
    pa = arrow()
    memory = Memory(view, pa.py_buffer(view))
    table = pa.ipc.open_file(memory.buffer).read_all()
    table.validate(full=True)
    about = json.loads((table.schema.metadata or {}).get(_ABOUT, b""))
    if table.num_columns and table.num_rows == 0:
        table = table.combine_chunks()
    arrays = [column.combine_chunks() for column in table.columns]
    return arrays, about, memory


def _frame(blob: Blob) -> Any:
    import pandas as pd

    arrays, about, memory = _read(blob.private())
    width = len(about["columns"])
    pairs = zip(arrays, about["columns"], strict=False)
    columns = [column_in(array, column, memory) for array, column in pairs]
    index = index_in(arrays[width:], about["rows"], memory)
    labels: list[Any] = []
    label_memory = memory
    if "label_values" in about:
        inner = bytearray(base64.b64decode(about["label_values"], validate=True))
        labels, _, label_memory = _read(memoryview(inner))
    names = index_in(labels, about["labels"], label_memory)
    if len(columns) != width or len(names) != width or any(len(c) != len(index) for c in columns):
        raise ValueError("columns of several lengths")
    series = {at: pd.Series(c, index, c.dtype, copy=False) for at, c in enumerate(columns)}
    frame = pd.DataFrame(series, index=index, copy=False)
    frame.columns = names
    frame.attrs = about["attrs"]
    return frame


TABLE = register_codec(_Table())
