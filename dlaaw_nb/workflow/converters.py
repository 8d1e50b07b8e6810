"""Converters: tasks that turn a value of one type into another (the paper's shims).

A converter is an ordinary ready task with one input and one output; this module knows only which
kind of task leads from which type to which. It is offered where a connection is refused, put in by
``connect(convert=True)``, and used by itself for what a person gives to a workflow's input.

References
----------
C. Lin, S. Lu, X. Fei, D. Pai, J. Hua, 2009, "A Task Abstraction and Mapping Approach to the
Shimming Problem in Scientific Workflows", https://doi.org/10.1109/SCC.2009.77
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlaaw_nb.errors import GraphError

if TYPE_CHECKING:
    from dlaaw_nb.workflow.port_type import PortType

__all__ = ["converter", "converters", "offer", "register_converter"]

_OWN = {
    ("file", "table"): "ReadTable",
    ("file", "array"): "ReadArray",
    ("file", "mapping"): "ReadMapping",
    ("file", "str"): "ReadText",
    ("file", "dataset"): "ReadDataset",
    ("file", "model"): "ReadModel",
    ("table", "file"): "WriteCSV",
    ("table", "array"): "TableToArray",
    ("table", "dataset"): "TableToDataset",
    ("table", "mapping"): "TableToMapping",
    ("array", "table"): "ArrayToTable",
    ("array", "dataset"): "ArrayToDataset",
    ("mapping", "table"): "MappingToTable",
    ("mapping", "file"): "WriteJSON",
    ("list", "table"): "ListToTable",
    ("list", "array"): "ListToArray",
    ("dataset", "table"): "DatasetToTable",
    ("prediction", "table"): "PredictionToTable",
    ("model", "file"): "WriteModel",
    ("str", "int"): "TextToInt",
    ("str", "float"): "TextToFloat",
    ("figure", "file"): "WriteFigure",
    ("str", "file"): "WriteText",
}
_added: dict[tuple[str, str], str] = {}


def register_converter(given: str, wanted: str, kind: str) -> None:
    """Say which kind of task turns one type into another.

    Parameters
    ----------
    given, wanted : str
        Names of port types.
    kind : str
        Name of a ready task with one required input of the first type, and one output of the
        second.

    Raises
    ------
    GraphError
        When another task does that already.
    """
    before = converter(given, wanted)
    if before not in (None, kind):
        raise GraphError(f"from {given} to {wanted}: {before} is registered already.")
    _added[given, wanted] = kind


def converter(given: str, wanted: str) -> str | None:
    """Name the kind of task that turns one type into another; None where there is none."""
    return _added.get((given, wanted)) or _OWN.get((given, wanted))


def converters() -> dict[tuple[str, str], str]:
    """List the converters: by the types given and wanted, the kind of task."""
    return {**_OWN, **_added}


def offer(given: PortType, wanted: PortType) -> str | None:
    """Name the converter for an output and an input that do not fit; None where there is none."""
    for name in (given.name, *given.wider):
        kind = converter(name, wanted.name)
        if kind is not None:
            return kind
    return None
