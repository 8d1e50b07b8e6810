"""Values as HTML of a report: escaped, limited in length, the same for the same value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dlaaw_nb.store.codecs import FIGURE
from dlaaw_nb.store.figures import is_figure
from dlaaw_nb.views.html import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["page", "part_html"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_MOST_COLUMNS = 100
_LONGEST_CELL = 300
_LONGEST_TEXT = 100_000
_DEEPEST = 4
_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:CanvasText;background:Canvas}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;margin:.5rem 0}
th,td{padding:2px 10px 2px 0;text-align:left;vertical-align:top;border-bottom:1px solid #7b7b7b55}
td.number{text-align:right;font-variant-numeric:tabular-nums}
caption,.note{color:GrayText;text-align:left;font-size:12px}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
img{max-width:100%;height:auto}
"""


def page(title: str, pieces: Iterable[tuple[str, str]]) -> str:
    """Join pieces of HTML to a page.

    Parameters
    ----------
    title : str
        Plain text.
    pieces : iterable of (str, str)
        Heading as plain text (none where empty), and HTML.

    Returns
    -------
    str
        A whole document; its policy lets nothing be loaded or run.
    """
    body = "\n".join(
        f"<section>{f'<h2>{escape(heading)}</h2>' if heading else ''}\n{html}</section>"
        for heading, html in pieces
    )
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )


def part_html(value: Any, most_rows: int, depth: int = 0) -> str:
    """Write a value as HTML.

    Parameters
    ----------
    value : object
        A table, picture, array, mapping, list, text, number, or anything else, which is shown as
        its text.
    most_rows : int
        How many rows or items are shown.
    depth : int
        How deep in another value it stands.

    Returns
    -------
    str
        All text in it is escaped.
    """
    import numpy as np
    import pandas as pd

    if is_figure(value):
        html: str = FIGURE.settle(value).to_html()
        return html
    if isinstance(value, pd.Series):
        value = value.to_frame()
    if isinstance(value, pd.DataFrame):
        return _table(value, most_rows)
    if isinstance(value, np.ndarray):
        return _array(value, most_rows)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return _pairs(value, most_rows, depth)
    if isinstance(value, (list, tuple)) and depth < _DEEPEST:
        items = "".join(f"<li>{part_html(v, most_rows, depth + 1)}</li>" for v in value[:most_rows])
        return f"<ol start='0'>{items}</ol>{_left_out(len(value), most_rows, 'items')}"
    return _text(value, depth)


def _text(value: Any, depth: int) -> str:
    if isinstance(value, str):
        shown = value
    elif isinstance(value, PurePath):
        shown = value.name  # the folder differs from run to run
    else:
        shown = _plain(value)
    if len(shown) > _LONGEST_TEXT:
        shown = f"{shown[:_LONGEST_TEXT]} ... ({len(shown):,} characters in all)"
    return f"<pre>{escape(shown)}</pre>" if not depth or "\n" in shown else escape(shown)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else str(value)
    return _ADDRESS.sub("", str(value))


def _table(table: Any, most_rows: int) -> str:
    shown = table.iloc[:most_rows, :_MOST_COLUMNS]
    columns = [shown.iloc[:, at] for at in range(shown.shape[1])]
    rows = zip(*(zip(cells.tolist(), cells.isna(), strict=True) for cells in columns), strict=True)
    body = "".join(f"<tr>{''.join(_cell(*cell) for cell in row)}</tr>" for row in rows)
    notes = _left_out(len(table), most_rows, "rows")
    notes += _left_out(table.shape[1], _MOST_COLUMNS, "columns")
    return _grid([str(name) for name in shown.columns], body, notes)


def _grid(names: Sequence[str], body: str, notes: str) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    inside = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table>{inside}</table></div>{notes}'


def _cell(value: Any, missing: bool) -> str:
    if missing:
        return "<td></td>"
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = _plain(value)
    text = text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}..."
    start = '<td class="number">' if number else "<td>"
    return f"{start}{escape(text)}</td>"


def _array(array: Any, most_rows: int) -> str:
    import pandas as pd

    shape = " x ".join(map(str, array.shape)) or "single"
    note = f'<p class="note">array of {escape(array.dtype)}, {shape}</p>'
    if array.ndim not in (1, 2) or not array.size:
        return note if array.ndim else f"{note}{_text(array.item(), 0)}"
    return note + _table(pd.DataFrame(array), most_rows)


def _pairs(mapping: Mapping[Any, Any], most_rows: int, depth: int) -> str:
    pairs = list(mapping.items())
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{part_html(value, most_rows, depth + 1)}</td>'
        "</tr>"
        for name, value in pairs[:most_rows]
    )
    notes = _left_out(len(pairs), most_rows, "entries")
    return f'<div class="wide"><table><tbody>{body}</tbody></table></div>{notes}'


def _left_out(count: int, most: int, what: str) -> str:
    if count <= most:
        return ""
    return f'<p class="note">{most:,} of {count:,} {what} are shown.</p>'
