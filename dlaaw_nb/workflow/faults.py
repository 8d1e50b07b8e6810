"""Faults as errors that tell what to do: what a worker died of, and why a run did not finish."""

from __future__ import annotations

import re
import time
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING

from dlaaw_nb.errors import RunError, TaskError, TaskTimeoutError
from dlaaw_nb.workflow.jobs import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlaaw_nb.workflow.dispatch import Flight
    from dlaaw_nb.workflow.flat import Node
    from dlaaw_nb.workflow.run import Run

__all__ = ["death", "run_error"]


def death(flight: Flight | None, error: BaseException, node: Node) -> Outcome:
    """Say what ended a try from outside.

    Parameters
    ----------
    flight : Flight or None
        What was under way; None where it could not be sent.
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
    if flight is not None and flight.ended == "timeout":
        told = TaskTimeoutError(
            f"it took longer than its time limit of {flight.limit_s:g} s, and was ended. Give it "
            "more by timeout_s, or less to do.",
            node.name,
        )
    elif isinstance(error, TaskError):
        told = error
    elif isinstance(error, BrokenExecutor):
        told = TaskError(
            f"the process that ran it ended ({_exit_text(error)}). It may have called os._exit, "
            "crashed in a library, or been killed for want of memory.",
            node.name,
        )
    else:
        told = TaskError(f"{type(error).__name__}: {_first_line(error)}", node.name)
        told.__cause__ = error
    return Outcome(
        -1, error=str(told), exception=told, started=node.started or 0.0,
        seconds=seconds,
    )  # fmt: skip


def run_error(run: Run, nodes: Iterable[Node]) -> RunError:
    """Make the error of a run that did not finish.

    Parameters
    ----------
    run : Run
        The run.
    nodes : iterable of Node
        Its tasks.

    Returns
    -------
    RunError
        With the first cause in its message, and as its ``__cause__`` what was raised there.
    """
    name = run.workflow.name
    if run.state == "cancelled":
        return RunError(
            f"{name}: the run was cancelled. What had finished is kept: run it again to go on from "
            "there. The error's .run holds it.",
            run,
        )
    failed = [node for node in nodes if node.state == "failed"]
    roots = [node for node in failed if node.cause is None]
    told = "; ".join(f"{node.name}: {node.error.rstrip('.')}" for node in roots[:3])
    more = f"; and {len(roots) - 3} more" if len(roots) > 3 else ""
    hanging = sum(not node.internal for node in failed) - len(roots)
    tail = f" {hanging} more hang on that." if hanging else ""
    error = RunError(f"{name}: {told}{more}.{tail}", run)
    first = next((node for node in roots if node.exception or node.trace), None)
    if first is not None:
        error.__cause__ = first.exception or TaskError(first.error, first.name, first.trace)
    return error


def _exit_text(error: BaseException) -> str:
    """Cut what loky tells down to how the process ended: ``EXIT(3)``, ``SIGKILL(-9)``."""
    found = re.search(r"exit codes of the workers are \{([^}]*)\}", str(error))
    return found[1] if found else _first_line(error)


def _first_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."
