"""DATAVIEW's specification and model files, read and written.

A specification is what DATAVIEW's NNTrainer sends to a GPU service: ``wIpt``, ``wOpt`` (paths of
data and output), ``numOfBatches``, ``numOfEpochs`` (whole numbers as text) and ``LayerArc``: by
the layer's number ``"0,IN,OUT"`` for Linear, ``"1"`` for ReLU, ``"2"`` for Sigmoid. A model file
has ``LayerArc`` and ``SavedModel``: by the number of each Linear layer ``bias`` and ``weight``,
JSON lists as text, a weight in IN rows of OUT numbers (one flat list where OUT is 1); and
``DeviceInfo``, ``TestingAccuracy``, ``TrainingCostAtEpoch``. Features and labels have no names in
it, and how features were scaled is not said.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.convert.dataview_layers import (
    layer_arc,
    make_network,
    read_count,
    read_layers,
    required,
)
from dlaaw_nb.convert.dataview_model import DataviewModel
from dlaaw_nb.errors import FormatError, SaveError
from dlaaw_nb.nn.documents import parse_text
from dlaaw_nb.nn.hyperparameters import shown
from dlaaw_nb.nn.layers import Linear
from dlaaw_nb.nn.model import Model
from dlaaw_nb.nn.result_parts import device_text
from dlaaw_nb.nn.weights import array_from_json, array_text

if TYPE_CHECKING:
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["MAPPER", "DataviewSpec", "executor_output", "model_text", "read_model", "read_spec"]

_NOT_FINITE = re.compile("nan|inf|#ind", re.IGNORECASE)
_MAX_NUMBER = 64  # characters of one number with what stands around it
_LARGEST = 1e300


@dataclass(frozen=True)
class DataviewSpec:
    """What a specification of DATAVIEW says.

    Attributes
    ----------
    network : NNWorkflow
        Layers, batches and epochs; scaled as DATAVIEW does, to 0..1 over all rows.
    data, output : str
        Paths of the data and of the output.
    """

    network: NNWorkflow
    data: str
    output: str

    def to_text(self) -> str:
        """Write it as DATAVIEW has it.

        Raises
        ------
        FormatError
            When DATAVIEW has no such layer.
        """
        document = {
            "wIpt": self.data,
            "wOpt": self.output,
            "numOfBatches": str(self.network.batches),
            "numOfEpochs": str(self.network.epochs),
            "LayerArc": layer_arc(self.network),
        }
        return json.dumps(document, indent=1) + "\n"


def read_spec(document: Mapping[str, Any]) -> DataviewSpec:
    """Read a specification.

    Parameters
    ----------
    document : mapping
        Parsed JSON.

    Returns
    -------
    DataviewSpec
        What it says.

    Raises
    ------
    FormatError
        When something is missing or wrong; the message names the place.
    """
    layers = read_layers(required(document, "LayerArc", Mapping, "an object of layers by number"))
    counts = {}
    for key, name in (("numOfBatches", "batches"), ("numOfEpochs", "epochs")):
        counts[name] = read_count(required(document, key, (str, int), "a whole number"), key)
    paths = [required(document, key, str, "a path") for key in ("wIpt", "wOpt")]
    return DataviewSpec(make_network(layers, **counts), *paths)


def read_model(document: Mapping[str, Any]) -> DataviewModel:
    """Read a trained model.

    Parameters
    ----------
    document : mapping
        Parsed JSON.

    Returns
    -------
    DataviewModel
        A model that takes minimum and maximum of the features from what it predicts.

    Raises
    ------
    FormatError
        When something is missing or wrong; the message names the place.
    """
    layers = read_layers(required(document, "LayerArc", Mapping, "an object of layers by number"))
    network = make_network(layers)
    saved = required(document, "SavedModel", Mapping, "an object of weights by layer number")
    wanted = {str(k): layer for k, layer in enumerate(network.layers) if isinstance(layer, Linear)}
    extra = [key for key in saved if key not in wanted]
    if extra:
        raise FormatError(
            f"SavedModel: {shown(extra[0])} is no Linear layer in LayerArc. Take it away.",
            "SavedModel",
        )
    parameters: dict[str, np.ndarray] = {}
    for key, layer in wanted.items():
        place = f"SavedModel.{key}"
        if not isinstance(saved.get(key), Mapping):
            raise FormatError(
                f"{place}: layer {key} is Linear in LayerArc, but has no bias and weight. Save "
                "the model again.",
                place,
            )
        parameters |= _arrays(saved[key], layer, place)
    return DataviewModel(network, parameters, _provenance(document))


def model_text(model: Model) -> str:
    """Write a model as DATAVIEW has it.

    Parameters
    ----------
    model : Model
        Of Linear, ReLU and Sigmoid layers. How its features are scaled is lost: DATAVIEW takes
        minimum and maximum from the file that is predicted.

    Returns
    -------
    str
        JSON.

    Raises
    ------
    FormatError
        When DATAVIEW has no such layer.
    SaveError
        When a weight is NaN or infinite, or features are scaled in a way that DATAVIEW has not.
    """
    _warn_of_losses(model)
    saved = {}
    for number, layer in enumerate(model.layers):
        if isinstance(layer, Linear):
            weight = model.parameters[f"{layer.name}.weight"].T
            if not (
                np.isfinite(weight).all()
                and np.isfinite(model.parameters[f"{layer.name}.bias"]).all()
            ):
                raise SaveError(
                    f"not written, for {layer.name} holds NaN or infinity: the training diverged. "
                    "Train again with a smaller learning_rate or momentum."
                )
            flat = weight[:, 0] if layer.out_features == 1 else weight
            bias = model.parameters[f"{layer.name}.bias"]
            rows = " ".join(array_text(flat).split())
            saved[str(number)] = {"bias": array_text(bias), "weight": rows}
    made = model.provenance
    costs = made.get("costs") or ()
    document = {
        "DeviceInfo": _device_info(made),
        "LayerArc": layer_arc(model.network),
        "SavedModel": saved,
        "TestingAccuracy": made.get("accuracy"),
        "TrainingCostAtEpoch": {str(epoch): cost for epoch, cost in costs},
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def executor_output(accuracy: float, device: Mapping[str, Any]) -> str:
    """Write what DATAVIEW's NNExecutor puts out.

    Parameters
    ----------
    accuracy : float
        Share of the rows that are right.
    device : mapping
        What it ran on, as events describe it.

    Returns
    -------
    str
        ``{"Accuracy": ..., "DeviceInfo": ...}``.
    """
    found = accuracy if math.isfinite(accuracy) else None
    document = {"Accuracy": found, "DeviceInfo": device_text(device)}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


class _DataviewMapper:
    def knows(self, document: Mapping[str, Any]) -> bool:
        return "LayerArc" in document

    def read(self, document: Mapping[str, Any]) -> NNWorkflow | Model:
        if "SavedModel" in document:
            return read_model(document)
        return read_spec(document).network

    def write(self, thing: NNWorkflow | Model) -> str:
        if isinstance(thing, Model):
            return model_text(thing)
        return DataviewSpec(thing, "", "output.txt").to_text()


MAPPER = _DataviewMapper()


def _device_info(made: Mapping[str, Any]) -> str:
    device = made.get("device") or {}
    return str(device.get("name", "")) if made.get("system") == "DATAVIEW" else device_text(device)


def _warn_of_losses(model: Model) -> None:
    """Say what DATAVIEW's file does not hold."""
    if model.normalization != "minmax":
        raise SaveError(
            f"not written, for {model.name} scales features by normalize={model.normalization!r}, "
            "and DATAVIEW by minimum and maximum alone. Train with normalize='minmax'."
        )
    if isinstance(model, DataviewModel):
        return
    words = "" if model.classes == (0, 1) else f", and its classes {model.classes!r} become 0 and 1"
    warnings.warn(
        f"{model.name}: DATAVIEW's file does not hold the minimum and maximum of the training "
        f"data; it takes those of each file that is predicted{words}.",
        UserWarning,
        stacklevel=4,
    )


