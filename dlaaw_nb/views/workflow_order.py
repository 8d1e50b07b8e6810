"""Orders the nodes of each layer so that few edges cross.

References
----------
K. Sugiyama, S. Tagawa, M. Toda, 1981, "Methods for visual understanding of hierarchical system
structures", https://doi.org/10.1109/TSMC.1981.4308636
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dlaaw_nb.views.workflow_layers import Grid

__all__ = ["crossings", "neighbours", "ordered"]

_SWEEPS: Final = 12
_SWITCHED: Final = 2_000
"""The most pieces of edges of a graph whose neighbours are tried in the other order too."""

Side = list[list[tuple[int, float, float]]]


def neighbours(grid: Grid, cuts: Collection[int] = ()) -> tuple[Side, Side]:
    """List what each node is joined to.

    Parameters
    ----------
    grid : Grid
        The graph in layers.
    cuts : collection of int
        Layers that are not joined to the one before.

    Returns
    -------
    before, after : list of list of (int, float, float)
        For each node its neighbours in the layer before, and in the layer after: the node, how far
        below its middle the edge ends, and how far below the middle of this node.
    """
    before: Side = [[] for _ in grid.layer]
    after: Side = [[] for _ in grid.layer]
    for first, last, leave, enter in grid.segments:
        if grid.layer[last] in cuts:
            continue
        before[last].append((first, leave, enter))
        after[first].append((last, enter, leave))
    return before, after


def ordered(grid: Grid) -> list[list[int]]:
    """Order the nodes of each layer by the middle of their neighbours, in sweeps to and fro.

    Parameters
    ----------
    grid : Grid
        The graph in layers.

    Returns
    -------
    list of list of int
        The nodes of each layer from top to bottom: of all orders met, that with fewest crossings.
    """
    before, after = neighbours(grid)
    rows = _first_order(grid, before, after)
    best, fewest = rows, crossings(grid, rows)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        rows = _swept(grid, rows, before if sweep % 2 == 0 else after, down=sweep % 2 == 0)
        if len(grid.segments) <= _SWITCHED:
            _switch(grid, rows, before, after)
        found = crossings(grid, rows)
        if found < fewest:
            best, fewest = rows, found
    return best


def crossings(grid: Grid, rows: Sequence[Sequence[int]]) -> int:
    """Count the pairs of edges that cross.

    Parameters
    ----------
    grid : Grid
        The graph in layers.
    rows : sequence of sequence of int
        The nodes of each layer from top to bottom.

    Returns
    -------
    int
        Crossings of pieces between neighbouring layers.
    """
    place = _places(grid, rows)
    gaps: list[list[tuple[float, float]]] = [[] for _ in rows]
    for first, last, leave, enter in grid.segments:
        begin = place[first] + _share(grid, first, leave)
        gaps[grid.layer[first]].append((begin, place[last] + _share(grid, last, enter)))
    count = 0
    for ends in gaps:
        lower: list[float] = []
        for _, end in sorted(ends):
            count += len(lower) - bisect_right(lower, end)
            insort(lower, end)
    return count


def _first_order(grid: Grid, before: Side, after: Side) -> list[list[int]]:
    """Take the nodes as they are met on the way from what nothing feeds, deepest first."""
    rows: list[list[int]] = [[] for _ in grid.rows()]
    seen = [False] * len(grid.layer)
    for root in range(len(grid.layer)):
        path = [] if before[root] else [root]
        while path:
            node = path.pop()
            if not seen[node]:
                seen[node] = True
                rows[grid.layer[node]].append(node)
                path.extend(other for other, _, _ in reversed(after[node]))
    return rows


def _swept(grid: Grid, rows: Sequence[Sequence[int]], side: Side, *, down: bool) -> list[list[int]]:
    place = _places(grid, rows)
    swept = [list(row) for row in rows]
    for row in swept if down else reversed(swept):
        middle = {node: _middle(grid, node, side[node], place) for node in row}
        row.sort(key=middle.__getitem__)
        for at, node in enumerate(row):
            place[node] = at
    return swept


def _middle(
    grid: Grid, node: int, joined: Sequence[tuple[int, float, float]], place: Sequence[int]
) -> float:
    if not joined:
        return float(place[node])
    return sum(place[other] + _share(grid, other, at) for other, at, _ in joined) / len(joined)


def _share(grid: Grid, node: int, below: float) -> float:
    """Turn a place on a node's side into less than half a step of the order."""
    return below / (grid.sizes[node][1] + 1.0)


def _places(grid: Grid, rows: Sequence[Sequence[int]]) -> list[int]:
    place = [0] * len(grid.layer)
    for row in rows:
        for at, node in enumerate(row):
            place[node] = at
    return place


def _switch(grid: Grid, rows: list[list[int]], before: Side, after: Side) -> None:
    """Exchange two that stand above each other, where that takes crossings away."""
    place = _places(grid, rows)
    for row in rows:
        for at in range(len(row) - 1):
            upper, lower = row[at], row[at + 1]
            gain = sum(_gain(grid, side[upper], side[lower], place) for side in (before, after))
            if gain > 0:
                row[at], row[at + 1] = lower, upper
                place[lower], place[upper] = at, at + 1


def _gain(
    grid: Grid,
    upper: Sequence[tuple[int, float, float]],
    lower: Sequence[tuple[int, float, float]],
    place: Sequence[int],
) -> int:
    ends = sorted(place[node] + _share(grid, node, at) for node, at, _ in lower)
    gain = 0
    for node, at, _ in upper:
        end = place[node] + _share(grid, node, at)
        less, more = bisect_right(ends, end - 1e-9), len(ends) - bisect_right(ends, end + 1e-9)
        gain += less - more
    return gain
