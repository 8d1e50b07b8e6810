"""JSON Schemas, and what their errors mean in words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError
from dlaaw_nb.workflow.documents import shown
from dlaaw_nb.workflow.schema_check import check_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from dlaaw_nb.workflow.schema_check import Check

__all__ = ["check_workflow", "path_text", "require_valid", "workflow_schema"]


def check_workflow(document: Mapping[str, Any]) -> None:
    """Check the document of a workflow against its schema.

    Parameters
    ----------
    document : mapping
        Plain JSON values.

    Raises
    ------
    FormatError
        For the first thing that breaks it; the message and ``path`` name the place.
    """
    if not _quick_check()(document):
        require_valid(document, _validator(), "workflow")


@cache
def workflow_schema() -> dict[str, Any]:
    """Read the schema of workflow files.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    import json
    from importlib.resources import files

    text = files("dlaaw_nb.workflow").joinpath("schemas", "workflow-1.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def require_valid(document: Mapping[str, Any], validator: Validator, what: str) -> None:
    """Require that a document obeys a schema.

    Parameters
    ----------
    document : mapping
        Plain JSON values.
    validator : Validator
        Of the schema.
    what : str
        What the document is, for messages about the whole of it.

    Raises
    ------
    FormatError
        For the first thing that breaks it; the message and ``path`` name the place.
    """
    error = next(iter(validator.iter_errors(document)), None)
    if error is not None:
        path = path_text(error.absolute_path)
        raise FormatError(f"{path or what}: {_reason(error)}", path)


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
def _quick_check() -> Check:
    return check_of(workflow_schema())


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(workflow_schema())


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
