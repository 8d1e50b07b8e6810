"""A network by itself as the Python that makes it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import dlaaw_nb

if TYPE_CHECKING:
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["network_code"]


def network_code(network: NNWorkflow, variable: str = "network") -> str:
    """Write the Python that makes a network.

    Parameters
    ----------
    network : NNWorkflow
        Any; layers of the person's own must be defined where the code runs.
    variable : str
        What it is called there.

    Returns
    -------
    str
        A script that leaves it in the variable.
    """
    call = repr(network)
    used = {node.id for node in ast.walk(ast.parse(call)) if isinstance(node, ast.Name)}
    names = sorted(used.intersection(dlaaw_nb.__all__))
    return f"from dlaaw_nb import {', '.join(names)}\n\n{variable} = {call}\n"
