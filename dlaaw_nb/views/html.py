"""Small pieces of static HTML: escaped, styled by attributes, readable without any style.

Viewers of saved notebooks remove style blocks and scripts; JupyterLab removes inline ``<svg>`` from
notebooks that are not trusted and leaves its words behind as garbled text
(https://github.com/jupyterlab/jupyterlab/issues/15467). Pictures therefore come as ``<img>`` with a
data URI, which passes (https://github.com/jupyterlab/jupyterlab/issues/10464). Colours are
JupyterLab's ``--jp-*`` variables with fallbacks that read on light and dark.
"""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["escape", "note", "picture", "section", "table"]

_TEXT = "color:var(--jp-ui-font-color1,inherit);font-size:13px;line-height:1.4"
_LINE = "border-bottom:1px solid var(--jp-border-color1,#7b7b7b)"
_CELL = "padding:2px 10px 2px 0;vertical-align:top"
_WARN = "border-left:3px solid var(--jp-warn-color1,#d55e00);padding-left:8px;margin:4px 0"


def escape(text: object) -> str:
    """Make text safe between tags and inside quoted attributes.

    Parameters
    ----------
    text : object
        Anything; its ``str`` is taken.

    Returns
    -------
    str
        The text with ``& < > " '`` replaced.
    """
    return html.escape(str(text), quote=True)


def table(
    rows: Iterable[Sequence[object]], header: Sequence[object] = (), caption: str = ""
) -> str:
    """Write a table; the first cell of each row is its heading.

    Parameters
    ----------
    rows : iterable of sequences
        The cells, escaped here.
    header : sequence
        Column headings; none when empty.
    caption : str
        A line above the table; none when empty.

    Returns
    -------
    str
        A ``<table>``.
    """
    head = "".join(_cell("th", cell, 'scope="col"', index) for index, cell in enumerate(header))
    lines = [f'<thead><tr style="{_LINE}">{head}</tr></thead>'] if header else []
    lines.append("<tbody>")
    lines.extend(f"<tr>{_row(row)}</tr>" for row in rows)
    lines.append("</tbody>")
    title = f'<caption style="text-align:left">{escape(caption)}</caption>' if caption else ""
    style = "border-collapse:collapse;margin:4px 0;text-align:left;border:none"
    return f'<table style="{style}">{title}{"".join(lines)}</table>'


def _row(row: Sequence[object]) -> str:
    first = _cell("th", row[0], 'scope="row"', 0) if row else ""
    return first + "".join(_cell("td", cell, "", i) for i, cell in enumerate(row[1:], 1))


def _cell(tag: str, text: object, scope: str, index: int) -> str:
    align = "left" if index == 0 else "right"
    weight = ";font-weight:normal" if scope == 'scope="row"' else ""
    attributes = f' {scope} style="{_CELL};text-align:{align}{weight}"'
    return f"<{tag}{attributes}>{escape(text)}</{tag}>"


def note(text: str) -> str:
    """Write a warning: a training that stopped or diverged, say.

    Parameters
    ----------
    text : str
        One or two sentences, escaped here.

    Returns
    -------
    str
        A ``<p role="note">``.
    """
    return f'<p role="note" style="{_WARN}">{escape(text)}</p>'


def picture(svg: str, alt: str, width: int) -> str:
    """Place a picture that shows in untrusted and static viewers too.

    Parameters
    ----------
    svg : str
        A whole SVG document.
    alt : str
        What the picture says, for screen readers; escaped here.
    width : int
        Width in CSS pixels; narrower pages shrink it.

    Returns
    -------
    str
        An ``<img>`` that carries the SVG as a data URI.
    """
    data = base64.b64encode(svg.encode()).decode("ascii")
    return (
        f'<img role="img" alt="{escape(alt)}" width="{width}" style="max-width:100%;height:auto" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def section(title: str, *parts: str) -> str:
    """Join pieces of HTML under a title.

    Parameters
    ----------
    title : str
        Plain text, escaped here.
    *parts : str
        HTML from this module, placed as it is.

    Returns
    -------
    str
        A ``<div>``.
    """
    heading = f'<div style="font-weight:600;margin-bottom:4px">{escape(title)}</div>'
    return f'<div style="{_TEXT}">{heading}{"".join(parts)}</div>'
