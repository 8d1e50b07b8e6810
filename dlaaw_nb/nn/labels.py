"""From the values of a label column to 0 and 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlaaw_nb.nn.columns import Labels

__all__ = ["canonical", "encode"]


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


def encode(
    labels: Labels, classes: Sequence[object] | None, *, place: str, column: str
) -> tuple[NDArray[np.float64], tuple[object, object]]:
    """Map the two values of a label column to 0.0 and 1.0.

    Parameters
    ----------
    labels : Labels
        The column.
    classes : sequence of two objects or None
        The values that mean 0 and 1; None takes the two that occur, sorted.
    place, column : str
        File and column, for messages.

    Returns
    -------
    encoded : float64 array, shape (rows,)
        0.0 or 1.0 for each row.
    classes : tuple of two objects
        The values mapped to 0 and 1.

    Raises
    ------
    DataError
        Fewer or more than two classes, or a value that `classes` does not know.
    """
    used = np.bincount(labels.codes, minlength=len(labels.values)) > 0
    values = [canonical(value) for value in labels.values]
    if classes is None:
        pair = _two_classes(
            [v for v, u in zip(values, used, strict=True) if u], labels, used, place, column
        )
    else:
        pair = _given_classes(classes, place)
    by_value = {_key(c): i for i, c in enumerate(pair)} | {str(c): i for i, c in enumerate(pair)}
    table = np.zeros(len(values))
    for code, value in enumerate(values):
        if used[code]:
            if _key(value) not in by_value:
                raise _unknown(value, labels.lines[code], pair, place, column)
            table[code] = by_value[_key(value)]
    return table[labels.codes], pair


def _key(value: Any) -> Any:
    """Return what two equal labels share: numbers and bools compare as floats."""
    return float(value) if isinstance(value, (bool, int, float)) else value


def _two_classes(
    values: list[Any], labels: Labels, used: NDArray[np.bool_], place: str, column: str
) -> tuple[object, object]:
    distinct = {_key(value): value for value in values}
    if len(distinct) == 2:
        numbers = all(not isinstance(value, str) for value in distinct.values())
        first, second = sorted(distinct.values(), key=None if numbers else str)
        return first, second
    shown = list(distinct.values())[:5]
    text = ", ".join(map(repr, shown)) + (", ..." if len(distinct) > 5 else "")
    if len(distinct) < 2:
        raise DataError(
            f"{place}, label column {column!r}: expected two classes, got one class only, {text}. "
            "Add rows of the other class, or name the right label column with label=.",
            source=place,
            column=column,
        )
    lines = [line for line, u in zip(labels.lines, used, strict=True) if u and line is not None]
    where = f" (each first on lines {', '.join(map(str, lines[:5]))})" if lines else ""
    raise DataError(
        f"{place}, label column {column!r}: expected two classes, got {len(distinct)} classes: "
        f"{text}{where}. Multi-class labels come with a later version; until then keep the rows "
        "of two classes, name the right label column with label=, or pass header=True if "
        "the first row names the columns.",
        source=place,
        line=lines[2] if len(lines) > 2 else None,
        column=column,
    )


def _given_classes(classes: Sequence[object], place: str) -> tuple[object, object]:
    pair = tuple(classes)
    if len(pair) != 2 or _key(canonical(pair[0])) == _key(canonical(pair[1])):
        raise DataError(
            f"{place}: expected classes=(value of 0, value of 1), got {classes!r}. "
            "Give two different values.",
            source=place,
        )
    return pair[0], pair[1]


def _unknown(
    value: object, line: int | None, pair: tuple[object, object], place: str, column: str
) -> DataError:
    where = f", line {line}" if line is not None else ""
    return DataError(
        f"{place}{where}, label column {column!r}: expected {pair[0]!r} or {pair[1]!r}, the "
        f"classes that are known, got {value!r}. Mend the label or leave the row out.",
        source=place,
        line=line,
        column=column,
    )


def is_finite_label(value: Any) -> bool:
    """Whether a label is a word or a finite number (NaN and infinity are neither)."""
    number = canonical(value)
    return not isinstance(number, float) or math.isfinite(number)
