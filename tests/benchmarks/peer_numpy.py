"""NumPy by hand: forward, backward and SGD with momentum as matrix products."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.peers import Trained

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.benchmarks.networks import Work

    Array = NDArray[np.floating]


class ByHand:
    """The network in plain NumPy; with ``dtype=numpy.float64`` it judges everybody's rounding."""

    def __init__(self, dtype: type[np.floating] = np.float32) -> None:
        self.name = "NumPy by hand" if dtype is np.float32 else "NumPy, float64"
        self.dtype = dtype

    def train(self, work: Work) -> Trained:
        """Train once."""
        dtype = self.dtype
        parts = [(x.astype(dtype), y.astype(dtype)[:, None]) for x, y in work.parts()]
        names = [f"Linear{number}" for number in work.layers]
        parameters = [
            work.initial[f"{name}.{kind}"].astype(dtype)
            for name in names
            for kind in ("weight", "bias")
        ]
        velocities = [np.zeros_like(parameter) for parameter in parameters]
        rate, momentum = dtype(work.learning_rate), dtype(work.momentum)
        started = time.perf_counter()
        for _ in range(work.epochs):
            for features, labels in parts:
                gradients = _gradients(parameters, features, labels)
                for position, gradient in enumerate(gradients):
                    velocities[position] *= momentum
                    velocities[position] += gradient
                    parameters[position] -= rate * velocities[position]
        seconds = time.perf_counter() - started
        keys = [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]
        return Trained(dict(zip(keys, parameters, strict=True)), seconds)


def _gradients(parameters: list[Array], features: Array, labels: Array) -> list[Array]:
    """Gradients of the mean binary cross-entropy, in the order of ``parameters``."""
    layers = len(parameters) // 2
    inputs = [features]
    for layer in range(layers - 1):
        weight, bias = parameters[2 * layer], parameters[2 * layer + 1]
        inputs.append(np.maximum(inputs[-1] @ weight.T + bias, 0))
    logits = inputs[-1] @ parameters[-2].T + parameters[-1]
    delta = (0.5 + 0.5 * np.tanh(0.5 * logits) - labels) / features.dtype.type(len(labels))
    gradients: list[Array] = []
    for layer in reversed(range(layers)):
        gradients = [delta.T @ inputs[layer], delta.sum(axis=0), *gradients]
        if layer:
            delta = (delta @ parameters[2 * layer]) * (inputs[layer] > 0)
    return gradients
