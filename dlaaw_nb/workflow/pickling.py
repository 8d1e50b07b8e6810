"""Pickles what travels between processes, with the code that only this process can find."""

from __future__ import annotations

import io
import sys
import types
from typing import Any

import cloudpickle

from dlaaw_nb.workflow.importable import is_importable

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
            if isinstance(name, str) and name in sys.modules and not is_importable(name):
                cloudpickle.register_pickle_by_value(sys.modules[name])
        return super().reducer_override(obj)
