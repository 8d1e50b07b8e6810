"""What a worker died of, and which values are gone: faults around a task rather than in it."""

from __future__ import annotations

import time
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING

from dlaaw_nb.errors import StoreError, TaskError, TaskTimeoutError
from dlaaw_nb.workflow.composite import Map
from dlaaw_nb.workflow.jobs import Outcome

if TYPE_CHECKING:
    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.dispatch import Flight
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Flat, Node
    from dlaaw_nb.workflow.values import Ref

__all__ = ["death", "lost_givers"]


def death(flight: Flight, error: BaseException, node: Node) -> Outcome:
    """Say what ended a try from outside.

    Parameters
    ----------
    flight : Flight
        What was under way.
    error : BaseException
        What came instead of an outcome.
    node : Node
        The task.

    Returns
    -------
    Outcome
        A failed one.
    """
    seconds = time.time() - (node.started or time.time())
    told: TaskError
    if flight.ended == "timeout":
        told = TaskTimeoutError(
            f"it took longer than its time limit of {flight.limit_s:g} s, and was ended. Give it "
            "more by timeout_s, or less to do.",
            node.name,
        )
    elif isinstance(error, BrokenExecutor):
        told = TaskError(
            f"the process that ran it ended ({_first_line(error)}). It may have called os._exit, "
            "crashed in a library, or been killed for want of memory.",
            node.name,
        )
    else:
        told = TaskError(f"{type(error).__name__}: {_first_line(error)}", node.name)
        told.__cause__ = error
    return Outcome(
        flight.jobs[0].id, error=str(told), exception=told, started=node.started or 0.0,
        seconds=seconds,
    )  # fmt: skip


def lost_givers(node: Node, outcome: Outcome, feeder: Feeder, flat: Flat, store: Store) -> list[Node]:
    """Name the tasks whose results a task could not read, for they are gone from the store.

    Parameters
    ----------
    node : Node
        The task that failed.
    outcome : Outcome
        How.
    feeder : Feeder
        Knows what it gets.
    flat : Flat
        The workflow.
    store : Store
        Where the results should be.

    Returns
    -------
    list of Node
        Tasks that can be run again; empty when that is not what happened.
    """
    stored = isinstance(outcome.exception, StoreError) or outcome.error.startswith("StoreError")
    if not stored:
        return []
    givers = {
        source.task: flat.nodes[source.task]
        for source, ref in feeder.givers(node)
        if _is_gone(ref, store)
    }
    if any(isinstance(giver.task, Map) for giver in givers.values()):
        return []
    return list(givers.values())


def _is_gone(ref: Ref, store: Store) -> bool:
    return bool(ref.hash) and ref.inline is None and not store.objects.has(ref.hash, ref.size)


def _first_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."
