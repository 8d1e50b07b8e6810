"""Keys of results: the same key means the same code, parameters, inputs and seed."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from dlaaw_nb.workflow.composite import Map
from dlaaw_nb.workflow.fingerprint import UnstableError
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.task import Task

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from dlaaw_nb.workflow.flat import Node
    from dlaaw_nb.workflow.jobs import Feed
    from dlaaw_nb.workflow.task import Source
    from dlaaw_nb.workflow.values import Ref

__all__ = ["Codes", "Twins", "key_parts", "result_key", "seed_of"]


class Codes:
    """Fingerprints of the tasks of a run; those that share code are hashed once.

    Attributes
    ----------
    reasons : dict of str to str
        By code, why a task's results cannot be cached.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[str, str]] = {}
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
        identity = _identity(task)
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


def _identity(task: Task) -> Hashable:
    """Give what two tasks have in common that run the same code in the same way."""
    if isinstance(task, FunctionTask):
        return id(task.function), id(task.outputs)
    if type(task).fingerprint is not Task.fingerprint:
        return id(task)
    # All that an instance has of its own: a class need not be a dataclass.
    state = [(name, value) for name, value in vars(task).items() if name not in _OF_PLACE]
    if all(_is_plain(value) for _, value in state):
        return id(type(task)), repr(state)
    return id(task)


_OF_PLACE = frozenset(("name", "policy"))
_PLAIN = (str, int, float, bool, type(None))


def _is_plain(value: object) -> bool:
    if type(value) in (tuple, list):
        return all(_is_plain(item) for item in value)  # type: ignore[attr-defined]
    return type(value) in _PLAIN


def key_parts(node: Node, seed: int, target: str) -> tuple[str, ...]:
    """Give what a key is made of besides what the task gets; the second is the run's seed."""
    parts = (node.fingerprint, str(seed), node.rank)
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
            text.append(f"{ref.hash} {via and _converter(via)} {ref.filename}")
    return hashlib.sha256("\0".join(text).encode()).hexdigest()


@cache
def _converter(kind: str) -> str:
    """Name a converter with its code, which decides what a task gets."""
    if kind.startswith("!"):  # a refusal: the task will fail
        return kind
    from dlaaw_nb.workflow.library import ready_task

    return f"{kind} {ready_task(kind).fingerprint()}"


class Twins:
    """Tells apart tasks with the same code and the same inputs, so that each draws its own numbers.

    Three tasks that draw a sample each are three samples, in every run the same three.
    """

    def __init__(self) -> None:
        self._signs: dict[Hashable, int] = {}
        self._sign_of: dict[str, int] = {}
        self._prefixes: dict[str, str] = {}

    def rank(self, nodes: Iterable[Node], inputs: Mapping[str, Ref], prefix: str = "") -> None:
        """Rank new tasks.

        Parameters
        ----------
        nodes : iterable of Node
            Each after those that feed it; their `rank` is set.
        inputs : mapping of str to Ref
            What else feeds them: two constants of the same content are the same input.
        prefix : str
            Goes before their ranks: they are told apart among themselves alone.
        """
        counts: dict[int, int] = {}
        maps: dict[str, int] = {}
        for node in nodes:
            feeds = tuple(
                (name, *[self._sign(source, inputs) for source in sources])
                for name, sources in node.feeds.items()
            )
            code = node.fingerprint or node.code
            sign = self._signs.setdefault((code, feeds), len(self._signs))
            self._sign_of[node.name] = sign
            count = counts.get(sign, 0)
            counts[sign] = count + 1
            node.rank = f"{prefix}{count}"
            if isinstance(node.task, Map):
                number = maps.get(code, 0)
                maps[code] = number + 1
                self._prefixes[node.name] = f"{prefix}{number}."

    def prefix(self, node: Node) -> str:
        """Give what goes before the ranks of a map's items: maps of one task have others each."""
        return self._prefixes[node.name]

    def _sign(self, source: Source, inputs: Mapping[str, Ref]) -> Hashable:
        if source.task:
            return self._sign_of[source.task], source.port
        ref = inputs.get(source.port)
        return source.port if ref is None or not ref.hash else f"{ref.hash} {ref.filename}"


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
