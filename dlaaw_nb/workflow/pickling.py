"""Pickles what travels between processes, with the code that only this process can find."""

from __future__ import annotations

import io
import sys
import types
from functools import cache
from typing import Any

import cloudpickle

__all__ = ["pickled"]


def pickled(value: Any) -> bytes:
    """Pickle a value; functions and classes that a worker cannot import travel with their code.

    cloudpickle does that for ``__main__`` and for functions inside of functions. Here it does it
    too for a module that was loaded from a place that is not on ``sys.path``, as test runners and
    plug-in loaders do it.

    Parameters
    ----------
    value : object
        Anything that can be pickled.

    Returns
    -------
    bytes
        For ``pickle.loads``.

    Raises
    ------
    Exception
        Whatever an object raises that cannot be pickled.
    """
    with io.BytesIO() as file:
        _Pickler(file, protocol=5).dump(value)
        return file.getvalue()


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc] # it has no types
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type | types.FunctionType):
            name = getattr(obj, "__module__", None)
            if isinstance(name, str) and name in sys.modules and not _can_be_imported(name):
                cloudpickle.register_pickle_by_value(sys.modules[name])
        return super().reducer_override(obj)


@cache
def _can_be_imported(name: str) -> bool:
    """Whether another process with the same path finds the module that this one has."""
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    if top in ("__main__", "__mp_main__") or module is None:
        return True  # cloudpickle knows them
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(top, None) if find is not None else None
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
