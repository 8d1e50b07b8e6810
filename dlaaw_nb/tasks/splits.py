"""Tasks that take tables and arrays apart, and put parts together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.frames import fresh, joined, require_columns, row_codes
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.types import TABLE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Concat", "SplitArray", "SplitParts", "SplitTrainTest", "TrainTest"]

_MOST_PARTS = 100_000


class TrainTest(NamedTuple):
    """A table in two parts.

    Attributes
    ----------
    train : DataFrame
        Rows to learn from.
    test : DataFrame
        Rows to judge by.
    """

    train: pd.DataFrame
    test: pd.DataFrame


@dataclass(frozen=True)
class SplitTrainTest(ReadyTask):
    """Draw rows for a test, and leave the others for training.

    Parameters
    ----------
    test_fraction : float
        Which part of the rows is for the test, above 0 and below 1.
    seed : int
        From 0; the same seed draws the same rows.
    stratify : str
        A column whose values come in both parts as often as in the whole; empty for none.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    Rows stay in their order. Both parts get at least one row.
    """

    palette_group = "Splits"
    test_fraction: float = 0.25
    seed: int = 0
    stratify: str = ""

    def __post_init__(self) -> None:
        self._check_number("test_fraction", 0, 1)
        self._check_count("seed", 0)
        self._check_text("stratify")

    @property
    def outputs(self) -> tuple[Port, ...]:
        """Two tables: ``train`` and ``test``."""
        return tuple(Port(name, TABLE, "output") for name in TrainTest._fields)

    def run(self, table: pd.DataFrame) -> TrainTest:
        """Split the table."""
        import numpy as np

        rows = len(table)
        if rows < 2:
            raise DataError(
                f"{self.where}: expected at least 2 rows to split, got {rows}. Look at what gives "
                "the table."
            )
        codes = np.zeros(rows, np.intp)
        if self.stratify:
            require_columns(self.where, table, [self.stratify])
            codes = row_codes(self.where, [table], [[self.stratify]])[0]
        count = min(max(round(rows * self.test_fraction), 1), rows - 1)
        chosen = np.zeros(rows, bool)
        random = np.random.default_rng(self.seed)
        for code, share in enumerate(_shares(np.bincount(codes), count)):
            chosen[random.permutation(np.flatnonzero(codes == code))[:share]] = True
        return TrainTest(fresh(table[~chosen]), fresh(table[chosen]))


@dataclass(frozen=True)
class SplitParts(ReadyTask):
    """Take a table apart into a list of tables, such as for a task that runs for each.

    Parameters
    ----------
    parts : int
        How many, from 1; their lengths differ by one row at most.

    Raises
    ------
    GraphError
        When the number is out of its range.
    """

    palette_group = "Splits"
    parts: int = 2

    def __post_init__(self) -> None:
        self._check_count("parts", 1, _MOST_PARTS)

    def run(self, table: pd.DataFrame) -> list[Any]:
        """Split the table."""
        _require_length(self.where, len(table), self.parts, "rows")
        ends = _ends(len(table), self.parts)
        return [fresh(table.iloc[a:b]) for a, b in pairwise(ends)]


@dataclass(frozen=True)
class SplitArray(ReadyTask):
    """Take an array apart into a list of arrays.

    Parameters
    ----------
    parts : int
        How many, from 1; their lengths differ by one at most.
    axis : int
        Which axis is cut, from 0.

    Raises
    ------
    GraphError
        When a number is out of its range.
    """

    palette_group = "Splits"
    parts: int = 2
    axis: int = 0

    def __post_init__(self) -> None:
        self._check_count("parts", 1, _MOST_PARTS)
        self._check_count("axis", 0, 31)

    def run(self, array: np.ndarray[Any, Any]) -> list[Any]:
        """Split the array."""
        import numpy as np

        if array.ndim <= self.axis:
            raise DataError(
                f"{self.where}: expected an axis {self.axis} to cut, got an array of shape "
                f"{array.shape}. Choose another axis."
            )
        length = array.shape[self.axis]
        _require_length(self.where, length, self.parts, "entries on that axis")
        return list(np.split(array, _ends(length, self.parts)[1:-1], self.axis))


@dataclass(frozen=True)
class Concat(ReadyTask):
    """Put a list of tables with the same columns below each other."""

    palette_group = "Tables"

    def run(self, tables: list[Any]) -> pd.DataFrame:
        """Join the tables."""
        import pandas as pd

        for at, item in enumerate(tables):
            if not isinstance(item, pd.DataFrame):
                raise DataError(
                    f"{self.where}: expected a list of tables, got {type(item).__name__} at "
                    f"position {at} (from 0). ListToTable takes rows."
                )
        if not tables:
            raise DataError(
                f"{self.where}: expected at least one table, got an empty list, which has no "
                "columns. Look at what gives it."
            )
        return joined(self.where, tables)


def _shares(sizes: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Give each group its share of `count`, by the largest rest; a lone row stays in training."""
    import numpy as np

    exact = sizes * count / sizes.sum()
    shares: NDArray[np.intp] = np.floor(exact).astype(np.intp)
    room = (shares < sizes) & ((sizes > 1) | (len(sizes) == 1))
    rest = np.where(room, exact - shares, -1.0)
    order = np.argsort(-rest, kind="stable")
    shares[order[: count - int(shares.sum())]] += 1
    return shares


def _ends(length: int, parts: int) -> list[int]:
    return [length * number // parts for number in range(parts + 1)]


def _require_length(where: str, length: int, parts: int, what: str) -> None:
    if length < parts:
        raise DataError(
            f"{where}: expected at least {parts} {what}, one for each part, got {length}. Ask for "
            "fewer parts."
        )
