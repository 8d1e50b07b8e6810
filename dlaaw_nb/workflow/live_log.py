"""What a task that runs has printed so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from dlaaw_nb.workflow.run import Run

__all__ = ["live_log"]

_LETTERS: Final = 64 * 1024


def live_log(run: Run, task: str) -> str:
    """Read what a task has printed so far, where its worker writes that down.

    Workers that are processes do, as does a task with a time limit; the others tell it at the end.

    Parameters
    ----------
    run : Run
        Under way.
    task : str
        Name of the task; one inside of another workflow is ``Outer1/Inner1``.

    Returns
    -------
    str
        Its last lines; empty where they are not known.
    """
    jobs = run._scheduler._jobs  # noqa: SLF001 - of the same room
    folder: Path = run._dispatcher.scratch / "logs"  # noqa: SLF001
    for number, node in list(jobs.items()):
        if node.name == task:
            try:
                data = (folder / str(number)).read_bytes()
            except OSError:
                return ""
            return data[-_LETTERS:].decode(errors="replace")
    return ""
