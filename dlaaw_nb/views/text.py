"""Numbers, durations and settings as short text for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MISSING", "counted", "number_text", "seconds_text", "settings_text", "value_text"]

MISSING = "\N{EN DASH}"
"""Stands for a number that is not there."""


def number_text(value: float | None, digits: int = 3) -> str:
    """Write a number with a fixed count of decimals.

    Parameters
    ----------
    value : float or None
        The number; None and NaN give a dash.
    digits : int
        Decimals. A number too small for them, but not 0, is written in powers of ten.

    Returns
    -------
    str
        ``0.929``, ``4.1e-05``, ``∞``, or a dash.
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    large = abs(value) >= 1e6
    if value and (large or abs(value) < 10.0 ** -(digits - 1)):
        return f"{value:.{max(digits - 2, 1)}e}"
    return f"{value:.{digits}f}"


def seconds_text(seconds: float | None) -> str:
    """Write a duration in the unit that fits it.

    Parameters
    ----------
    seconds : float or None
        Duration in seconds; None and NaN give a dash.

    Returns
    -------
    str
        ``850 µs``, ``2.1 ms``, ``3.42 s``, ``3 min 20 s`` or ``2 h 5 min``.
    """
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 0:
        return f"-{seconds_text(-seconds)}"
    for limit, scale, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s")):
        # Rounded to 3 digits first, so that 0.9999 s is 1 s and not 1000 ms.
        if float(f"{seconds:.3g}") < limit:
            return f"{_three_digits(seconds * scale)} {unit}"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    return f"{rounded:.0f}" if rounded >= 100 else f"{rounded:g}"


def counted(count: int, noun: str) -> str:
    """Write a count with its noun, in the plural where it must be.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        Singular of a noun whose plural ends in s.

    Returns
    -------
    str
        ``1 fold``, ``5 folds``.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def value_text(value: Any) -> str:
    """Write one hyperparameter's value.

    Parameters
    ----------
    value : object
        A number, a word, or a list of widths.

    Returns
    -------
    str
        ``0.1``, ``minmax``, and ``8-4`` for the widths (8, 4).
    """
    if isinstance(value, (list, tuple)):
        return "-".join(value_text(item) for item in value) or "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def settings_text(settings: Mapping[str, Any], names: Iterable[str] | None = None) -> str:
    """Write hyperparameters on one line.

    Parameters
    ----------
    settings : mapping
        Name to value.
    names : iterable of str or None
        Which to write, in that order; None writes all.

    Returns
    -------
    str
        ``learning_rate 0.1, momentum 0.9``, without those that are None; ``as designed`` where
        there is none.
    """
    known = [name for name, value in settings.items() if value is not None]
    chosen = known if names is None else [name for name in names if name in known]
    return ", ".join(f"{name} {value_text(settings[name])}" for name in chosen) or "as designed"
