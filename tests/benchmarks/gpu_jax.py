"""JAX on a GPU: `jit` + `scan` for one training, with `vmap` over folds and settings.

One compiled program runs ``unit`` epochs; its state stays on the device between two calls.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the GPU is shared with PyTorch

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.gpu_work import padded, stacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.networks import Work

jax.config.update("jax_default_matmul_precision", "float32")

_wait: Callable[[Any], Any] = jax.block_until_ready


class Scan:
    """One training: a scan over epochs, in it a scan over batches of one length."""

    name = "JAX jit+scan"
    unrolled = False

    def __init__(self, work: Work, unit: int) -> None:
        self.unit, self._layers = unit, work.layers
        self._start = [
            (
                jnp.asarray(work.initial[f"Linear{number}.weight"]),
                jnp.asarray(work.initial[f"Linear{number}.bias"]),
            )
            for number in work.layers
        ]
        loss = _classes if work.widths[-1] > 1 else _binary
        batches = [tuple(jnp.asarray(array) for array in batch) for batch in padded(work)]
        self._batches = batches if self.unrolled else _together(batches)
        self._rates = (jnp.float32(work.learning_rate), jnp.float32(work.momentum))
        self._compile(jax.grad(loss))

    def _compile(self, gradient: Callable[..., Any]) -> None:
        self.reset()
        program = jax.jit(_program(gradient, self.unit, unrolled=self.unrolled))
        self._call = program.lower(self._state, self._batches, *self._rates).compile()

    def reset(self) -> None:
        self._state = _wait((self._start, jax.tree.map(jnp.zeros_like, self._start)))

    def advance(self, epochs: int) -> None:
        state = self._state
        for _ in range(max(1, epochs // self.unit)):
            state = self._call(state, self._batches, *self._rates)
        self._state = _wait(state)

    def parameters(self) -> list[dict[str, Any]]:
        return [_named(self._state[0], ())]


class ScanUnrolled(Scan):
    """One training, the batches of an epoch one after the other."""

    name = "JAX jit+scan, batches unrolled"
    unrolled = True


class Grid(Scan):
    """Folds x settings: gradients by vmap over both."""

    name = "JAX jit+scan+vmap"
    unrolled = True

    def __init__(self, folds: Sequence[Work], settings: Sequence[Any], unit: int) -> None:
        self.unit, self._sizes = unit, (len(folds), len(settings))

        def spread(array: np.ndarray) -> jax.Array:
            return jnp.asarray(np.broadcast_to(array, (*self._sizes, *array.shape)))

        initial = folds[0].initial
        self._start = [
            (spread(initial[f"Linear{n}.weight"]), spread(initial[f"Linear{n}.bias"]))
            for n in folds[0].layers
        ]
        self._batches = [tuple(jnp.asarray(array) for array in batch) for batch in stacked(folds)]
        self._rates = (
            jnp.asarray([s.learning_rate for s in settings], jnp.float32),
            jnp.asarray([s.momentum for s in settings], jnp.float32),
        )
        over_settings = jax.vmap(jax.grad(_binary), in_axes=(0, None))
        self._compile(jax.vmap(over_settings, in_axes=(0, 0)))

    def parameters(self) -> list[dict[str, Any]]:
        folds, settings = self._sizes
        values = [(np.asarray(w), np.asarray(b)) for w, b in self._state[0]]
        return [_named(values, (f, s)) for s in range(settings) for f in range(folds)]


def device() -> str:
    """Where JAX computes."""
    return str(jax.devices()[0])


def _together(batches: list[Any]) -> Any:
    return tuple(jnp.stack(arrays) for arrays in zip(*batches, strict=True))


def _named(values: Any, at: tuple[int, ...]) -> dict[str, Any]:
    found = {}
    for number, (weight, bias) in enumerate(values, start=1):
        found[f"Linear{number}.weight"] = np.asarray(weight)[at]
        found[f"Linear{number}.bias"] = np.asarray(bias)[at]
    return found


def _logits(parameters: Any, rows: jax.Array) -> jax.Array:
    for weight, bias in parameters[:-1]:
        rows = jax.nn.relu(rows @ weight.T + bias)
    weight, bias = parameters[-1]
    return rows @ weight.T + bias


def _binary(parameters: Any, batch: Any) -> jax.Array:
    rows, labels, shares = batch
    logits = _logits(parameters, rows)[:, 0]
    return jnp.sum(shares * (jax.nn.softplus(logits) - labels * logits))


def _classes(parameters: Any, batch: Any) -> jax.Array:
    rows, labels, shares = batch
    logs = jax.nn.log_softmax(_logits(parameters, rows))
    at = labels.astype(jnp.int32)[:, None]
    return -jnp.sum(shares * jnp.take_along_axis(logs, at, axis=1)[:, 0])


def _program(gradient: Callable[..., Any], epochs: int, *, unrolled: bool) -> Callable[..., Any]:
    def train(state: Any, batches: Any, rate: jax.Array, momentum: jax.Array) -> Any:
        def spread(scale: jax.Array, like: jax.Array) -> jax.Array:
            ones = (1,) * (like.ndim - 2)  # of folds x settings x the array's own axes
            return scale.reshape(scale.shape + ones) if scale.ndim else scale

        def step(state: Any, batch: Any) -> tuple[Any, None]:
            values, kept = state
            found = gradient(values, batch)
            kept = jax.tree.map(lambda v, g: spread(momentum, v) * v + g, kept, found)
            values = jax.tree.map(lambda p, v: p - spread(rate, v) * v, values, kept)
            return (values, kept), None

        def epoch(state: Any, _: None) -> tuple[Any, None]:
            if not unrolled:
                return jax.lax.scan(step, state, batches)
            for batch in batches:
                state, _ = step(state, batch)
            return state, None

        return jax.lax.scan(epoch, state, None, length=epochs)[0]

    return train
