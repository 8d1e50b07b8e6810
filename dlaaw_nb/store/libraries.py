"""Libraries that not everybody has: imported on first use, asked for by their pip line."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlaaw_nb.errors import DlaawError

__all__ = ["library"]


def library(name: str, purpose: str, error: type[DlaawError], install: str = "") -> Any:
    """Import a library.

    Parameters
    ----------
    name : str
        Name of the module.
    purpose : str
        What needs it, as the beginning of a sentence: ``"Tables"``.
    error : class
        What to raise where it is missing.
    install : str
        What follows ``pip install``; empty for the name of the module.

    Returns
    -------
    module
        The module, typed loosely: not all of them carry types.

    Raises
    ------
    DlaawError
        Of the class `error`, when the library is missing or cannot be loaded.
    """
    try:
        return import_module(name)
    except ImportError as reason:
        raise error(
            f"{purpose}: expected the library {name.partition('.')[0]}, got: {reason}. "
            f"Install it: pip install {install or name.partition('.')[0]}"
        ) from reason
