"""What networks bring along to workflows: port types, and parts of the catalogue.

Classes and codecs are named, not imported: a workflow that only knows of models must not load
NumPy.
"""

from __future__ import annotations

from dlaaw_nb.workflow.catalogue_parts import register_part
from dlaaw_nb.workflow.port_type import PortType, register_port_type

__all__ = ["ACTIVATIONS", "DATASET", "MODEL", "PREDICTION"]

_CODECS = "dlaaw_nb.nn.codecs:"

ACTIVATIONS = register_port_type(
    PortType(
        "activations",
        "what a layer puts out: float32, shape (rows, features)",
        ("array",),
        ("numpy:ndarray",),
        "dlaaw_nb.store.codecs:ARRAY",
    )
)
DATASET = register_port_type(
    PortType(
        "dataset",
        "features and labels",
        (),
        ("dlaaw_nb.nn.dataset:Dataset",),
        f"{_CODECS}DATASET",
    )
)
MODEL = register_port_type(
    PortType("model", "a trained network", (), ("dlaaw_nb.nn.model:Model",), f"{_CODECS}MODEL")
)
PREDICTION = register_port_type(
    PortType(
        "prediction",
        "probabilities and labels",
        (),
        ("dlaaw_nb.nn.prediction:Prediction",),
        f"{_CODECS}PREDICTION",
    )
)

for _part in ("layers", "network", "hyperparameters", "parts"):
    register_part(_part, f"dlaaw_nb.nn.catalogue:{_part}")
