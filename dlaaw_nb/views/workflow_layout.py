"""Lays out a graph of boxes in layers from left to right.

Longest paths make the layers, barycentres their order, sweeps the heights; what is too long goes on
in another row, and parts that no edge joins stand beside each other. Edges keep clear of boxes.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from dlaaw_nb.errors import GraphError
from dlaaw_nb.views.workflow_columns import TURN, Columns
from dlaaw_nb.views.workflow_heights import heights
from dlaaw_nb.views.workflow_layers import Grid, Segment, components
from dlaaw_nb.views.workflow_order import ordered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dlaaw_nb.views.workflow_columns import Point

__all__ = ["Link", "Places", "layout"]

_LEVEL = 9.0  # how far before a column edges are level, for the heads of arrows
_PART_GAP = 36.0


class Link(NamedTuple):
    """An edge, from the right side of one box to the left side of another.

    Attributes
    ----------
    source, target : str
        Names of the boxes.
    leave, enter : float
        How far below the middles of their sides the edge begins and ends, in CSS pixels.
    room : float
        How far it must stay level behind its source, so that words can stand on it.
    """

    source: str
    target: str
    leave: float = 0.0
    enter: float = 0.0
    room: float = 0.0


class Places(NamedTuple):
    """Where the boxes and edges of a graph stand, in CSS pixels.

    Attributes
    ----------
    corners : dict of str to (float, float)
        Upper left corner of each box.
    layers : dict of str to int
        Layer of each box, from 0 in each part of the graph.
    routes : list of tuple of (float, float)
        For each edge its points from source to target. Two of the same x or y are joined by a
        straight line, others by a curve that begins and ends level.
    width, height : float
        Of it all; the least place is 0.
    """

    corners: dict[str, Point]
    layers: dict[str, int]
    routes: list[tuple[Point, ...]]
    width: float
    height: float


def layout(
    names: Sequence[str],
    edges: Iterable[Link | tuple[str, str]],
    sizes: Mapping[str, tuple[float, float]],
    *,
    room: float = 900.0,
    gap: float = 16.0,
    near: Collection[str] = (),
) -> Places:
    """Lay out a graph.

    Parameters
    ----------
    names : sequence of str
        The boxes. Where the graph leaves a choice, they stand in this order.
    edges : iterable of Link or (str, str)
        The edges. A cycle is drawn too: some of its edges lead back.
    sizes : mapping of str to (float, float)
        Width and height of each box, in CSS pixels.
    room : float
        Width from which on a graph takes several rows, in CSS pixels.
    gap : float
        Least distance of two boxes above each other, in CSS pixels.
    near : collection of str
        Boxes that nothing feeds and that stand right before the first that they feed, instead of in
        the first layer.

    Returns
    -------
    Places
        The same for the same graph. Boxes do not overlap, and edges do not run through them.

    Raises
    ------
    GraphError
        When an edge names a box that is not there.
    """
    links = [Link(*edge) for edge in edges]
    number = {name: at for at, name in enumerate(names)}
    for link in links:
        if link.source not in number or link.target not in number:
            raise GraphError(
                f"edge {link.source!r} -> {link.target!r}: expected names of boxes; one is not "
                "among them. Add it to the names, or take the edge away."
            )
    whole = [Segment(number[e.source], number[e.target], e.leave, e.enter) for e in links]
    members = components(len(names), whole)
    part_of = {box: at for at, part in enumerate(members) for box in part}
    inside: list[list[int]] = [[] for _ in members]
    for at, segment in enumerate(whole):
        inside[part_of[segment.first]].append(at)
    close = {number[name] for name in near if name in number}
    parts = [
        _Part(boxes, [whole[at] for at in own], [links[at].room for at in own],
              [sizes[names[box]] for box in boxes], close, room, gap)
        for boxes, own in zip(members, inside, strict=True)
    ]  # fmt: skip
    return _packed(names, parts, inside, room, gap)


class _Part:
    """A part of the graph that hangs together, with places of its own."""

    def __init__(
        self,
        boxes: Sequence[int],
        links: Sequence[Segment],
        rooms: Sequence[float],
        sizes: Sequence[tuple[float, float]],
        near: Collection[int],
        room: float,
        gap: float,
    ) -> None:
        at = {box: k for k, box in enumerate(boxes)}
        self.boxes = boxes
        own = [link._replace(first=at[link.first], last=at[link.last]) for link in links]
        fed = {link.last for link in links}
        close = [at[box] for box in boxes if box in near and box not in fed]
        self.grid = Grid(sizes, own, close)
        rows = ordered(self.grid)
        self.level = heights(self.grid, rows, gap)
        stubs = [0.0] * len(rows)
        for link, length in zip(own, rooms, strict=True):
            layer = self.grid.layer[link.first]
            stubs[layer] = max(stubs[layer], length)
        self.columns = Columns(self.grid, self.level, stubs, room)
        if len(self.columns.starts) > 1:
            # What is in different rows need not be level.
            starts = self.columns.starts
            self.level = heights(self.grid, rows, gap, frozenset(starts))
            self.columns = Columns(self.grid, self.level, stubs, room, starts)
        self.corners = self._corners()
        self.routes = [self._route(k, link) for k, link in enumerate(own)]

    def _corners(self) -> list[Point]:
        first = {segment.first for segment in self.grid.segments}
        last = {segment.last for segment in self.grid.segments}
        corners = []
        for box in range(self.grid.boxes):
            (width, height), column = (
                self.grid.sizes[box],
                self.columns.places[self.grid.layer[box]],
            )
            # What only gives stands close to what it feeds, what only takes close to what feeds it.
            share = 0.5 if (box in first) == (box in last) else float(box in first)
            left = column.left + share * (column.width - width)
            corners.append((left, self.level[box] + column.down - height / 2))
        return corners

    def _route(self, at: int, link: Segment) -> tuple[Point, ...]:
        source, target = self._end(link.first, link.leave), self._end(link.last, link.enter)
        begin = source[0] + self.grid.sizes[link.first][0], source[1]
        points = [begin]
        chain = self.grid.chains[at]
        if self.grid.back[at]:
            points += self._return(chain, begin[1], target[1])
        else:
            stops = [link.first, *chain, link.last]
            leaves, enters = [link.leave, *[0.0] * len(chain)], [*[0.0] * len(chain), link.enter]
            for one, other, leave, enter in zip(stops, stops[1:], leaves, enters, strict=False):
                points += self._hop(Segment(one, other, leave, enter))
        points.append(target)
        exact = ((round(x, 2), round(y, 2)) for x, y in points)
        return tuple(point for point, _ in groupby(exact))

    def _hop(self, piece: Segment) -> list[Point]:
        one, other = (self.columns.places[self.grid.layer[node]] for node in piece[:2])
        start = self._end(piece.first, piece.leave)[1]
        end = self._end(piece.last, piece.enter)[1]
        return [(one.right, start), *self.columns.way(piece), (other.left - _LEVEL, end)]

    def _return(self, chain: Sequence[int], start: float, end: float) -> list[Point]:
        """Go round the source, back through the layers before it, and round the target."""
        last, first = (self.columns.places[self.grid.layer[chain[at]]] for at in (0, -1))
        right, left = last.right + TURN / 2, first.left - TURN
        points = [(right, start), (right, self._end(chain[0], 0.0)[1])]
        for later, sooner in pairwise(chain):
            points += self._hop(Segment(sooner, later, 0.0, 0.0))[::-1]
        return [*points, (left, self._end(chain[-1], 0.0)[1]), (left, end)]

    def _end(self, node: int, below: float) -> Point:
        if node < self.grid.boxes:
            x, y = self.corners[node]
            return x, y + self.grid.sizes[node][1] / 2 + below
        column = self.columns.places[self.grid.layer[node]]
        return column.left, self.level[node] + column.down + below


def _packed(
    names: Sequence[str],
    parts: Sequence[_Part],
    inside: Sequence[Sequence[int]],
    room: float,
    gap: float,
) -> Places:
    """Place the parts beside each other, and below where there is no more room."""
    corners: dict[str, Point] = {}
    layers: dict[str, int] = {}
    routes: dict[int, tuple[Point, ...]] = {}
    x = y = width = shelf = 0.0
    for part, own in zip(parts, inside, strict=True):
        if x and x + part.columns.width > room:
            x, y, shelf = 0.0, y + shelf + gap, 0.0
        for box, (left, top) in zip(part.boxes, part.corners, strict=True):
            corners[names[box]] = (left + x, top + y)
        for at, box in enumerate(part.boxes):
            layers[names[box]] = part.grid.layer[at]
        for link, points in zip(own, part.routes, strict=True):
            routes[link] = tuple((left + x, top + y) for left, top in points)
        width = max(width, x + part.columns.width)
        shelf = max(shelf, part.columns.height)
        x += part.columns.width + _PART_GAP
    return Places(corners, layers, [routes[at] for at in sorted(routes)], width, y + shelf)
