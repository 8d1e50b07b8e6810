"""Writes outputs of a run to files in the form that the file's name asks for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.store import DataProduct
    from dlaaw_nb.workflow.run import Run

__all__ = ["save_output"]


def save_output(run: Run, name: str, path: str | Path) -> Path:
    """Write an output of a run to a file, and remember where the file came from.

    Parameters
    ----------
    run : Run
        The run.
    name : str
        Of the output.
    path : str or Path
        The file to write or replace. A table is written as its suffix says: ``.csv``, ``.tsv``,
        ``.json`` or ``.parquet``; everything else as the store keeps it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SaveError
        When it cannot be written; what stood there before is untouched.
    """
    from dlaaw_nb.store.files import write_bytes

    path, product = Path(path), run.product(name)
    write = _TABLES.get(path.suffix.lower()) if product.type == "table" else None
    if write is None:
        return product.save(path)
    data = write(product.value())
    written = write_bytes(path, [data])
    _record(run, name, product, written, data)
    return written


def _record(run: Run, name: str, product: DataProduct, path: Path, data: bytes) -> None:
    """Write down that the file was made from the product: other bytes, so another product."""
    from dlaaw_nb.store import DataProduct, TaskRecord, digest
    from dlaaw_nb.workflow.types import FILE

    stored, now = digest([data]), time.time()
    keeper = FILE.keeper
    file = DataProduct(
        hash=stored.hash, type="file", codec=keeper.name if keeper else "", size_bytes=stored.size,
        preview=path.name, suffix=path.suffix, filename=path.name, location=str(path.absolute()),
    )  # fmt: skip
    recorder = run.store.provenance.recorder()
    recorder.product(file)
    recorder.task(
        TaskRecord(
            run=run.id, name=f"save {name} as {path.name}", kind="Export", state="finished",
            started=now, finished=now, seconds=0.0,
            inputs=[("value", 0, product.hash)], outputs=[("file", 0, stored.hash)],
        )
    )  # fmt: skip
    recorder.export(path, stored.hash)
    recorder.close()


def _csv(table: Any) -> bytes:
    text: str = table.to_csv(index=_named(table))
    return text.encode()


def _tsv(table: Any) -> bytes:
    text: str = table.to_csv(index=_named(table), sep="\t")
    return text.encode()


def _json(table: Any) -> bytes:
    text: str = table.to_json(orient="records", indent=1)
    return text.encode()


def _parquet(table: Any) -> bytes:
    data: bytes = table.to_parquet()
    return data


def _named(table: Any) -> bool:
    """Whether the rows' names say more than their numbers."""
    return any(name is not None for name in table.index.names)


_TABLES: Final[dict[str, Callable[[Any], bytes]]] = {
    ".csv": _csv,
    ".json": _json,
    ".parquet": _parquet,
    ".tsv": _tsv,
}
