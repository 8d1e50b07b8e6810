"""Data for training and prediction: features and labels of float64, whatever they came from."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import DataError
from dlaaw_nb.nn.arrays import is_frame, read_array, read_frame, read_pair
from dlaaw_nb.nn.columns import Choose, Header, Labels, Table, choose_features, choose_label
from dlaaw_nb.nn.csv_reader import read_csv
from dlaaw_nb.nn.labels import encode
from dlaaw_nb.nn.sources import is_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Dataset", "as_dataset", "as_features", "build_dataset"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dataset:
    """Rows of numbers with a label each.

    The arrays are read-only views; where they were given as float64 they share the giver's
    memory, so change neither before a training is over.

    Attributes
    ----------
    features : float64 array, shape (rows, n_features), C-contiguous
        Finite numbers.
    labels : float64 array, shape (rows,), or None
        0.0 or 1.0 for each row; None for data without labels.
    feature_names : tuple of str
        One for each feature.
    label_name : str
        Name of the label column.
    classes : tuple of two objects
        The label values that became 0 and 1.
    source : str
        File name, or the kind of object the data came from.
    dropped_rows : int
        Rows left out because a cell was empty.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.float64] | None
    feature_names: tuple[str, ...]
    label_name: str = "label"
    classes: tuple[object, object] = (0, 1)
    source: str = "arrays"
    dropped_rows: int = 0
    _fingerprint: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", _read_only(self.features))
        if self.labels is not None:
            object.__setattr__(self, "labels", _read_only(self.labels))

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
        """Share of the rows labelled 1, from 0 to 1; None without labels."""
        return None if self.labels is None else float(self.labels.mean())

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of shape, features and labels, computed once."""
        if self._fingerprint is None:
            object.__setattr__(self, "_fingerprint", self._digest())
        return str(self._fingerprint)

    def _digest(self) -> str:
        import hashlib

        digest = hashlib.sha256(f"{self.rows}x{self.n_features}".encode())
        for array in (self.features, self.labels):
            if array is not None:
                digest.update(np.ascontiguousarray(array, dtype="<f8").data)
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
        if self.labels is not None:
            ones = int(self.labels.sum())
            counts = f"{self.classes[0]!r} ({self.rows - ones}), {self.classes[1]!r} ({ones})"
            text += f", label {self.label_name!r}: {counts}"
        return text + (f", {self.dropped_rows} rows dropped" if self.dropped_rows else "")

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
    classes : sequence of two objects or None
        The label values that mean 0 and 1; None takes the two that occur, sorted. With
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
        Anything else that keeps the data from being numbers with two classes.
    """
    if isinstance(data, Dataset):
        return data
    return build_dataset(_read(data, choose_label(label), choose_label(None), header), classes)


def build_dataset(table: Table, classes: Sequence[object] | None = None) -> Dataset:
    """Return a table that was read as a `Dataset`; `classes` and errors as in `as_dataset`."""
    labels, pair = _encode(table, classes)
    return Dataset(
        features=table.features,
        labels=labels,
        feature_names=table.feature_names,
        label_name=table.label_name,
        classes=pair,
        source=_short_name(table.place),
        dropped_rows=table.dropped_rows,
    )


def as_features(
    data: Any,
    n_features: int,
    feature_names: Sequence[str] | None = None,
    classes: Sequence[object] | None = None,
    label: int | str | None = "auto",
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
    classes : sequence of two objects or None
        The model's classes, by which labels become 0 and 1.
    label : int, str or None
        Where the label is, if there is one: the model's label name, a position, ``"auto"``
        (the column left over, else the last). None: the data hold no label.

    Returns
    -------
    features : float64 array, shape (rows, n_features)
        In the model's order.
    labels : float64 array, shape (rows,), or None
        0.0 and 1.0.
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
    labels, _ = _encode(table, classes)
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
    labels = None
    if dataset.labels is not None:
        labels = Labels(dataset.classes, dataset.labels.astype(np.intp), (None, None))
    names = tuple(dataset.feature_names[j] for j in choice.features)
    return Table(
        features, labels, names, dataset.label_name, True, dataset.source, dataset.dropped_rows
    )


def _encode(
    table: Table, classes: Sequence[object] | None
) -> tuple[NDArray[np.float64] | None, tuple[object, object]]:
    if table.labels is not None:
        if classes is None and len(table.labels.codes) < 2:
            raise DataError(
                f"{table.place}: expected at least two rows, got one row. Add rows of both "
                "classes.",
                source=table.place,
            )
        return encode(table.labels, classes, place=table.place, column=table.label_name)
    zero, one = (0, 1) if classes is None else classes
    return None, (zero, one)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    view = array.view()
    view.flags.writeable = False
    return view


def _short_name(place: str) -> str:
    return PurePath(place.partition("?")[0]).name if is_url(place) else PurePath(place).name
