"""Records and products as rows of the database, and back."""

from __future__ import annotations

import json
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from zlib import crc32

from dlaaw_nb.store.products import DataProduct
from dlaaw_nb.store.records import RunRecord, TaskRecord
from dlaaw_nb.store.schema import PRODUCT_COLUMNS, RUN_COLUMNS, TASK_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "clean", "hash_number", "outputs_from", "ports_text", "product_from", "product_row",
    "product_tag", "run_from", "run_row", "run_snapshot", "task_from", "task_row", "task_snapshot",
]  # fmt: skip

run_snapshot = attrgetter(*RUN_COLUMNS)
"""Takes what a record holds at this moment."""

task_snapshot = attrgetter("run", *TASK_COLUMNS)

_product_columns = attrgetter(*PRODUCT_COLUMNS)

_RUN_JSON = [RUN_COLUMNS.index(name) for name in ("packages", "inputs", "outputs", "arguments")]
_TASK_PLAIN = [2 + TASK_COLUMNS.index(name) for name in ("parameters", "device", "costs")]
_TASK_JSON = {
    1 + TASK_COLUMNS.index(name): kind
    for kind, names in ((dict, ("parameters", "device")), (list, ("costs", "inputs", "outputs")))
    for name in names
}
_encoded = json.JSONEncoder(separators=(",", ":"), default=repr).encode


def run_row(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Turn the snapshot of a run into a row."""
    row = list(values)
    for at in _RUN_JSON:
        row[at] = _text(row[at]) if row[at] else ""
    return tuple(row)


def task_row(values: tuple[Any, ...], outputs: str, number: int, run: int) -> list[Any]:
    """Turn the snapshot of a task into a row, with its number and that of its run.

    Parameters
    ----------
    values : tuple
        The snapshot.
    outputs : str
        In place of those in the snapshot: JSON of (port, position, hash, tag).
    number, run : int
        In the database.

    Returns
    -------
    list
        For `schema.TASK_INTO`.
    """
    row = [number, *values]
    row[1], row[-2], row[-1] = run, ports_text(row[-2]), outputs
    for at in _TASK_PLAIN:
        value = row[at]
        row[at] = _text(value) if value else ""  # SQLite binds None more slowly
    return row


def ports_text(items: Sequence[Sequence[Any]]) -> str:
    """Write inputs or outputs of a task as JSON; each item ends with what needs no escape.

    Parameters
    ----------
    items : sequence of (port, position, hash) or (port, position, hash, tag)
        Few, mostly one.

    Returns
    -------
    str
        Empty for none.
    """
    if len(items) == 1:  # ten times as quick as json, for most tasks of long workflows
        (item,) = items
        port, position, hash_, *tag = item
        if type(position) is int and port.isidentifier() and port.isascii() and hash_.isalnum():
            end = f",{tag[0]}" if tag else ""
            return f'[["{port}",{position},"{hash_}"{end}]]'
    return _text(items) if items else ""


def hash_number(hash_: str) -> int:
    """Shorten a hash for an index.

    Parameters
    ----------
    hash_ : str
        SHA-256 in hexadecimal, or any text.

    Returns
    -------
    int
        Its first 15 digits; of other text some number.
    """
    try:
        return int(hash_[:15], 16)
    except ValueError:
        return crc32(hash_.encode(errors="backslashreplace"))


def run_from(row: Sequence[Any]) -> RunRecord:
    """Read a run from a row of its columns."""
    values = list(row)
    for at in _RUN_JSON:
        values[at] = json.loads(values[at]) if values[at] else {}
    record = RunRecord(*values)
    record.seed = int(record.seed)
    return record


def task_from(run: str, row: Sequence[Any]) -> TaskRecord:
    """Read a task from a row of its columns."""
    values = [run, *row]
    for at, kind in _TASK_JSON.items():
        values[at] = json.loads(values[at]) if values[at] else kind()
    record = TaskRecord(*values)
    record.seed = int(record.seed)
    record.inputs = [tuple(item) for item in record.inputs]
    record.outputs = [tuple(item[:3]) for item in record.outputs]
    return record


def outputs_from(text: str) -> list[tuple[str, int, str, int]]:
    """Read the outputs of a task: port, position, hash and tag."""
    return [tuple(item) for item in json.loads(text)] if text else []


def product_from(row: Sequence[Any]) -> DataProduct:
    """Read a product from a row of its columns."""
    return DataProduct(*row)


def product_row(product: DataProduct, tag: int, recorded: float) -> tuple[Any, ...]:
    """Turn a product into a row for `schema.PRODUCT_INTO`."""
    *columns, inline = _product_columns(product)
    if type(inline) is bytes:
        inline = bytearray(inline)  # SQLite binds these without looking for adapters
    return (*columns, inline, tag, recorded)


@lru_cache(maxsize=4096)
def product_tag(type_: str, codec: str, filename: str, location: str) -> int:
    """Tell apart products of the same bytes: a table and a file may have the same hash.

    Parameters
    ----------
    type_, codec, filename, location : str
        Of the product.

    Returns
    -------
    int
        From 1 on.
    """
    text = f"{type_}\0{codec}\0{filename}\0{location}"
    return crc32(text.encode(errors="backslashreplace")) or 1


def clean(row: Sequence[Any]) -> tuple[Any, ...]:
    """Turn what SQLite cannot hold into text: half surrogates, large numbers, foreign objects."""
    return tuple(_clean(value) for value in row)


def _clean(value: Any) -> Any:
    if value is None or type(value) in (float, bytes, bytearray, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value).encode(errors="backslashreplace").decode()
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else str(value)
    return float(value) if isinstance(value, float) else _clean(str(value))


def _text(value: Any) -> str:
    """Write plain values as JSON; others as their repr, for a record must not be lost."""
    try:
        return _encoded(value)
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"unwritten": repr(value)[:1000]})
