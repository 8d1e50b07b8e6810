"""Keys of results: the same key means the same code, parameters, inputs and seed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dlaaw_nb.workflow.fingerprint import UnstableError
from dlaaw_nb.workflow.function import FunctionTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlaaw_nb.workflow.flat import Node
    from dlaaw_nb.workflow.jobs import Feed
    from dlaaw_nb.workflow.task import Task

__all__ = ["Codes", "key_parts", "rank_twins", "result_key", "seed_of"]


class Codes:
    """Fingerprints of the tasks of a run; those that share code are hashed once.

    Attributes
    ----------
    reasons : dict of str to str
        By code, why a task's results cannot be cached.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[str, str]] = {}
        self.reasons: dict[str, str] = {}
        self._alive: list[object] = []  # what is known by its id must not be replaced

    def of(self, task: Task) -> tuple[str, str]:
        """Give a name for a task's code, unique in the run, and its fingerprint.

        Parameters
        ----------
        task : Task
            A placed one.

        Returns
        -------
        code, fingerprint : str
            The fingerprint is empty where it cannot be told whether the code is the same.
        """
        own = task.function if isinstance(task, FunctionTask) else None
        identity = (id(own),) if own is not None else (type(task), repr(task.parameters), id(task))
        if own is None and not task.parameters:
            identity = (type(task), id(getattr(task, "task", None)), id(type(task)))
        found = self._known.get(identity)
        if found is None:
            try:
                fingerprint, reason = task.fingerprint(), ""
            except UnstableError as error:
                fingerprint, reason = "", str(error)
            code = f"{len(self._known)}-{fingerprint or task.kind}"
            found = self._known[identity] = code, fingerprint
            self._alive.append(task)
            if reason:
                self.reasons[code] = reason
        return found


def key_parts(node: Node, seed: int, target: str) -> tuple[str, ...]:
    """Give what a key is made of besides what the task gets; the second is the run's seed."""
    parts = (node.fingerprint, str(seed), str(node.rank))
    return (*parts, target) if node.task.uses_target else parts


def result_key(parts: tuple[str, ...], feeds: Mapping[str, Feed]) -> str:
    """Make the key of what a task will give.

    Parameters
    ----------
    parts : tuple of str
        From `key_parts`.
    feeds : mapping of str to Feed
        What it gets.

    Returns
    -------
    str
        SHA-256 in hexadecimal; empty where its code is not known, or a value that it gets not kept.
    """
    if not parts[0]:
        return ""
    text = [*parts]
    for name, feed in feeds.items():
        text.append(name)
        for ref, via in zip(feed.refs, feed.via, strict=True):
            if not ref.hash:
                return ""
            # The name of a file may decide how it is read.
            text.append(f"{ref.hash} {via} {ref.filename}")
    return hashlib.sha256("\0".join(text).encode()).hexdigest()


def rank_twins(nodes: Iterable[Node]) -> None:
    """Tell apart tasks with the same code and the same feeds, so that each draws its own numbers.

    Three tasks that draw a sample each are three samples, in every run the same three.

    Parameters
    ----------
    nodes : iterable of Node
        In the order of the workflow; their `rank` is set.
    """
    seen: dict[object, int] = {}
    for node in nodes:
        feeds = tuple((name, *sources) for name, sources in node.feeds.items())
        twin = (node.code, feeds)
        node.rank = seen.get(twin, 0)
        seen[twin] = node.rank + 1


def seed_of(key: str, seed: int, name: str) -> int:
    """Give the number that a task's random numbers begin with.

    Parameters
    ----------
    key : str
        Of its result; may be empty.
    seed : int
        The run's.
    name : str
        The task's.

    Returns
    -------
    int
        From 0 to below 2**32.
    """
    text = key or f"{seed}\0{name}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