def _arrays(saved: Mapping[str, Any], layer: Linear, place: str) -> dict[str, np.ndarray]:
    n, m = layer.in_features, layer.out_features
    bias = _numbers(saved, "bias", (m,), place)
    weight = _numbers(saved, "weight", (n,) if m == 1 else (n, m), place).reshape(n, m)
    return {f"{layer.name}.weight": weight.T.copy(), f"{layer.name}.bias": bias}


def _numbers(saved: Mapping[str, Any], key: str, shape: tuple[int, ...], place: str) -> np.ndarray:
    """Read a JSON list that stands as text; it is measured before numbers are made of it."""
    text, where, count = saved.get(key), f"{place}.{key}", math.prod(shape)
    needs = f"{' x '.join(map(str, shape))} numbers"
    if not isinstance(text, str):
        raise FormatError(f"{where}: expected {needs} as text, got {shown(text)}.", where)
    if _NOT_FINITE.search(text):
        raise FormatError(
            f"{where}: expected {needs}, all finite numbers, got NaN or infinity: that training "
            "diverged. Train again in DATAVIEW with a smaller learning rate.",
            where,
        )
    if text.count(",") + 1 != count or len(text) > _MAX_NUMBER * count:
        raise FormatError(
            f"{where}: expected {needs}, got {text.count(',') + 1:,} in {len(text):,} characters. "
            "LayerArc and SavedModel must be of one network.",
            where,
        )
    try:
        found = parse_text('{"list": ' + text + "}", len(text) + 10)
    except FormatError as error:
        raise FormatError(f"{where}: expected {needs}: {error}", where) from error
    if list(found) != ["list"]:
        raise FormatError(f"{where}: expected one JSON list, got more.", where)
    numbers = array_from_json(found["list"], shape, where)
    if not (np.abs(numbers) <= np.finfo(np.float32).max).all():
        raise FormatError(f"{where}: expected numbers that float32 can hold, got larger.", where)
    return numbers


def _real(value: object, place: str) -> float | None:
    """Read a number of a report; None for none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > _LARGEST:
        raise FormatError(f"{place}: expected a number, got {shown(value)}.", place)
    return float(value)


def _provenance(document: Mapping[str, Any]) -> dict[str, Any]:
    costs = document.get("TrainingCostAtEpoch")
    if not isinstance(costs, (Mapping, type(None))):
        place = "TrainingCostAtEpoch"
        raise FormatError(f"{place}: expected costs by epoch, got {shown(costs)}.", place)
    known = [
        (read_count(epoch, "TrainingCostAtEpoch"), _real(cost, f"TrainingCostAtEpoch.{epoch[:20]}"))
        for epoch, cost in (costs or {}).items()
    ]
    return {
        "system": "DATAVIEW",
        "device": {"kind": "gpu", "name": str(document.get("DeviceInfo", ""))[:2000]},
        "accuracy": _real(document.get("TestingAccuracy"), "TestingAccuracy"),
        "costs": [list(pair) for pair in sorted(known)],
    }
