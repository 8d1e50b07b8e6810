"""The task that draws a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.frames import kind_of, require_columns, require_kind
from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    import pandas as pd

    from dlaaw_nb.store.picture import Picture

__all__ = ["Plot"]

_KINDS = ("line", "scatter", "bar", "hist", "box", "heat")
_NO_X = ("hist", "box")
_MOST_SERIES = 24
_MOST_BARS = 200
_MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class Plot(ReadyTask):
    """Draw columns of a table: lines, dots, bars, a histogram, boxes, or a heat map.

    Parameters
    ----------
    chart : {"line", "scatter", "bar", "hist", "box", "heat"}
        ``"hist"`` shows how often which values come, ``"box"`` quartiles, ``"heat"`` the numbers
        themselves as colours.
    x : str
        The column along the axis; for bars and heat maps the one with the labels. Empty counts the
        rows from 0; histograms and boxes have none.
    y : list of str
        The columns of numbers that are drawn; empty draws all but `x`.
    title, x_label, y_label : str
        Text at the picture; empty for no title, and for the names of the columns.
    bins : int
        Bars of a histogram, from 1 to 1000.
    width, height : float
        Of the picture in inches, from 1 to 40.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    Missing cells are left open. Colours read on light and dark backgrounds; series differ by more
    than their colour.
    """

    palette_group = "Plots and reports"
    chart: str = "line"
    x: str = ""
    y: tuple[str, ...] = ()
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    bins: int = 20
    width: float = 6.4
    height: float = 3.6

    def __post_init__(self) -> None:
        self._check_choice("chart", _KINDS)
        self._check_text("x", "title", "x_label", "y_label")
        if self.x and self.chart in _NO_X:
            raise self._refuse("x", f"no column along the axis of {self.chart}", "Name it in y.")
        self._check_names("y")
        self._check_count("bins", 1, 1000)
        self._check_number("width", 1, 40, ends=True)
        self._check_number("height", 1, 40, ends=True)

    def run(self, table: pd.DataFrame) -> Picture:
        """Draw the table."""
        from dlaaw_nb.tasks.plot_drawing import Drawn, drawn

        table = table.set_axis([str(name) for name in table.columns], axis=1)
        names = self._series(table)
        label = self.title or f"{self.chart}: {', '.join(names)[:200]}, {len(table)} rows"
        return drawn(
            Drawn(
                self.chart,
                [(name, _numbers(table[name])) for name in names],
                self._places(table),
                label=label,
                title=self.title,
                x_label=self.x_label or self.x,
                y_label=self.y_label or (names[0] if len(names) == 1 else ""),
                bins=self.bins,
                size=(self.width, self.height),
            )
        )

    def _series(self, table: pd.DataFrame) -> list[str]:
        require_columns(self.where, table, [*self.y, *([self.x] if self.x else [])])
        every: list[Any] = list(table.columns)
        names = list(self.y) or [
            name for name in every if name != self.x and kind_of(table[name]) == "number"
        ]
        if not names:
            raise DataError(
                f"{self.where}: expected a column of numbers to draw, got none besides "
                f"{self.x or 'text'!r}. Name it in y, or make it numbers before."
            )
        require_kind(self.where, table, names, "number")
        count = len(names) * len(table)
        limits = {"bar": _MOST_BARS, "heat": _MOST_CELLS}
        most = limits.get(self.chart)
        if most is not None and count > most:
            raise DataError(
                f"{self.where}: expected at most {most:,} cells for {self.chart}, got {count:,}. "
                "GroupBy or Head the table before, or draw another chart."
            )
        if self.chart != "heat" and len(names) > _MOST_SERIES:
            raise DataError(
                f"{self.where}: expected at most {_MOST_SERIES} columns to tell apart, got "
                f"{len(names)}. Name fewer in y, or draw chart 'heat'."
            )
        return names

    def _places(self, table: pd.DataFrame) -> Any:
        """Give where the rows stand along the axis: numbers, times, or labels as text."""
        import numpy as np

        if not self.x:
            return np.arange(len(table))
        cells: Any = table[self.x]
        kind = kind_of(cells)
        if self.chart in ("bar", "heat"):
            pairs = zip(cells.tolist(), cells.isna(), strict=True)
            return ["" if missing else str(cell) for cell, missing in pairs]
        if kind == "number":
            return _numbers(cells)
        if kind == "time":
            import pandas as pd

            return pd.to_datetime(cells).to_numpy("datetime64[us]")
        raise DataError(
            f"{self.where}, column {self.x!r}: expected numbers or times along the axis of "
            f"{self.chart}, got {kind}. Draw chart 'bar', or name another column.",
            column=self.x,
        )


def _numbers(cells: Any) -> Any:
    import numpy as np

    return cells.to_numpy(np.float64, na_value=np.nan)
