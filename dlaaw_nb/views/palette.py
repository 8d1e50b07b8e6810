"""Colours, markers and line styles that read on light and on dark backgrounds, and without colour.

The hues start from Okabe and Ito's set for colour-blind readers; each is darkened or lightened
until it has at least 3 : 1 contrast against both white and JupyterLab's dark ``#111111`` (WCAG 2.1,
rule 1.4.11, for graphics).

References
----------
M. Okabe, K. Ito, 2008, "Color Universal Design", https://jfly.uni-koeln.de/color/
W3C, 2018, "WCAG 2.1", https://www.w3.org/TR/WCAG21/#non-text-contrast
"""

from __future__ import annotations

from typing import Final

__all__ = ["COLOURS", "DASHES", "GREY", "HATCHES", "MARKERS", "contrast", "luminance"]

GREY: Final = "#7b7b7b"
"""Text and axes: 4.2 : 1 on white, 4.5 : 1 on #111111."""

COLOURS: Final = ("#0077bb", "#d55e00", "#009268", "#c0609a", "#a87900", "#6f6fd0")
"""Series colours, in the order in which they are given out."""

DASHES: Final[tuple[str | tuple[int, tuple[int, ...]], ...]] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1)),
    (0, (5, 1, 1, 1)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
"""Matplotlib line styles, so that a series is told apart by more than its colour."""

MARKERS: Final = ("o", "s", "^", "D", "v", "P")
"""Matplotlib markers, in step with the colours."""

HATCHES: Final = ("", "//", "\\\\", "xx", "--", "||")
"""Matplotlib bar hatches, in step with the colours."""


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.

    Returns
    -------
    float
        0 for black, 1 for white.

    References
    ----------
    W3C, 2018, "WCAG 2.1", https://www.w3.org/TR/WCAG21/#dfn-relative-luminance
    """
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two sRGB colours, from 1 (the same) to 21 (black on white).

    Parameters
    ----------
    one, other : str
        ``#rrggbb``.

    Returns
    -------
    float
        ``(lighter + 0.05) / (darker + 0.05)`` of their luminances.

    References
    ----------
    W3C, 2018, "WCAG 2.1", https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
