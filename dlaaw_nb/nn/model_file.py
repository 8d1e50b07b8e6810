"""Model files: JSON text, in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.errors import FormatError, NetworkError, SaveError
from dlaaw_nb.nn.documents import read_document
from dlaaw_nb.nn.files import write_text
from dlaaw_nb.nn.mapper import build_network
from dlaaw_nb.nn.model import Model
from dlaaw_nb.nn.network import NNWorkflow
from dlaaw_nb.nn.weights import array_from_json, array_text, checked_parameters, plain

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["read_model", "write_model"]


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
    return write_text(path, _model_text(model))


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; nothing in it is executed.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    FormatError, VersionError, MissingDataError
        As for ``Model.load``.
    """
    document = read_document(Path(path), "model")
    try:
        return _from_document(document)
    except FormatError as error:
        raise FormatError(f"{path}: {error}", error.path) from error
    except NetworkError as error:
        raise FormatError(f"{path}: {error}") from error


def _model_text(model: Model) -> str:
    arrays = ",\n".join(
        f"  {json.dumps(name)}: {array_text(array)}" for name, array in model.parameters.items()
    )
    normalization = {
        "kind": model.normalization,
        "offset": model.offset.tolist(),
        "scale": model.scale.tolist(),
    }
    parts = {
        "format": json.dumps("dlaaw-nb/model"),
        "version": "1",
        "network": json.dumps(model.spec, indent=1).replace("\n", "\n "),
        "parameters": f"{{\n{arrays}\n }}",
        "normalization": json.dumps(normalization, allow_nan=False),
        "classes": json.dumps(model.classes, allow_nan=False),
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
    return Model(
        network,
        _parameters(document["parameters"], network.array_shapes),
        array_from_json(normalization["offset"], width, "normalization.offset"),
        array_from_json(normalization["scale"], width, "normalization.scale"),
        document["classes"],
        document["feature_names"],
        document["label_name"],
        document["made"],
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
