"""Reads the ports of a task from the signature of a function."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from typing import TYPE_CHECKING, Any, Literal

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.port_type import PortType, port_type, port_types, type_of_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["annotated_type", "input_ports", "output_ports"]

_UNIONS = (typing.Union, types.UnionType)
_NAMES = {"Path": "file", "Sequence": "list", "Figure": "figure", "View": "figure"}


def input_ports(function: Callable[..., Any], *, method: bool = False) -> tuple[Port, ...]:
    """Read the input ports of a function.

    Parameters
    ----------
    function : callable
        Each parameter is a port of its annotation's type, optional if it has a default or may be
        None; ``*parts`` is a port that takes any number of edges.
    method : bool
        Whether the first parameter is ``self``.

    Returns
    -------
    tuple of Port
        In the order of the parameters.

    Raises
    ------
    GraphError
        When it takes ``**names``: ports must be known.
    """
    ports = []
    parameters = list(inspect.signature(function).parameters.values())[1 if method else 0 :]
    hints = _hints(function)
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            raise GraphError(
                f"{function.__qualname__}: **{parameter.name} cannot be read as ports. Name each "
                "parameter, or take *values."
            )
        many = parameter.kind is parameter.VAR_POSITIONAL
        annotation = hints.get(parameter.name, Any)
        needed = parameter.default is parameter.empty and not many and not _optional(annotation)
        kind = annotated_type(annotation)
        ports.append(Port(parameter.name, kind, "input", required=needed, many=many))
    return tuple(ports)


def output_ports(
    function: Callable[..., Any], given: Sequence[str] | Mapping[str, Any] | None = None
) -> tuple[Port, ...]:
    """Read the output ports of a function.

    Parameters
    ----------
    function : callable
        A NamedTuple or TypedDict as its return annotation names several outputs; anything else is
        the type of one, called ``output``; None means none.
    given : sequence of str, mapping of str to annotation, or None
        Names of the outputs, or names and types, where the annotation does not tell.

    Returns
    -------
    tuple of Port
        In the order in which they are returned.

    Raises
    ------
    GraphError
        When the names given do not fit the annotation.
    """
    hint = _hints(function).get("return", Any)
    return tuple(
        # None is of no type of its own: what may be None is told apart when it is there.
        Port(name, annotated_type(Any if _optional(annotation) else annotation), "output")
        for name, annotation in _named(function, hint, given).items()
    )


def annotated_type(annotation: Any) -> PortType:  # noqa: PLR0911 - one for each kind
    """Find the port type that an annotation stands for.

    Parameters
    ----------
    annotation : object
        A class, the name of a port type (``"table"``), a port type, or the text of an annotation
        whose names cannot be imported.

    Returns
    -------
    PortType
        ``any`` where nothing is said. For a class that no type names, a new one of that class,
        whose values are not kept.
    """
    if isinstance(annotation, PortType):
        return annotation
    if annotation is Any or annotation is object:
        return port_type("any")
    if isinstance(annotation, str):
        return _named_type(annotation)
    origin = typing.get_origin(annotation)
    if origin in _UNIONS:
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        return annotated_type(parts[0]) if len(parts) == 1 else port_type("any")
    if origin is Literal:
        return annotated_type(type(typing.get_args(annotation)[0]))
    if origin is typing.Annotated:
        return annotated_type(typing.get_args(annotation)[0])
    kind = origin or annotation
    return _class_type(kind) if isinstance(kind, type) else port_type("any")


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Read annotations; those whose names are imported for type checkers only stay text."""
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - whatever evaluating an annotation raises
        raw = dict(getattr(function, "__annotations__", {}))
    around = getattr(function, "__globals__", None)
    if around is None:  # a NamedTuple or TypedDict
        around = vars(sys.modules[function.__module__])
    space = {**around, **vars(typing)}
    return {name: _evaluated(text, space) for name, text in raw.items()}


def _evaluated(text: Any, space: Mapping[str, Any]) -> Any:
    if isinstance(text, typing.ForwardRef):
        text = text.__forward_arg__
    if not isinstance(text, str):
        return text
    try:
        return eval(text, dict(space))  # noqa: S307 - an annotation of the person's own function
    except Exception:  # noqa: BLE001 - stays text
        return text


def _optional(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return "None" in annotation.replace(" ", "").split("|")
    return typing.get_origin(annotation) in _UNIONS and type(None) in typing.get_args(annotation)


def _named_type(text: str) -> PortType:
    known = {kind.name for kind in port_types()}
    words = [word.strip() for word in text.split("|")]
    word = next((word for word in words if word != "None"), "any")
    bare = word.partition("[")[0].rpartition(".")[2].strip("'\" ")
    name = _NAMES.get(bare, bare)
    if name in known:
        return port_type(name)
    return type_of_class(name) or port_type("any")


def _class_type(kind: type) -> PortType:
    for base in kind.__mro__[:-1]:
        found = type_of_class(f"{base.__module__}:{base.__qualname__}")
        if found is not None:
            return found
    if kind is object:
        return port_type("any")
    bare = _NAMES.get(kind.__name__)
    if bare is not None and kind.__module__ in ("typing", "collections.abc"):
        return port_type(bare)
    place = f"{kind.__module__}:{kind.__qualname__}"
    return PortType(kind.__name__, f"an object of {kind.__name__}", (), (place,))


def _named(function: Callable[..., Any], hint: Any, given: Any) -> dict[str, Any]:
    if given is not None and not isinstance(given, (str, tuple, list)):
        return dict(given)
    fields = _fields(hint)
    if given is None:
        if hint is None or hint is type(None):
            return {}
        return fields or {"output": hint}
    names = (given,) if isinstance(given, str) else tuple(given)
    parts = typing.get_args(hint) if typing.get_origin(hint) is tuple else tuple(fields.values())
    if parts and len(parts) != len(names):
        raise GraphError(
            f"{function.__qualname__}: outputs names {len(names)} ({', '.join(names)}), but its "
            f"annotation has {len(parts)}. Make them as many."
        )
    if len(names) == 1:
        return {names[0]: hint}
    return dict(zip(names, parts or (Any,) * len(names), strict=True))


def _fields(hint: Any) -> dict[str, Any]:
    """Read the fields of a NamedTuple or TypedDict; none of anything else."""
    named = isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields")
    if named or typing.is_typeddict(hint):
        found = _hints(hint)
        names = getattr(hint, "_fields", None) or list(hint.__annotations__)
        return {name: found.get(name, Any) for name in names}
    return {}
