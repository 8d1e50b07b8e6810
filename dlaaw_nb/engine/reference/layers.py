"""Layers in NumPy, under the names of ``kernels_cu/layers/``, where formulas and sources stand.

A new kind is one entry here: `register_layer`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from .. import random

__all__ = ["LAYERS", "PREDICTING", "Elementwise", "Layer", "Pass", "register_layer"]

Array = np.ndarray
Options = Union[Sequence[float], np.ndarray]
Arrays = Mapping[str, Array]


class Pass(NamedTuple):
    """What layers need to know of the rows that go through.

    Attributes
    ----------
    training : bool
        Whether Dropout drops, and batch normalization takes the batch's moments.
    dropout_key : int
        Key of this epoch's random numbers.
    row : int
        Place of the first row among the rows that train.
    """

    training: bool
    dropout_key: int = 0
    row: int = 0


PREDICTING = Pass(False)


class Layer:
    """What a kind of layer computes.

    Attributes
    ----------
    template : str
        Name of its type in ``kernels_cu/``, given its widths; empty for the name of the kind.
    options : tuple of str
        Names of its hyperparameters in the kernels' order.
    numbered : bool
        Whether its number in the network follows behind them.
    fused : bool
        Whether it may be fused into the Linear layer before it.
    whole_batch : bool
        Whether it needs all rows of a batch at once.
    """

    template = ""
    options: Tuple[str, ...] = ()
    numbered = False
    fused = False
    whole_batch = False

    def shapes(self, n: int, m: int) -> Dict[str, Tuple[int, ...]]:
        """Give the shape of each trained array, for a layer from `n` to `m` features."""
        return {}

    def buffers(self, n: int, m: int) -> Dict[str, Tuple[int, ...]]:
        """Give the shape of each array that training keeps beside the trained ones."""
        return {}

    def gradients(self, x: Array, dy: Array) -> Optional[Dict[str, Array]]:
        """Give the derivatives by the trained arrays alone; None if `backward` must be asked."""
        return None

    def forward(self, x: Array, p: Arrays, o: Options, seen: Pass) -> Array:
        """Give what the layer puts out.

        Parameters
        ----------
        x : array, shape (rows, n)
            What comes in.
        p : mapping of str to array
            Trained arrays and buffers; buffers may be changed in place.
        o : sequence of float
            Options.
        seen : Pass
            The rows.

        Returns
        -------
        array, shape (rows, m)
            What goes out.
        """
        raise NotImplementedError

    def backward(
        self, x: Array, y: Array, dy: Array, p: Arrays, o: Options, seen: Pass
    ) -> Tuple[Array, Dict[str, Array]]:
        """Give the loss's derivative by `x`, and by each trained array, from that by `y`."""
        raise NotImplementedError


class Elementwise(Layer):
    """A layer that works on each number by itself.

    Parameters
    ----------
    forward : callable
        y from x and options.
    backward : callable
        The derivative by x from v, dy and options; v is y if `from_output`, else x.
    from_output : bool
        Whether y is enough, so that it may be fused into the Linear layer before it.
    options : tuple of str
        Names of its hyperparameters.
    """

    template = "Elementwise"

    def __init__(
        self,
        forward: Callable[[Array, Options], Array],
        backward: Callable[[Array, Array, Options], Array],
        from_output: bool = True,
        options: Tuple[str, ...] = (),
    ) -> None:
        self._forward, self._backward = forward, backward
        self.fused, self.options = from_output, options

    def forward(self, x: Array, p: Arrays, o: Options, seen: Pass) -> Array:
        """Apply it."""
        return np.asarray(self._forward(x, o), x.dtype)

    def backward(
        self, x: Array, y: Array, dy: Array, p: Arrays, o: Options, seen: Pass
    ) -> Tuple[Array, Dict[str, Array]]:
        """Undo it."""
        return np.asarray(self._backward(y if self.fused else x, dy, o), x.dtype), {}


class _Linear(Layer):
    template = "Linear"

    def shapes(self, n: int, m: int) -> Dict[str, Tuple[int, ...]]:
        return {"weight": (m, n), "bias": (m,)}

    def forward(self, x: Array, p: Arrays, o: Options, seen: Pass) -> Array:
        y = x @ p["weight"].T
        y += p["bias"]
        return np.asarray(y)

    def backward(
        self, x: Array, y: Array, dy: Array, p: Arrays, o: Options, seen: Pass
    ) -> Tuple[Array, Dict[str, Array]]:
        return dy @ p["weight"], self.gradients(x, dy)

    def gradients(self, x: Array, dy: Array) -> Dict[str, Array]:
        return {"weight": dy.T @ x, "bias": dy.sum(axis=0)}


class _Softmax(Layer):
    def forward(self, x: Array, p: Arrays, o: Options, seen: Pass) -> Array:
        e = np.exp(x - x.max(axis=1, keepdims=True))
        e /= e.sum(axis=1, keepdims=True)
        return np.asarray(e)

    def backward(
        self, x: Array, y: Array, dy: Array, p: Arrays, o: Options, seen: Pass
    ) -> Tuple[Array, Dict[str, Array]]:
        return y * (dy - (dy * y).sum(axis=1, keepdims=True)), {}


