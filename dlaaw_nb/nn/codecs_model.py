"""The codec of models: the file that ``Model.save`` writes, without what differs from run to run.

So the bytes of a model say what it is and what it was made from: training again with the same data,
settings and kernels gives the same ones. When, where and how long it was trained is told by the
record of the run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.nn.codecs_parts import ClassCodec
from dlaaw_nb.nn.documents import MAX_BYTES, parse_text
from dlaaw_nb.nn.layers.own_trust import remember_own
from dlaaw_nb.nn.model import Model
from dlaaw_nb.nn.model_file import model_text, read_model
from dlaaw_nb.nn.weights import plain
from dlaaw_nb.store.codecs import register_codec

if TYPE_CHECKING:
    from dlaaw_nb.store.codecs import Blob, Buffer

__all__ = ["MODEL"]

_OF_THE_RUN = frozenset(("created", "device", "dlaaw_nb", "seconds"))
"""Entries of a model's provenance that belong to the run that made it."""


class _ModelCodec(ClassCodec):
    """Models, as files that ``Model.load`` reads."""

    name = "model-1"
    suffix = ".json"
    media_type = "application/json"
    kind = Model
    article = "a model"

    def _settled(self, value: Model) -> Model:
        made = {key: item for key, item in value.provenance.items() if key not in _OF_THE_RUN}
        return Model(
            value.spec,  # of a class of its own the network becomes a plain one, as from a file
            value.parameters,
            value.offset,
            value.scale,
            value.classes,
            value.feature_names,
            value.label_name,
            _as_from_file(made),
            target=(0.0, 1.0) if value.classes else value.target,
        )

    def _encoded(self, value: Model) -> list[Buffer]:
        arrays: dict[str, Any] = {
            **value.parameters,
            "offset": value.offset,
            "scale": value.scale,
        }
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds NaN or infinity, for the training diverged")
        remember_own(value.layers)  # whoever reads it here, in a process of its own perhaps
        return [model_text(value).encode()]

    def _decoded(self, blob: Blob) -> Model:
        return read_model(parse_text(str(blob.buffer(), "utf-8"), MAX_BYTES["model"]))


def _as_from_file(made: dict[str, Any]) -> Any:
    text = json.dumps({"made": plain(made)}, allow_nan=False)
    return parse_text(text, MAX_BYTES["model"])["made"]


MODEL = register_codec(_ModelCodec())
