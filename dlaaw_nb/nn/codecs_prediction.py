"""The codec of predictions: probabilities, labels, truth, outputs of layers, and the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.nn.codecs_model import MODEL
from dlaaw_nb.nn.codecs_parts import (
    ClassCodec,
    array_part,
    native,
    plain_values,
    rows_of,
    small_codes,
    words,
)
from dlaaw_nb.nn.prediction import Prediction
from dlaaw_nb.store.codecs import ARRAY, pack, register_codec, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dlaaw_nb.store.codecs import Blob, Buffer

__all__ = ["PREDICTION"]

_NUMBERS, _WORDS = "labels.npy", "label_codes.npy"


class _PredictionCodec(ClassCodec):
    """Predictions, each with the model that made it."""

    name = "prediction-1"
    suffix = ".prediction.zip"
    media_type = "application/zip"
    kind = Prediction
    article = "a prediction"

    def _settled(self, value: Prediction) -> Prediction:
        chances, truth, model = value.probabilities, value.true_labels, value.model
        settled = Prediction(
            None if chances is None else np.ascontiguousarray(chances, np.float32),
            _settled_labels(np.asarray(value.labels)),
            {str(name): np.ascontiguousarray(a, np.float32) for name, a in value.outputs.items()},
            None if truth is None else np.ascontiguousarray(truth, np.float64),
            int(value.dropped_rows),
            None if model is None else MODEL.settle(model),
        )
        _check(settled)
        return settled

    def _encoded(self, value: Prediction) -> list[Buffer]:
        labels, known = value.labels, None
        arrays: dict[str, Any] = {}
        if labels.dtype.kind in "biuf":
            arrays[_NUMBERS] = labels
        else:
            known, codes = _coded(labels)
            arrays[_WORDS] = small_codes(codes, len(known))
        if value.probabilities is not None:
            arrays["probabilities.npy"] = value.probabilities
        if value.true_labels is not None:
            arrays["true_labels.npy"] = value.true_labels
        for number, array in enumerate(value.outputs.values(), 1):
            arrays[f"outputs/{number}.npy"] = array
        manifest = {
            "format": self.name,
            "labels": known,
            "mixed": labels.dtype == object,
            "outputs": list(value.outputs),
            "dropped_rows": value.dropped_rows,
        }
        parts = {name: ARRAY.encode(array) for name, array in arrays.items()}
        if value.model is not None:
            parts["model.json"] = MODEL.encode(value.model)
        return pack(manifest, parts)

    def _decoded(self, blob: Blob) -> Prediction:
        manifest, parts = unpack(blob)
        dropped = manifest["dropped_rows"]
        if manifest["format"] != self.name or type(dropped) is not int or dropped < 0:
            raise ValueError("another format")
        names = words(manifest["outputs"], "outputs")
        prediction = Prediction(
            _optional(parts, "probabilities.npy", np.float32),
            _labels(manifest, parts),
            {
                name: _float32(array_part(parts, f"outputs/{number}.npy", "f", 2))
                for number, name in enumerate(names, 1)
            },
            _optional(parts, "true_labels.npy", np.float64),
            dropped,
            MODEL.decode(parts["model.json"]) if "model.json" in parts else None,
        )
        _check(prediction)
        return prediction


def _settled_labels(labels: NDArray[Any]) -> NDArray[Any]:
    if labels.dtype.kind in "biuf":
        return native(labels)
    if labels.dtype.kind == "U":
        return np.ascontiguousarray(labels, f"=U{max(np.char.str_len(labels).max(initial=1), 1)}")
    values, codes = _coded(labels)
    return _words(values, codes, mixed=True)


def _coded(labels: NDArray[Any]) -> tuple[tuple[Any, ...], NDArray[np.intp]]:
    """List the different values in the order they come, and the position of each row's."""
    if labels.dtype.kind == "U":
        found, first, places = np.unique(labels, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return tuple(found[order].tolist()), np.argsort(order)[places.reshape(-1)]
    if labels.dtype != object:
        raise TypeError(f"expected words or numbers as labels, got {labels.dtype}")
    known: dict[tuple[type, Any], int] = {}
    values = plain_values(labels.reshape(-1).tolist())
    codes = [known.setdefault((type(value), value), len(known)) for value in values]
    return tuple(value for _, value in known), np.array(codes, np.intp)


def _words(values: tuple[Any, ...], codes: NDArray[np.intp], *, mixed: bool) -> NDArray[Any]:
    if not mixed:
        return np.array(values, np.str_)[codes]
    table = np.empty(len(values), object)
    table[:] = values
    return table[codes]


def _labels(manifest: Mapping[str, Any], parts: Mapping[str, Blob]) -> NDArray[Any]:
    if manifest["labels"] is None:
        return array_part(parts, _NUMBERS, "biuf", 1)
    mixed = manifest["mixed"] is True
    known = plain_values(manifest["labels"]) if mixed else words(manifest["labels"], "labels")
    codes = array_part(parts, _WORDS, "u", 1).astype(np.intp)
    small_codes(codes, len(known))
    return _words(known, codes, mixed=mixed)


def _optional(parts: Mapping[str, Blob], name: str, dtype: Any) -> NDArray[Any] | None:
    if name not in parts:
        return None
    array = ARRAY.decode(parts[name])
    if array.dtype != dtype or array.ndim > 2:
        raise ValueError(f"{name}: {array.dtype} with {array.ndim} axes")
    return np.ascontiguousarray(array)


def _float32(array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype != np.float32:
        raise ValueError(f"outputs of {array.dtype}")
    return array


def _check(prediction: Prediction) -> None:
    """Require that everything has as many rows as the labels, and fits the model's classes."""
    if prediction.labels.ndim != 1:
        raise ValueError(f"labels with {prediction.labels.ndim} axes")
    rows, chances = len(prediction.labels), prediction.probabilities
    for name, array in prediction.outputs.items():
        rows_of(array, rows, f"output {name}")
    if prediction.true_labels is not None:
        if prediction.true_labels.ndim != 1:
            raise ValueError("true labels with several axes")
        rows_of(prediction.true_labels, rows, "true labels")
    if chances is None:
        native(prediction.labels)  # numbers are predicted
        return
    rows_of(chances, rows, "probabilities")
    wanted = 2 if chances.ndim == 1 else chances.shape[1]
    model = prediction.model
    if chances.ndim > 2 or (model is not None and len(model.classes) != wanted):
        raise ValueError(f"probabilities of shape {chances.shape} for other classes")
    truth = prediction.true_labels
    if truth is not None and not np.isin(truth, np.arange(wanted)).all():
        raise ValueError(f"true labels that are none of {wanted} classes")


PREDICTION = register_codec(_PredictionCodec())