class _Dropout(Layer):
    options = ("rate",)
    numbered = True

    def _mask(self, x: Array, o: Options, seen: Pass) -> Array:
        drawn = random.dropout(seen.dropout_key, int(o[1]), seen.row, *x.shape)
        rate = np.float32(o[0])
        kept = np.float32(1) / (np.float32(1) - rate)
        return np.where(drawn < rate, np.float32(0), kept).astype(x.dtype)

    def forward(self, x: Array, p: Arrays, o: Options, seen: Pass) -> Array:
        return x * self._mask(x, o, seen) if seen.training else x

    def backward(
        self, x: Array, y: Array, dy: Array, p: Arrays, o: Options, seen: Pass
    ) -> Tuple[Array, Dict[str, Array]]:
        return dy * self._mask(x, o, seen), {}


class _BatchNorm1d(Layer):
    options = ("epsilon", "momentum")
    whole_batch = True

    def shapes(self, n: int, m: int) -> Dict[str, Tuple[int, ...]]:
        return {"weight": (n,), "bias": (n,)}

    def buffers(self, n: int, m: int) -> Dict[str, Tuple[int, ...]]:
        return {"running_mean": (n,), "running_variance": (n,)}

    def _normalized(self, x: Array, o: Options) -> Tuple[Array, Array, Array, Array]:
        mean = x.mean(axis=0, dtype=np.float64)
        variance = np.maximum((x * x.astype(np.float64)).mean(axis=0) - mean * mean, 0)
        scale = 1 / np.sqrt(variance.astype(x.dtype) + x.dtype.type(o[0]))
        return (x - mean.astype(x.dtype)) * scale, scale, mean, variance

    def forward(self, x: Array, p: Arrays, o: Options, seen: Pass) -> Array:
        if not seen.training:
            scale = 1 / np.sqrt(p["running_variance"] + x.dtype.type(o[0]))
            return np.asarray((x - p["running_mean"]) * scale * p["weight"] + p["bias"], x.dtype)
        h, _, mean, variance = self._normalized(x, o)
        unbiased = variance * (len(x) / max(len(x) - 1, 1))
        for name, value in (("running_mean", mean), ("running_variance", unbiased)):
            buffer, move = p[name], p[name].dtype.type(o[1])
            buffer *= 1 - move
            buffer += move * value.astype(buffer.dtype)
        return np.asarray(h * p["weight"] + p["bias"])

    def backward(
        self, x: Array, y: Array, dy: Array, p: Arrays, o: Options, seen: Pass
    ) -> Tuple[Array, Dict[str, Array]]:
        h, scale, _, _ = self._normalized(x, o)
        bias, weight = dy.sum(axis=0), (dy * h).sum(axis=0)
        dx = p["weight"] * scale * (dy - bias / len(x) - h * (weight / len(x)))
        return dx, {"weight": weight, "bias": bias}


def _sigmoid(x: Array, _: Any) -> Array:
    one = x.dtype.type(1)
    with np.errstate(over="ignore"):
        return np.asarray(one / (one + np.exp(-x)))


def _below(x: Array) -> Array:
    """Give the share of a normal distribution below x."""
    from math import erf

    return np.asarray(0.5 * (1 + np.vectorize(erf, otypes=[np.float64])(x * 0.5**0.5)))


def _gelu(x: Array, _: Any) -> Array:
    return np.asarray(x * _below(x))


def _gelu_slope(x: Array, dy: Array, _: Any) -> Array:
    return np.asarray(dy * (_below(x) + x * np.exp(-0.5 * x * x) * (2 * np.pi) ** -0.5))


LAYERS: Dict[str, Layer] = {
    "Linear": _Linear(),
    "Softmax": _Softmax(),
    "Dropout": _Dropout(),
    "BatchNorm1d": _BatchNorm1d(),
    "ReLU": Elementwise(
        lambda x, o: np.where(x < 0, 0, x), lambda y, dy, o: np.where(y > 0, dy, 0)
    ),
    "LeakyReLU": Elementwise(
        lambda x, o: np.where(x < 0, x.dtype.type(o[0]) * x, x),
        lambda y, dy, o: np.where(y > 0, dy, y.dtype.type(o[0]) * dy),
        options=("slope",),
    ),
    "ELU": Elementwise(
        lambda x, o: np.where(x < 0, x.dtype.type(o[0]) * np.expm1(np.minimum(x, 0)), x),
        lambda y, dy, o: np.where(y > 0, dy, dy * (y + y.dtype.type(o[0]))),
        options=("alpha",),
    ),
    "Tanh": Elementwise(lambda x, o: np.tanh(x), lambda y, dy, o: dy * (1 - y * y)),
    "Sigmoid": Elementwise(_sigmoid, lambda y, dy, o: dy * (y * (1 - y))),
    "GELU": Elementwise(_gelu, _gelu_slope, from_output=False),
}
"""Each kind of layer by its name."""


def register_layer(kind: str, layer: Layer) -> None:
    """Add a kind of layer; its kernel is ``layers/<kind in lower case>.cuh``.

    Parameters
    ----------
    kind : str
        Its name.
    layer : Layer
        What it computes.
    """
    LAYERS[kind] = layer


def layer_options(nodes: Sequence[Mapping[str, Any]]) -> List[List[float]]:
    """List the options of each layer, in the kernels' order.

    Parameters
    ----------
    nodes : sequence of mapping
        Layers of a specification.

    Returns
    -------
    list of list of float
        One list a layer.
    """
    found = []
    for number, node in enumerate(nodes):
        layer = LAYERS[node["kind"]]
        values = [float(node["parameters"][name]) for name in layer.options]
        found.append([*values, float(number)] if layer.numbered else values)
    return found
