"""What every reader hands on: a table of numbers, and which column is the label."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlaaw_nb.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dlaaw_nb.nn.label_column import Labels

__all__ = [
    "GAPS",
    "Choice",
    "Choose",
    "Header",
    "Table",
    "choose_features",
    "choose_label",
    "is_gap",
]

GAPS = frozenset({"", "NA", "N/A", "null", "NULL", "?"})
"""Cells that stand for "no value": a row that has one is dropped and counted."""


def is_gap(cell: object) -> bool:
    """Whether a cell of a list or an object column holds no value: None or a word of `GAPS`."""
    return cell is None or (isinstance(cell, str) and cell.strip() in GAPS)


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table before any of its rows is read.

    Attributes
    ----------
    names : tuple of str
        One for each column; ``column 0``, ``column 1``, ... where the data name none.
    headed : bool
        Whether the data themselves name the columns.
    place : str
        File or kind of object, for messages.
    """

    names: tuple[str, ...]
    headed: bool
    place: str

    @classmethod
    def unnamed(cls, width: int, place: str) -> Header:
        """Return the header of data that name no columns."""
        return cls(tuple(f"column {j}" for j in range(width)), False, place)

    @classmethod
    def named(cls, names: Iterable[object], place: str) -> Header:
        """Return a header of given names; raises DataError where two are the same."""
        stripped = [str(name).strip() for name in names]
        texts = tuple(name or f"column {j}" for j, name in enumerate(stripped))
        for j, name in enumerate(texts):
            if name in texts[:j]:
                raise DataError(
                    f"{place}: expected every column to have its own name, got {name!r} at "
                    f"positions {texts.index(name)} and {j} (from 0). Rename one of them.",
                    source=place,
                    column=name,
                )
        return cls(texts, True, place)

    def describe(self, column: int) -> str:
        """Return how to speak of a column: by name, or by position if it has none."""
        return f"column {self.names[column]!r}" if self.headed else f"column {column} (from 0)"

    def listing(self) -> str:
        """Return the names in one line, shortened after the twentieth."""
        shown = ", ".join(repr(name) for name in self.names[:20])
        return shown if len(self.names) <= 20 else f"{shown}, ... ({len(self.names)} in all)"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which columns to take.

    Attributes
    ----------
    label : int or None
        Position of the label column; None where there is no label.
    features : tuple of int
        Positions of the feature columns, in the order wanted.
    """

    label: int | None
    features: tuple[int, ...]


Choose = Callable[[Header], Choice]


@dataclass(frozen=True, slots=True)
class Table:
    """Data as numbers, before classes or targets are made of the labels.

    Attributes
    ----------
    features : float64 array, shape (rows, features), C-contiguous
        Finite numbers.
    labels : Labels or None
        None where the data hold no label.
    feature_names : tuple of str
        One for each feature.
    label_name : str
        Name of the label column, ``label`` if it has none.
    headed : bool
        Whether the data named their columns.
    place : str
        File or kind of object, for messages.
    dropped_rows : int
        Rows left out because a cell was empty.
    kept : bool array, shape (rows given,), or None
        For data in memory: which rows are left; None if all are.
    """

    features: NDArray[np.float64]
    labels: Labels | None
    feature_names: tuple[str, ...]
    label_name: str
    headed: bool
    place: str
    dropped_rows: int = 0
    kept: NDArray[np.bool_] | None = None


def choose_label(label: int | str | None) -> Choose:
    """Return the choice "this column is the label, all others are features".

    Parameters
    ----------
    label : int, str or None
        Position (negative counts from the end), name, or None for no label.
    """

    def choose(header: Header) -> Choice:
        if label is None:
            return Choice(None, tuple(range(len(header.names))))
        position = _label_position(header, label)
        features = tuple(j for j in range(len(header.names)) if j != position)
        if not features:
            raise DataError(
                f"{header.place}: expected at least one feature column beside the label, got one "
                "column in all. Separate the columns with commas, semicolons or tabs.",
                source=header.place,
            )
        return Choice(position, features)

    return choose


def choose_features(
    n_features: int, feature_names: Sequence[str] | None, label: int | str | None
) -> Choose:
    """Return the choice that fits a model's features to the columns at hand.

    Columns that carry the model's names are taken by name, in the model's order; else by
    position. One column more than the model has features is the label.

    Parameters
    ----------
    n_features : int
        Features of the model.
    feature_names : sequence of str or None
        Their names.
    label : int, str or None
        Where the label is if there is one: ``"auto"``, a name or position; None forbids one.
    """

    def choose(header: Header) -> Choice:
        width = len(header.names)
        if width != n_features and (label is None or width != n_features + 1):
            raise _wrong_count(header, n_features, label)
        if feature_names and header.headed and set(feature_names) & set(header.names):
            return _choose_by_name(header, feature_names)
        if width == n_features:
            return Choice(None, tuple(range(width)))
        position = _expected_label(header, label)
        return Choice(position, tuple(j for j in range(width) if j != position))

    return choose


def _choose_by_name(header: Header, feature_names: Sequence[str]) -> Choice:
    missing = [name for name in feature_names if name not in header.names]
    if missing:
        raise DataError(
            f"{header.place}: expected the model's features {', '.join(map(repr, feature_names))}, "
            f"got no column {', '.join(map(repr, missing))}. "
            f"The columns are {header.listing()}. Rename or add what is missing.",
            source=header.place,
            column=missing[0],
        )
    features = tuple(header.names.index(name) for name in feature_names)
    rest = [j for j in range(len(header.names)) if j not in features]
    return Choice(rest[0] if rest else None, features)


def _expected_label(header: Header, label: int | str | None) -> int:
    """Return where the label stands in data with one column more than the model has features."""
    last = len(header.names) - 1
    if label is None or label == "auto":
        return last
    if isinstance(label, str) and label not in header.names:
        position = label.removeprefix("column ")
        inside = position.isdecimal() and int(position) <= last
        return int(position) if inside else last
    return _label_position(header, label)


def _wrong_count(header: Header, n_features: int, label: int | str | None) -> DataError:
    wanted = str(n_features) if label is None else f"{n_features} (or {n_features + 1} with labels)"
    return DataError(
        f"{header.place}: expected {wanted} columns, as many as the model has features, got "
        f"{len(header.names)}: {header.listing()}. Leave out or add columns.",
        source=header.place,
    )


def _label_position(header: Header, label: int | str) -> int:
    width = len(header.names)
    if isinstance(label, str):
        if label.strip() in header.names:
            return header.names.index(label.strip())
        try:
            label = int(label)
        except ValueError:
            raise _no_such_label(header, label) from None
    try:
        position = operator.index(label)
    except TypeError:
        raise _no_such_label(header, label) from None
    if not -width <= position < width:
        raise _no_such_label(header, position)
    return position % width


def _no_such_label(header: Header, label: object) -> DataError:
    if isinstance(label, str) and header.headed:
        close = difflib.get_close_matches(label, header.names, 1)
        hint = f"Did you mean {close[0]!r}?" if close else "Pass label=NAME of one of them."
    elif isinstance(label, str):
        hint = "They have no names of their own: pass label=POSITION, or header=True."
    else:
        last = len(header.names) - 1
        hint = f"Pass a name, or a position from 0 to {last} (-1 is the last)."
    return DataError(
        f"{header.place}: expected the label in column {label!r}, got only the columns "
        f"{header.listing()}. {hint}",
        source=header.place,
        column=label if isinstance(label, (str, int)) else None,
    )
