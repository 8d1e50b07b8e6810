"""Model files: JSON text, in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.errors import FormatError, NetworkError, SaveError
from dlaaw_nb.nn.documents import read_document
from dlaaw_nb.nn.layers.own_trust import remember_own
from dlaaw_nb.nn.mapper import build_network
from dlaaw_nb.nn.model import Model
from dlaaw_nb.nn.network import NNWorkflow
from dlaaw_nb.nn.weights import array_from_json, array_text, checked_parameters, plain
from dlaaw_nb.store.files import write_text

if TYPE_CHECKING:
    import os

__all__ = ["model_text", "read_model", "write_model"]


def write_model(path: str | os.PathLike[str], model: Model) -> Path:
    """Write a model file.

    Parameters
    ----------
    path : str or path
        The file to write or replace.
    model : Model
        The model.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    SaveError
        When it cannot be written, or a number in it is NaN or infinite.
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        **model.parameters,
        "offset": model.offset,
        "scale": model.scale,
    }
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise SaveError(
                f"{path}: not written, for {name} holds NaN or infinity: the training diverged. "
                "Train again with a smaller learning_rate or momentum."
            )
    remember_own(model.layers)
    return write_text(path, model_text(model))


def read_model(source: Mapping[str, Any] | str | os.PathLike[str]) -> Model:
    """Read a model file; nothing in it is executed.

    Parameters
    ----------
    source : mapping, str or path
        The file, or what it holds.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    FormatError, VersionError, MissingDataError
        As for ``Model.load``.
    """
    inside = isinstance(source, Mapping)
    document = read_document(source if inside else Path(source), "model")  # type: ignore[arg-type]
    where = "" if inside else f"{source}: "
    try:
        return _from_document(document)
    except FormatError as error:
        raise FormatError(f"{where}{error}", error.path) from error
    except NetworkError as error:
        raise FormatError(f"{where}{error}") from error


def model_text(model: Model) -> str:
    """Write a model as JSON text.

    Parameters
    ----------
    model : Model
        The model, with finite numbers.

    Returns
    -------
    str
        What `write_model` writes.
    """
    arrays = ",\n".join(
        f"  {json.dumps(name)}: {array_text(array)}" for name, array in model.parameters.items()
    )
    normalization = {
        "kind": model.normalization,
        "offset": model.offset.tolist(),
        "scale": model.scale.tolist(),
    }
    target = dict(zip(("offset", "scale"), model.target, strict=True))
    parts = {
        "format": json.dumps("dlaaw-nb/model"),
        "version": "1",
        "network": json.dumps(model.spec, indent=1).replace("\n", "\n "),
        "parameters": f"{{\n{arrays}\n }}",
        "normalization": json.dumps(normalization, allow_nan=False),
        "classes": json.dumps(model.classes, allow_nan=False),
        **({} if model.classes else {"target": json.dumps(target)}),
        "feature_names": json.dumps(model.feature_names),
        "label_name": json.dumps(model.label_name),
        "made": json.dumps(plain(model.provenance), allow_nan=False),
    }
    lines = ",\n".join(f' "{key}": {text}' for key, text in parts.items())
    return f"{{\n{lines}\n}}\n"


def _from_document(document: Mapping[str, Any]) -> Model:
    try:
        network = build_network(document["network"], NNWorkflow)
    except FormatError as error:
        path = f"network.{error.path}".rstrip(".")
        raise FormatError(f"network: {error}", path) from error
    normalization = document["normalization"]
    if normalization["kind"] != network.normalize:
        raise FormatError(
            f"normalization.kind: expected {network.normalize!r} as in the network, got "
            f"{normalization['kind']!r}.",
            "normalization.kind",
        )
    width = (network.in_features,)
    target = document.get("target", {"offset": 0.0, "scale": 1.0})
    return Model(
        network,
        _parameters(document["parameters"], network.array_shapes),
        array_from_json(normalization["offset"], width, "normalization.offset"),
        array_from_json(normalization["scale"], width, "normalization.scale"),
        document["classes"],
        document["feature_names"],
        document["label_name"],
        document["made"],
        target=(target["offset"], target["scale"]),
    )


def _parameters(
    found: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, npt.NDArray[np.float32]]:
    arrays = {
        name: array_from_json(value, shapes[name], f"parameters.{name}")
        if name in shapes
        else value
        for name, value in found.items()
    }
    try:
        return checked_parameters(shapes, arrays, finite=True)
    except NetworkError as error:
        raise FormatError(str(error), "parameters") from error
