"""The JSON Schemas of specifications and models."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.schema import require_valid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jsonschema.protocols import Validator

__all__ = ["check_schema", "load_schema"]


def check_schema(document: Mapping[str, Any], kind: str) -> None:
    """Check a document against the schema of its kind.

    Parameters
    ----------
    document : mapping
        Plain JSON values.
    kind : {"spec", "model"}
        Which schema.

    Raises
    ------
    FormatError
        For the first thing that breaks it; the message and ``path`` name the place.
    """
    require_valid(document, _validator(kind), kind)


@cache
def load_schema(kind: str) -> dict[str, Any]:
    """Read a schema of the package.

    Parameters
    ----------
    kind : {"spec", "model"}
        Which schema.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    import json
    from importlib.resources import files

    text = files("dlaaw_nb.nn").joinpath("schemas", f"{kind}-1.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator(kind: str) -> Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    spec = load_schema("spec")
    registry: Any = Registry().with_resource(spec["$id"], DRAFT202012.create_resource(spec))
    return Draft202012Validator(load_schema(kind), registry=registry)
