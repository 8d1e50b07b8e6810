"""The JSON Schemas of the package, and what their errors mean in words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError
from dlaaw_nb.nn.hyperparameters import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema import ValidationError
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
    error = next(iter(_validator(kind).iter_errors(document)), None)
    if error is not None:
        path = path_text(error.absolute_path)
        raise FormatError(f"{path or kind}: {_reason(error)}", path)


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


def path_text(path: Iterable[str | int]) -> str:
    """Write the place of a value inside a document.

    Parameters
    ----------
    path : iterable of str or int
        Keys and positions from the top.

    Returns
    -------
    str
        Such as ``layers.nodes[2].kind``.
    """
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")[:200]


@cache
def _validator(kind: str) -> Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    spec = load_schema("spec")
    registry: Any = Registry().with_resource(spec["$id"], DRAFT202012.create_resource(spec))
    return Draft202012Validator(load_schema(kind), registry=registry)


def _reason(error: ValidationError) -> str:
    value: Any = error.instance
    rule: Any = error.validator_value
    if error.validator == "required":
        missing = [key for key in rule if key not in value]
        return f"the key {missing[0]!r} is missing."
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        known = error.schema.get("properties", {})
        extra = next(key for key in value if key not in known)
        return f"the key {shown(extra)} is not known. Known are {', '.join(known) or 'none'}."
    meaning = error.schema.get("description") if isinstance(error.schema, dict) else None
    return f"expected {meaning or f'{error.validator} {shown(rule)}'}, got {shown(value)}."
