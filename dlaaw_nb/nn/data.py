"""Data for training and prediction: features and labels of float64, whatever they came from."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.nn.arrays import is_frame, read_array, read_frame, read_pair
from dlaaw_nb.nn.columns import Choose, Header, Table, choose_features, choose_label
from dlaaw_nb.nn.csv_reader import read_csv
from dlaaw_nb.nn.label_column import Labels, canonical
from dlaaw_nb.nn.labels import encode, numbers_of, require_two_values
from dlaaw_nb.nn.sources import is_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Dataset", "as_dataset", "as_features", "build_dataset"]


_FEW_CLASSES = 12  # more are counted, not listed


class Dataset:
    """Rows of numbers with a label each: a class, or a number to be predicted.

    The arrays are read-only views; where they were given as float64 they share the giver's
    memory, so change neither before a training is over.

    Parameters
    ----------
    features : float64 array, shape (rows, n_features), C-contiguous
        Finite numbers.
    labels : float64 array, shape (rows,), or Labels, or None
        Place of each row's class in `classes`; or the label column as it was read; None for data
        without labels.
    feature_names : sequence of str
        One for each feature.
    label_name : str
        Name of the label column.
    classes : sequence of object
        The label values that became 0, 1, ...; left aside with a label column.
    source : str
        File name, or the kind of object the data came from.
    dropped_rows : int
        Rows left out because a cell was empty.
    """

    def __init__(
        self,
        features: NDArray[np.float64],
        labels: NDArray[np.float64] | Labels | None,
        feature_names: Sequence[str],
        label_name: str = "label",
        classes: Sequence[object] = (0, 1),
        source: str = "arrays",
        dropped_rows: int = 0,
    ) -> None:
        self.features = _read_only(features)
        if isinstance(labels, np.ndarray):
            labels = Labels(values=tuple(classes), codes=labels.astype(np.intp), coded=True)
        self.column = labels
        self.feature_names, self.label_name = tuple(feature_names), label_name
        self.source, self.dropped_rows = source, dropped_rows
        self._fingerprint: str | None = None

    @cached_property
    def labels(self) -> NDArray[np.float64] | None:
        """Float64 array, shape (rows,): place of each row's class in `classes`; or None."""
        return None if self.column is None else _read_only(self.column.class_codes)

    @cached_property
    def targets(self) -> NDArray[np.float64] | None:
        """Float64 array, shape (rows,): the labels as numbers, for regression; or None.

        Raises
        ------
        DataError
            A label is a word.
        """
        if self.column is None:
            return None
        numbers = numbers_of(self.column, place=self.source, column=self.label_name)
        return _read_only(numbers)

    @property
    def classes(self) -> tuple[object, ...]:
        """The label values that are 0, 1, ..., numbers by value, words by text."""
        return (0, 1) if self.column is None else self.column.classes

    def label_of(self, row: int) -> object:
        """Give the label of a row as it stands in the data; None without labels."""
        if self.column is None:
            return None
        numbers = self.column.numbers
        return (
            self.classes[int(self.column.class_codes[row])]
            if numbers is None
            else canonical(numbers[row])
        )

    @property
    def class_count(self) -> int:
        """How many different labels there are; 0 without labels."""
        return 0 if self.column is None else self.column.class_count

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.features)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.features.shape[1])

    @property
    def positives(self) -> float | None:
        """Share of the rows of the second class, from 0 to 1; None without labels."""
        return None if self.labels is None else float((self.labels == 1).mean())

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of shape, features and labels, computed once."""
        if self._fingerprint is None:
            self._fingerprint = self._digest()
        return self._fingerprint

    def _digest(self) -> str:
        import hashlib

        digest = hashlib.sha256(f"{self.rows}x{self.n_features}".encode())
        digest.update(np.ascontiguousarray(self.features, dtype="<f8").data)
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels, dtype="<f8").data)
            if self.class_count > 2:  # their order alone does not tell numbers apart
                digest.update(repr(self.classes).encode())
        return digest.hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame: the features, then the labels as the classes they stand for."""
        import pandas as pd

        frame = pd.DataFrame(self.features.copy(), columns=list(self.feature_names))
        if self.labels is not None:
            words = [self.classes[int(label)] for label in self.labels]
            frame.insert(self.n_features, self.label_name, words, allow_duplicates=True)
        return frame

    def __repr__(self) -> str:
        return f"Dataset({self._summary()})"

    def _summary(self) -> str:
        text = f"{self.source}: {self.rows} rows x {self.n_features} features"
        if self.column is not None:
            text += f", label {self.label_name!r}: {self._label_summary()}"
        return text + (f", {self.dropped_rows} rows dropped" if self.dropped_rows else "")

    def _label_summary(self) -> str:
        if self.class_count > _FEW_CLASSES:
            return f"{self.class_count} different values"
        counts = np.bincount(self.labels.astype(np.intp), minlength=self.class_count)  # type: ignore[union-attr]
        pairs = zip(self.classes, counts, strict=True)
        return ", ".join(f"{value!r} ({count})" for value, count in pairs)

    def _repr_html_(self) -> str:
        from html import escape

        head = "".join(f"<th>{escape(name)}</th>" for name in self.feature_names)
        rows = [[f"{value:g}" for value in row] for row in self.features[:5]]
        if self.labels is not None:
            head += f"<th>{escape(self.label_name)}</th>"
            for cells, label in zip(rows, self.labels[:5], strict=True):
                cells.append(escape(str(self.classes[int(label)])))
        body = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows
        )
        return (
            f"<table><caption>{escape(self._summary())}; the first {len(rows)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def as_dataset(
    data: Any,
    *,
    label: int | str | None = -1,
    header: bool | str = "auto",
    classes: Sequence[object] | None = None,
) -> Dataset:
    """Return data of any accepted kind as a `Dataset`.

    Parameters
    ----------
    data : str, path, DataFrame, Dataset, 2-D array, rows, or tuple (features, labels)
        A path or http(s) URL of a CSV file, or numbers in memory. A Dataset is returned as is.
    label : int, str or None
        The label column, by position (negative counts from the end) or name. None: no column
        is the label. Left aside for a tuple.
    header : bool or "auto"
        Whether a CSV file's first row names its columns.
    classes : sequence of object or None
        The label values that mean 0, 1, ...; None takes those that occur, sorted. With
        `classes` one row or one class is enough.

    Returns
    -------
    Dataset
        With labels None where there are none.

    Raises
    ------
    MissingDataError
        There is no such file.
    DownloadError
        The URL could not be read.
    DataError
        Anything else that keeps the data from being numbers with classes or numbers as labels.
    """
    if isinstance(data, Dataset):
        return data
    return build_dataset(_read(data, choose_label(label), choose_label(None), header), classes)


