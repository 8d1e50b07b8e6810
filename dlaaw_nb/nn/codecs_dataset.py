"""The codec of data sets: features, labels exactly as they were read, and names.

Kept as a zip file of plain arrays. Where on a machine the data came from is left out, for the same
rows from another folder are the same data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.nn.codecs_parts import (
    ClassCodec,
    array_part,
    native,
    plain_values,
    rows_of,
    small_codes,
    words,
)
from dlaaw_nb.nn.dataset import Dataset
from dlaaw_nb.nn.label_column import Labels
from dlaaw_nb.store.codecs import ARRAY, pack, register_codec, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.store.codecs import Blob, Buffer

__all__ = ["DATASET"]


class _DatasetCodec(ClassCodec):
    """Data sets; a network trains on what comes back to the same bits."""

    name = "dataset-1"
    suffix = ".dataset.zip"
    media_type = "application/zip"
    kind = Dataset
    article = "a data set"

    def _settled(self, value: Dataset) -> Dataset:
        column = value.column
        settled = Dataset(
            np.ascontiguousarray(value.features, np.float64),
            None if column is None else _settled_labels(column),
            tuple(map(str, value.feature_names)),
            str(value.label_name),
            None if column is not None else plain_values(value.classes),
            str(value.source),
            int(value.dropped_rows),
        )
        _check(settled)
        return settled

    def _encoded(self, value: Dataset) -> list[Buffer]:
        column = value.column
        manifest: dict[str, Any] = {
            "format": self.name,
            "source": value.source,
            "feature_names": value.feature_names,
            "label_name": value.label_name,
            "dropped_rows": value.dropped_rows,
            "classes": value.classes if column is None else None,
        }
        arrays = {"features.npy": value.features}
        if column is not None:
            known = None if column.numbers is not None else column.values
            manifest["labels"] = {"values": known, "coded": column.coded}
            arrays |= _label_arrays(column)
        return pack(manifest, {name: ARRAY.encode(array) for name, array in arrays.items()})

    def _decoded(self, blob: Blob) -> Dataset:
        manifest, parts = unpack(blob)
        if manifest["format"] != self.name:
            raise ValueError("another format")
        features = array_part(parts, "features.npy", "f", 2)
        if features.dtype != np.float64:
            raise ValueError(f"features of {features.dtype}")
        labels = manifest.get("labels")
        dropped = manifest["dropped_rows"]
        if type(dropped) is not int or dropped < 0:
            raise ValueError("no count of dropped rows")
        (label_name,) = words([manifest["label_name"]], "a label name")
        (source,) = words([manifest["source"]], "a source")
        dataset = Dataset(
            features,
            None if labels is None else _labels(labels, parts),
            words(manifest["feature_names"], "feature names"),
            label_name,
            None if labels is not None else plain_values(manifest["classes"]),
            source,
            dropped,
        )
        _check(dataset)
        return dataset


def _settled_labels(column: Labels) -> Labels:
    if column.numbers is not None:
        numbers = native(np.asarray(column.numbers))
        if numbers is column.numbers:
            return column
        return Labels(numbers, lines=column.lines, coded=column.coded)
    values, codes = plain_values(column.values), np.asarray(column.codes, np.intp)
    return Labels(values=values, codes=codes, lines=column.lines, coded=column.coded)


def _label_arrays(column: Labels) -> dict[str, Any]:
    if column.numbers is not None:
        arrays = {"numbers.npy": column.numbers}
    else:
        arrays = {"codes.npy": small_codes(column.codes, len(column.values))}
    if column.lines is not None:
        arrays["lines.npy"] = np.asarray(column.lines, np.int64)
    return arrays


def _labels(about: Mapping[str, Any], parts: Mapping[str, Blob]) -> Labels:
    known, coded = about["values"], about["coded"]
    if type(coded) is not bool:
        raise TypeError("labels that are broken")
    lines = array_part(parts, "lines.npy", "i", 1) if "lines.npy" in parts else None
    if known is None:
        return Labels(array_part(parts, "numbers.npy", "biuf", 1), lines=lines, coded=coded)
    codes = array_part(parts, "codes.npy", "u", 1).astype(np.intp)
    return Labels(values=plain_values(known), codes=codes, lines=lines, coded=coded)


def _check(dataset: Dataset) -> None:
    """Require that everything has as many rows and columns as the features."""
    rows, columns = dataset.features.shape
    if len(dataset.feature_names) != columns:
        raise ValueError(f"{len(dataset.feature_names)} names for {columns} features")
    column = dataset.column
    if column is None:
        return
    if column.numbers is None:
        rows_of(column.codes, rows, "labels")
        small_codes(column.codes, len(column.values))
    else:
        rows_of(column.numbers, rows, "labels")
    if column.lines is not None:
        rows_of(np.asarray(column.lines), rows, "lines")


DATASET = register_codec(_DatasetCodec())
