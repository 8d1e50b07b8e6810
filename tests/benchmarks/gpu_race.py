"""Races under a deadline: a contestant that fails or stalls becomes a line of words, no more."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tests.benchmarks.measure import Timing
from tests.benchmarks.report import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tests.benchmarks.peers import Trained

    Parameters = Mapping[str, "object"]

FILL_S, MOST = 0.1, 5  # short runs are repeated within a turn, as in ``measure``


class Deadline:
    """A share of the time there is."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.perf_counter() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, not below 0."""
        return max(0.0, self._ends - time.perf_counter())

    def part(self, share: float) -> Deadline:
        """A deadline for a part of what is left."""
        return Deadline(self.left * share)


@contextlib.contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in this (the main) thread when what is inside takes longer."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(0.1, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def words(error: BaseException) -> str:
    """An error in one short line that may stand in a table."""
    text = " ".join(str(error).split()).replace("|", "/")
    return f"{type(error).__name__}: {text[:300]}"


class Stepper(Protocol):
    """A peer whose training goes on as long as one asks, so that a part of it can be timed."""

    name: str
    unit: int
    """Epochs of the shortest call."""

    def reset(self) -> None:
        """Go back to the initial weights."""
        ...

    def advance(self, epochs: int) -> None:
        """Train so many epochs, a multiple of ``unit``; return when the device is done."""
        ...

    def parameters(self) -> list[dict[str, object]]:
        """The weights of each trial, named as ``Work.initial``."""
        ...


def trained(stepper: Stepper, epochs: int) -> list[dict[str, object]]:
    """The weights after so many epochs from the start."""
    stepper.reset()
    stepper.advance(epochs)
    return stepper.parameters()


@dataclass
class Result:
    """What a contestant did.

    Attributes
    ----------
    name : str
        For the table.
    timings : dict of Timing
        By what it measured; ``""`` is the training alone.
    ready_s : float
        From its making to the end of its first run: imports, compilation, warm-up.
    trouble : str
        Why there are no (or fewer) timings.
    remark : str
        How it was measured, if not plainly.
    """

    name: str
    timings: dict[str, Timing] = field(default_factory=dict)
    ready_s: float = 0.0
    trouble: str = ""
    remark: str = ""

    def median(self, label: str = "") -> float | None:
        """The median of what it measured, or None."""
        return self.timings[label].median if label in self.timings else None


class Contestant(Protocol):
    """Runs once, and says how long that took, by label."""

    remark: str

    def __call__(self) -> dict[str, float]:
        """Run."""
        ...


class Stepped:
    """A stepper as a contestant: so many epochs as fit into ``most_s``, scaled to all of them."""

    def __init__(self, stepper: Stepper, epochs: int, most_s: float, times: int = 1) -> None:
        self._stepper, self._epochs, self._times = stepper, epochs, times
        stepper.advance(stepper.unit)  # warms up
        units = max(1, epochs // stepper.unit)
        self._units, found = 1, self._run(1)
        while self._units < units and found * 4 < most_s:
            self._units = max(1, min(units, int(self._units * most_s / max(found, 1e-6)) or 1))
            found = self._run(self._units)
        done = self._units * stepper.unit
        self.remark = "" if done >= epochs else f"{done} of {epochs} epochs, scaled"
        if times > 1:
            self.remark = ", ".join(filter(None, (self.remark, f"1 of {times} trainings, scaled")))

    def _run(self, units: int) -> float:
        self._stepper.reset()
        started = time.perf_counter()
        self._stepper.advance(units * self._stepper.unit)
        return time.perf_counter() - started

    def __call__(self) -> dict[str, float]:
        share = self._epochs / (self._units * self._stepper.unit)
        return {"": self._run(self._units) * share * self._times}


def race(
    makers: Mapping[str, tuple[str, Callable[[], Contestant]]],
    deadline: Deadline,
    rounds: int,
    must: Iterable[str] = ("ours",),
) -> dict[str, Result]:
    """Make all contestants ready, then let them run by turns while there is time.

    Parameters
    ----------
    makers : mapping
        Key to name and a function that builds and warms the contestant up.
    deadline : Deadline
        Contestants that do not get ready in time are left out, saying so; one round is run by all
        that are ready.
    rounds : int
        At most so many.
    must : iterable of str
        These are made whatever time is left.
    """
    results = {key: Result(name) for key, (name, _) in makers.items()}
    ready: dict[str, Contestant] = {}
    for key, (_, make) in makers.items():
        result, started = results[key], time.perf_counter()
        if deadline.left < 1 and key not in must:
            result.trouble = "left out: no time"
            continue
        with _guarded(result, max(20.0, deadline.left)):
            ready[key] = make()
            result.remark = ready[key].remark
        result.ready_s = time.perf_counter() - started
        progress(f"    {result.name}: ready after {result.ready_s:.1f} s {result.trouble}")
    order = list(ready)
    for number in range(rounds):
        started = time.perf_counter()
        for key in order:
            _turn(ready, results, key, deadline)
        order = [key for key in order[1:] + order[:1] if key in ready]
        if deadline.left < time.perf_counter() - started or not order:
            progress(f"    {number + 1} of {rounds} rounds")
            break
    return results


def _turn(
    ready: dict[str, Contestant], results: Mapping[str, Result], key: str, deadline: Deadline
) -> None:
    result, turn_ends = results[key], time.perf_counter() + FILL_S
    with _guarded(result, max(20.0, deadline.left)):
        for _ in range(MOST):
            for label, seconds in ready[key]().items():
                result.timings.setdefault(label, Timing()).samples.append(seconds)
            if time.perf_counter() >= turn_ends:
                break
    if result.trouble:
        del ready[key]


@contextlib.contextmanager
def _guarded(result: Result, seconds: float) -> Iterator[None]:
    try:
        with limit(seconds):
            yield
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - becomes a line of the table
        result.trouble = words(error)


def fastest(results: Mapping[str, Result], keys: Iterable[str]) -> Result | None:
    """The result with the smallest median among those that have one."""
    ran = [results[key] for key in keys if key in results and results[key].median() is not None]
    return min(ran, key=lambda result: result.median() or 0.0, default=None)


def remarks(title: str, results: Mapping[str, Result]) -> list[str]:
    """Notes: what took how long to get ready, what was scaled, what failed."""
    ready = ", ".join(f"{r.name} {r.ready_s:.1f} s" for r in results.values() if r.ready_s)
    notes = [f"{title}: ready (compiled, warm) after: {ready}."] if ready else []
    scaled = "; ".join(f"{r.name}: {r.remark}" for r in results.values() if r.remark)
    if scaled:
        notes.append(f"{title}: {scaled}.")
    notes += [f"{title}: {r.name} **failed**: {r.trouble}" for r in results.values() if r.trouble]
    return notes


def weights(done: Trained) -> dict[str, object]:
    """The parameters of a peer of the other groups."""
    return dict(done.parameters)
