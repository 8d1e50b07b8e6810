"""Planners: which of the ready tasks goes first."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from dlaaw_nb.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["InOrder", "LongestPath", "Planner", "find_planner", "planner_names"]

_GROUP = "dlaaw_nb.planners"  # entry points: name = "module:Class"
_OWN = {
    "in_order": "dlaaw_nb.workflow.planners:InOrder",
    "longest_path": "dlaaw_nb.workflow.planners:LongestPath",
}
_UNKNOWN_S = 1.0  # of a task that never ran, where no other tells more


class Planner(Protocol):
    """Decides in which order ready tasks are started.

    An implementer must be callable without arguments, and must not change what it is given.
    """

    def ranks(
        self, consumers: Mapping[str, Sequence[str]], seconds: Mapping[str, float | None]
    ) -> Mapping[str, float]:
        """Rank tasks; of those that are ready the one with the highest rank is started first.

        Parameters
        ----------
        consumers : mapping of str to sequence of str
            By task, in the order of the workflow, those that wait for it; free of circles.
        seconds : mapping of str to float or None
            How long each took on average the last times; None if it never ran.

        Returns
        -------
        mapping of str to float
            Tasks that are not in it have rank 0; equal ranks go in order of readiness.
        """
        ...


class InOrder:
    """Starts tasks in the order in which they become ready."""

    def ranks(
        self, consumers: Mapping[str, Sequence[str]], seconds: Mapping[str, float | None]
    ) -> Mapping[str, float]:
        """Rank all alike; see `Planner.ranks`."""
        del consumers, seconds
        return {}


class LongestPath:
    """Starts the task first from which the longest way leads to the end of the workflow.

    The upward rank of HEFT, on workers that are alike; durations are those of the last runs.

    References
    ----------
    H. Topcuoglu, S. Hariri, M. Wu, 2002, "Performance-Effective and Low-Complexity Task Scheduling
    for Heterogeneous Computing", https://doi.org/10.1109/71.993206
    """

    def ranks(
        self, consumers: Mapping[str, Sequence[str]], seconds: Mapping[str, float | None]
    ) -> Mapping[str, float]:
        """Rank each task by its own duration and the longest way behind it; see `Planner.ranks`."""
        known = [value for value in seconds.values() if value is not None]
        usual = sum(known) / len(known) if known else _UNKNOWN_S
        ranks: dict[str, float] = {}
        for name in reversed(_order(consumers)):
            behind = max((ranks[other] for other in consumers[name]), default=0.0)
            own = seconds.get(name)
            ranks[name] = behind + (usual if own is None else own)
        return ranks


def planner_names() -> tuple[str, ...]:
    """Name the planners that can be used, sorted."""
    return tuple(sorted({*_OWN, *_entry_points()}))


def find_planner(planner: str | Planner) -> Planner:
    """Find a planner by its name.

    Parameters
    ----------
    planner : str or Planner
        One of `planner_names`; a planner is given back as it is.

    Returns
    -------
    Planner
        Ready for use.

    Raises
    ------
    GraphError
        When there is none of that name.
    """
    if not isinstance(planner, str):
        return planner
    place = _OWN.get(planner) or _entry_points().get(planner)
    if place is None:
        raise GraphError(f"planner: expected one of {', '.join(planner_names())}, got {planner!r}.")
    module, _, name = place.partition(":")
    found: Planner = getattr(import_module(module), name)()
    return found


def _order(consumers: Mapping[str, Sequence[str]]) -> list[str]:
    waiting = dict.fromkeys(consumers, 0)
    for others in consumers.values():
        for other in others:
            waiting[other] += 1
    order = [name for name, count in waiting.items() if not count]
    for name in order:  # grows as it is walked
        for other in consumers[name]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order


def _entry_points() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=_GROUP)}
