"""What a form must know of a class's parameters: type, default, choices, and what they mean."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.docstrings import choices_in, parameter_texts
from dlaaw_nb.workflow.plain_values import plain_value

__all__ = ["parameter_info", "parameters_of"]

_UNIONS = (typing.Union, types.UnionType)
_PLAIN: dict[Any, str] = {int: "int", float: "float", str: "str", bool: "bool"}
_NOT_ASKED = ("name", "policy")


def parameters_of(kind: type, leave_out: tuple[str, ...] = _NOT_ASKED) -> list[dict[str, Any]]:
    """Describe the parameters that a class is made with.

    Parameters
    ----------
    kind : type
        A dataclass, whose fields they are; another class has none that are known.
    leave_out : tuple of str
        Fields that nobody is asked for.

    Returns
    -------
    list of dict
        See `parameter_info`.
    """
    if not is_dataclass(kind):
        return []
    texts = parameter_texts(kind.__doc__)
    hints = _hints(kind)
    infos = []
    for item in fields(kind):
        if item.init and item.name not in leave_out:
            told = texts.get(item.name)
            infos.append(
                parameter_info(
                    item.name, hints.get(item.name, Any), _default(item),
                    told.type if told else "", told.text if told else "",
                )
            )  # fmt: skip
    return infos


def parameter_info(
    name: str, annotation: Any, default: Any = MISSING, told: str = "", text: str = ""
) -> dict[str, Any]:
    """Describe one parameter.

    Parameters
    ----------
    name : str
        Its name.
    annotation : object
        Its type.
    default : object
        What it is where nothing is given; left out where something must be.
    told : str
        The type that the docstring gives, which may hold choices in braces.
    text : str
        What the docstring says of it.

    Returns
    -------
    dict
        ``name``, ``type`` (``"int"``, ``"float"``, ``"str"``, ``"bool"``, ``"choice"``, else
        ``"json"``), ``default`` if it has one, ``required``, ``optional`` (whether None will do),
        ``choices`` of a choice, ``text``; plain JSON values.
    """
    parts = typing.get_args(annotation) if typing.get_origin(annotation) in _UNIONS else ()
    optional = type(None) in parts
    rest = [part for part in parts if part is not type(None)]
    bare = rest[0] if len(rest) == 1 else annotation
    choices = choices_in(told)
    if choices is None and typing.get_origin(bare) is typing.Literal:
        choices = list(typing.get_args(bare))
    if default is None and bare is not Any and not optional:
        default = MISSING  # of a field that a class declares anew, its base's default is left
    info: dict[str, Any] = {
        "name": name,
        "type": "choice" if choices else _PLAIN.get(bare, "json"),
    }
    if default is not MISSING:
        try:
            info["default"] = plain_value(default, name)
        except GraphError:  # a default that no file could hold: whoever opens the form leaves it
            optional = True
    info |= {"required": default is MISSING, "optional": optional or default is None}
    if choices:
        info["choices"] = choices
    return {**info, "text": text}


def _default(item: Any) -> Any:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default


def _hints(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind)
    except Exception:  # noqa: BLE001 - whatever evaluating an annotation of a class raises
        return {}
