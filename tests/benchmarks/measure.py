"""Interleaved rounds: every contestant runs in every round, so that noise meets all of them."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Call = Callable[[], Mapping[str, float]]


@dataclass
class Timing:
    """Seconds of one contestant, one for each run."""

    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.samples)

    @property
    def best(self) -> float:
        """The fastest run."""
        return min(self.samples)


def interleaved(
    calls: Mapping[str, Call], rounds: int, *, fill_s: float = 0.1, most: int = 10
) -> dict[str, Timing]:
    """Run every call once in each round, short ones more often.

    Parameters
    ----------
    calls : mapping of callables
        Each runs its contestant once and returns what it measured: label to seconds.
    rounds : int
        The contestant that starts a round changes from round to round.
    fill_s : float
        A call shorter than this is repeated within its turn until that time is spent, ...
    most : int
        ... but at most that often.

    Returns
    -------
    dict of Timing
        By label, as the calls named them.
    """
    timings: dict[str, Timing] = {}
    order = list(calls.values())
    for _ in range(rounds):
        for call in order:
            turn_ends = time.perf_counter() + fill_s
            for _ in range(most):
                for label, seconds in call().items():
                    timings.setdefault(label, Timing()).samples.append(seconds)
                if time.perf_counter() >= turn_ends:
                    break
        order = order[1:] + order[:1]
    return timings


def faster(timings: Mapping[str, Timing], labels: Iterable[str]) -> str | None:
    """The label with the smallest median among those that ran, or None."""
    ran = [label for label in labels if label in timings]
    return min(ran, key=lambda label: timings[label].median, default=None)


def ratio(slow: Timing, fast: Timing) -> float:
    """How many times as fast ``fast`` is, by medians."""
    return slow.median / fast.median
