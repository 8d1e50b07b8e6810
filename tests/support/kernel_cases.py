"""The networks on which the kernels are proved: a new layer, loss or optimizer is one more entry here.

The emulator, the sanitizers and the GPU compilers all go through ``CASES``.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple

import numpy as np
from engine_support import make_data, make_spec

from dlaaw_nb.engine.kernel_program import KernelProgram, KernelSession
from dlaaw_nb.engine.layout import Layouts
from dlaaw_nb.engine.numpy_program import NumpyProgram
from dlaaw_nb.engine.session import Session, Stop
from dlaaw_nb.engine.trials import Trial, expand


class Case(NamedTuple):
    """A network and how it trains."""

    layers: List[List[Any]]
    loss: str = "BinaryCrossEntropy"
    optimizer: Dict[str, Any] = {"kind": "SGD", "learning_rate": 0.1, "momentum": 0.9}  # noqa: RUF012
    constant: bool = True  # sizes are compiled in
    settings: Dict[str, Any] = {}  # noqa: RUF012  # of make_spec


def perceptron(*widths: int, hidden: str = "ReLU") -> List[List[Any]]:
    """Linear layers of these widths, the last one with a Sigmoid."""
    layers: List[List[Any]] = []
    for n, m in zip(widths, widths[1:]):
        layers += [["Linear", n, m], [hidden]]
    layers[-1] = ["Sigmoid"]
    return layers


_MIXED = [
    ["Linear", 5, 4],
    ["Tanh"],
    ["ReLU"],
    ["Linear", 4, 7],
    ["Linear", 7, 1],
    ["Sigmoid"],
]

CASES: Dict[str, Case] = {
    "paper": Case(perceptron(5, 3, 1)),
    "paper_large": Case(perceptron(16, 8, 5, 3, 1)),
    "paper_large_variable": Case(perceptron(16, 8, 5, 3, 1), constant=False),
    "not_fused": Case(_MIXED),
    "not_fused_variable": Case(_MIXED, constant=False),
    "wide": Case(perceptron(9, 33, 1, hidden="Tanh"), settings={"normalize": "standard"}),
}


def trial_of(case: Case, rows: int, plan: Any = None, **settings: Any) -> Trial:
    """The first trial of a case on some rows."""
    spec = make_spec(case.layers, plan, **{**case.settings, **settings})
    values = dict(case.optimizer)
    spec["optimizer"] = {"kind": values.pop("kind"), "parameters": values}
    spec["loss"]["kind"] = case.loss
    return expand(spec, rows)[0]


def program_of(case: Case) -> KernelProgram:
    """Its kernels, compiled as ``build.flags()`` says."""
    chain = trial_of(case, 60).chain
    return KernelProgram(chain, case.loss, case.optimizer["kind"], case.constant)


def session_of(
    case: Case, rows: int, team: int = 1, plan: Any = None, reference: bool = False, **settings: Any
) -> Session:
    """A training at epoch 0, by the kernels or by NumPy in float64."""
    trial = trial_of(case, rows, plan, **settings)
    data = make_data(rows, case.layers[0][1])
    layout, split = Layouts(data, [trial]).take(trial)
    program = NumpyProgram(np.float64) if reference else program_of(case)
    return program.start(trial, layout, split, Stop(), None, team)


def outcome(session: KernelSession, epochs: int) -> Dict[str, Any]:
    """Everything that a training leaves, to be compared to the bit."""
    half = epochs // 2
    costs = (session.advance(half) if half else []) + session.advance(epochs)
    predicted = session.predict(session.layout, 0, session.layout.rows)
    return {
        "costs": costs,
        "parameters": session.flat.tobytes(),
        "state": session._state.tobytes(),
        "predicted": predicted.tobytes(),
        "diverged": session.diverged,
    }
