"""A label column as it was read; classes or numbers are made of it when somebody asks."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["Labels", "canonical", "key_of"]


def canonical(value: Any) -> Any:
    """Return a label as plain bool, int, float or stripped text.

    Numbers written as text become numbers and whole floats integers, so that ``"1"``,
    ``"1.0"`` and ``1.0`` are one class.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value.strip()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def key_of(value: Any) -> Any:
    """Return what two equal labels share: numbers and bools compare as floats."""
    value = canonical(value)
    return float(value) if isinstance(value, (bool, int, float)) else value


class Labels:
    """The labels of some rows: numbers, or words and their codes.

    A column of numbers stays an array, so that a million different ones cost nothing until their
    classes are asked for.

    Parameters
    ----------
    numbers : bool, integer or float array, shape (rows,), or None
        The column, where every cell is a finite number.
    values : tuple of object
        Else the distinct values as they stood in the data (text from files).
    codes : intp array, shape (rows,), or None
        Position in `values` for each row.
    lines : integer array, shape (rows,), or None
        Line of the file on which each row begins; None where there are no lines.
    coded : bool
        Whether `values` are the classes and `codes` their numbers already.
    """

    def __init__(
        self,
        numbers: NDArray[Any] | None = None,
        values: tuple[object, ...] = (),
        codes: NDArray[np.intp] | None = None,
        lines: NDArray[np.integer] | None = None,
        *,
        coded: bool = False,
    ) -> None:
        self.numbers, self._values, self._codes = numbers, values, codes
        self.lines, self.coded = lines, coded

    @classmethod
    def of_objects(cls, values: Iterable[object]) -> Labels:
        """Return the labels of any hashable values."""
        known: dict[object, int] = {}
        codes = [known.setdefault(value, len(known)) for value in values]
        return cls(values=tuple(known), codes=np.array(codes, dtype=np.intp))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.codes if self.numbers is None else self.numbers)

    @property
    def codes(self) -> NDArray[np.intp]:
        """Position in `values` for each row."""
        return self._found[1] if self._codes is None else self._codes

    @property
    def values(self) -> tuple[object, ...]:
        """The distinct values, as they stood in the data."""
        return self._values if self.numbers is None else tuple(self._found[0].tolist())

    @property
    def class_count(self) -> int:
        """Number of different values that occur, or of the classes given."""
        return len(self.values) if self.coded else len(self._found[0])

    @cached_property
    def classes(self) -> tuple[Any, ...]:
        """The different values, numbers by value, words by text."""
        if self.coded:
            return self._values
        found = self._found[0]
        return tuple(map(canonical, found.tolist() if isinstance(found, np.ndarray) else found))

    @cached_property
    def class_codes(self) -> NDArray[np.float64]:
        """Float64 array, shape (rows,): position in `classes` for each row."""
        codes = self.codes if self.coded else self._found[1]
        return codes.astype(np.float64)

    @cached_property
    def targets(self) -> NDArray[np.float64]:
        """Float64 array, shape (rows,): the labels as numbers; NaN for words."""
        if self.numbers is not None:
            return self.numbers.astype(np.float64, copy=False)
        keys = [key_of(value) for value in self._values]
        table = np.array([key if isinstance(key, float) else math.nan for key in keys], float)
        return table[self.codes] if self.rows else np.empty(0)

    def line(self, row: int) -> int | None:
        """Return the line of the file that a row stands on; None where there are no lines."""
        return None if self.lines is None else int(self.lines[row])

    def value(self, row: int) -> Any:
        """Return the label of a row."""
        if self.numbers is not None:
            return canonical(self.numbers[row])
        return canonical(self._values[self.codes[row]])

    def cells(self) -> list[Any] | NDArray[Any]:
        """Return the label of each row: an array of numbers, else a list of canonical values."""
        if self.numbers is None:
            values = [canonical(value) for value in self._values]
            return [values[code] for code in self.codes]
        whole = self.numbers.dtype.kind == "f" and not (self.numbers % 1).any()
        large = whole and bool((np.abs(self.numbers) >= 2.0**63).any())
        return self.numbers.astype(np.int64) if whole and not large else self.numbers.copy()

    @cached_property
    def is_pair(self) -> bool:
        """Whether two values occur at most; quick for numbers."""
        if self.numbers is None or not self.rows:
            return self.class_count <= 2
        numbers = self.numbers
        return bool(((numbers == numbers.min()) | (numbers == numbers.max())).all())

    @cached_property
    def _found(self) -> tuple[Any, NDArray[np.intp]]:
        """The different values in order, and the position of each row's among them."""
        if self.numbers is not None:
            distinct, inverse = np.unique(self.numbers, return_inverse=True)
            return distinct, inverse.reshape(-1).astype(np.intp, copy=False)
        used = np.bincount(self.codes, minlength=len(self._values)) > 0
        occurring = [canonical(v) for v, u in zip(self._values, used, strict=True) if u]
        values = _sorted({key_of(value): value for value in occurring}.values())
        places = {key_of(value): place for place, value in enumerate(values)}
        table = np.array([places.get(key_of(value), 0) for value in self._values], np.intp)
        return values, table[self.codes] if self.rows else np.empty(0, np.intp)


def _sorted(values: Iterable[Any]) -> Sequence[Any]:
    found = list(values)
    numbers = all(not isinstance(value, str) for value in found)
    return sorted(found, key=None if numbers else str)
