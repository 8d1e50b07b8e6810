"""What an input of a task was fed in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import RunError
from dlaaw_nb.workflow.values import load

if TYPE_CHECKING:
    from dlaaw_nb.workflow.run import Run

__all__ = ["fed_value"]


def fed_value(run: Run, task: str, port: str) -> Any:
    """Load what an input of a task was fed.

    Parameters
    ----------
    run : Run
        Under way, or over.
    task, port : str
        Names of the task and its input; a task inside of another workflow is ``Outer1/Inner1``.

    Returns
    -------
    object
        The value; of an input that takes many edges, the first.

    Raises
    ------
    RunError
        When there is no such task, nothing feeds it, or it is not there yet.
    """
    node = run._flat.nodes.get(task)  # noqa: SLF001 - of the same room
    sources = [] if node is None else node.feeds.get(port, [])
    if not sources:
        raise RunError(f"{task}.{port}: nothing feeds it in this run.", run)
    source = sources[0]
    giver = run._flat.nodes.get(source.task) if source.task else None  # noqa: SLF001
    found = run._inputs if giver is None else giver.outputs  # noqa: SLF001
    if source.port not in found:
        raise RunError(f"{task}.{port}: what feeds it is not there yet.", run)
    return load(found[source.port], run.store.objects)
