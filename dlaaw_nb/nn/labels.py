"""From the values of a label column to class codes or to numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import DataError
from dlaaw_nb.nn.label_column import Labels, canonical, key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "class_array",
    "classes_text",
    "encode",
    "is_finite_label",
    "numbers_of",
    "require_two_values",
]

_SHOWN = 5


def encode(labels: Labels, classes: Sequence[object], *, place: str, column: str) -> Labels:
    """Map the values of a label column to classes that are known already.

    Parameters
    ----------
    labels : Labels
        The column.
    classes : sequence of two objects or more
        The values that mean 0, 1, 2, ...
    place, column : str
        File and column, for messages.

    Returns
    -------
    Labels
        With these classes and their codes.

    Raises
    ------
    DataError
        `classes` are fewer than two or not all different, or a value is none of them.
    """
    known = _given_classes(classes, place)
    keys = [key_of(value) for value in known]
    if labels.numbers is not None and all(isinstance(key, float) for key in keys):
        codes = _number_codes(labels.numbers, np.array(keys))
    else:
        codes = _word_codes(labels, known)
    if labels.rows and codes.min() < 0:
        row = int(np.argmax(codes < 0))
        raise _unknown(labels.value(row), labels.line(row), known, place, column)
    return Labels(values=known, codes=codes, lines=labels.lines, coded=True)


def numbers_of(labels: Labels, *, place: str, column: str) -> NDArray[np.float64]:
    """Return a label column as the numbers that a regression learns.

    Parameters
    ----------
    labels : Labels
        The column.
    place, column : str
        File and column, for messages.

    Returns
    -------
    float64 array, shape (rows,)
        Finite numbers.

    Raises
    ------
    DataError
        A label is a word; line and column are those of the first.
    """
    targets = labels.targets
    words = np.isnan(targets)
    if words.any():
        row = int(words.argmax())
        line = labels.line(row)
        where = f", line {line}" if line is not None else f", row {row} (from 0)"
        raise DataError(
            f"{place}{where}, label column {column!r}: expected a number in every row, since the "
            f"network learns numbers (regression), got {labels.value(row)!r}. Mend the cell, "
            "name the right label column with label=, or, if its words are classes, end the "
            "network with Linear(n, number of classes), Softmax().",
            source=place,
            line=line,
            column=column,
        )
    return targets


def require_two_values(labels: Labels, place: str, column: str) -> None:
    """Raise a DataError where there is nothing to learn: one row, or one value in every row."""
    if labels.rows < 2:
        raise DataError(
            f"{place}: expected at least two rows, got one row. Add rows of other classes or "
            "values.",
            source=place,
        )
    numbers = labels.numbers
    same = labels.class_count < 2 if numbers is None else bool((numbers == numbers[0]).all())
    if same:
        raise DataError(
            f"{place}, label column {column!r}: expected at least two classes or values, got one "
            f"class only, {labels.value(0)!r}. Add rows of another one, or name the right label "
            "column with label=.",
            source=place,
            column=column,
        )


def class_array(classes: Sequence[object]) -> NDArray[Any]:
    """Return class values as an array to be indexed by codes; each keeps its kind.

    Parameters
    ----------
    classes : sequence of object
        Words, numbers or booleans.

    Returns
    -------
    array, shape (classes,)
        Of text, bool, integer or float where all are; else of objects, for NumPy would turn the
        number 1 beside a word into text.
    """
    array = np.array(classes)
    texts = sum(isinstance(value, (str, np.str_)) for value in classes)
    bools = sum(isinstance(value, (bool, np.bool_)) for value in classes)
    if array.dtype == object or {texts, bools} <= {0, len(classes)}:
        return array
    mixed = np.empty(len(classes), object)
    mixed[:] = classes
    return mixed


def classes_text(classes: Sequence[object], shown: int = _SHOWN) -> str:
    """Return the first classes in one line, and that there are more."""
    text = ", ".join(repr(value) for value in classes[:shown])
    return text + (", ..." if len(classes) > shown else "")


def is_finite_label(value: Any) -> bool:
    """Whether a label is a word or a finite number (NaN and infinity are neither)."""
    number = canonical(value)
    return not isinstance(number, float) or math.isfinite(number)


def _number_codes(numbers: NDArray[Any], keys: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the position of each number among the keys, -1 where it is none of them."""
    order = np.argsort(keys)
    places = np.searchsorted(keys, numbers, sorter=order).clip(max=len(keys) - 1)
    codes = order[places]
    return np.where(keys[codes] == numbers, codes, -1)


def _word_codes(labels: Labels, known: Sequence[object]) -> NDArray[np.intp]:
    """As `_number_codes`, one distinct value at a time."""
    # A class True stands in a file as the word "True".
    words = {str(value): code for code, value in enumerate(known)}
    codes = words | {key_of(value): code for code, value in enumerate(known)}
    table = np.array([codes.get(key_of(value), -1) for value in labels.values], np.intp)
    return table[labels.codes] if labels.rows else np.empty(0, np.intp)


def _given_classes(classes: Sequence[object], place: str) -> tuple[object, ...]:
    known = tuple(classes)
    if len(known) < 2 or len({key_of(value) for value in known}) != len(known):
        raise DataError(
            f"{place}: expected classes=(value of 0, value of 1, ...), got {classes!r}. "
            "Give two different values or more.",
            source=place,
        )
    return known


def _unknown(
    value: object, line: int | None, known: Sequence[object], place: str, column: str
) -> DataError:
    where = f", line {line}" if line is not None else ""
    if len(known) == 2:
        wanted = f"{known[0]!r} or {known[1]!r}, the classes that are known"
    else:
        wanted = f"one of the {len(known)} classes that are known ({classes_text(known)})"
    return DataError(
        f"{place}{where}, label column {column!r}: expected {wanted}, got {value!r}. Mend the "
        "label, leave the row out, or train with rows of that class too.",
        source=place,
        line=line,
        column=column,
    )
