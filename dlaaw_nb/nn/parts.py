"""Parts of a network's recipe that are chosen by name, or made with parameters of their own."""

from __future__ import annotations

import ast
import difflib
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar, cast

from dlaaw_nb.errors import NetworkError
from dlaaw_nb.nn.hyperparameters import shown

__all__ = ["Part", "as_part", "part_kind", "part_kinds"]

AnyPart = TypeVar("AnyPart", bound="Part")


@dataclass(frozen=True, repr=False)
class Part:
    """Something a network is trained with; immutable, and equal when kind and parameters are.

    An implementer derives a frozen dataclass whose fields are the parameters, and must check them
    in ``__post_init__``, raising ``NetworkError``. It computes nothing; the kernels do. What it is
    a choice of (`role`) is set by the class that all choices derive from.
    """

    role: ClassVar[str] = ""

    @property
    def kind(self) -> str:
        """Name of the class, as written in specifications."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def __repr__(self) -> str:
        given = [
            f"{item.name}={getattr(self, item.name)!r}"
            for item in fields(self)
            if getattr(self, item.name) != item.default
        ]
        return f"{self.kind}({', '.join(given)})"


def part_kinds(role: type[AnyPart]) -> dict[str, type[AnyPart]]:
    """List the choices of a role.

    Parameters
    ----------
    role : subclass of Part
        ``Loss``, ``Optimizer``, ...

    Returns
    -------
    dict of str to class
        By name; the role itself where it has no choices.
    """
    found: dict[str, type[AnyPart]] = {}
    for kind in role.__subclasses__():
        found |= part_kinds(kind)
        if not kind.__name__.startswith("_"):
            found[kind.__name__] = kind
    return found or {role.__name__: role}


def part_kind(role: type[AnyPart], name: str) -> type[AnyPart]:
    """Find a choice by its name.

    Parameters
    ----------
    role : subclass of Part
        What it is a choice of.
    name : str
        Such as ``"CrossEntropy"``; capitals, spaces, ``-`` and ``_`` do not matter.

    Returns
    -------
    class
        The choice.

    Raises
    ------
    NetworkError
        When there is none of that name; the message names those that there are.
    """
    kinds = part_kinds(role)
    wanted = _plain(name)
    for kind, found in kinds.items():
        if _plain(kind) == wanted:
            return found
    near = difflib.get_close_matches(wanted, map(_plain, kinds), 1)
    hint = f" Did you mean {next(k for k in kinds if _plain(k) == near[0])}?" if near else ""
    raise NetworkError(
        f"{role.role}: expected one of {', '.join(sorted(kinds))}, got {shown(name)}.{hint}"
    )


def as_part(role: type[AnyPart], value: object) -> AnyPart:
    """Make a part of what a person gives for it.

    Parameters
    ----------
    role : subclass of Part
        What it is a choice of.
    value : Part, class or str
        The part; or its name, ``"Adam"``, or its call as text, ``"StepDecay(every=100)"``, which is
        read, not run.

    Returns
    -------
    Part
        The part.

    Raises
    ------
    NetworkError
        When it is none, or its parameters are out of range.
    """
    if isinstance(value, role):
        return value
    if isinstance(value, type) and issubclass(value, role):
        return _made(value, (), {})
    if isinstance(value, str):
        name, arguments, named = _call(role, value)
        return _made(part_kind(role, name), arguments, named)
    kinds = ", ".join(sorted(part_kinds(role)))
    raise NetworkError(f"{role.role}: expected {kinds}, or its name, got {shown(value)}.")


def _made(kind: type[AnyPart], arguments: tuple[Any, ...], named: dict[str, Any]) -> AnyPart:
    try:
        return kind(*arguments, **named)
    except TypeError as error:
        names = ", ".join(item.name for item in fields(kind)) or "nothing"
        raise NetworkError(f"{kind.role}: {kind.__name__} takes {names}: {error}.") from error


def _call(role: type[Part], text: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    if "(" not in text:
        return text, (), {}
    try:
        call = ast.parse(text.strip(), mode="eval").body
        function = cast("ast.Call", call)
        name = cast("ast.Name", function.func).id
        arguments = tuple(ast.literal_eval(item) for item in function.args)
        named = {str(item.arg): ast.literal_eval(item.value) for item in function.keywords}
    except (SyntaxError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise NetworkError(
            f"{role.role}: expected a call such as Name(parameter=1), got {shown(text)}."
        ) from error
    return name, arguments, named


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")
