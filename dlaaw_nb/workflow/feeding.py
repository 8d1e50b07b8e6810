"""What each task of a run gets, and who takes what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlaaw_nb.workflow.binding import conversion
from dlaaw_nb.workflow.jobs import Feed, Pending, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlaaw_nb.workflow.flat import Flat, Node
    from dlaaw_nb.workflow.values import Ref

__all__ = ["Feeder"]


class Feeder:
    """Finds the values that feed a task.

    Parameters
    ----------
    flat : Flat
        The workflow of the run.
    inputs : mapping of str to Ref
        What the workflow is given; a map adds the items of its lists.
    """

    def __init__(self, flat: Flat, inputs: Mapping[str, Ref]) -> None:
        self._flat = flat
        self.inputs = dict(inputs)
        self._built: dict[str, dict[str, Feed]] = {}
        self._wanted: dict[str, set[str]] | None = None

    def feeds(self, node: Node) -> dict[str, Feed]:
        """Give what a task gets, once all that it waits for has ended.

        Parameters
        ----------
        node : Node
            The task.

        Returns
        -------
        dict of str to Feed
            By input; optional inputs that nothing feeds are left out.
        """
        built = self._built.get(node.name)
        if built is None:
            built = self._built[node.name] = {name: self.feed(node, name) for name in node.feeds}
        return built

    def ahead(self, node: Node, jobs: Mapping[str, int]) -> dict[str, Feed]:
        """Give what a task gets that is sent together with those it waits for.

        Parameters
        ----------
        node : Node
            The task.
        jobs : mapping of str to int
            The jobs of those that it waits for, by task.

        Returns
        -------
        dict of str to Feed
            By input; what is not there yet is a `Pending`.
        """
        feeds = {}
        for name, sources in node.feeds.items():
            if any(source.task in jobs for source in sources):
                refs = [
                    Pending(jobs[source.task], source.port)
                    if source.task in jobs
                    else self._flat.nodes[source.task].outputs[source.port]
                    for source in sources
                    if source.task
                ]
                if len(refs) == len(sources):
                    feeds[name] = Feed(refs, ("",) * len(refs), node.task.input(name).many)
                    continue
            feeds[name] = self.feed(node, name)
        return feeds

    def forget(self, name: str) -> None:
        """Let go of what a task got, or look again before its next try."""
        self._built.pop(name, None)

    def needed(self, wanted: Iterable[str]) -> set[str]:
        """Name the tasks that outputs of the workflow need."""
        needed: set[str] = set()
        waiting = [self._flat.outputs[name].task for name in wanted]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                feeds = self._flat.nodes[name].feeds.values()
                waiting.extend(
                    source.task for sources in feeds for source in sources if source.task
                )
        return needed

    def wanted(self, node: Node) -> frozenset[str] | None:
        """Name the outputs of a task that somebody takes; None of one that has one output."""
        if len(node.task.outputs) < 2:
            return None
        if self._wanted is None:
            self._wanted = {}
            for source in self._flat.outputs.values():
                self._wanted.setdefault(source.task, set()).add(source.port)
            for other in self._flat.nodes.values():
                self.add_wishes(other)
        return frozenset(self._wanted.get(node.name, ()))

    def add_wishes(self, node: Node) -> None:
        """Take in what a task that came later wants."""
        if self._wanted is not None:
            for sources in node.feeds.values():
                for source in sources:
                    self._wanted.setdefault(source.task, set()).add(source.port)

    def feed(self, node: Node, name: str) -> Feed:
        """Give what one input of a task gets."""
        refs = []
        via = []
        port = node.task.input(name)
        for source in node.feeds[name]:
            if source.task:
                ref = self._flat.nodes[source.task].outputs[source.port]
                refs.append(ref)
                # What an output of any type gives is known only now.
                via.append(refused(ref, name, port.type))
            else:
                ref = self.inputs[source.port]
                refs.append(ref)
                via.append(conversion(ref, port.type, f"{node.name}.{name}"))
        return Feed(refs, tuple(via), port.many)
