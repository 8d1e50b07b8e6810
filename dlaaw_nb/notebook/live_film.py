"""The moments of a training: not too many kept, not too often sent, not too much time taken."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Film", "Moment"]

GAP_S = 0.05  # between two frames that are sent
FREE_S, SHARE = 0.05, 0.02  # time that sending may take: so much at once, then a share of the time
MOST, MOST_BYTES = 128, 2**26  # kept for the replay; of more, every second one is dropped


class Moment(NamedTuple):
    """A network at a moment: epoch, cost, score, state and epochs; and its parameters."""

    head: tuple[float, ...]
    parameters: Mapping[str, np.ndarray]


class Film:
    """The moments of one training, from its first weights to its last.

    Parameters
    ----------
    first : Moment
        With which it begins.

    Attributes
    ----------
    last : Moment
        The latest.
    """

    def __init__(self, first: Moment) -> None:
        size = sum(array.nbytes for array in first.parameters.values())
        self._most = max(2, min(MOST, MOST_BYTES // max(1, size)))
        self._kept: list[Moment] = []
        self._count, self._stride = 0, 1
        self._begin = time.perf_counter()
        self._spent = self._sent = 0.0
        self.add(first)

    @property
    def seconds(self) -> float:
        """Time since it began."""
        return time.perf_counter() - self._begin

    @property
    def due(self) -> bool:
        """Whether the last moment should be sent, and leaves the training nearly all the time."""
        affordable = self._spent <= FREE_S + SHARE * self.seconds
        return affordable and self.seconds - self._sent >= GAP_S

    def sent(self, seconds: float) -> None:
        """Note that the last moment was sent.

        Parameters
        ----------
        seconds : float
            What that took.
        """
        self._sent = self.seconds
        self._spent += seconds

    def add(self, moment: Moment) -> None:
        """Take a moment.

        Parameters
        ----------
        moment : Moment
            The latest; its parameters change no more.
        """
        self.last = moment
        if self._count % self._stride == 0:
            self._kept.append(moment)
        self._count += 1
        if len(self._kept) > self._most:
            del self._kept[1::2]
            self._stride *= 2

    @property
    def moments(self) -> list[Moment]:
        """The kept moments, and the last."""
        kept = self._kept
        return kept if kept[-1] is self.last else [*kept, self.last]
