"""The label column of a CSV file: numbers while all cells are, codes from the first word on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.nn.columns import GAPS
from dlaaw_nb.nn.label_column import Labels
from dlaaw_nb.nn.labels import is_finite_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    LabelBlock = NDArray[np.float64] | NDArray[np.intp]

__all__ = ["LabelReader"]


class _Codes(dict[object, int]):
    """Values of the label column to codes; a value not seen before gets the next code."""

    def __missing__(self, value: object) -> int:
        if isinstance(value, str) and (value.strip() in GAPS or not is_finite_label(value)):
            raise ValueError(value)
        code = self[value] = len(self)
        return code


class LabelReader:
    """Collects the labels of one file, block by block."""

    def __init__(self) -> None:
        self._blocks: list[Any] = []
        self._lines: list[NDArray[np.int32]] = []
        self._codes: _Codes | None = None

    def convert(self, words: Sequence[str]) -> LabelBlock | None:
        """Return a block of cells as numbers or codes; None if one is a gap or not finite.

        It is not kept before `add` takes it.
        """
        if self._codes is None:
            try:
                numbers = np.fromiter(map(float, words), np.float64, len(words))
            except ValueError:
                if any(word.strip() in GAPS for word in words):
                    return None
                self._turn_to_codes()
            else:
                return numbers if np.isfinite(numbers).all() else None
        assert self._codes is not None  # noqa: S101 - for the type checker
        try:
            return np.fromiter(map(self._codes.__getitem__, words), np.intp, len(words))
        except ValueError:
            return None

    def add(self, block: LabelBlock, lines: Sequence[int]) -> None:
        """Keep a block that `convert` gave, and the lines on which its rows begin."""
        self._blocks.append(block)
        self._lines.append(np.array(lines, np.int32))

    def labels(self) -> Labels:
        """Return the column."""
        column, lines = np.concatenate(self._blocks), np.concatenate(self._lines)
        if self._codes is None:
            return Labels(column, lines=lines)
        return Labels(values=tuple(self._codes), codes=column.astype(np.intp), lines=lines)

    def _turn_to_codes(self) -> None:
        self._codes = codes = _Codes()
        for place, block in enumerate(self._blocks):
            distinct, inverse = np.unique(block, return_inverse=True)
            table = np.array([codes[number] for number in distinct.tolist()], np.intp)
            self._blocks[place] = table[inverse.reshape(-1)]
