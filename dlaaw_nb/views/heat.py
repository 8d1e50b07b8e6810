"""A heat map of a score over two hyperparameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.views.palette import GREY, luminance
from dlaaw_nb.views.text import MISSING, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dlaaw_nb.views.canvas import View

__all__ = ["heat_map"]

TEXT_CELLS = 120
LOWEST_SHADE = -1.0


def heat_map(
    values: npt.NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    row_label: str,
    column_label: str,
    title: str = "Test accuracy by setting",
    value_label: str = "mean test accuracy",
) -> View:
    """Draw a value for each pair of settings.

    Parameters
    ----------
    values : float array, shape (len(rows), len(columns))
        Scores; NaN leaves the cell open with a dash in it (diverged, or not run).
    rows, columns : sequence of str
        The settings along the axes.
    row_label, column_label, value_label, title : str
        What the axes, the colours and the picture show.

    Returns
    -------
    View
        A matplotlib figure. Cells are opaque, so that the numbers in them read on any background.
    """
    from dlaaw_nb.views.canvas import View, styled

    width = min(max(2.8 + 0.55 * len(columns), 4.6), 12.0)
    with styled():
        view = View((width, min(max(1.4 + 0.34 * len(rows), 2.6), 9.0)), _describe(title, values))
        axes = view.add_subplot()
        axes.set_title(title)
        axes.set_xlabel(column_label)
        axes.set_ylabel(row_label)
        _name_cells(axes, rows, columns, width)
        # R2 has no least value: one bad setting must not make all others look alike.
        low = _lowest_shade(values)
        # One small bitmap: a shape for each cell would make the SVG of a long sweep large.
        image = axes.imshow(
            np.ma.masked_invalid(values),
            cmap="cividis",
            vmin=low,
            aspect="auto",
            interpolation="nearest",
        )
        if values.size <= TEXT_CELLS:
            _write(axes, values, image)
        extend = "neither" if low is None else "min"
        bar = view.colorbar(image, ax=axes, label=value_label, extend=extend)
        bar.outline.set_edgecolor(GREY)
    return view


def _lowest_shade(values: npt.NDArray[np.float64]) -> float | None:
    """Give the score from which on all lower ones look the same; None where all are shown."""
    known = values[np.isfinite(values)]
    beyond = known.size > 0 and float(known.min()) < LOWEST_SHADE < float(known.max())
    return LOWEST_SHADE if beyond else None


def _name_cells(axes: Axes, rows: Sequence[str], columns: Sequence[str], width: float) -> None:
    slanted = sum(len(name) + 1 for name in columns) > 11 * width
    axes.set_xticks(range(len(columns)), columns, rotation=45 if slanted else 0)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)


def _describe(title: str, values: npt.NDArray[np.float64]) -> str:
    known = values[np.isfinite(values)]
    if not known.size:
        return f"{title}: no values"
    low, high = number_text(float(known.min())), number_text(float(known.max()))
    return f"{title}: {known.size} cells from {low} to {high}"


def _write(axes: Axes, values: npt.NDArray[np.float64], image: Any) -> None:
    from matplotlib.colors import to_hex

    best = float(np.nanmax(values)) if np.isfinite(values).any() else math.nan
    for (row, column), value in np.ndenumerate(values):
        if math.isnan(value):
            axes.text(column, row, MISSING, ha="center", va="center")
            continue
        dark = luminance(to_hex(image.cmap(image.norm(value)))) < 0.2
        axes.text(column, row, number_text(value), ha="center", va="center", fontsize=7.5,
                  color="#ffffff" if dark else "#000000",
                  fontweight="bold" if value == best else "normal")  # fmt: skip
