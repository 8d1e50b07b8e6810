"""Whether other processes find a module."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types

__all__ = ["is_importable"]


def is_importable(name: str) -> bool:
    """Whether another process with the same path finds the module that this one has.

    Parameters
    ----------
    name : str
        Of a module in ``sys.modules``.

    Returns
    -------
    bool
        False for one that was loaded from a place that is not on ``sys.path``, or that hides
        another one.
    """
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    if top in ("__main__", "__mp_main__") or module is None:
        return True  # cloudpickle knows them
    return _is_found(top, module)


@cache
def _is_found(name: str, module: types.ModuleType) -> bool:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(name, None) if find is not None else None
        if spec is not None:
            return _is_of(module, spec)
    return False


def _is_of(module: types.ModuleType, spec: Any) -> bool:
    """Whether a module is what its name leads to, and not another of the same name."""
    if spec.submodule_search_locations is not None:
        own = set(getattr(module, "__path__", ()))
        return not own.isdisjoint(spec.submodule_search_locations)
    file = getattr(module, "__file__", None)
    return file is None or not spec.has_location or spec.origin == file