def build_dataset(table: Table, classes: Sequence[object] | None = None) -> Dataset:
    """Return a table that was read as a `Dataset`; `classes` and errors as in `as_dataset`."""
    return Dataset(
        features=table.features,
        labels=_column(table, classes),
        feature_names=table.feature_names,
        label_name=table.label_name,
        source=_short_name(table.place),
        dropped_rows=table.dropped_rows,
    )


def as_features(
    data: Any,
    n_features: int,
    feature_names: Sequence[str] | None = None,
    classes: Sequence[object] | None = None,
    label: int | str | None = "auto",
    *,
    numbers: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, int]:
    """Return data for a model that is trained already, with labels or without.

    Data with as many columns as the model has features hold no labels; with one more, that one
    is the label. Columns that carry the model's names are taken by name, else by position.

    Parameters
    ----------
    data : str, path, DataFrame, Dataset, 2-D array, rows, or tuple (features, labels)
        As for `as_dataset`.
    n_features : int
        Features of the model.
    feature_names : sequence of str or None
        Their names.
    classes : sequence of object or None
        The model's classes, by which labels become 0, 1, ...
    label : int, str or None
        Where the label is, if there is one: the model's label name, a position, ``"auto"``
        (the column left over, else the last). None: the data hold no label.
    numbers : bool
        Whether labels are numbers, for a model that predicts numbers; then without `classes`.

    Returns
    -------
    features : float64 array, shape (rows, n_features)
        In the model's order.
    labels : float64 array, shape (rows,), or None
        Place of each class in `classes`, or the numbers.
    dropped_rows : int
        Rows left out because a cell was empty.

    Raises
    ------
    DataError
        The feature count differs from the model's, or as `as_dataset`.
    """
    if isinstance(data, Dataset):
        table = _dataset_table(data, choose_features(n_features, feature_names, None))
    else:
        choose = choose_features(n_features, feature_names, label)
        alone = choose_features(n_features, feature_names, None)
        table = _read(data, choose, alone, "auto")
    if table.labels is None:
        return table.features, None, table.dropped_rows
    if numbers:
        labels = numbers_of(table.labels, place=table.place, column=table.label_name)
    else:
        column = _column(table, classes)
        labels = np.empty(0) if column is None else column.class_codes
    return table.features, labels, table.dropped_rows


def _read(data: Any, choose: Choose, choose_alone: Choose, header: bool | str) -> Table:
    """Read data of any kind; `choose_alone` serves features whose labels come apart."""
    if isinstance(data, (str, os.PathLike)):
        return read_csv(data, choose, header=header)
    if is_frame(data):
        return read_frame(data, choose)
    if isinstance(data, tuple) and len(data) == 2:
        return read_pair(data[0], data[1], choose_alone)
    return read_array(data, choose)


def _dataset_table(dataset: Dataset, choose: Choose) -> Table:
    choice = choose(Header.named(dataset.feature_names, dataset.source))
    features = dataset.features
    if choice.features != tuple(range(dataset.n_features)):
        features = np.ascontiguousarray(features[:, choice.features])
    labels = dataset.column
    names = tuple(dataset.feature_names[j] for j in choice.features)
    return Table(
        features, labels, names, dataset.label_name, True, dataset.source, dataset.dropped_rows
    )


def _column(table: Table, classes: Sequence[object] | None) -> Labels | None:
    if table.labels is None:
        return None
    if classes is None:
        require_two_values(table.labels, table.place, table.label_name)
        return table.labels
    return encode(table.labels, classes, place=table.place, column=table.label_name)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    view = array.view()
    view.flags.writeable = False
    return view


def _short_name(place: str) -> str:
    return PurePath(place.partition("?")[0]).name if is_url(place) else PurePath(place).name
