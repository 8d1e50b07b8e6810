"""Ports: the typed ends of a task, and the registry of their types.

Two ports fit when the input's type accepts the output's and no axis of their shapes differs.
Other rooms add types of their own (``nn`` registers models and data sets); this one has plain ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlaaw_nb.errors import GraphError

__all__ = [
    "ANY",
    "ARRAY",
    "TABLE",
    "Port",
    "PortType",
    "Shape",
    "port_type",
    "port_types",
    "register_port_type",
]

Shape = tuple[int | None, ...]
"""Length of each axis; None for a length that is not fixed, such as the number of rows."""


@dataclass(frozen=True, slots=True)
class PortType:
    """A kind of value that travels along an edge.

    Parameters
    ----------
    name : str
        Its name in files and messages, such as ``"array"``.
    description : str
        What such a value is, in a few words; shown where a connection is refused.
    wider : tuple of str
        Names of the types that a value of this type also is. A port of one of them accepts it.
    """

    name: str
    description: str
    wider: tuple[str, ...] = ()

    def refusal(self, other: PortType) -> str | None:
        """Say why an input of this type does not take an output of type `other`.

        Parameters
        ----------
        other : PortType
            Type of the output.

        Returns
        -------
        str or None
            The reason as a phrase, or None when it fits.
        """
        if self.name in ("any", other.name) or self.name in other.wider:
            return None
        return f"expected {self.name} ({self.description}), got {other.name} ({other.description})"

    def accepts(self, other: PortType) -> bool:
        """Whether an input of this type takes an output of type `other`."""
        return self.refusal(other) is None


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a task.

    Parameters
    ----------
    name : str
        Unique among the task's inputs, or among its outputs.
    type : PortType
        What travels through it.
    direction : {"input", "output"}
        Which side of the task it is on.
    shape : tuple of int or None, or None
        Length of each axis, None for one that may be any; None instead of a tuple when nothing is
        known of the shape.
    required : bool
        Whether an input must be connected before its workflow runs. Says nothing for an output.
    """

    name: str
    type: PortType
    direction: Literal["input", "output"]
    shape: Shape | None = None
    required: bool = True

    def refusal(self, source: Port) -> str | None:
        """Say why this input does not take what the output `source` gives.

        Parameters
        ----------
        source : Port
            An output of another task.

        Returns
        -------
        str or None
            The reason as a phrase, or None when they fit.
        """
        if self.direction != "input" or source.direction != "output":
            return "an edge runs from an output to an input"
        return self.type.refusal(source.type) or _shape_refusal(self.shape, source.shape)


def register_port_type(new: PortType) -> PortType:
    """Make a port type known by its name.

    Parameters
    ----------
    new : PortType
        The type to add. Adding an equal one again changes nothing.

    Returns
    -------
    PortType
        The registered type.

    Raises
    ------
    GraphError
        When another type has that name already.
    """
    known = _TYPES.setdefault(new.name, new)
    if known != new:
        raise GraphError(
            f"port type {new.name!r}: already registered as {known!r}. Choose another name."
        )
    return known


def port_type(name: str) -> PortType:
    """Look a port type up by its name.

    Parameters
    ----------
    name : str
        A registered name.

    Returns
    -------
    PortType
        The type.

    Raises
    ------
    GraphError
        When no type has that name.
    """
    try:
        return _TYPES[name]
    except KeyError:
        known = ", ".join(sorted(_TYPES))
        raise GraphError(
            f"port type {name!r}: not known. Choose one of {known}, or add it with "
            "register_port_type."
        ) from None


def port_types() -> tuple[PortType, ...]:
    """List the registered port types, in the order of their names.

    Returns
    -------
    tuple of PortType
        All of them.
    """
    return tuple(_TYPES[name] for name in sorted(_TYPES))


def _shape_refusal(wanted: Shape | None, given: Shape | None) -> str | None:
    if wanted is None or given is None:
        return None
    fits = len(wanted) == len(given) and all(
        ours is None or theirs is None or ours == theirs
        for ours, theirs in zip(wanted, given, strict=True)
    )
    return None if fits else f"expected shape {_shape_text(wanted)}, got {_shape_text(given)}"


def _shape_text(shape: Shape) -> str:
    return "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"


_TYPES: dict[str, PortType] = {}

ANY = register_port_type(PortType("any", "whatever comes"))
ARRAY = register_port_type(PortType("array", "a NumPy array"))
TABLE = register_port_type(PortType("table", "a pandas DataFrame"))
