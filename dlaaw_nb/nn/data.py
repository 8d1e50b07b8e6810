"""Data of every accepted kind become a `Dataset`, or the features of a model."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.nn.arrays import is_frame, read_array, read_frame, read_pair
from dlaaw_nb.nn.columns import Choose, Header, Table, choose_features, choose_label
from dlaaw_nb.nn.csv_reader import read_csv
from dlaaw_nb.nn.dataset import Dataset
from dlaaw_nb.nn.labels import encode, numbers_of, require_two_values
from dlaaw_nb.nn.sources import is_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlaaw_nb.nn.label_column import Labels

__all__ = ["Dataset", "as_dataset", "as_features", "build_dataset"]


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
        place=table.place,
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


def _short_name(place: str) -> str:
    return PurePath(place.partition("?")[0]).name if is_url(place) else PurePath(place).name
