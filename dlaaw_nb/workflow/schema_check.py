"""A quick yes or no to whether a value obeys a JSON Schema; reasons are left to ``jsonschema``.

That library takes seconds for a large workflow, and about one to be imported. Nearly all documents
are sound, so only those that are not need it. A yes here is a yes there; a no is asked again there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

__all__ = ["Check", "check_of"]

Check = Callable[[Any], bool]

_TYPES: dict[str, Check] = {
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "string": lambda value: type(value) is str,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
}
_SILENT = frozenset(("$schema", "$id", "$defs", "$comment", "title", "description"))


def check_of(schema: dict[str, Any]) -> Check:
    """Make the check of a schema.

    Parameters
    ----------
    schema : dict
        JSON Schema, of the keywords that the schemas of this package use.

    Returns
    -------
    callable
        Takes a value of plain JSON; gives whether it obeys.

    Raises
    ------
    KeyError
        When the schema has a keyword that is not known here.
    """
    return _Maker(schema.get("$defs", {})).check(schema)


class _Maker:
    """Makes checks, each definition once.

    Parameters
    ----------
    definitions : dict
        What ``$ref`` may name.
    """

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._made: dict[str, Check] = {}

    def check(self, schema: dict[str, Any]) -> Check:
        """Make the check of a schema, or of a part of one."""
        keys = schema.keys() - _SILENT - {"properties", "additionalProperties", "required"}
        checks = [self._of_keyword(key, schema[key]) for key in schema if key in keys]
        if schema.keys() & {"properties", "required", "additionalProperties"}:
            checks.append(self._object(schema))
        if len(checks) == 1:
            return checks[0]
        return lambda value: all(check(value) for check in checks)

    def _of_keyword(self, key: str, rule: Any) -> Check:
        if key == "$ref":
            return self._reference(rule.removeprefix("#/$defs/"))
        if key == "items":
            item = self.check(rule)
            return lambda value: type(value) is not list or all(map(item, value))
        return _KEYWORDS[key](rule)

    def _reference(self, name: str) -> Check:
        def check(value: Any) -> bool:  # made on first use, for a definition may hold itself
            if name not in self._made:
                self._made[name] = self.check(self._definitions[name])
            return self._made[name](value)

        return check

    def _object(self, schema: dict[str, Any]) -> Check:
        required = frozenset(schema.get("required", ()))
        more = schema.get("additionalProperties", True)
        other = self.check(more) if isinstance(more, dict) else lambda _: bool(more)
        known = {key: self.check(rule) for key, rule in schema.get("properties", {}).items()}

        def check(value: Any) -> bool:
            if type(value) is not dict or not required <= value.keys():
                return False
            return all(known.get(key, other)(item) for key, item in value.items())

        return check


def _type(rule: str | list[str]) -> Check:
    if isinstance(rule, str):
        return _TYPES[rule]
    kinds = [_TYPES[one] for one in rule]
    return lambda value: any(kind(value) for kind in kinds)


def _const(rule: Any) -> Check:
    return lambda value: type(value) is type(rule) and bool(value == rule)


def _pattern(rule: str) -> Check:
    search = re.compile(rule).search
    return lambda value: type(value) is not str or search(value) is not None


def _least_length(rule: int) -> Check:
    return lambda value: type(value) is not str or len(value) >= rule


def _most_length(rule: int) -> Check:
    return lambda value: type(value) is not str or len(value) <= rule


def _least_items(rule: int) -> Check:
    return lambda value: type(value) is not list or len(value) >= rule


def _most_items(rule: int) -> Check:
    return lambda value: type(value) is not list or len(value) <= rule


def _minimum(rule: float) -> Check:
    return lambda value: type(value) not in (int, float) or value >= rule


def _maximum(rule: float) -> Check:
    return lambda value: type(value) not in (int, float) or value <= rule


def _above(rule: float) -> Check:
    return lambda value: type(value) not in (int, float) or value > rule


def _together(rule: dict[str, list[str]]) -> Check:
    def check(value: Any) -> bool:
        if type(value) is not dict:
            return True
        return all(key not in value or set(needed) <= value.keys() for key, needed in rule.items())

    return check


_KEYWORDS: dict[str, Callable[[Any], Check]] = {
    "type": _type,
    "const": _const,
    "pattern": _pattern,
    "minLength": _least_length,
    "maxLength": _most_length,
    "minItems": _least_items,
    "maxItems": _most_items,
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusiveMinimum": _above,
    "dependentRequired": _together,
}
