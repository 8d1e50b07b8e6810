"""Layers, one family a file. A network is made of them; see ``NNTask`` for adding one."""

from dlaaw_nb.nn.layers.activations import ELU, GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from dlaaw_nb.nn.layers.base import ElementwiseLayer, NNTask, SameWidthLayer
from dlaaw_nb.nn.layers.batchnorm1d import BatchNorm1d
from dlaaw_nb.nn.layers.dropout import Dropout
from dlaaw_nb.nn.layers.linear import Linear
from dlaaw_nb.nn.layers.own_activation import activation
from dlaaw_nb.nn.layers.own_plot import activation_values, plot_activations
from dlaaw_nb.nn.layers.registry import layer_kind, layer_kinds, register_layer
from dlaaw_nb.nn.layers.softmax import Softmax

__all__ = [
    "ELU",
    "GELU",
    "BatchNorm1d",
    "Dropout",
    "ElementwiseLayer",
    "LeakyReLU",
    "Linear",
    "NNTask",
    "ReLU",
    "SameWidthLayer",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "activation",
    "activation_values",
    "layer_kind",
    "layer_kinds",
    "plot_activations",
    "register_layer",
]
