"""How a task is to be run: how often it is tried, how long it may take, whether it is kept."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from dlaaw_nb.errors import GraphError

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How a task is run.

    Parameters
    ----------
    retries : int
        How often it is tried again after it failed, from 0.
    backoff_s : float
        Seconds before the first of these tries; each waits twice as long as the one before.
    timeout_s : float or None
        Seconds that one try may take; None for any.
    cached : bool
        Whether an earlier result may stand in for a run of it. False for what reads the time, a
        service, or a random number.

    Raises
    ------
    GraphError
        When a value is out of its range.
    """

    retries: int = 0
    backoff_s: float = 1.0
    timeout_s: float | None = None
    cached: bool = True

    def __post_init__(self) -> None:
        _require(
            type(self.retries) is int and self.retries >= 0,
            "retries", "a whole number from 0", self.retries,
        )  # fmt: skip
        _require(_number(self.backoff_s) and self.backoff_s >= 0, "backoff_s", "seconds from 0",
                 self.backoff_s)  # fmt: skip
        limit = self.timeout_s
        _require(limit is None or (_number(limit) and limit > 0), "timeout_s",
                 "seconds above 0, or None", limit)  # fmt: skip
        _require(type(self.cached) is bool, "cached", "True or False", self.cached)

    def changes(self) -> dict[str, Any]:
        """Give what differs from a plain policy, by name."""
        plain = Policy()
        return {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if getattr(self, item.name) != getattr(plain, item.name)
        }


def _number(value: object) -> bool:
    return type(value) in (int, float) and value == value  # noqa: PLR0124 - NaN is none


def _require(fits: bool, name: str, wanted: str, got: object) -> None:
    if not fits:
        raise GraphError(f"{name}: expected {wanted}, got {got!r}.")
