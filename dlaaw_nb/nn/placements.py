"""Which trial ran on which node, when: of plans that several nodes share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.views.drawing import Drawing

__all__ = ["Placed", "Placement", "Placements", "draw_placements"]


class Placement(NamedTuple):
    """A trial on a node.

    Attributes
    ----------
    trial : int
        Its number; of a cross-validation the fold.
    node : str
        Where.
    start_s, end_s : float
        From the beginning of the job; an end of what is under way is NaN.
    state : str
        ``running``, ``finished`` or ``lost`` (with the node: it ran again).
    """

    trial: int
    node: str
    start_s: float
    end_s: float
    state: str


class Placements:
    """Learns from events ``schedule``."""

    def __init__(self) -> None:
        self._found: list[Placement] = []
        self._open: dict[tuple[int, str], int] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        """Learn from one event.

        Parameters
        ----------
        event : mapping
            part, node, state and at_s; see ``dlaaw_nb.targets.pool``.
        """
        key = (event["part"], event["node"])
        if event["state"] == "running":
            self._open[key] = len(self._found)
            self._found.append(Placement(*key, event["at_s"], math.nan, "running"))
        elif key in self._open:
            place = self._open.pop(key)
            self._found[place] = self._found[place]._replace(
                end_s=event["at_s"], state=event["state"]
            )

    @property
    def found(self) -> tuple[Placement, ...]:
        """What is known, in the order of the starts."""
        return tuple(self._found)


class Placed:
    """A result whose trials may have run on several nodes: it has `placements`."""

    __slots__ = ()
    placements: tuple[Placement, ...]

    def schedule(self) -> Drawing:
        """Draw which trial ran on which node, when.

        Returns
        -------
        Drawing
            A row for each node.
        """
        return draw_placements(self._schedule_title(), self.placements, self._trial_word())

    def _schedule_title(self) -> str:
        raise NotImplementedError

    def _trial_word(self) -> str:
        raise NotImplementedError

    def _schedule_html(self) -> str:
        """Draw it for the result's page; nothing where there was one machine."""
        several = len({placement.node for placement in self.placements}) > 1
        return self.schedule().to_html() if several else ""

    def _placed_content(self) -> list[dict[str, Any]]:
        """Give the placements for JSON."""
        return [placement._asdict() for placement in self.placements]


def draw_placements(
    title: str, placements: Sequence[Placement], word: str, now_s: float | None = None
) -> Drawing:
    """Draw which trial ran on which node, when.

    Parameters
    ----------
    title : str
        What stands above it.
    placements : sequence of Placement
        A row for each node; trials side by side have rows below each other.
    word : str
        What a trial is called, such as ``fold``.
    now_s : float or None
        Seconds from the beginning, while it goes on.

    Returns
    -------
    Drawing
        The picture.
    """
    from dlaaw_nb.views.gantt import Bar, draw_gantt

    states = {"lost": "failed"}
    bars = [
        Bar(f"{word} {p.trial}", "", p.node, p.start_s, p.end_s, states.get(p.state, p.state))
        for p in placements
    ]
    return draw_gantt(title, bars, now_s, word)
