"""Data products as a page sees them: their facts, a look at them, and what reads them again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError, StoreError
from dlaaw_nb.notebook.bench_values import look_at
from dlaaw_nb.store.text import size_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.store import DataProduct, Store
    from dlaaw_nb.store.listing import Listed

__all__ = ["listed", "shown_product", "used"]

_MOST_BYTES: Final = 64 * 2**20
"""A larger value is not loaded just to be looked at."""
_WORD: Final = 200
_PLAIN: Final = ("int", "float", "bool", "str")
_LETTERS: Final = 10_000
_READERS: Final = {"table": "ReadTable", "array": "ReadArray", "model": "ReadModel"}


def listed(one: Listed) -> dict[str, Any]:
    """Write a product of a list as plain values."""
    return {
        **_facts(one.product), "name": one.name, "task": one.task, "run": one.run,
        "workflow": one.workflow, "when": one.when,
    }  # fmt: skip


def shown_product(store: Store, message: Mapping[str, Any]) -> dict[str, Any]:
    """Show a product.

    Parameters
    ----------
    store : Store
        Where it is.
    message : mapping
        With its ``hash``.

    Returns
    -------
    dict
        ``product``, its facts; ``text`` and perhaps ``html``. Where it cannot be loaded, the
        text says why.

    Raises
    ------
    StoreError
        When no such product is written down.
    """
    product = _product(store, message.get("hash"))
    return {"product": _facts(product), **_look(product)}


def used(store: Store, hash_: Any) -> dict[str, Any]:
    """Say how a workflow can take a product in.

    A plain value becomes the default of an input. Else a file with it is needed: the one that it
    came from, or one that is written now, into the folder in which the kernel works.

    Parameters
    ----------
    store : Store
        Where it is.
    hash_ : str
        Of the product.

    Returns
    -------
    dict
        ``name`` and ``value`` with its ``value_type``; or ``path``, with ``kind``, the task that
        reads it (empty where its name tells), and ``written``, whether the file is new.

    Raises
    ------
    StoreError
        When there is no such product, or nothing reads one of its type from a file.
    SaveError
        When the file cannot be written.
    """
    product = _product(store, hash_)
    if product.type in _PLAIN:
        value = product.value()
        if not isinstance(value, str) or len(value) <= _LETTERS:
            return {"name": product.type, "value": value, "value_type": product.type}
    if product.type == "file":
        return {"path": _short(Path(product.value())), "kind": "", "written": False}
    kind = _READERS.get(product.type)
    if kind is None:
        known = ", ".join((*_PLAIN, "file", *_READERS))
        raise StoreError(
            f"product {product.hash[:12]}: no task reads a {product.type} from a file, only "
            f"{known}. Add the task that made it, or what it was made from."
        )
    ending = f"-{product.hash[:8]}{product.suffix}"
    there = next(Path.cwd().glob(f"*{ending}"), None)  # whoever made it last may be another task
    path = there or product.save(Path.cwd() / f"{_maker(store, product)}{ending}")
    return {"path": _short(path), "kind": kind, "written": there is None}


def _product(store: Store, hash_: Any) -> DataProduct:
    if not isinstance(hash_, str) or not hash_:
        raise StoreError(f"product: expected the hash of a product, got {hash_!r:.100}.")
    return store.product(hash_)


def _maker(store: Store, product: DataProduct) -> str:
    """Name a file after the task that made what is in it."""
    steps = store.lineage(product).steps
    name = steps[0].task.name if steps else product.type
    return re.sub(r"[^\w-]+", "-", name).strip("-")[:60] or product.type


def _short(path: Path) -> str:
    """Give a path as a workflow beside it names it."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return str(path)


def _facts(product: DataProduct) -> dict[str, Any]:
    return {
        "hash": product.hash, "type": product.type, "size": size_text(product.size_bytes),
        "preview": product.preview[:_WORD], "filename": product.filename,
    }  # fmt: skip


def _look(product: DataProduct) -> dict[str, str]:
    if product.size_bytes > _MOST_BYTES:
        size = size_text(product.size_bytes)
        return {"text": f"{product.preview}\n({size}: too large to be loaded for a look)"}
    try:
        if product.type == "file":
            return {"text": _start_of(Path(product.value()))}
        return look_at(product.value())
    except (DlaawError, OSError) as error:
        return {"text": str(error)}


def _start_of(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(_LETTERS)
    try:
        text = start.decode()
    except UnicodeDecodeError as error:
        text = start[: error.start].decode() if error.start > len(start) - 4 else ""
    if not text.isprintable() and any(ord(c) < 32 and c not in "\t\r\n\f" for c in text):
        text = ""
    return text or f"{path.name} (not text)"
