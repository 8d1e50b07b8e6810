"""Layers, one family a file. A network is made of them; see ``NNTask`` for adding one."""

from dlaaw_nb.nn.layers.activations import ReLU, Sigmoid, Tanh
from dlaaw_nb.nn.layers.base import ElementwiseLayer, NNTask
from dlaaw_nb.nn.layers.linear import Linear
from dlaaw_nb.nn.layers.registry import layer_kind, layer_kinds, register_layer

__all__ = [
    "ElementwiseLayer",
    "Linear",
    "NNTask",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "layer_kind",
    "layer_kinds",
    "register_layer",
]
