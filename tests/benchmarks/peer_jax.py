"""JAX ``jit`` + ``scan``: the whole training as one compiled program.

An outer ``scan`` runs over epochs. Within an epoch either an inner ``scan`` runs over the batches,
padded to one length and masked where they are not of equal size, or the batches are unrolled, each
with its own shape. ``JitScan`` is the first, ``JitScanUnrolled`` the second; a benchmark takes the
faster. The loss is the cross-entropy from logits, as a JAX user writes it.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.peers import Trained

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.networks import Work

Parameters = list[tuple[jax.Array, jax.Array]]
Batch = tuple[jax.Array, jax.Array, jax.Array]


# JAX's own signature lacks its types.
_wait: Callable[[Any], Any] = jax.block_until_ready


class JitScan:
    """One compiled program for each shape of the data, kept between calls; inner scan."""

    name = "JAX jit+scan"
    unrolled = False

    def __init__(self) -> None:
        self._compiled: dict[Any, Callable[..., Any]] = {}

    def train(self, work: Work) -> Trained:
        """Train once; the first call for a shape compiles, before the clock starts."""
        parameters = [
            (
                jnp.asarray(work.initial[f"Linear{number}.weight"]),
                jnp.asarray(work.initial[f"Linear{number}.bias"]),
            )
            for number in work.layers
        ]
        batches = _separate(work) if self.unrolled else _stacked(work)
        arguments = (parameters, batches, work.learning_rate, work.momentum)
        key = (work.widths, len(work.labels), work.batches, work.epochs)
        if key not in self._compiled:
            program = partial(_train, work.epochs)
            self._compiled[key] = jax.jit(program).lower(*arguments).compile()
        _wait(arguments)
        started = time.perf_counter()
        trained, _ = _wait(self._compiled[key](*arguments))
        seconds = time.perf_counter() - started
        named = {}
        for number, (weight, bias) in enumerate(trained, start=1):
            named[f"Linear{number}.weight"] = np.asarray(weight)
            named[f"Linear{number}.bias"] = np.asarray(bias)
        return Trained(named, seconds)


class JitScanUnrolled(JitScan):
    """The batches of an epoch unrolled, with no padding."""

    name = "JAX jit+scan, batches unrolled"
    unrolled = True


def _separate(work: Work) -> list[Batch]:
    """Each batch with its own shape and rows of equal weight."""
    return [
        (jnp.asarray(x), jnp.asarray(y), jnp.full(len(y), 1 / len(y), np.float32))
        for x, y in work.parts()
    ]


def _stacked(work: Work) -> Batch:
    """Batches along a first axis; padded rows have weight 0."""
    parts = list(work.parts())
    rows = max(len(y) for _, y in parts)
    features = np.zeros((len(parts), rows, work.widths[0]), np.float32)
    labels = np.zeros((len(parts), rows), np.float32)
    weights = np.zeros((len(parts), rows), np.float32)
    for number, (x, y) in enumerate(parts):
        features[number, : len(y)], labels[number, : len(y)] = x, y
        weights[number, : len(y)] = 1 / len(y)
    return jnp.asarray(features), jnp.asarray(labels), jnp.asarray(weights)


def _loss(parameters: Parameters, batch: Batch) -> jax.Array:
    rows, labels, weights = batch
    for weight, bias in parameters[:-1]:
        rows = jax.nn.relu(rows @ weight.T + bias)
    weight, bias = parameters[-1]
    logits = (rows @ weight.T + bias)[:, 0]
    return jnp.sum(weights * (jax.nn.softplus(logits) - labels * logits))


def _train(
    epochs: int,
    parameters: Parameters,
    batches: list[Batch] | Batch,
    rate: float,
    momentum: float,
) -> Any:
    def step(state: Any, batch: Batch) -> tuple[Any, jax.Array]:
        parameters, velocities = state
        cost, gradients = jax.value_and_grad(_loss)(parameters, batch)
        velocities = jax.tree.map(lambda v, g: momentum * v + g, velocities, gradients)
        parameters = jax.tree.map(lambda p, v: p - rate * v, parameters, velocities)
        return (parameters, velocities), cost

    def epoch(state: Any, _: None) -> tuple[Any, jax.Array]:
        if isinstance(batches, tuple):
            state, costs = jax.lax.scan(step, state, batches)
            return state, costs.mean()
        total = jnp.zeros(())
        for batch in batches:
            state, cost = step(state, batch)
            total += cost
        return state, total / len(batches)

    start = (parameters, jax.tree.map(jnp.zeros_like, parameters))
    (parameters, _), costs = jax.lax.scan(epoch, start, None, length=epochs)
    return parameters, costs
