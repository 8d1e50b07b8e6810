"""Arrays, lists and DataFrames to numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import DataError
from dlaaw_nb.nn.columns import Choose, Header, Table, is_gap
from dlaaw_nb.nn.label_column import Labels
from dlaaw_nb.nn.labels import is_finite_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["is_frame", "read_array", "read_frame", "read_pair"]

_NUMERIC = "biuf"


def is_frame(data: object) -> bool:
    """Whether an object is a pandas DataFrame, found out without importing pandas."""
    return type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns")


def read_frame(frame: Any, choose: Choose) -> Table:
    """Read a DataFrame: its missing values are gaps, its index is left aside.

    Raises
    ------
    DataError
        No rows, two columns of one name, or a feature that holds text or infinities.
    """
    place = "DataFrame"
    header = Header.named(frame.columns, place)
    choice = choose(header)
    _require_rows(len(frame), place)
    features = np.empty((len(frame), len(choice.features)))
    for k, j in enumerate(choice.features):
        features[:, k] = _frame_numbers(frame.iloc[:, j], header.names[j])
    keep: NDArray[np.bool_] = ~np.any(np.isnan(features), axis=1)
    labels = None
    if choice.label is not None:
        column = frame.iloc[:, choice.label]
        keep &= ~column.isna().to_numpy()
        dtype: Any = object
        if getattr(column.dtype, "kind", "O") in _NUMERIC:
            dtype = getattr(column.dtype, "numpy_dtype", column.dtype)
        else:
            keep &= [not is_gap(word) for word in column.to_numpy(dtype=object)]
        words = column[keep].to_numpy(dtype=dtype)
        labels = _array_labels(words, place, header.names[choice.label])
    dropped = len(keep) - int(keep.sum())
    if dropped == len(keep):
        raise DataError(
            f"{place}: expected rows without gaps, got {dropped} rows that all have one. Fill "
            "them (frame.fillna) or leave out the columns that have most.",
            source=place,
        )
    return Table(
        features=features[keep] if dropped else features,
        labels=labels,
        feature_names=tuple(header.names[j] for j in choice.features),
        label_name="label" if choice.label is None else header.names[choice.label],
        headed=True,
        place=place,
        dropped_rows=dropped,
        kept=keep if dropped else None,
    )


def _frame_numbers(column: Any, name: str) -> NDArray[np.float64]:
    """Return a feature column as numbers, NaN for its gaps."""
    if getattr(column.dtype, "kind", "O") in _NUMERIC:
        numbers: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        numbers = np.full(len(column), np.nan)
        for i, (cell, missing) in enumerate(zip(column, column.isna(), strict=True)):
            if not missing and not is_gap(cell):
                numbers[i] = _frame_cell(cell, column, name, i)
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(infinite.argmax())
        raise DataError(
            f"DataFrame, row {row} (from 0; index {column.index[row]!r}), column {name!r}: "
            f"expected a finite number, got {numbers[row]}. Replace it, or put NaN there to have "
            "the row dropped.",
            source="DataFrame",
            column=name,
        )
    return numbers


def _frame_cell(cell: Any, column: Any, name: str, row: int) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise DataError(
            f"DataFrame, row {row} (from 0; index {column.index[row]!r}), column {name!r}: "
            f"expected a number, got {cell!r}. Code its words as numbers, "
            f"pandas.get_dummies(frame, columns=[{name!r}]), or leave it out, "
            f"frame.drop(columns={name!r}); if it is the label, pass label={name!r}.",
            source="DataFrame",
            column=name,
        ) from None


def read_array(data: Any, choose: Choose, *, place: str = "arrays") -> Table:
    """Read a 2-D array or a sequence of rows.

    Float64 features that need no column taken out are not copied.

    Raises
    ------
    DataError
        Not two dimensions, no rows, ragged rows, or cells that are no finite numbers.
    """
    array = _as_array(data, place)
    if array is None:
        return _read_cells(data.tolist() if isinstance(data, np.ndarray) else data, choose, place)
    _require_rows(len(array), place)
    header = Header.unnamed(array.shape[1], place)
    choice = choose(header)
    finite = np.isfinite(array)
    if not finite.all():
        row, column = map(int, np.argwhere(~finite)[0])
        raise _bad_cell(place, row, column, float(array[row, column]))
    taken = array if choice.label is None else _without(array, choice.label)
    return Table(
        features=np.ascontiguousarray(taken, dtype=np.float64),
        labels=None if choice.label is None else Labels(array[:, choice.label]),
        feature_names=tuple(header.names[j] for j in choice.features),
        label_name="label" if choice.label is None else header.names[choice.label],
        headed=False,
        place=place,
    )


def _without(array: NDArray[Any], column: int) -> NDArray[Any]:
    if column == array.shape[1] - 1:
        return array[:, :-1]
    return np.delete(array, column, axis=1)


def read_pair(features: Any, labels: Any, choose: Choose) -> Table:
    """Read features and labels given as two objects; None for no labels.

    Raises
    ------
    DataError
        As `read_array`, or when the two differ in length.
    """
    reader = read_frame if is_frame(features) else read_array
    table = reader(features, choose)
    if labels is None:
        return table
    if table.labels is not None:
        raise DataError(
            f"{table.place}: expected features without a label column beside the labels, got one "
            "column too many. Leave the label column out of the features.",
            source=table.place,
        )
    name = getattr(labels, "name", None)
    label_name = "label" if name is None else str(name)
    values = _label_values(labels, len(table.features) + table.dropped_rows, table.place)
    if table.kept is not None:
        values = values[table.kept]
    found = _array_labels(values, table.place, label_name)
    return replace(table, labels=found, label_name=label_name)


def _label_values(labels: Any, rows: int, place: str) -> NDArray[Any]:
    """Return labels given apart as an array, shape (rows,)."""
    try:
        values = np.asarray(labels)
    except ValueError:
        values = np.empty(0)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values.ravel()
    if values.shape != (rows,):
        raise DataError(
            f"{place}: expected one label for each of the {rows} rows of features, shape "
            f"({rows},), got {type(labels).__name__} of shape {values.shape}. Give as many "
            "labels as rows.",
            source=place,
        )
    return values


def _array_labels(values: NDArray[Any], place: str, name: str) -> Labels:
    if values.dtype.kind not in _NUMERIC:
        return _object_labels(values.tolist(), place, name)
    finite = np.isfinite(values)
    if not finite.all():
        row = int((~finite).argmax())
        raise _bad_cell(place, row, name, float(values[row]))
    return Labels(values)


def _object_labels(values: Any, place: str, name: str) -> Labels:
    for row, value in enumerate(values):
        hashable = isinstance(value, (str, int, float, bool, np.generic))
        if not hashable or is_gap(value) or not is_finite_label(value):
            raise _bad_cell(place, row, name, value)
    return Labels.of_objects(values)


def _as_array(data: Any, place: str) -> NDArray[Any] | None:
    """Return data as a 2-D array of numbers; None where the cells must be read one by one."""
    if isinstance(data, np.ma.MaskedArray):
        data = np.ma.filled(data.astype(np.float64), np.nan)
    if isinstance(data, (list, tuple)):
        try:
            array = np.array(data, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            return None
        if array.ndim == 2 and not np.isfinite(array).all():
            return None
    else:
        array = np.asarray(data)
    if array.ndim != 2:
        raise DataError(
            f"{place}: expected a 2-D array (rows, columns), got {type(data).__name__} of shape "
            f"{array.shape}. Give a path, a URL, a DataFrame, a 2-D array, or (features, labels).",
            source=place,
        )
    if array.dtype.kind in "OUS":
        return None
    if array.dtype.kind not in _NUMERIC:
        raise DataError(
            f"{place}: expected real numbers, got an array of {array.dtype}. Convert it to "
            "numbers first.",
            source=place,
        )
    return array


def _read_cells(rows: Sequence[Any], choose: Choose, place: str) -> Table:
    """Read rows of mixed Python objects."""
    cells = [list(row) if isinstance(row, (list, tuple, np.ndarray)) else [row] for row in rows]
    _require_rows(len(cells), place)
    header = Header.unnamed(len(cells[0]), place)
    for i, row in enumerate(cells):
        if len(row) != len(header.names):
            raise DataError(
                f"{place}, row {i} (from 0): expected {len(header.names)} cells, as many as the "
                f"first row has, got {len(row)}. Mend the row.",
                source=place,
            )
    choice = choose(header)
    kept = [(i, row) for i, row in enumerate(cells) if not any(map(is_gap, row))]
    _require_rows(len(kept), f"{place} (rows without gaps)")
    numbers = [[_cell_number(row[j], place, i, j) for j in choice.features] for i, row in kept]
    label = choice.label
    name = "label" if label is None else header.names[label]
    words = None if label is None else [row[label] for _, row in kept]
    return Table(
        features=np.array(numbers, dtype=np.float64),
        labels=None if words is None else _object_labels(words, place, name),
        feature_names=tuple(header.names[j] for j in choice.features),
        label_name=name,
        headed=False,
        place=place,
        dropped_rows=len(cells) - len(kept),
        kept=np.array([not any(map(is_gap, row)) for row in cells]),
    )


def _cell_number(cell: Any, place: str, row: int, column: int) -> float:
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        raise _bad_cell(place, row, column, cell) from None
    if not np.isfinite(number):
        raise _bad_cell(place, row, column, number)
    return number


def _bad_cell(place: str, row: int, column: int | str, value: object) -> DataError:
    where = f"column {column!r}" if isinstance(column, str) else f"column {column}"
    return DataError(
        f"{place}, row {row}, {where} (from 0): expected a finite number, got {value!r}. Mend "
        "the value or leave the row out.",
        source=place,
        column=column,
    )


def _require_rows(rows: int, place: str) -> None:
    if not rows:
        raise DataError(f"{place}: expected rows, got none. Give at least two.", source=place)
