"""Large networks on which the wide program is proved, and sessions that run it in the emulator."""

from __future__ import annotations

import ctypes
from typing import Any, Dict, List, Tuple
from unittest import mock

import numpy as np
from kernel_builds import Emulator
from kernel_cases import Case, perceptron, trial_of

from dlaaw_nb.engine import build, codegen, wide
from dlaaw_nb.engine.kernel_program import KernelProgram, KernelSession, options_of
from dlaaw_nb.engine.launch import Prediction, Rows, address, aligned
from dlaaw_nb.engine.layout import Layouts
from dlaaw_nb.engine.numpy_program import NumpyProgram
from dlaaw_nb.engine.recipe import recipe_kinds
from dlaaw_nb.engine.session import Session, Stop

ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
NORM = {"epsilon": 1e-5, "momentum": 0.1}
CLASSES = {"loss": "CrossEntropy", "learning_rate": 0.05}


def classifier(*widths: int) -> List[List[Any]]:
    """Linear layers of these widths with ReLU between, and a Softmax at the end."""
    layers = perceptron(*widths)
    layers[-1] = ["Softmax"]
    return layers


MNIST = Case(classifier(784, 256, 128, 10), CLASSES)
ODD = Case(classifier(300, 37, 5), CLASSES)
MIXED = Case(
    [
        ["Linear", 70, 65],
        ["Dropout", {"rate": 0.2}],
        ["GELU"],
        ["Linear", 65, 40],
        ["Softmax"],
        ["Linear", 40, 1],
        ["Sigmoid"],
    ],
    {"optimizer": "Adam", "optimizer_options": ADAM, "learning_rate": 0.01},
)
NORMED = Case(
    [
        ["Linear", 90, 90],
        ["BatchNorm1d", NORM],
        ["Linear", 90, 50],
        ["BatchNorm1d", NORM],
        ["ReLU"],
        ["Linear", 50, 3],
        ["BatchNorm1d", NORM],
        ["Softmax"],
    ],
    CLASSES,
)
NUMBERS = Case(
    [["Linear", 50, 60], ["Tanh"], ["Linear", 60, 1]],
    {"loss": "MeanSquaredError", "normalize": "standard", "optimizer": "Nesterov"},
)
MANY = Case(classifier(40, 30, 50), CLASSES)  # more classes than a strip takes


def wide_data(case: Case, rows: int) -> Dict[str, np.ndarray]:
    """Rows of some scales, with labels that fit the end of the network."""
    width = case.layers[0][1]
    rng = np.random.default_rng(3)
    classes = np.arange(rows) % {"Softmax": 3, "Sigmoid": 2, "Linear": 7}[case.layers[-1][0]]
    x = rng.normal(size=(rows, width)) * 10.0 ** (np.arange(width) % 3)
    return {"features": x + classes[:, None], "labels": classes.astype(float)}


class WideProgram(KernelProgram):
    """The wide program of one network, in the emulator."""

    def __init__(
        self, chain: Any, loss: str, optimizer: str, schedule: str, constant: bool
    ) -> None:
        source = codegen.wide_source(chain, loss, optimizer, schedule, constant)
        self.library = build.library(source)
        self.sizes = np.array(codegen.fused_sizes(chain), np.int32)
        self.train_floats = 16


class WideSession(KernelSession):
    """One training by the wide program; `team` blocks are one call."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.team = int(arguments[-1])
        rows = -(-self.train_rows // self.parts)
        chain = self.trial.chain
        floats = wide.train_floats(chain, self.recipe.loss, self.recipe.optimizer, rows)
        self._guarded = aligned(floats + 16)
        self._guarded[:] = np.nan
        self._guarded[floats:] = 12345.0
        self._arguments.work = address(self._guarded)

    def is_intact(self) -> bool:
        """Whether nothing was written behind the scratch memory."""
        return bool((self._guarded[-16:] == 12345.0).all())

    def _member(self, member: int) -> None:
        if member == 0:
            super()._member(0)

    def predict(self, layout: Any, begin: int, end: int) -> np.ndarray:
        """Run rows through the network, 64 at a time."""
        chain, sizes = self.trial.chain, self.program.sizes
        work, state = aligned(wide.predict_floats(chain, 64)), np.zeros(4, np.int32)
        work[:] = np.nan
        last = np.full((end - begin, int(sizes[-1])), np.nan, np.float32)
        outputs = (ctypes.c_void_p * (len(sizes) - 1))()
        outputs[len(sizes) - 2] = address(last)
        given = self._arguments.rows
        rows = Rows(given.x, given.t, given.offset, given.scale, given.stride, layout.rows, 0)
        options = options_of(chain)
        arguments = Prediction(
            rows=rows,
            sizes=address(sizes),
            options=address(options),
            parameters=address(self.flat),
            buffers=address(self._buffers),
            outputs=ctypes.addressof(outputs),
            begin=begin,
            end=end,
            layers=len(sizes) - 1,
            work_rows=64,
            work=address(work),
            team_state=address(state),
        )
        self.program.library.dlaaw_predict(ctypes.byref(arguments), 0, self.team, None)
        return last


def wide_session(
    case: Case, rows: int, team: int, order: int = 0, plan: Any = None, **settings: Any
) -> Tuple[WideSession, Emulator]:
    """A training at epoch 0 by the wide program; call inside of ``built_with(FIBERS)``."""
    trial = trial_of(case, rows, plan, **settings)
    layout, split = Layouts(wide_data(case, rows), [trial]).take(trial)
    program = WideProgram(trial.chain, *recipe_kinds(trial.spec), case.constant)
    session = WideSession(program, trial, layout, split, Stop(), None, team)
    emulator = Emulator(program.library)
    emulator.configure(wide.THREADS, order)
    return session, emulator


def reference_session(case: Case, rows: int, plan: Any = None, **settings: Any) -> Session:
    """The same training by NumPy in float64."""
    trial = trial_of(case, rows, plan, **settings)
    layout, split = Layouts(wide_data(case, rows), [trial]).take(trial)
    return NumpyProgram(np.float64).start(trial, layout, split, Stop(), None, 1)


def wide_outcome(session: KernelSession, epochs: int) -> Dict[str, Any]:
    """Everything that a training leaves, to be compared to the bit."""
    with mock.patch("dlaaw_nb.engine.kernel_program.threading"):
        costs = session.advance(epochs)
    return {
        "costs": costs,
        "validation costs": list(session.validation_costs),
        "parameters": session.flat.tobytes(),
        "state": session._state.tobytes(),
        "buffers": session._buffers.tobytes(),
        "best": session._best.tobytes(),
        "predicted": session.predict(session.layout, 0, session.layout.rows).tobytes(),
        "diverged": session.diverged,
        "epoch": session.epoch,
    }
