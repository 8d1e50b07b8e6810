"""Optimizers and schedules in NumPy, by their names in ``kernels_cu/``, where the sources stand."""

from __future__ import annotations

import math
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

__all__ = ["OPTIMIZERS", "SCHEDULES", "SCHEDULE_MEMORY", "Optimizer", "Schedule", "clip"]

Array = np.ndarray
Options = Union[Sequence[float], np.ndarray]
SCHEDULE_MEMORY = 3  # as in kernels_cu/schedule.cuh


class Optimizer(NamedTuple):
    """How gradients change parameters.

    Attributes
    ----------
    settings : tuple of str
        Names of its hyperparameters in the kernels' order.
    states : int
        Arrays kept for each parameter.
    update : callable
        Takes parameters, gradient, arrays of state, settings, the rate of this epoch and the count
        of updates (from 1); changes the first and third in place.
    """

    settings: Tuple[str, ...]
    states: int
    update: Callable[[Array, Array, List[Array], Options, float, int], None]


class Schedule(NamedTuple):
    """What a learning rate is multiplied by.

    Attributes
    ----------
    settings : tuple of str
        Names of its hyperparameters in the kernels' order.
    factor : callable
        Takes the learning rate, settings, epoch, epochs and memory.
    observe : callable or None
        Takes the learning rate, settings, an epoch's cost and memory, which it changes.
    """

    settings: Tuple[str, ...]
    factor: Callable[[float, Options, int, int, Array], float]
    observe: Optional[Callable[[float, Options, float, Array], None]] = None


def _decayed(w: Array, g: Array, decay: float) -> Array:
    return g + w.dtype.type(decay) * w if decay else g


def _sgd(w: Array, g: Array, state: List[Array], s: Options, rate: float, t: int) -> None:
    (velocity,) = state
    velocity *= w.dtype.type(s[2])
    velocity += _decayed(w, g, s[1])
    w -= w.dtype.type(rate) * velocity


def _nesterov(w: Array, g: Array, state: List[Array], s: Options, rate: float, t: int) -> None:
    (velocity,) = state
    g = _decayed(w, g, s[1])
    velocity *= w.dtype.type(s[2])
    velocity += g
    w -= w.dtype.type(rate) * (g + w.dtype.type(s[2]) * velocity)


def _adam(w: Array, g: Array, state: List[Array], s: Options, rate: float, t: int) -> None:
    _adam_step(w, _decayed(w, g, s[1]), state, s, rate, t)


def _adamw(w: Array, g: Array, state: List[Array], s: Options, rate: float, t: int) -> None:
    if s[1]:
        w *= w.dtype.type(1 - rate * s[1])
    _adam_step(w, g, state, s, rate, t)


def _adam_step(w: Array, g: Array, state: List[Array], s: Options, rate: float, t: int) -> None:
    kind = w.dtype.type
    m, v = state
    step = g - m
    step *= kind(1 - s[2])
    m += step
    np.multiply(g, g, out=step)
    step *= kind(1 - s[3])
    v *= kind(s[3])
    v += step
    np.sqrt(v, out=step)
    step *= kind(1 / math.sqrt(1 - s[3] ** t))
    step += kind(s[4])
    np.divide(m, step, out=step)
    step *= kind(rate / (1 - s[2] ** t))
    w -= step


_ADAM = ("learning_rate", "weight_decay", "beta1", "beta2", "epsilon")
OPTIMIZERS: Dict[str, Optimizer] = {
    "SGD": Optimizer(("learning_rate", "weight_decay", "momentum"), 1, _sgd),
    "Nesterov": Optimizer(("learning_rate", "weight_decay", "momentum"), 1, _nesterov),
    "Adam": Optimizer(_ADAM, 2, _adam),
    "AdamW": Optimizer(_ADAM, 2, _adamw),
}
"""Each kind of optimizer by its name."""


def _step_decay(rate: float, s: Options, epoch: int, epochs: int, memory: Array) -> float:
    return float(s[1]) ** (epoch // int(s[0]))


def _cosine_decay(rate: float, s: Options, epoch: int, epochs: int, memory: Array) -> float:
    share = s[0] / rate
    return share + (1 - share) * (1 + math.cos(math.pi * epoch / epochs)) / 2


def _on_plateau(rate: float, s: Options, epoch: int, epochs: int, memory: Array) -> float:
    return float(memory[2]) or 1.0


def _observe_plateau(rate: float, s: Options, cost: float, memory: Array) -> None:
    if memory[2] <= 0 or cost < memory[0] * (1 - 1e-4):
        memory[:] = cost, 0, memory[2] or 1
        return
    memory[1] += 1
    if memory[1] > s[1]:
        memory[2] = max(memory[2] * s[0], min(memory[2], s[2] / rate))
        memory[1] = 0


SCHEDULES: Dict[str, Schedule] = {
    "Constant": Schedule((), lambda rate, s, epoch, epochs, memory: 1.0),
    "StepDecay": Schedule(("every", "factor"), _step_decay),
    "CosineDecay": Schedule(("minimum",), _cosine_decay),
    "ReduceOnPlateau": Schedule(("factor", "patience", "minimum"), _on_plateau, _observe_plateau),
}
"""Each kind of schedule by its name."""


def clip(gradients: Dict[str, Array], most: float) -> None:
    """Make a gradient that is longer than `most`, all arrays together, as long, in place.

    Parameters
    ----------
    gradients : dict of str to array
        By name of the parameter.
    most : float
        The longest it may be; 0 for any.
    """
    if not most:
        return
    squares = sum(float(np.vdot(g.astype(np.float64), g)) for g in gradients.values())
    scale = most / (math.sqrt(squares) + 1e-6)
    if scale < 1:
        for gradient in gradients.values():
            np.multiply(gradient, gradient.dtype.type(scale), out=gradient)
