"""The package's own formats as a mapper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlaaw_nb.nn.model import Model
from dlaaw_nb.nn.model_file import model_text, read_model
from dlaaw_nb.nn.network import NNWorkflow

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAPPER"]


class _OwnMapper:
    def knows(self, document: Mapping[str, Any]) -> bool:
        return str(document.get("format", "")).startswith("dlaaw-nb/")

    def read(self, document: Mapping[str, Any]) -> NNWorkflow | Model:
        if document.get("format") == "dlaaw-nb/spec":
            return NNWorkflow.from_spec(document)
        return read_model(document)

    def write(self, thing: NNWorkflow | Model) -> str:
        if isinstance(thing, Model):
            return model_text(thing)
        return json.dumps(thing.spec(), indent=1, allow_nan=False) + "\n"


MAPPER = _OwnMapper()
