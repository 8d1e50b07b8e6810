"""A canvas's workflow as a file of another kind: a picture, Python, a notebook."""

from __future__ import annotations

import ast
import base64
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["exported", "notebook_of"]

_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def exported(workflow: Workflow, kind: Any) -> dict[str, str]:
    """Write a workflow as a file of another kind.

    Parameters
    ----------
    workflow : Workflow
        Any; none of its code runs.
    kind : str
        The file's suffix: ``"svg"``, ``"png"``, ``"py"`` or ``"ipynb"``.

    Returns
    -------
    dict
        ``content``, and ``encoding``: ``"text"``, ``"base64"`` or ``"json"``.

    Raises
    ------
    GraphError
        When there is no such kind, or something in it cannot be written.
    """
    makers: dict[Any, tuple[str, Callable[[], str]]] = {
        "svg": ("text", lambda: workflow.plot().to_svg()),
        "png": ("base64", lambda: base64.b64encode(workflow.plot().to_png()).decode()),
        "py": ("text", workflow.to_code),
        "ipynb": ("json", lambda: notebook_of(workflow)),
    }
    found = makers.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise GraphError(f"export: expected one of {', '.join(makers)}, got {kind!r:.100}.")
    encoding, make = found
    return {"content": make(), "encoding": encoding}


def notebook_of(workflow: Workflow) -> str:
    """Write a notebook that makes a workflow, and runs it where nothing is missing.

    Parameters
    ----------
    workflow : Workflow
        Any.

    Returns
    -------
    str
        JSON of the fourth format of notebooks, without outputs.

    Raises
    ------
    GraphError
        When something in it cannot be written.
    """
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    lines = [f"# {_plain(workflow.name)}"]
    if workflow.description:
        lines += ["", _plain(workflow.description)]
    cells = [new_markdown_cell("\n".join(lines))]
    cells += [new_code_cell(text) for text in _cells(workflow.to_code())]
    cells.append(new_code_cell("wf"))
    if all(one.default is not NOTHING for one in workflow.inputs.values()) and workflow.tasks:
        cells.append(new_code_cell("run = wf.run()\nrun"))
    node = new_notebook(cells=cells, metadata={"kernelspec": _KERNEL})
    for number, cell in enumerate(node.cells):
        cell["id"] = f"cell-{number}"  # the same file for the same workflow
    return str(nbformat.writes(node))


def _cells(code: str) -> list[str]:
    """Cut a script where imports end, and around each definition."""
    lines = code.split("\n")
    cells: list[str] = []
    begin, before = 0, ""
    for statement in ast.parse(code).body:
        first = min([statement.lineno, *(one.lineno for one in _decorators(statement))]) - 1
        part = _part(statement)
        if before and (part != before or part == "definition"):
            first = _above(lines, first)
            cells.append("\n".join(lines[begin:first]))
            begin = first
        before = part
    cells.append("\n".join(lines[begin:]))
    return [cell.strip("\n") for cell in cells if cell.strip()]


def _part(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return "import"
    return "definition" if isinstance(statement, _DEFINITIONS) else "statement"


def _decorators(statement: ast.stmt) -> list[ast.expr]:
    return statement.decorator_list if isinstance(statement, _DEFINITIONS) else []


def _above(lines: list[str], first: int) -> int:
    """Take the comments along that stand right above a statement."""
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return first


def _plain(text: str) -> str:
    """Write text so that Markdown shows it as it is."""
    marks = set("\\`*_{}[]()#+-.!|<>&$~")
    return "".join(f"\\{char}" if char in marks else char for char in text)
