"""Folds a large workflow: what is of one kind and stands in one layer becomes one stack.

Where that leaves too many stacks, layers of the same kinds that follow each other are folded too,
and at last all layers into a few sections. However many tasks there are, few boxes are left.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from dlaaw_nb.views.workflow_layers import Segment, back_links, longest_paths

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from dlaaw_nb.views.workflow_boxes import TaskBox

__all__ = ["WHOLE", "folded"]

WHOLE: Final = 60
"""The most tasks that are all drawn."""

_STACKS, _EDGES = 36, 72  # most boxes and edges of a folded workflow, unless it has sections
_SECTIONS: Final = 12
_KINDS: Final = 12  # kinds that get stacks of their own; rarer ones share them

Pair = tuple[int, int]


def folded(boxes: Sequence[TaskBox], pairs: Sequence[Pair]) -> list[list[int]]:
    """Choose which tasks are drawn as one.

    Parameters
    ----------
    boxes : sequence of TaskBox
        The tasks.
    pairs : sequence of (int, int)
        Places of the tasks that each edge joins.

    Returns
    -------
    list of list of int
        Places of the tasks of each stack, in their order; each task alone where there are no more
        than `WHOLE`. No cycle of stacks comes of a workflow without one.
    """
    if len(boxes) <= WHOLE:
        return [[at] for at in range(len(boxes))]
    layers = _layers(len(boxes), pairs)
    often = {kind for kind, _ in Counter(box.kind for box in boxes).most_common(_KINDS)}
    kinds = [box.kind if box.kind in often else "" for box in boxes]
    for keys in (
        [*zip(layers, kinds, strict=True)],
        _runs(layers, kinds, pairs),
    ):
        if _is_small(keys, pairs):
            return _gathered(keys)
    depth = -(-(max(layers) + 1) // _SECTIONS)
    return _gathered([layer // depth for layer in layers])


def _layers(count: int, pairs: Sequence[Pair]) -> list[int]:
    links = [Segment(one, other, 0.0, 0.0) for one, other in pairs if one != other]
    back = back_links(count, links)
    turned = [
        Segment(link.last, link.first, 0.0, 0.0) if leads_back else link
        for link, leads_back in zip(links, back, strict=True)
    ]
    return longest_paths(count, turned)


def _runs(layers: Sequence[int], kinds: Sequence[str], pairs: Sequence[Pair]) -> list[Hashable]:
    """Give one key to layers of the same kinds that follow each other.

    Kinds that feed each other within such a run become one, for else stacks would feed each other.
    """
    found: list[set[str]] = [set() for _ in range(max(layers) + 1)]
    for layer, kind in zip(layers, kinds, strict=True):
        found[layer].add(kind)
    run_of: list[int] = []
    for run, (_, same) in enumerate(groupby(found)):
        run_of.extend(run for _ in same)
    mixed = {
        run_of[layers[one]]
        for one, other in pairs
        if run_of[layers[one]] == run_of[layers[other]] and kinds[one] != kinds[other]
    }
    runs = (run_of[layer] for layer in layers)
    return [(run, "" if run in mixed else kind) for run, kind in zip(runs, kinds, strict=True)]


def _is_small(keys: Sequence[Hashable], pairs: Sequence[Pair]) -> bool:
    joined = {(keys[one], keys[other]) for one, other in pairs if keys[one] != keys[other]}
    return len(set(keys)) <= _STACKS and len(joined) <= _EDGES


def _gathered(keys: Sequence[Hashable]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for at, key in enumerate(keys):
        groups.setdefault(key, []).append(at)
    return list(groups.values())
