"""Runs the cell of ``%%workflow``: Python in which a new workflow and all tasks are at hand."""

from __future__ import annotations

import builtins
import traceback
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["workflow_of_cell"]

_SHORT: Final = "wf"
"""By which the new workflow is known in its cell, besides its own name."""


def workflow_of_cell(shell: Any, cell: str, name: str) -> Workflow:
    """Make a workflow by a cell's text.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's. What the cell defines is kept among its variables.
    cell : str
        Python. ``wf`` and the workflow's name are the new workflow; ``task``, ``Workflow`` and the
        ready tasks can be used without an import.
    name : str
        Of the variable, and of the workflow.

    Returns
    -------
    Workflow
        The workflow, or what the cell put in its place under its name.

    Raises
    ------
    UsageError
        When a line of the cell fails; the message says which.
    """
    from dlaaw_nb.workflow import Workflow

    space = shell.user_ns
    code = _compiled(shell, cell)
    made = Workflow(name)
    offered = _offered(code, space)
    lent = {**offered, _SHORT: made, name: made}
    before = {key: space[key] for key in lent if key in space}
    space.update(lent)
    try:
        exec(code, space)  # noqa: S102 - the person's own cell
        found = space.get(name)
    except Exception as error:
        raise UsageError(f"{_place(error, code, cell)}{_said(error)}") from error
    finally:
        # A function of the cell may use at any time what it was offered.
        inside = {key for part in code.co_consts for key in _names(part)}
        gone = {
            key: value for key, value in lent.items() if key not in inside.intersection(offered)
        }
        _take_back(space, gone, before)
    return found if isinstance(found, Workflow) else made


def _compiled(shell: Any, cell: str) -> CodeType:
    """Compile a cell so that its lines are found later: by tracebacks, and by what keeps code."""
    # IPython takes empty lines at the beginning away, but lines are counted from there.
    empty = len(cell) - len(cell.lstrip())
    text = "\n" * cell[:empty].count("\n") + shell.transform_cell(cell)
    try:
        file = shell.compile.cache(text, shell.execution_count, raw_code=cell)
        code: CodeType = compile(text, file, "exec", shell.compile.flags, True)
    except SyntaxError as error:
        number = min(error.lineno or 1, max(1, len(cell.splitlines())))
        raise UsageError(f"{_line(cell, number)}: {error.msg}.") from error
    return code


def _offered(code: CodeType, space: MutableMapping[str, Any]) -> dict[str, Any]:
    """Give what the cell uses and the person has not defined: ready tasks, and what makes tasks."""
    from dlaaw_nb import workflow
    from dlaaw_nb.workflow.library import find_kind, ready_kinds

    unknown = {key for key in _names(code) if key not in space and not hasattr(builtins, key)}
    basics = {key: getattr(workflow, key) for key in ("task", "Task", "Workflow")}
    ready = unknown.intersection(ready_kinds())
    return {
        **{key: value for key, value in basics.items() if key in unknown},
        **{key: find_kind(key) for key in sorted(ready)},
    }


def _names(code: object) -> Iterator[str]:
    if isinstance(code, CodeType):
        yield from code.co_names
        for constant in code.co_consts:
            yield from _names(constant)


def _take_back(
    space: MutableMapping[str, Any], lent: dict[str, Any], before: dict[str, Any]
) -> None:
    """Leave no names behind but those that the cell itself has given."""
    for key, value in lent.items():
        if space.get(key) is value:
            del space[key]
            if key in before:
                space[key] = before[key]


def _place(error: Exception, code: CodeType, cell: str) -> str:
    """Name the line of the cell that led to an error; empty where none did."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if frame.filename == code.co_filename and frame.lineno]
    lines = len(cell.splitlines())
    return f"{_line(cell, own[-1])}: " if own and own[-1] <= lines else ""


def _line(cell: str, number: int) -> str:
    # The first line of the cell is the magic itself.
    lines = cell.splitlines() or [""]
    return f"Line {number + 1} of the cell, `{lines[number - 1].strip()[:80]}`"


def _said(error: Exception) -> str:
    from dlaaw_nb.errors import DlaawError

    text = str(error).strip()
    return text if isinstance(error, DlaawError) else f"{type(error).__name__}: {text}"
