"""Words that must fit into a place of a drawing: measured, and cut where they are too long."""

from __future__ import annotations

import unicodedata
from typing import Final

from dlaaw_nb.views.shapes import clean, shortened

__all__ = ["TIMES", "fitted", "fitted_name", "word_width"]

TIMES: Final = "\N{MULTIPLICATION SIGN}"
"""Stands between a count and what is counted."""

_LONGEST = 200  # letters of a name that are looked at: it may be as long as a file


def word_width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width of a line of text.

    Parameters
    ----------
    text : str
        The line.
    size : float
        Font size in CSS pixels.
    bold : bool
        Whether it is bold.

    Returns
    -------
    float
        CSS pixels, in a wide font. Signs of East Asia take a square each.
    """
    from dlaaw_nb.views.raster import text_width

    if text.isascii():
        return text_width(text, size, bold)
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    rest = "".join(sign for sign in text if unicodedata.east_asian_width(sign) not in "WF")
    return text_width(rest, size, bold) + wide * size


def fitted(text: object, room: float, size: float, *, bold: bool = False) -> str:
    """Cut text to a width.

    Parameters
    ----------
    text : object
        Anything; its ``str`` is taken.
    room : float
        CSS pixels it may take.
    size : float
        Font size in CSS pixels.
    bold : bool
        Whether it is bold.

    Returns
    -------
    str
        One line, its end replaced by an ellipsis where it is too long; empty where not even that
        fits.
    """
    line = shortened(text, _LONGEST)
    if word_width(line, size, bold=bold) <= room:
        return line
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if word_width(line[:middle] + "…", size, bold=bold) <= room:
            low = middle
        else:
            high = middle - 1
    return line[:low].rstrip() + "…" if low else ""


def fitted_name(name: str, room: float, size: float, *, bold: bool = False) -> str:
    """Cut the name of a task to a width.

    Parameters
    ----------
    name : str
        Its name; that of a task in a sub-workflow has that one's name and a stroke before its own.
    room : float
        CSS pixels it may take.
    size : float
        Font size in CSS pixels.
    bold : bool
        Whether it is bold.

    Returns
    -------
    str
        One line. What is too long loses the names of the sub-workflows first.
    """
    folder, _, own = name[-_LONGEST:].rpartition("/")
    if not folder or word_width(clean(name[:_LONGEST]), size, bold=bold) <= room:
        return fitted(name, room, size, bold=bold)
    return fitted(f"…/{own}", room, size, bold=bold)
