"""Neural networks as workflows of layer tasks, trained by raw CUDA kernels on whatever is at hand.

Names are imported on first use, so that ``import dlaaw_nb`` costs next to nothing.

Examples
--------
>>> from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets
>>> network = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=200)
>>> result = network.train(datasets.load("breast_cancer"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlaaw_nb.errors import (
        BuildError,
        CodecError,
        DataError,
        DeviceError,
        DeviceMemoryError,
        DivergenceError,
        DlaawError,
        DownloadError,
        FormatError,
        GraphError,
        KernelError,
        MissingDataError,
        NetworkError,
        PlanError,
        RemoteError,
        RunError,
        SaveError,
        StoreError,
        TargetError,
        TaskError,
        TaskTimeoutError,
        TrustError,
        VersionError,
    )
    from dlaaw_nb.nn import datasets
    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.layers import (
        ELU,
        GELU,
        BatchNorm1d,
        Dropout,
        LeakyReLU,
        Linear,
        ReLU,
        Sigmoid,
        Softmax,
        Tanh,
    )
    from dlaaw_nb.nn.losses import BinaryCrossEntropy, CrossEntropy, Huber, MeanSquaredError
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.nn.optimizers import SGD, Adam, AdamW, Nesterov
    from dlaaw_nb.nn.results import CrossValidation, Prediction, Sweep, TrainingResult
    from dlaaw_nb.nn.schedules import Constant, CosineDecay, ReduceOnPlateau, StepDecay
    from dlaaw_nb.nn.stopping import EarlyStopping
    from dlaaw_nb.notebook.explorer import sweep_explorer
    from dlaaw_nb.notebook.layer_graph import layer_graph
    from dlaaw_nb.notebook.live_neurons import live_neurons
    from dlaaw_nb.notebook.monitor import Monitor
    from dlaaw_nb.notebook.neuron_graph import neuron_graph
    from dlaaw_nb.notebook.workflow_monitor import RunMonitor, watch
    from dlaaw_nb.store import DataProduct, Store
    from dlaaw_nb.workflow import Task, Workflow
    from dlaaw_nb.workflow.function import task
    from dlaaw_nb.workflow.run import Run

__version__ = "0.1.0"

__all__ = [
    "ELU",
    "GELU",
    "SGD",
    "Adam",
    "AdamW",
    "BatchNorm1d",
    "BinaryCrossEntropy",
    "BuildError",
    "CodecError",
    "Constant",
    "CosineDecay",
    "CrossEntropy",
    "CrossValidation",
    "DataError",
    "DataProduct",
    "Dataset",
    "DeviceError",
    "DeviceMemoryError",
    "DivergenceError",
    "DlaawError",
    "DownloadError",
    "Dropout",
    "EarlyStopping",
    "FormatError",
    "GraphError",
    "Huber",
    "KernelError",
    "LeakyReLU",
    "Linear",
    "MeanSquaredError",
    "MissingDataError",
    "Model",
    "Monitor",
    "NNWorkflow",
    "Nesterov",
    "NetworkError",
    "PlanError",
    "Prediction",
    "ReLU",
    "ReduceOnPlateau",
    "RemoteError",
    "Run",
    "RunError",
    "RunMonitor",
    "SaveError",
    "Sigmoid",
    "Softmax",
    "StepDecay",
    "Store",
    "StoreError",
    "Sweep",
    "Tanh",
    "TargetError",
    "Task",
    "TaskError",
    "TaskTimeoutError",
    "TrainingResult",
    "TrustError",
    "VersionError",
    "Workflow",
    "__version__",
    "datasets",
    "layer_graph",
    "live_neurons",
    "neuron_graph",
    "sweep_explorer",
    "task",
    "watch",
]

_PLACES = {
    "Adam": "dlaaw_nb.nn.optimizers",
    "AdamW": "dlaaw_nb.nn.optimizers",
    "BatchNorm1d": "dlaaw_nb.nn.layers",
    "BinaryCrossEntropy": "dlaaw_nb.nn.losses",
    "Constant": "dlaaw_nb.nn.schedules",
    "CosineDecay": "dlaaw_nb.nn.schedules",
    "CrossEntropy": "dlaaw_nb.nn.losses",
    "CrossValidation": "dlaaw_nb.nn.results",
    "DataProduct": "dlaaw_nb.store",
    "Dataset": "dlaaw_nb.nn.data",
    "Dropout": "dlaaw_nb.nn.layers",
    "ELU": "dlaaw_nb.nn.layers",
    "EarlyStopping": "dlaaw_nb.nn.stopping",
    "GELU": "dlaaw_nb.nn.layers",
    "Huber": "dlaaw_nb.nn.losses",
    "LeakyReLU": "dlaaw_nb.nn.layers",
    "Linear": "dlaaw_nb.nn.layers",
    "MeanSquaredError": "dlaaw_nb.nn.losses",
    "Model": "dlaaw_nb.nn.model",
    "Monitor": "dlaaw_nb.notebook.monitor",
    "NNWorkflow": "dlaaw_nb.nn.network",
    "Nesterov": "dlaaw_nb.nn.optimizers",
    "Prediction": "dlaaw_nb.nn.results",
    "ReLU": "dlaaw_nb.nn.layers",
    "ReduceOnPlateau": "dlaaw_nb.nn.schedules",
    "Run": "dlaaw_nb.workflow.run",
    "RunMonitor": "dlaaw_nb.notebook.workflow_monitor",
    "SGD": "dlaaw_nb.nn.optimizers",
    "Sigmoid": "dlaaw_nb.nn.layers",
    "Softmax": "dlaaw_nb.nn.layers",
    "StepDecay": "dlaaw_nb.nn.schedules",
    "Store": "dlaaw_nb.store",
    "Sweep": "dlaaw_nb.nn.results",
    "Tanh": "dlaaw_nb.nn.layers",
    "Task": "dlaaw_nb.workflow",
    "TrainingResult": "dlaaw_nb.nn.results",
    "Workflow": "dlaaw_nb.workflow",
    "layer_graph": "dlaaw_nb.notebook.layer_graph",
    "live_neurons": "dlaaw_nb.notebook.live_neurons",
    "neuron_graph": "dlaaw_nb.notebook.neuron_graph",
    "sweep_explorer": "dlaaw_nb.notebook.explorer",
    "task": "dlaaw_nb.workflow.function",
    "watch": "dlaaw_nb.notebook.workflow_monitor",
}
"""Module of each public name; those not listed are errors."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = _imported(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Register the magics: what ``%load_ext dlaaw_nb`` calls.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's.
    """
    _extension().load_ipython_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away: what ``%unload_ext dlaaw_nb`` calls.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's.
    """
    _extension().unload_ipython_extension(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell where the extension of JupyterLab lies: what ``jupyter-builder develop`` asks."""
    return [{"src": "labextension", "dest": "dlaaw-nb"}]


def _extension() -> Any:
    from importlib import import_module

    return import_module("dlaaw_nb.notebook.extension")


def _imported(name: str) -> Any:
    from importlib import import_module

    if name == "datasets":
        return import_module("dlaaw_nb.nn.datasets")
    return getattr(import_module(_PLACES.get(name, "dlaaw_nb.errors")), name)
