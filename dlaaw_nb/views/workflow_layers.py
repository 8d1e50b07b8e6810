"""Puts the boxes of a graph into layers, with stand-ins where an edge passes a layer by.

Boxes are numbers here, from 0. Everything is iterative: a chain may be 10,000 deep.

References
----------
K. Sugiyama, S. Tagawa, M. Toda, 1981, "Methods for visual understanding of hierarchical system
structures", https://doi.org/10.1109/TSMC.1981.4308636
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

__all__ = ["PASSAGE", "Grid", "Segment", "back_links", "components", "longest_paths"]

PASSAGE: Final = 8.0
"""Height kept free for an edge that passes a layer by, in CSS pixels."""


class Segment(NamedTuple):
    """A piece of an edge from one layer to the next.

    Attributes
    ----------
    first, last : int
        The nodes it joins.
    leave, enter : float
        How far below their middles it does so, in CSS pixels.
    """

    first: int
    last: int
    leave: float
    enter: float


def components(count: int, links: Sequence[Segment]) -> list[list[int]]:
    """Find the parts of a graph that no edge joins.

    Parameters
    ----------
    count : int
        Boxes.
    links : sequence of Segment
        The edges, whatever their direction.

    Returns
    -------
    list of list of int
        The boxes of each part, in their order; the parts by their first box.
    """
    boss = [*range(count)]

    def top(box: int) -> int:
        while boss[box] != box:
            boss[box] = boss[boss[box]]
            box = boss[box]
        return box

    for link in links:
        one, other = sorted((top(link.first), top(link.last)))
        boss[other] = one
    parts: dict[int, list[int]] = {}
    for box in range(count):
        parts.setdefault(top(box), []).append(box)
    return list(parts.values())


def back_links(count: int, links: Sequence[Segment]) -> list[bool]:
    """Say which edges must be turned round so that no cycle is left.

    Parameters
    ----------
    count : int
        Boxes.
    links : sequence of Segment
        The edges.

    Returns
    -------
    list of bool
        For each edge, whether it leads back; none does in a graph without cycles.
    """
    feeds: list[list[int]] = [[] for _ in range(count)]
    fed = [False] * count
    for at, link in enumerate(links):
        feeds[link.first].append(at)
        fed[link.last] = True
    back = [False] * len(links)
    left = [iter(at) for at in feeds]
    # 0 is a box not seen, 1 one on the path that is followed, 2 one that is done.
    seen = [0] * count
    for root in sorted(range(count), key=lambda box: fed[box]):
        if not seen[root]:
            _follow(root, links, left, seen, back)
    return back


def _follow(
    root: int,
    links: Sequence[Segment],
    feeds: Sequence[Iterator[int]],
    seen: list[int],
    back: list[bool],
) -> None:
    path = [root]
    seen[root] = 1
    while path:
        at = next(feeds[path[-1]], None)
        if at is None:
            seen[path.pop()] = 2
            continue
        target = links[at].last
        back[at] = seen[target] == 1
        if not seen[target]:
            seen[target] = 1
            path.append(target)


def longest_paths(
    count: int, links: Sequence[Segment], near: Collection[int] = frozenset()
) -> list[int]:
    """Give each box the layer that is one beyond the last of what feeds it.

    Parameters
    ----------
    count : int
        Boxes.
    links : sequence of Segment
        The edges; they must not make a cycle.
    near : collection of int
        Boxes that nothing feeds and that stand right before the first box they feed.

    Returns
    -------
    list of int
        The layer of each box, from 0.
    """
    feeds: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for link in links:
        feeds[link.first].append(link.last)
        waiting[link.last] += 1
    layers = [0] * count
    ready = deque(box for box in range(count) if not waiting[box])
    while ready:
        box = ready.popleft()
        for target in feeds[box]:
            layers[target] = max(layers[target], layers[box] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for box in near:
        layers[box] = min((layers[target] for target in feeds[box]), default=1) - 1
    return layers


class Grid:
    """A graph in layers: its boxes and, after them, the stand-ins of edges that pass by.

    Edges that leave a box at the same point share their stand-ins, so that they run together until
    they part. An edge that leads back has stand-ins in the layers of its ends too, for it must go
    round both.

    Parameters
    ----------
    sizes : sequence of (float, float)
        Width and height of each box.
    links : sequence of Segment
        The edges.
    near : collection of int
        See `longest_paths`.

    Attributes
    ----------
    boxes : int
        How many of the nodes are boxes.
    layer : list of int
        Of each node.
    sizes : list of (float, float)
        Of each node; a stand-in is 0 wide.
    segments : list of Segment
        The edges, in pieces from one layer to the next.
    chains : list of list of int
        The stand-ins of each edge, from its source to its target.
    back : list of bool
        For each edge, whether it leads back.
    """

    def __init__(
        self,
        sizes: Sequence[tuple[float, float]],
        links: Sequence[Segment],
        near: Collection[int] = frozenset(),
    ) -> None:
        self.boxes = len(sizes)
        self.sizes = list(sizes)
        self.back = back_links(self.boxes, links)
        forward = [
            Segment(link.last, link.first, 0.0, 0.0) if back else link
            for link, back in zip(links, self.back, strict=True)
            if link.first != link.last
        ]
        self.layer = longest_paths(self.boxes, forward, near)
        self.chains: list[list[int]] = []
        self._found: dict[Segment, None] = {}
        shared: dict[tuple[int, float], list[int]] = {}
        for link, back in zip(links, self.back, strict=True):
            chain = self._return(link) if back else self._passage(link, shared)
            self.chains.append(chain)
        self.segments = list(self._found)

    def rows(self) -> list[list[int]]:
        """List the nodes of each layer, in the order of their numbers."""
        rows: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]
        for node, layer in enumerate(self.layer):
            rows[layer].append(node)
        return rows

    def _passage(self, link: Segment, shared: dict[tuple[int, float], list[int]]) -> list[int]:
        chain = shared.setdefault((link.first, link.leave), [])
        length = self.layer[link.last] - self.layer[link.first] - 1
        while len(chain) < length:
            node = self._stand_in(self.layer[link.first] + len(chain) + 1)
            self._join(link.first, chain, node, link.leave, 0.0)
            chain.append(node)
        self._join(link.first, chain[:length], link.last, link.leave, link.enter)
        return chain[:length]

    def _join(
        self, source: int, chain: Sequence[int], node: int, leave: float, enter: float
    ) -> None:
        before, leave = (chain[-1], 0.0) if chain else (source, leave)
        self._found[Segment(before, node, leave, enter)] = None

    def _return(self, link: Segment) -> list[int]:
        first, last = self.layer[link.last], self.layer[link.first]
        chain = [self._stand_in(layer) for layer in range(first, last + 1)]
        for one, other in pairwise(chain):
            self._found[Segment(one, other, 0.0, 0.0)] = None
        return chain[::-1]

    def _stand_in(self, layer: int) -> int:
        self.layer.append(layer)
        self.sizes.append((0.0, PASSAGE))
        return len(self.layer) - 1
