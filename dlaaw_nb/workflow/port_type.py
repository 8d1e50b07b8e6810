"""Types of ports: what may travel through one, and the registry of all types.

Other rooms add types of their own (``nn`` registers models and data sets), and so may people; the
plain ones are in ``types``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError

if TYPE_CHECKING:
    from dlaaw_nb.store.codecs import Codec

__all__ = [
    "PortType",
    "port_type",
    "port_types",
    "register_port_type",
    "type_of",
    "type_of_class",
]

_TYPES: dict[str, PortType] = {}
_CLASSES: dict[str, str] = {}
_NUMBERS = ("int", "float")


@dataclass(frozen=True)
class PortType:
    """What may travel through a port.

    Parameters
    ----------
    name : str
        Short and unique, such as ``"array"``.
    description : str
        What such a value is, in a few words; shown where a connection is refused.
    wider : tuple of str
        Names of the types that a value of this type also is. A port of one of them accepts it.
    classes : tuple of str
        Python classes that a value may be an instance of, as ``"package.module:Class"``; compared
        by name, so that none of them is imported. Empty for any.
    codec : Codec, str or None
        How a value becomes bytes and back, or where that stands, as ``"package.module:NAME"``. None
        for values that are not kept: they stay uncached, and travel between processes only as
        Python can carry them.
    """

    name: str
    description: str
    wider: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    codec: Codec | str | None = None

    @cached_property
    def keeper(self) -> Codec | None:
        """The codec, imported if it was named; None without one."""
        if not isinstance(self.codec, str):
            return self.codec
        module, _, name = self.codec.partition(":")
        found: Codec = getattr(import_module(module), name)
        return found

    def check(self, value: Any) -> str | None:
        """Say why a value is not of this type.

        Parameters
        ----------
        value : object
            What a task gave, or what a workflow was given.

        Returns
        -------
        str or None
            The reason as a phrase, or None when it is.
        """
        if not self.classes or type(value) in self._known:
            return None
        names = [f"{known.__module__}:{known.__qualname__}" for known in type(value).__mro__]
        fits = any(name in self.classes for name in names)
        if fits and not (type(value) is bool and self.name in _NUMBERS):
            self._known.add(type(value))
            return None
        return f"expected {self.name} ({self.description}), got {type(value).__name__}"

    @cached_property
    def _known(self) -> set[type]:
        """Classes of values that were checked before."""
        return set()

    def __reduce__(self) -> tuple[Any, ...]:
        if _TYPES.get(self.name) is self and isinstance(self.codec, str | None):
            return _registered, (self.name, self.description, self.wider, self.classes, self.codec)
        return PortType, (self.name, self.description, self.wider, self.classes, self.codec)

    def refusal(self, other: PortType) -> str | None:
        """Say why an input of this type does not take an output of type `other`.

        Parameters
        ----------
        other : PortType
            Type of the output.

        Returns
        -------
        str or None
            The reason as a phrase, or None when it fits. What is not known before it is there
            (``any``) fits everywhere, and is checked then.
        """
        known = self.name != "any" and other.name != "any"
        if not known or self.name == other.name or self.name in other.wider:
            return None
        return f"expected {self.name} ({self.description}), got {other.name} ({other.description})"

    def accepts(self, other: PortType) -> bool:
        """Whether an input of this type takes an output of type `other`."""
        return self.refusal(other) is None


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
    for place in new.classes:
        _CLASSES.setdefault(place, new.name)
        _CLASSES.setdefault(place.rpartition(":")[2].rpartition(".")[2], new.name)
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


def type_of(value: Any) -> PortType:
    """Find the most special registered type that a value is of.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    PortType
        ``any`` where no other fits.
    """
    for known in type(value).__mro__[:-1]:
        name = _CLASSES.get(f"{known.__module__}:{known.__qualname__}")
        if name is not None:
            return _TYPES[name]
    return port_type("any")


def type_of_class(name: str) -> PortType | None:
    """Find the type of the values of a class.

    Parameters
    ----------
    name : str
        ``"package.module:Class"``, or the class's bare name.

    Returns
    -------
    PortType or None
        None where no registered type names that class.
    """
    found = _CLASSES.get(name)
    return None if found is None else _TYPES[found]


def _registered(name: str, *rest: Any) -> PortType:
    """Make a registered type in another process, where its room may not be imported yet."""
    return _TYPES.get(name) or register_port_type(PortType(name, *rest))
