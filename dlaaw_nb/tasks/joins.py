"""Tasks that put the columns of two tables beside each other: join and product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.frames import kind_of, listing, require_columns, row_codes, take
from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Join", "Product"]

_HOW = ("inner", "left", "right", "outer")


@dataclass(frozen=True)
class Join(ReadyTask):
    """Put rows of two tables beside each other where their keys are equal.

    Parameters
    ----------
    on : list of str
        Columns of the left table that are the key.
    right_on : list of str
        The columns of the right table that they are compared with; empty for the same names.
    how : {"inner", "left", "right", "outer"}
        Rows that find no partner: ``"inner"`` leaves them out, ``"left"`` and ``"right"`` keep
        those of that table, ``"outer"`` keeps all; their other cells are missing.
    suffix : str
        Put after the name of a column of the right table where the left has one of that name.
    most_rows : int
        Largest result, in rows; keys that come often in both tables multiply.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    A key with a missing cell finds no partner. Rows come in the left table's order, then those of
    the right table without a partner.
    """

    palette_group = "Tables"
    on: tuple[str, ...] = ()
    right_on: tuple[str, ...] = ()
    how: str = "inner"
    suffix: str = " (right)"
    most_rows: int = 10_000_000

    def __post_init__(self) -> None:
        self._check_names("on", least=1)
        self._check_names("right_on")
        if self.right_on and len(self.right_on) != len(self.on):
            raise self._refuse("right_on", f"as many columns as on has ({len(self.on)}), or none")
        self._check_choice("how", _HOW)
        self._check_text("suffix", empty=False)
        self._check_count("most_rows", 1)

    def run(self, left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
        """Join the tables."""
        right_on = self.right_on or self.on
        require_columns(f"{self.where}, left", left, self.on)
        require_columns(f"{self.where}, right", right, right_on)
        for name, other in zip(self.on, right_on, strict=True):
            self._require_alike(name, kind_of(left[name]), other, kind_of(right[other]))
        ours, theirs = self._partners(left, right, right_on)
        shared = [a for a, b in zip(self.on, right_on, strict=True) if a == b]
        return self._filled(left, right, ours, theirs, shared)

    def _require_alike(self, name: str, kind: str, other: str, kind_there: str) -> None:
        if kind != kind_there and "empty" not in (kind, kind_there):
            raise DataError(
                f"{self.where}: expected keys of one kind, got {kind} in {name!r} of the left "
                f"table and {kind_there} in {other!r} of the right. Change one of them before.",
                column=name,
            )

    def _partners(self, left: Any, right: Any, right_on: Sequence[str]) -> tuple[Any, Any]:
        """Positions of the rows that stand beside each other; -1 for none."""
        import numpy as np

        codes, others = row_codes(self.where, [left, right], [self.on, right_on])
        codes = np.where(left[list(self.on)].notna().all(axis=1), codes, -1)
        others = np.where(right[list(right_on)].notna().all(axis=1), others, -2)
        order = np.argsort(others, kind="stable")
        start = np.searchsorted(others[order], codes, "left")
        counts = np.searchsorted(others[order], codes, "right") - start
        alone = counts == 0
        keeps_right = self.how in ("right", "outer")
        lonely = np.flatnonzero(~np.isin(others, codes) & keeps_right)
        shown = np.where(alone, 1, counts) if self.how in ("left", "outer") else counts
        self._require_size(int(shown.sum()) + len(lonely))
        ours = np.repeat(np.arange(len(codes)), shown)
        within = np.arange(len(ours)) - np.repeat(np.cumsum(shown) - shown, shown)
        places = np.repeat(start, shown) + within
        theirs = np.full(len(ours), -1)
        met = ~alone[ours]
        theirs[met] = order[places[met]]
        none = np.full(len(lonely), -1)
        return np.concatenate([ours, none]), np.concatenate([theirs, lonely]).astype(np.intp)

    def _require_size(self, rows: int) -> None:
        _require_size(self.where, rows, self.most_rows, "Join by more columns, or drop equal rows")

    def _filled(
        self, left: Any, right: Any, ours: Any, theirs: Any, shared: list[str]
    ) -> pd.DataFrame:
        """Keys of one name come once; rows without a left partner take them from the right."""
        import pandas as pd

        kept = [name for name in right.columns if name not in shared]
        made = _beside(self.where, left, right[kept], ours, theirs, self.suffix)
        lonely = ours < 0
        if lonely.any():
            for name in shared:  # rows without a left partner come last
                parts = [left[name].take(ours[~lonely]), right[name].take(theirs[lonely])]
                filled = [part for part in parts if len(part)]
                made[name] = pd.concat(filled, ignore_index=True)
        return made


@dataclass(frozen=True)
class Product(ReadyTask):
    """Put every row of a table beside every row of another.

    Parameters
    ----------
    suffix : str
        Put after the name of a column of the right table where the left has one of that name.
    most_rows : int
        Largest result, in rows.

    Raises
    ------
    GraphError
        When a parameter is out of its range.
    """

    palette_group = "Tables"
    suffix: str = " (right)"
    most_rows: int = 1_000_000

    def __post_init__(self) -> None:
        self._check_text("suffix", empty=False)
        self._check_count("most_rows", 1)

    def run(self, left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
        """Make all pairs."""
        import numpy as np

        mend = "Filter the tables before, or Join them"
        _require_size(self.where, len(left) * len(right), self.most_rows, mend)
        ours = np.repeat(np.arange(len(left)), len(right))
        theirs = np.tile(np.arange(len(right)), len(left))
        return _beside(self.where, left, right, ours, theirs, self.suffix)


def _require_size(where: str, rows: int, most: int, mend: str) -> None:
    if rows > most:
        raise DataError(
            f"{where}: expected at most {most:,} rows (most_rows), got {rows:,}. {mend}."
        )


def _beside(
    where: str,
    left: pd.DataFrame,
    right: pd.DataFrame,
    ours: NDArray[np.intp],
    theirs: NDArray[np.intp],
    suffix: str,
) -> pd.DataFrame:
    """Take rows of both tables; columns of the right one are renamed where names meet."""
    import pandas as pd

    taken = list(left.columns)
    names = [f"{name}{suffix}" if name in taken else name for name in right.columns]
    twice = [name for at, name in enumerate(names) if name in taken or name in names[:at]]
    if twice:
        raise DataError(
            f"{where}: expected a new name for each column, got {twice[0]!r} for two of "
            f"{listing([*taken, *names])}. Rename it before, or choose another suffix.",
            column=str(twice[0]),
        )
    return pd.concat([take(left, ours), take(right.set_axis(names, axis=1), theirs)], axis=1)
