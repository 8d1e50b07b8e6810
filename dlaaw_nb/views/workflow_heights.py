"""Gives the nodes of each layer their heights: apart from each other, edges as level as can be.

In sweeps to and fro each node wants to stand where its edges to the layer before, or after, are
level. What a layer's nodes want together, as far as they must keep apart, is an isotonic
regression, which pooling neighbours that push each other solves.

References
----------
R. E. Barlow, D. J. Bartholomew, J. M. Bremner, H. D. Brunk, 1972, "Statistical inference under
order restrictions", chapter 1 (pool adjacent violators)
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dlaaw_nb.views.workflow_order import neighbours

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dlaaw_nb.views.workflow_layers import Grid
    from dlaaw_nb.views.workflow_order import Side

__all__ = ["heights", "spread"]

_LINE_GAP: Final = 8.0
_ROUNDS: Final = 6
_STIFF: Final = 1000.0  # how much more a node insists whose edges can all be level at once
_LOOSE: Final = 0.01


def heights(
    grid: Grid, rows: Sequence[Sequence[int]], gap: float, cuts: Collection[int] = ()
) -> list[float]:
    """Say how high each node stands.

    Parameters
    ----------
    grid : Grid
        The graph in layers.
    rows : sequence of sequence of int
        The nodes of each layer from top to bottom.
    gap : float
        Least distance of two boxes above each other, in CSS pixels.
    cuts : collection of int
        Layers that need not be level with the one before.

    Returns
    -------
    list of float
        Height of each node's middle, in CSS pixels downwards; the least may be below 0.
    """
    before, after = neighbours(grid, cuts)
    both = [one + other for one, other in zip(before, after, strict=True)]
    level = [0.0] * len(grid.layer)
    apart = [_apart(grid, row, gap) for row in rows]
    for row, steps in zip(rows, apart, strict=True):
        _put(row, spread([0.0] * len(row), [1.0] * len(row), steps), level)
    order = [*range(len(rows))]
    for sides in [before, after] * _ROUNDS + [both] * 2:
        for at in order:
            _settle(rows[at], sides, apart[at], level)
        order.reverse()
    for sides in (before, after) * 2:
        for at in order:
            _straighten(rows[at], sides, apart[at], level)
        order.reverse()
    # Halves of a pixel, so that what is level but for a hair is so.
    return [round(2 * height) / 2 for height in level]


def spread(
    wanted: Sequence[float], weights: Sequence[float], apart: Sequence[float]
) -> list[float]:
    """Find the places nearest to those wanted that keep a distance.

    Parameters
    ----------
    wanted : sequence of float
        Where each would stand.
    weights : sequence of float
        How much each insists on it; above 0.
    apart : sequence of float
        Least distance from each to the one after it.

    Returns
    -------
    list of float
        The places with the least sum of weighted squares of the differences.
    """
    shifts = [0.0]
    for step in apart:
        shifts.append(shifts[-1] + step)
    pools: list[tuple[float, float, int]] = []
    for want, shift, weight in zip(wanted, shifts, weights, strict=False):
        pool = ((want - shift) * weight, weight, 1)
        while pools and pools[-1][0] * pool[1] > pool[0] * pools[-1][1]:
            before = pools.pop()
            pool = (pool[0] + before[0], pool[1] + before[1], pool[2] + before[2])
        pools.append(pool)
    means = (total / weight for total, weight, count in pools for _ in range(count))
    return [mean + shift for mean, shift in zip(means, shifts, strict=False)]


def _apart(grid: Grid, row: Sequence[int], gap: float) -> list[float]:
    steps = []
    for one, other in pairwise(row):
        between = gap if max(one, other) < grid.boxes else min(gap, _LINE_GAP)
        steps.append((grid.sizes[one][1] + grid.sizes[other][1]) / 2 + between)
    return steps


def _settle(row: Sequence[int], sides: Side, apart: Sequence[float], level: list[float]) -> None:
    wanted, weights = [], []
    for node in row:
        ends = [level[other] + at - own for other, at, own in sides[node]]
        wanted.append(_median(ends) if ends else level[node])
        weights.append(_LOOSE if not ends else _STIFF if len(set(ends)) == 1 else 1.0)
    _put(row, spread(wanted, weights, apart), level)


def _straighten(
    row: Sequence[int], sides: Side, apart: Sequence[float], level: list[float]
) -> None:
    """Move each node to where its edges are quite level, as far as its neighbours leave room."""
    for at, node in enumerate(row):
        ends = [level[other] + end - own for other, end, own in sides[node]]
        if not ends:
            continue
        want = _median(ends)
        if at:
            want = max(want, level[row[at - 1]] + apart[at - 1])
        if at + 1 < len(row):
            want = min(want, level[row[at + 1]] - apart[at])
        level[node] = want


def _put(row: Sequence[int], places: Sequence[float], level: list[float]) -> None:
    for node, place in zip(row, places, strict=True):
        level[node] = place


def _median(values: list[float]) -> float:
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
