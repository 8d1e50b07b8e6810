"""Ready tasks: files, tables, programs, services, notebooks, pictures, and networks.

They are found by their names too (``ready_task``, ``dlaaw tasks``), and imported one by one, on
first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlaaw_nb.tasks.columns import AddColumn, Rename, Select
    from dlaaw_nb.tasks.conversions import (
        ArrayToTable,
        ListToArray,
        ListToTable,
        MappingToTable,
        TableToArray,
        TableToMapping,
        TextToFloat,
        TextToInt,
    )
    from dlaaw_nb.tasks.cuda_kernel import CudaKernel
    from dlaaw_nb.tasks.groups import GroupBy
    from dlaaw_nb.tasks.http_call import HTTPCall
    from dlaaw_nb.tasks.joins import Join, Product
    from dlaaw_nb.tasks.network_converters import (
        ArrayToDataset,
        DatasetToTable,
        PredictionToTable,
        ReadDataset,
        ReadModel,
        TableToDataset,
        WriteModel,
    )
    from dlaaw_nb.tasks.networks import NNCrossValidate, NNExecutor, NNSweep, NNTrainer
    from dlaaw_nb.tasks.notebooks import Notebook
    from dlaaw_nb.tasks.plots import Plot
    from dlaaw_nb.tasks.reports import Report
    from dlaaw_nb.tasks.rows import Distinct, DropMissing, Filter, Head, Sort
    from dlaaw_nb.tasks.script import Script
    from dlaaw_nb.tasks.sets import Difference, Intersection, Union
    from dlaaw_nb.tasks.splits import Concat, SplitArray, SplitParts, SplitTrainTest
    from dlaaw_nb.tasks.table_files import ReadCSV, ReadJSON, ReadParquet, ReadTable
    from dlaaw_nb.tasks.value_files import ReadArray, ReadMapping, ReadText
    from dlaaw_nb.tasks.voting import EnsembleVote
    from dlaaw_nb.tasks.writing import WriteCSV, WriteFigure, WriteJSON, WriteParquet, WriteText

__all__ = [
    "AddColumn",
    "ArrayToDataset",
    "ArrayToTable",
    "Concat",
    "CudaKernel",
    "DatasetToTable",
    "Difference",
    "Distinct",
    "DropMissing",
    "EnsembleVote",
    "Filter",
    "GroupBy",
    "HTTPCall",
    "Head",
    "Intersection",
    "Join",
    "ListToArray",
    "ListToTable",
    "MappingToTable",
    "NNCrossValidate",
    "NNExecutor",
    "NNSweep",
    "NNTrainer",
    "Notebook",
    "Plot",
    "PredictionToTable",
    "Product",
    "ReadArray",
    "ReadCSV",
    "ReadDataset",
    "ReadJSON",
    "ReadMapping",
    "ReadModel",
    "ReadParquet",
    "ReadTable",
    "ReadText",
    "Rename",
    "Report",
    "Script",
    "Select",
    "Sort",
    "SplitArray",
    "SplitParts",
    "SplitTrainTest",
    "TableToArray",
    "TableToDataset",
    "TableToMapping",
    "TextToFloat",
    "TextToInt",
    "Union",
    "WriteCSV",
    "WriteFigure",
    "WriteJSON",
    "WriteModel",
    "WriteParquet",
    "WriteText",
]

_PLACES = {
    "AddColumn": "columns",
    "ArrayToDataset": "network_converters",
    "ArrayToTable": "conversions",
    "Concat": "splits",
    "CudaKernel": "cuda_kernel",
    "DatasetToTable": "network_converters",
    "Difference": "sets",
    "Distinct": "rows",
    "DropMissing": "rows",
    "EnsembleVote": "voting",
    "Filter": "rows",
    "GroupBy": "groups",
    "HTTPCall": "http_call",
    "Head": "rows",
    "Intersection": "sets",
    "Join": "joins",
    "ListToArray": "conversions",
    "ListToTable": "conversions",
    "MappingToTable": "conversions",
    "NNCrossValidate": "networks",
    "NNExecutor": "networks",
    "NNSweep": "networks",
    "NNTrainer": "networks",
    "Notebook": "notebooks",
    "Plot": "plots",
    "PredictionToTable": "network_converters",
    "Product": "joins",
    "ReadArray": "value_files",
    "ReadCSV": "table_files",
    "ReadDataset": "network_converters",
    "ReadJSON": "table_files",
    "ReadMapping": "value_files",
    "ReadModel": "network_converters",
    "ReadParquet": "table_files",
    "ReadTable": "table_files",
    "ReadText": "value_files",
    "Rename": "columns",
    "Report": "reports",
    "Script": "script",
    "Select": "columns",
    "Sort": "rows",
    "SplitArray": "splits",
    "SplitParts": "splits",
    "SplitTrainTest": "splits",
    "TableToArray": "conversions",
    "TableToDataset": "network_converters",
    "TableToMapping": "conversions",
    "TextToFloat": "conversions",
    "TextToInt": "conversions",
    "Union": "sets",
    "WriteCSV": "writing",
    "WriteFigure": "writing",
    "WriteJSON": "writing",
    "WriteModel": "network_converters",
    "WriteParquet": "writing",
    "WriteText": "writing",
}
"""Module of each task; the entry points of the package say the same."""


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
