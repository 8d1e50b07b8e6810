"""Records and products as rows of the database, and back."""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from zlib import crc32

from dlaaw_nb.store.products import DataProduct
from dlaaw_nb.store.records import RunRecord, TaskRecord
from dlaaw_nb.store.schema import PRODUCT_COLUMNS, RUN_COLUMNS, TASK_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "clean", "hash_number", "inputs_text", "outputs_text", "product_from", "product_in",
    "product_row", "run_from", "run_row", "run_snapshot", "task_from", "task_row", "task_snapshot",
]  # fmt: skip

run_snapshot = attrgetter(*RUN_COLUMNS)
"""Takes what a record holds at this moment."""

task_snapshot = attrgetter("run", *TASK_COLUMNS)

_RUN_JSON = [RUN_COLUMNS.index(name) for name in ("packages", "inputs", "outputs", "arguments")]
_TASK_PLAIN = [2 + TASK_COLUMNS.index(name) for name in ("parameters", "device", "costs")]
_TASK_JSON = {
    1 + TASK_COLUMNS.index(name): kind
    for kind, names in ((dict, ("parameters", "device")), (list, ("costs", "inputs", "outputs")))
    for name in names
}
_word = encode_basestring_ascii
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
        In place of those in the snapshot, as text.
    number, run : int
        In the database.

    Returns
    -------
    list
        For `schema.TASK_INTO`.
    """
    row = [number, *values]
    row[1], row[-2], row[-1] = run, inputs_text(row[-2]), outputs
    for at in _TASK_PLAIN:
        value = row[at]
        row[at] = _text(value) if value else ""  # Python looks for adapters of None
    return row


def inputs_text(items: Sequence[tuple[str, int, str]]) -> str:
    """Write inputs of a task as JSON: port, position and hash of each; empty for none."""
    if not items:
        return ""
    texts = [f"[{_word(port)},{at:d},{_word(hash_)}]" for port, at, hash_ in items]
    return f"[{','.join(texts)}]"


def outputs_text(items: Sequence[tuple[str, int, str]], products: Mapping[str, DataProduct]) -> str:
    """Write outputs of a task as JSON: port, position and hash of each, and what is known of it.

    Parameters
    ----------
    items : sequence of (port, position, hash)
        The outputs.
    products : mapping of str to DataProduct
        By hash.

    Returns
    -------
    str
        Empty for none.
    """
    texts = []
    for port, at, hash_ in items:
        known = products.get(hash_)
        facts = "" if known is None else _facts(known)
        texts.append(f"[{_word(port)},{at:d},{_word(hash_)}{facts}]")
    return f"[{','.join(texts)}]" if texts else ""


def _facts(product: DataProduct) -> str:
    inline = "null" if product.inline is None else f'"{product.inline.hex()}"'
    return (
        f",{_word(product.type)},{_word(product.codec)},{product.size_bytes:d},"
        f"{_word(product.preview)},{_word(product.suffix)},{_word(product.filename)},"
        f"{_word(product.location)},{inline}"
    )


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
    record.inputs = [(item[0], item[1], item[2]) for item in record.inputs]
    record.outputs = [(item[0], item[1], item[2]) for item in record.outputs]
    return record


product_row = attrgetter(*PRODUCT_COLUMNS)


def product_from(row: Sequence[Any]) -> DataProduct:
    """Read a product from a row of its columns."""
    return DataProduct(*row)


def product_in(item: Sequence[Any]) -> DataProduct:
    """Read a product from an output of a task that `outputs_text` wrote."""
    _, _, hash_, type_, codec, size, preview, suffix, filename, location, inline = item
    kept = None if inline is None else bytes.fromhex(inline)
    return DataProduct(hash_, type_, codec, size, preview, suffix, filename, location, kept)


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
