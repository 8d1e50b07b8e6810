"""The ranges of what a network is made and trained with, and the checks that hold them."""

from __future__ import annotations

import math
import operator
from functools import partial
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import NetworkError
from dlaaw_nb.workflow.documents import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "HYPERPARAMETERS",
    "MAX_COUNT",
    "MAX_FEATURES",
    "MAX_LAYERS",
    "MAX_PARAMETERS",
    "checked",
    "choice",
    "real_number",
    "shown",
    "switch",
    "whole_number",
]

MAX_FEATURES = 2**24
"""Most columns a layer takes or gives."""

MAX_LAYERS = 1000
"""Most layers of one network."""

MAX_PARAMETERS = 2**25
"""Most trained numbers of one network (128 MiB of float32), so that no file asks for terabytes."""

MAX_COUNT = 10**9
"""Most epochs or batches; fits a 32-bit integer."""


def whole_number(label: str, value: object, low: int, high: int) -> int:
    """Check a whole number.

    Parameters
    ----------
    label : str
        What it is, for the message.
    value : object
        Any integer type; booleans and floats are refused, whole ones too.
    low, high : int
        Smallest and largest value allowed.

    Returns
    -------
    int
        The value as a plain int.

    Raises
    ------
    NetworkError
        When it is no integer or out of range.
    """
    try:
        number = None if _is_boolean(value) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise NetworkError(
            f"{label}: expected a whole number from {low} to {high}, got {shown(value)}."
        )
    return number


def real_number(label: str, value: object, rule: str, holds: Callable[[float], bool]) -> float:
    """Check a real number.

    Parameters
    ----------
    label : str
        What it is, for the message.
    value : object
        Any real number type; booleans and words are refused.
    rule : str
        The rule in words, such as ``"a number above 0"``.
    holds : callable
        Says whether a finite float obeys the rule.

    Returns
    -------
    float
        The value as a plain float.

    Raises
    ------
    NetworkError
        When it is no finite number or breaks the rule.
    """
    number = math.nan
    if not _is_boolean(value) and not isinstance(value, (str, bytes, bytearray)):
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            number = math.nan
    if not (math.isfinite(number) and holds(number)):
        raise NetworkError(f"{label}: expected {rule}, got {shown(value)}.")
    return number


def choice(label: str, value: object, words: tuple[str, ...]) -> str:
    """Check that a value is one of a few words.

    Parameters
    ----------
    label : str
        What it is, for the message.
    value : object
        The word.
    words : tuple of str
        What it may be.

    Returns
    -------
    str
        The word.

    Raises
    ------
    NetworkError
        When it is none of them.
    """
    if isinstance(value, str) and value in words:
        return value
    allowed = " or ".join(repr(word) for word in words)
    raise NetworkError(f"{label}: expected {allowed}, got {shown(value)}.")


def switch(label: str, value: object) -> bool:
    """Check a boolean.

    Parameters
    ----------
    label : str
        What it is, for the message.
    value : object
        True or False, Python's or NumPy's.

    Returns
    -------
    bool
        The value as a plain bool.

    Raises
    ------
    NetworkError
        When it is anything else.
    """
    if _is_boolean(value):
        return bool(value)
    raise NetworkError(f"{label}: expected True or False, got {shown(value)}.")


def checked(values: Mapping[str, object]) -> dict[str, Any]:
    """Check hyperparameters against their ranges.

    Parameters
    ----------
    values : mapping of str to object
        Any of the names in ``HYPERPARAMETERS``.

    Returns
    -------
    dict of str to object
        The same names with plain Python values.

    Raises
    ------
    NetworkError
        When a name is not known or a value is out of its range.
    """
    result = {}
    for name, value in values.items():
        if name not in _CHECKS:
            known = ", ".join(_CHECKS)
            raise NetworkError(f"{shown(name)}: not a hyperparameter. Choose among {known}.")
        result[name] = _CHECKS[name](name, value)
    return result


def _is_boolean(value: object) -> bool:
    """Whether a value is Python's or NumPy's True or False (without importing NumPy)."""
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def _title(label: str, value: object) -> str:
    if isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable():
        return value
    raise NetworkError(f"{label}: expected 1 to 200 printable characters, got {shown(value)}.")


def _part(_: str, value: object, place: str, role: str) -> Any:
    """Check what is chosen by name or made with parameters (``dlaaw_nb.nn.parts``)."""
    from importlib import import_module

    from dlaaw_nb.nn.parts import as_part

    return as_part(getattr(import_module(place), role), value)


def _stopping(name: str, value: object) -> Any:
    if value is None or value is False:
        return None
    from dlaaw_nb.nn.stopping import EarlyStopping

    if isinstance(value, EarlyStopping):
        return value
    if value is True:
        return EarlyStopping()
    if isinstance(value, str):
        return _part(name, value, "dlaaw_nb.nn.stopping", "EarlyStopping")
    return EarlyStopping(patience=whole_number(f"{name}: patience", value, 1, MAX_COUNT))


def _shuffle(name: str, value: object) -> Any:
    if value == "every_epoch" and isinstance(value, str):
        return value
    try:
        return switch(name, value)
    except NetworkError:
        raise NetworkError(
            f"{name}: expected True, False or 'every_epoch', got {shown(value)}."
        ) from None


def _clip(name: str, value: object) -> Any:
    if value is None:
        return None
    return real_number(name, value, "a number above 0, or None", lambda norm: norm > 0)


_CHECKS: dict[str, Callable[[str, object], Any]] = {
    "batches": partial(whole_number, low=2, high=MAX_COUNT),
    "epochs": partial(whole_number, low=1, high=MAX_COUNT),
    "learning_rate": partial(real_number, rule="a number above 0", holds=lambda rate: rate > 0),
    "momentum": partial(
        real_number, rule="a number from 0 to below 1", holds=lambda momentum: 0 <= momentum < 1
    ),
    "weight_decay": partial(real_number, rule="a number from 0", holds=lambda decay: decay >= 0),
    "loss": partial(_part, place="dlaaw_nb.nn.losses", role="Loss"),
    "optimizer": partial(_part, place="dlaaw_nb.nn.optimizers", role="Optimizer"),
    "schedule": partial(_part, place="dlaaw_nb.nn.schedules", role="Schedule"),
    "early_stopping": _stopping,
    "clip_norm": _clip,
    "seed": partial(whole_number, low=0, high=2**64 - 1),
    "shuffle": _shuffle,
    "normalize": partial(choice, words=("minmax", "standard", "none")),
    "normalize_on": partial(choice, words=("train", "all")),
    "normalize_target": partial(choice, words=("standard", "none")),
    "cost_every": partial(whole_number, low=1, high=MAX_COUNT),
    "name": _title,
}

HYPERPARAMETERS = tuple(_CHECKS)
"""Every hyperparameter of a network."""
