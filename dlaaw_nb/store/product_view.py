"""How a product shows itself: its picture or its first rows, and what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.store.remotes import shown_url
from dlaaw_nb.store.text import one_line, size_text
from dlaaw_nb.views.html import note, section, table

if TYPE_CHECKING:
    from dlaaw_nb.store.products import DataProduct

__all__ = ["product_html"]

_MOST_BYTES = 64 * 2**20
"""A larger value is not loaded just to be looked at."""
_ROWS, _COLUMNS = 10, 12


def product_html(product: DataProduct) -> str:
    """Write a product as HTML.

    Parameters
    ----------
    product : DataProduct
        Of any store, or of none.

    Returns
    -------
    str
        A picture with its text, the first rows of a table, or the preview; then the facts. Where
        the bytes are gone, a note says so.
    """
    title = f"{product.filename or product.type}: {product.preview}"
    facts = [
        ("hash", product.hash),
        ("type", product.type),
        ("size", size_text(product.size_bytes)),
    ]
    if product.location:
        facts.append(("from", shown_url(product.location)))
    return section(one_line(title), _value(product), table(facts))


def _value(product: DataProduct) -> str:
    """Show the value where it is a picture or a table."""
    if product.codec not in ("png-1", "arrow-1") or product.size_bytes > _MOST_BYTES:
        return ""
    try:
        value = product.value()
    except DlaawError as error:
        return note(str(error))
    return str(value.to_html()) if product.codec == "png-1" else _first_rows(value)


def _first_rows(frame: Any) -> str:
    few = frame.iloc[:_ROWS, :_COLUMNS]
    more = ["..."] if frame.shape[1] > _COLUMNS else []
    header = ["", *(one_line(str(name), 40) for name in few.columns), *more]
    rows = [
        [one_line(str(label), 40), *(one_line(str(cell), 60) for cell in cells), *more]
        for label, cells in zip(few.index, few.itertuples(index=False, name=None), strict=True)
    ]
    if len(frame) > _ROWS:
        rows.append(["..."] * len(header))
    return table(rows, header, f"{frame.shape[0]} rows x {frame.shape[1]} columns")
