"""Places layers as columns from left to right, in several rows where they are too wide for one.

What leads from the last column of a row to the first of the next goes round: to the right, down,
back between the two rows, down, and to the right. Such ways lie inside each other, in the order of
their heights, so that they do not cross for that.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.views.workflow_layers import Grid, Segment

__all__ = ["TURN", "Column", "Columns"]

TURN: Final = 16.0
"""How far before a column an edge that goes round turns, in CSS pixels."""

_GAP, _STEEP, _WIDEST = 30.0, 0.1, 84.0  # between columns: least, by height to overcome, most
_LANE, _LANES = 7.0, 49.0  # between the ways round: each, and all at most
_ROW_GAP: Final = 14.0

Point = tuple[float, float]


class Column(NamedTuple):
    """A layer's place.

    Attributes
    ----------
    row : int
        From 0.
    left, width : float
        Of its boxes.
    right : float
        Up to where edges are level behind it.
    down : float
        What is added to the heights of its nodes.
    """

    row: int
    left: float
    width: float
    right: float
    down: float


class Columns:
    """Places the layers of a graph.

    Parameters
    ----------
    grid : Grid
        The graph in layers.
    level : sequence of float
        Height of each node's middle.
    stubs : sequence of float
        For each layer, how far the edges behind it stay level, in CSS pixels.
    room : float
        Width from which on there is more than one row.
    starts : sequence of int
        The first layer of each row; empty to choose them.

    Attributes
    ----------
    starts : sequence of int
        The first layer of each row.
    places : list of Column
        Of each layer.
    width, height : float
        Of it all, in CSS pixels.
    """

    def __init__(
        self,
        grid: Grid,
        level: Sequence[float],
        stubs: Sequence[float],
        room: float,
        starts: Sequence[int] = (),
    ) -> None:
        self._grid, self._level = grid, level
        self._edge = TURN + 4 if any(grid.back) else 0.0
        self._stubs, rows = stubs, grid.rows()
        self._wide = [max(grid.sizes[node][0] for node in row) for row in rows]
        self._gaps = self._gaps_between(len(rows))
        passing = [0] * len(rows)
        for segment in grid.segments:
            passing[grid.layer[segment.first]] += 1
        self.starts = starts or _cuts(self._wide, self._gaps, passing, room - 2 * self._edge)
        self._tracks = self._tracks_between()
        self.places: list[Column] = []
        self.width = self.height = 0.0
        self._place(rows)

    def way(self, segment: Segment) -> list[Point]:
        """Say how a piece of an edge goes from one row to the next.

        Parameters
        ----------
        segment : Segment
            The piece.

        Returns
        -------
        list of (float, float)
            The corners; empty where both ends stand in the same row.
        """
        one = self.places[self._grid.layer[segment.first]]
        other = self.places[self._grid.layer[segment.last]]
        if one.row == other.row:
            return []
        start = self._level[segment.first] + segment.leave + one.down
        end = self._level[segment.last] + segment.enter + other.down
        tracks = self._tracks[one.row]
        at = tracks.index((segment.first, segment.leave))
        step = _lane(len(tracks))
        right = one.right + 10 + (len(tracks) - 1 - at) * step
        left = other.left - TURN - (at + 1) * step
        lane = self._lanes[one.row] + (len(tracks) - 1 - at) * step
        return [(right, start), (right, lane), (left, lane), (left, end)]

    def _gaps_between(self, count: int) -> list[float]:
        steep = [0.0] * count
        for first, last, leave, enter in self._grid.segments:
            rise = abs(self._level[first] + leave - self._level[last] - enter)
            layer = self._grid.layer[first]
            steep[layer] = max(steep[layer], rise)
        back = self._edge
        gaps = (min(_WIDEST, _GAP + _STEEP * rise) + back for rise in steep)
        return [gap + stub for gap, stub in zip(gaps, self._stubs, strict=True)]

    def _tracks_between(self) -> list[list[tuple[int, float]]]:
        """List what leads from each row to the next, by its height."""
        ends = {start - 1: row for row, start in enumerate(self.starts[1:])}
        found: list[dict[tuple[int, float], None]] = [{} for _ in self.starts]
        for segment in self._grid.segments:
            row = ends.get(self._grid.layer[segment.first])
            if row is not None:
                found[row][segment.first, segment.leave] = None
        return [sorted(keys, key=lambda key: self._level[key[0]] + key[1]) for keys in found]

    def _place(self, rows: Sequence[Sequence[int]]) -> None:
        most = max((len(tracks) * _lane(len(tracks)) for tracks in self._tracks), default=0.0)
        margin = self._edge + (most + TURN if most else 0.0)
        self._lanes: list[float] = []
        bottom = 0.0
        for row, (start, stop) in enumerate(pairwise([*self.starts, len(rows)])):
            nodes = [node for layer in rows[start:stop] for node in layer]
            tops = [self._level[node] - self._grid.sizes[node][1] / 2 for node in nodes]
            ends = [self._level[node] + self._grid.sizes[node][1] / 2 for node in nodes]
            down = bottom - min(tops)
            x = margin
            for layer in range(start, stop):
                wide, stub = self._wide[layer], self._stubs[layer]
                self.places.append(Column(row, x, wide, x + wide + stub, down))
                x += wide + self._gaps[layer]
            tracks = len(self._tracks[row])
            lanes = tracks * _lane(tracks)
            right = self.places[-1].right + self._edge + (10 + lanes if lanes else 0.0)
            self.width = max(self.width, right)
            self.height = max(ends) + down
            self._lanes.append(self.height + _ROW_GAP)
            bottom = self.height + 2 * _ROW_GAP + max(0.0, lanes - _lane(tracks))


def _lane(tracks: int) -> float:
    return min(_LANE, _LANES / max(1, tracks))


def _cuts(
    wide: Sequence[float], gaps: Sequence[float], passing: Sequence[int], room: float
) -> list[int]:
    """Choose the first layer of each row: rows filled evenly, and cut where few edges pass."""
    best, start = [0.0], [0]
    for stop in range(1, len(wide) + 1):
        width, least, chosen = -gaps[stop - 1], math.inf, stop - 1
        for first in range(stop - 1, -1, -1):
            width += wide[first] + gaps[first]
            if width > room and first < stop - 1:
                break
            cut = 1.0 + 0.02 * passing[first - 1] if first else 1.0
            cost = best[first] + cut + max(0.0, 1 - width / room) ** 2
            if cost < least:
                least, chosen = cost, first
        best.append(least)
        start.append(chosen)
    starts, at = [], len(wide)
    while at:
        at = start[at]
        starts.append(at)
    return starts[::-1]
