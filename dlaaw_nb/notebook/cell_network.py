"""Reads the cell of ``%%nnworkflow``: one layer a line, written as Python."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["network_of_cell"]


def network_of_cell(cell: str, namespace: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """Make a network of a cell's text.

    Parameters
    ----------
    cell : str
        A layer a line, such as ``Linear(5, 3)``; comments and empty lines may stand between.
    namespace : mapping
        The person's variables, which the lines may use.
    settings : mapping
        Hyperparameters by name.

    Returns
    -------
    NNWorkflow
        The network.

    Raises
    ------
    UsageError
        When a line is no layer, or does not fit the one before; the message says which line.
    """
    from dlaaw_nb import NNWorkflow
    from dlaaw_nb.errors import DlaawError

    lines = cell.splitlines()
    places, layers = [], []
    for statement in _statements(cell):
        places.append(statement.lineno)
        layers.append(_layer(statement, lines, namespace))
        _check_chain(layers, _place(lines, statement.lineno))
    try:
        return NNWorkflow(layers, **settings)
    except DlaawError as error:
        where = f"{_place(lines, places[-1])}: " if places else ""
        raise UsageError(f"{where}{error}") from error


def _place(lines: list[str], number: int) -> str:
    # The first line of the cell is the magic itself.
    return f"Line {number + 1} of the cell, `{lines[number - 1].strip()[:80]}`"


def _statements(cell: str) -> list[ast.stmt]:
    try:
        return ast.parse(cell).body
    except SyntaxError as error:
        number = min(error.lineno or 1, max(1, len(cell.splitlines())))
        place = _place(cell.splitlines() or [""], number)
        raise UsageError(
            f"{place}: {error.msg}. Write one layer a line, such as Linear(5, 3)."
        ) from error


def _layer(statement: ast.stmt, lines: list[str], namespace: Mapping[str, Any]) -> Any:
    from dlaaw_nb.nn.layers import NNTask
    from dlaaw_nb.nn.layers.registry import layer_kind, layer_kinds

    place = _place(lines, statement.lineno)
    if not isinstance(statement, ast.Expr):
        raise UsageError(f"{place}: expected a layer, such as Linear(5, 3), and nothing else.")
    known = {name: layer_kind(name) for name in layer_kinds()}
    code = compile(ast.Expression(statement.value), "<nnworkflow>", "eval")
    try:
        layer = eval(code, {**namespace, **known})  # noqa: S307 - the person's own cell
    except Exception as error:
        raise UsageError(f"{place}: {error}") from error
    if isinstance(layer, type) and issubclass(layer, NNTask):
        layer = layer()
    if not isinstance(layer, NNTask):
        raise UsageError(f"{place}: expected a layer, such as Linear(5, 3), got {layer!r:.80}.")
    return layer


def _check_chain(layers: list[Any], place: str) -> None:
    from dlaaw_nb.errors import DlaawError
    from dlaaw_nb.nn.placing import chain_layers

    try:
        chain_layers(layers)
    except DlaawError as error:
        raise UsageError(f"{place}: {error}") from error
