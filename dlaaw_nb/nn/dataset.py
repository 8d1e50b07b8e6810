"""Rows of numbers with a label each: what a network trains on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import DataError
from dlaaw_nb.nn.label_column import Labels
from dlaaw_nb.nn.labels import numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Dataset"]

_COUNTED = 4  # classes whose rows are counted in the summary
_NUMBERS = 20  # more different numbers than this are spoken of as numbers, not as classes


class Dataset:
    """Rows of numbers with a label each.

    The arrays are read-only views; where they were given as float64 they share the giver's
    memory, so change neither before a training is over.

    Parameters
    ----------
    features : float64 array, shape (rows, n_features), C-contiguous
        Finite numbers.
    labels : float64 array, shape (rows,), Labels or None
        Class codes 0.0, 1.0, ..., the positions in `classes`; or a column as a reader gives it.
        None for data without labels.
    feature_names : sequence of str
        One for each feature.
    label_name : str
        Name of the label column.
    classes : sequence of objects or None
        The label values that the codes stand for. None: the codes themselves where all are 0 or 1,
        else the different numbers among the labels.
    source : str
        File name, or the kind of object the data came from.
    dropped_rows : int
        Rows left out because a cell was empty.
    place : str
        Where it came from in full, for messages; `source` when empty.

    Attributes
    ----------
    features, feature_names, label_name, source, dropped_rows
        As given.
    column : Labels or None
        The labels as they were read.

    Raises
    ------
    DataError
        A code has no class.
    """

    __slots__ = (
        "_fingerprint",
        "_place",
        "_unlabelled",
        "column",
        "dropped_rows",
        "feature_names",
        "features",
        "label_name",
        "source",
    )  # fmt: skip

    features: NDArray[np.float64]
    column: Labels | None
    feature_names: tuple[str, ...]
    label_name: str
    source: str
    dropped_rows: int
    _place: str
    _unlabelled: tuple[object, ...]
    _fingerprint: str | None

    def __init__(
        self,
        features: NDArray[np.float64],
        labels: npt.ArrayLike | Labels | None,
        feature_names: Sequence[str],
        label_name: str = "label",
        classes: Sequence[object] | None = None,
        source: str = "arrays",
        dropped_rows: int = 0,
        place: str = "",
    ) -> None:
        column = _column(labels, classes, source) if labels is not None else None
        values = {
            "features": _read_only(features),
            "column": column,
            "feature_names": tuple(feature_names),
            "label_name": label_name,
            "source": source,
            "dropped_rows": dropped_rows,
            "_place": place or source,
            "_unlabelled": (0, 1) if classes is None else tuple(classes),
            "_fingerprint": None,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Dataset is fixed once made, {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Dataset is fixed once made, {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = (
            np.array(self.features), self.column, self.feature_names, self.label_name,
            self._unlabelled, self.source, self.dropped_rows, self._place,
        )  # fmt: skip
        return Dataset, arguments

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.features)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.features.shape[1])

    @property
    def labels(self) -> NDArray[np.float64] | None:
        """Class codes, float64, shape (rows,): 0.0, 1.0, ... for each row; None without labels."""
        return None if self.column is None else _read_only(self.column.class_codes)

    @property
    def classes(self) -> tuple[object, ...]:
        """The label values that the codes stand for, in their order; found when asked for."""
        return self._unlabelled if self.column is None else self.column.classes

    @property
    def class_count(self) -> int:
        """How many different labels there are; 0 without labels. The tuple of them is not made."""
        return 0 if self.column is None else self.column.class_count

    @property
    def targets(self) -> NDArray[np.float64] | None:
        """The labels as numbers for regression, float64, shape (rows,); None without labels.

        Raises
        ------
        DataError
            A label is a word; the message names line and column.
        """
        if self.column is None:
            return None
        return _read_only(numbers_of(self.column, place=self._place, column=self.label_name))

    @property
    def class_counts(self) -> NDArray[np.int64] | None:
        """Rows of each class, int64, shape (class_count,); None without labels."""
        if self.column is None:
            return None
        codes = self.column.class_codes.astype(np.intp)
        return np.bincount(codes, minlength=self.class_count).astype(np.int64, copy=False)

    @property
    def positives(self) -> float | None:
        """Share of the rows of the second of two classes, 0 to 1; None for more, or no labels."""
        if self.column is None or self.class_count > 2:
            return None
        return float(self.column.class_codes.mean())

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of shape, features and labels, computed once."""
        if self._fingerprint is None:
            object.__setattr__(self, "_fingerprint", self._digest())
        return str(self._fingerprint)

    def label_of(self, row: int) -> object:
        """Return the label of a row as it stood in the data.

        Parameters
        ----------
        row : int
            Position from 0.

        Returns
        -------
        object
            A class, or for data without labels None.
        """
        return None if self.column is None else self.column.value(row)

    def _digest(self) -> str:
        import hashlib

        digest = hashlib.sha256(f"{self.rows}x{self.n_features}".encode())
        digest.update(np.ascontiguousarray(self.features, dtype="<f8").data)
        if (column := self.column) is not None:
            # Two classes: their codes alone. Of more, other values are other data.
            pair = column.is_pair
            numbers = column.class_codes if pair else column.targets
            words = np.isnan(numbers).any()
            digest.update(
                np.ascontiguousarray(column.class_codes if words else numbers, "<f8").data
            )
            if words:
                digest.update("\0".join(map(str, column.classes)).encode())
        return digest.hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame: the features, then the labels as the classes they stand for."""
        import pandas as pd

        frame = pd.DataFrame(self.features.copy(), columns=list(self.feature_names))
        if self.column is not None:
            values = self.column.cells()
            frame.insert(self.n_features, self.label_name, values, allow_duplicates=True)
        return frame

    def __repr__(self) -> str:
        return f"Dataset({self._summary()})"

    def _summary(self) -> str:
        text = f"{self.source}: {self.rows} rows x {self.n_features} features"
        if self.column is not None:
            text += f", label {self.label_name!r}: {self._label_summary(self.column)}"
        return text + (f", {self.dropped_rows} rows dropped" if self.dropped_rows else "")

    def _label_summary(self, column: Labels) -> str:
        counts = self.class_counts
        if counts is None or not self.rows:
            return "no rows"
        if len(counts) > _NUMBERS and not np.isnan(column.targets).any():
            low, high = column.targets.min(), column.targets.max()
            return f"{len(counts)} different numbers from {low:g} to {high:g}"
        shown = zip(self.classes[:_COUNTED], counts[:_COUNTED].tolist(), strict=True)
        text = ", ".join(f"{value!r} ({count})" for value, count in shown)
        return text if len(counts) <= _COUNTED else f"{len(counts)} classes, {text}, ..."

    def _repr_html_(self) -> str:
        from html import escape

        head = "".join(f"<th>{escape(name)}</th>" for name in self.feature_names)
        rows = [[f"{value:g}" for value in row] for row in self.features[:5]]
        if self.column is not None:
            head += f"<th>{escape(self.label_name)}</th>"
            for number, cells in enumerate(rows):
                cells.append(escape(str(self.label_of(number))))
        body = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows
        )
        return (
            f"<table><caption>{escape(self._summary())}; the first {len(rows)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def _column(
    labels: npt.ArrayLike | Labels, classes: Sequence[object] | None, source: str
) -> Labels:
    if isinstance(labels, Labels):
        return labels
    codes = np.asarray(labels, np.float64)
    if classes is None:
        if not ((codes == 0) | (codes == 1)).all():
            return Labels(codes)
        classes = (0, 1)
    known = codes.size == 0 or (codes.min() >= 0 and codes.max() < len(classes))
    if not known or (codes % 1).any():
        raise DataError(
            f"{source}: labels: expected codes 0 to {len(classes) - 1}, the positions in the "
            f"{len(classes)} classes, got others. Give as_dataset((features, labels)) the values.",
            source=source,
        )
    return Labels(values=tuple(classes), codes=codes.astype(np.intp), coded=True)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    view = array.view()
    view.flags.writeable = False
    return view
