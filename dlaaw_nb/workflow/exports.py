"""Writes outputs of a run to files in the form that the file's name asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.store import DataProduct

__all__ = ["save_product"]


def save_product(product: DataProduct, path: str | Path) -> Path:
    """Write a data product to a file, and remember where the file came from.

    Parameters
    ----------
    product : DataProduct
        Of a store.
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

    path = Path(path)
    write = _TABLES.get(path.suffix.lower()) if product.type == "table" else None
    if write is None:
        return product.save(path)
    written = write_bytes(path, [write(product.value())])
    if product.store is not None:
        product.store.exported(written, product)
    return written


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
