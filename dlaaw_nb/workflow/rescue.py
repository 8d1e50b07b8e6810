"""Values that are gone from the store while a run needs them: who can make them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.workflow.composite import Map
from dlaaw_nb.workflow.states import DONE
from dlaaw_nb.workflow.values import ABSENT

if TYPE_CHECKING:
    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.expansion import Expansion
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Flat, Node
    from dlaaw_nb.workflow.jobs import Outcome
    from dlaaw_nb.workflow.task import Source
    from dlaaw_nb.workflow.values import Ref

__all__ = ["Rescue"]

_MOST_RESCUES = 3  # of a task whose inputs vanish again and again
_OUT_OF_REACH = "cannot be reached from here"  # from now on bytes are sent along


class Rescue:
    """Finds what a task that failed could not read, and gets it ready to be made again.

    Parameters
    ----------
    flat : Flat
        The workflow.
    feeder : Feeder
        Knows what tasks got.
    expansion : Expansion
        Knows which nodes belong to which map.
    store : Store
        Where values should be.
    """

    def __init__(self, flat: Flat, feeder: Feeder, expansion: Expansion, store: Store) -> None:
        self._flat, self._feeder, self._expansion = flat, feeder, expansion
        self._store = store

    def prepare(self, node: Node, outcome: Outcome) -> list[Node] | None:
        """Let a task that failed wait for what it lacked.

        Parameters
        ----------
        node : Node
            The task; if it can be helped it is put back to where it was before its try.
        outcome : Outcome
            What came of the try.

        Returns
        -------
        list of Node or None
            Tasks that have to run again first, perhaps none; None if nothing was amiss with what
            the task got, or it cannot be had again.
        """
        if node.rescues >= _MOST_RESCUES:
            return None
        mended, lost = outcome.afar and _OUT_OF_REACH in outcome.error, []
        for source, ref in self._got(node):
            if not self._is_gone(ref):
                continue
            if not source.task:
                if not self._put_again(ref):
                    return None
                mended = True
            elif not self._is_gone(self._flat.nodes[source.task].outputs[source.port]):
                mended = True  # it was made again meanwhile
            elif (giver := self._giver(source)) is not None:
                lost.append(giver)
            else:
                return None
        if not lost and not mended:
            return None
        return self._wait_for(node, list(dict.fromkeys(lost)))

    def _got(self, node: Node) -> list[tuple[Source, Ref]]:
        """List what the task gets, and from where, as it is now."""
        feeds = self._feeder.feeds(node)
        return [
            (source, ref)
            for name, sources in node.feeds.items()
            for source, ref in zip(sources, feeds[name].refs, strict=True)
        ]

    def _giver(self, source: Source) -> Node | None:
        """Find the task that can make a lost value again; None if it failed in that."""
        giver = self._flat.nodes[source.task]
        if isinstance(giver.task, Map):
            giver = self._expansion.gathering(giver, source.port) or giver
        on_its_way = giver.again_for is not None
        return giver if on_its_way or giver.state in DONE else None

    def _wait_for(self, node: Node, lost: list[Node]) -> list[Node]:
        node.state, node.attempts, node.rescues = "initialized", 0, node.rescues + 1
        self._feeder.forget(node.name)
        first = []
        for giver in lost:
            node.waiting += 1
            if giver.again_for is not None:
                giver.again_for.append(node.name)
                continue
            giver.again_for = [node.name]
            giver.state, giver.why = "ready", "its result is gone from the store"
            giver.attempts = 0
            first.append(giver)
        return first

    def _is_gone(self, ref: Ref) -> bool:
        if not ref.hash or ref.inline is not None:
            return False
        if ref.location and Path(ref.location).is_file():
            return False
        return not self._store.objects.has(ref.hash, ref.size)

    def _put_again(self, ref: Ref) -> bool:
        """Put a value that the run was given, or an item of a list, into the store again."""
        keeper = ref.type.keeper
        if ref.value is ABSENT or keeper is None:
            return False
        try:
            self._store.objects.put(keeper.encode(ref.value))
        except DlaawError:
            return False
        return True
