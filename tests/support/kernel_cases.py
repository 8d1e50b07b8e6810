"""The networks on which the kernels are proved.

A new layer, loss, optimizer or schedule needs a place in ``CASES``: the emulator, the sanitizers
and the GPU compilers all go through it, and a test fails while a kind is missing.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Set, Tuple

import numpy as np
from engine_support import make_data, make_spec

from dlaaw_nb.engine import codegen
from dlaaw_nb.engine.chain import Chain
from dlaaw_nb.engine.kernel_program import KernelProgram, KernelSession
from dlaaw_nb.engine.layout import Layouts
from dlaaw_nb.engine.numpy_program import NumpyProgram
from dlaaw_nb.engine.recipe import recipe_kinds
from dlaaw_nb.engine.session import Session, Stop
from dlaaw_nb.engine.trials import Trial, expand


class Case(NamedTuple):
    """A network and how it trains."""

    layers: List[List[Any]]
    settings: Dict[str, Any] = {}  # noqa: RUF012  # of make_spec
    constant: bool = True  # sizes are compiled in


def perceptron(*widths: int, hidden: str = "ReLU") -> List[List[Any]]:
    """Linear layers of these widths, the last one with a Sigmoid."""
    layers: List[List[Any]] = []
    for n, m in zip(widths, widths[1:]):
        layers += [["Linear", n, m], [hidden]]
    layers[-1] = ["Sigmoid"]
    return layers


_ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
_NORM = {"epsilon": 1e-5, "momentum": 0.1}
_BINARY = [
    ["Linear", 5, 9],
    ["BatchNorm1d", _NORM],
    ["ReLU"],
    ["Dropout", {"rate": 0.2}],
    ["Linear", 9, 4],
    ["GELU"],
    ["Linear", 4, 1],
    ["Sigmoid"],
]
_CLASSES = [
    ["Linear", 7, 6],
    ["LeakyReLU", {"slope": 0.1}],
    ["BatchNorm1d", _NORM],
    ["Linear", 6, 3],
    ["BatchNorm1d", {"epsilon": 1e-3, "momentum": 0.3}],
    ["Softmax"],
]
_NUMBERS = [
    ["Linear", 5, 4],
    ["Tanh"],
    ["ELU", {"alpha": 0.7}],
    ["Softmax"],
    ["Linear", 4, 7],
    ["Linear", 7, 1],
]
_STOPPING = {"patience": 100, "min_delta": 0.0, "validation_fraction": 0.2}

CASES: Dict[str, Case] = {
    "paper": Case(perceptron(5, 3, 1)),
    "paper large": Case(perceptron(16, 8, 5, 3, 1), {"clip_norm": 0.05}),
    "paper large, variable sizes": Case(perceptron(16, 8, 5, 3, 1), constant=False),
    "binary": Case(
        _BINARY,
        {
            "optimizer": "AdamW",
            "optimizer_options": _ADAM,
            "schedule": {"kind": "CosineDecay", "parameters": {"minimum": 0.01}},
            "shuffle": "every_epoch",
            "early_stopping": _STOPPING,
        },
    ),
    "classes": Case(
        _CLASSES,
        {
            "loss": "CrossEntropy",
            "optimizer": "Adam",
            "optimizer_options": _ADAM,
            "schedule": {"kind": "StepDecay", "parameters": {"every": 3, "factor": 0.5}},
            "clip_norm": 0.01,
        },
    ),
    "numbers": Case(
        _NUMBERS,
        {
            "loss": "Huber",
            "loss_options": {"delta": 0.3},
            "optimizer": "Nesterov",
            "schedule": {
                "kind": "ReduceOnPlateau",
                "parameters": {"factor": 0.5, "patience": 0, "minimum": 0.1},
            },
        },
    ),
    "numbers, variable sizes": Case(
        [["Linear", 9, 33], ["Tanh"], ["BatchNorm1d", _NORM], ["Linear", 33, 1]],
        {"loss": "MeanSquaredError", "normalize": "standard", "weight_decay": 0.01},
        constant=False,
    ),
}


def kinds_of(case: Case) -> Set[Tuple[str, str]]:
    """Folders and kinds of the kernels that a case runs."""
    spec = trial_of(case, 60).spec
    loss, optimizer, schedule = recipe_kinds(spec)
    return {("layers", str(node["kind"])) for node in spec["layers"]["nodes"]} | {
        ("losses", loss),
        ("optimizers", optimizer),
        ("schedules", schedule),
    }


def source_of(case: Case) -> str:
    """The program of a case."""
    spec = trial_of(case, 60).spec
    chain = Chain(spec["layers"]["nodes"])
    return codegen.training_source(chain, *recipe_kinds(spec), constant=case.constant)


def data_of(case: Case, rows: int) -> Dict[str, np.ndarray]:
    """Rows, with labels that fit the end of the network."""
    width = case.layers[0][1]
    data = make_data(rows, width)
    data["features"] /= 10.0 ** np.maximum(np.arange(width) - 5, 0)  # unlike scales, within float32
    if case.layers[-1][0] == "Softmax":
        data["labels"] = np.arange(rows) % 3.0
    elif case.layers[-1][0] == "Linear":
        data["labels"] = np.linspace(-1, 1, rows)[np.random.default_rng(1).permutation(rows)]
    return data


def trial_of(case: Case, rows: int, plan: Any = None, **settings: Any) -> Trial:
    """The second trial of a case on some rows, or the only one."""
    return expand(make_spec(case.layers, plan, **{**case.settings, **settings}), rows)[:2][-1]


def session_of(
    case: Case, rows: int, team: int = 1, plan: Any = None, reference: bool = False, **settings: Any
) -> Session:
    """A training at epoch 0, by the kernels or by NumPy in float64."""
    trial = trial_of(case, rows, plan, **settings)
    layout, split = Layouts(data_of(case, rows), [trial]).take(trial)
    if reference:
        return NumpyProgram(np.float64).start(trial, layout, split, Stop(), None, team)
    program = KernelProgram(trial.chain, *recipe_kinds(trial.spec), case.constant)
    return program.start(trial, layout, split, Stop(), None, team)


def outcome(session: KernelSession, epochs: int) -> Dict[str, Any]:
    """Everything that a training leaves, to be compared to the bit."""
    half = epochs // 2
    costs = (session.advance(half) if half else []) + session.advance(epochs)
    predicted = session.predict(session.layout, 0, session.layout.rows)
    return {
        "costs": costs,
        "validation costs": list(session.validation_costs),
        "parameters": session.flat.tobytes(),
        "state": session._state.tobytes(),
        "buffers": session._buffers.tobytes(),
        "best": session._best.tobytes(),
        "predicted": predicted.tobytes(),
        "diverged": session.diverged,
        "epoch": session.epoch,
    }
