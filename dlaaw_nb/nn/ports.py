"""The port types that networks bring along."""

from __future__ import annotations

from dlaaw_nb.workflow.port import PortType, register_port_type

__all__ = ["ACTIVATIONS", "DATASET", "MODEL", "PREDICTION"]

ACTIVATIONS = register_port_type(
    PortType("activations", "what a layer puts out: float32, shape (rows, features)", ("array",))
)
DATASET = register_port_type(PortType("dataset", "features and labels"))
MODEL = register_port_type(PortType("model", "a trained network"))
PREDICTION = register_port_type(PortType("prediction", "probabilities and labels"))
