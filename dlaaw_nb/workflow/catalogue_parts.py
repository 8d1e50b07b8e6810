"""Parts of the catalogue that other rooms make, known by name until a catalogue is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["made_parts", "register_part"]

_places: dict[str, str] = {}


def register_part(name: str, place: str) -> None:
    """Have a part of the catalogue made by another room.

    Parameters
    ----------
    name : str
        Key of the part.
    place : str
        What makes it, as ``"package.module:function"``; imported when a catalogue is made.
    """
    _places[name] = place


def made_parts() -> dict[str, Any]:
    """Make the parts that are registered, by name."""
    made = {}
    for name, place in sorted(_places.items()):
        module, _, function = place.partition(":")
        made[name] = getattr(import_module(module), function)()
    return made
