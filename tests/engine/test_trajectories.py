"""Our trainings against what PyTorch recorded (``make_pytorch_trajectories.py``)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from engine_support import make_spec, needs_compiler, run, trials

from dlaaw_nb.engine import programs
from dlaaw_nb.engine.numpy_program import NumpyProgram

RECORD = json.loads((Path(__file__).parent / "data" / "pytorch_trajectories.json").read_text())
CASES = {case["name"]: case for case in RECORD["cases"]}


def train(case, epochs):
    features = case["layers"][0][1]
    data = {
        "features": np.array(RECORD["features"], float)[:, :features],
        "labels": np.array(RECORD["labels"], float),
        "initial": {name: np.array(value, np.float32) for name, value in case["initial"].items()},
    }
    spec = make_spec(
        case["layers"],
        batches=case["batches"],
        epochs=epochs,
        learning_rate=case["learning_rate"],
        momentum=case["momentum"],
        shuffle=False,
        normalize="none",
        cost_every=1,
    )
    return trials(run(spec, data))[0]


def flat(parameters):
    return np.concatenate(
        [np.asarray(parameters[name], float).ravel() for name in sorted(parameters)]
    )


def check(case, epochs, precision, tolerance):
    found, recorded = train(case, epochs), case["runs"][precision]
    expected = flat(recorded["parameters"][str(epochs)])
    error = np.linalg.norm(flat(found["parameters"]) - expected) / np.linalg.norm(expected)
    assert error < tolerance
    costs = np.array([cost for _, cost in found["costs"]])
    np.testing.assert_allclose(costs, recorded["costs"][:epochs], rtol=2 * tolerance, atol=1e-6)


@needs_compiler
@pytest.mark.parametrize("epochs", [1, 10, 100])
@pytest.mark.parametrize("name", CASES)
def test_kernels_follow_pytorch(name, epochs):
    check(CASES[name], epochs, "float32", 1e-4)


# In float64: in float32 a row on the edge of a ReLU may fall to its other side, which is no fault
# of the formulas (the case of batches of one row shows it).
@pytest.mark.usefixtures("numpy_only")
@pytest.mark.parametrize("name", CASES)
def test_reference_follows_pytorch(name, monkeypatch):
    monkeypatch.setattr(programs, "NumpyProgram", lambda: NumpyProgram(np.float64))
    check(CASES[name], 100, "float64", 1e-5)
