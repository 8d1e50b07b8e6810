"""Layers, losses, optimizers and schedules against PyTorch's record (``make_pytorch_parts.py``)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from engine_support import make_spec, needs_compiler, run, trials

from dlaaw_nb.engine import programs, reference
from dlaaw_nb.engine.numpy_program import NumpyProgram

RECORD = json.loads((Path(__file__).parent / "data" / "pytorch_parts.json").read_text())
CASES = RECORD["cases"]
PARTS = (
    "loss",
    "loss_options",
    "optimizer",
    "optimizer_options",
    "weight_decay",
    "schedule",
    "learning_rate",
    "clip_norm",
    "shuffle",
)


def check(case, epochs, precision, tolerance):
    settings = {name: case[name] for name in PARTS if name in case}
    spec = make_spec(
        case["layers"],
        **{"shuffle": False, **settings},
        normalize="none",
        cost_every=1,
        epochs=101,
    )
    data = {
        "features": np.array(RECORD["features"], float),
        "labels": np.array(case["labels"], float),
        "initial": {name: np.array(value, np.float32) for name, value in case["initial"].items()},
    }
    found = {}
    events = run({**spec, "plan": {**spec["plan"], "live": True}}, data)
    for event in events:
        if event["event"] == "cost" and event["epoch"] + 1 == epochs:
            found = event["parameters"]
    expected = case["runs"][precision]["parameters"][str(epochs)]
    assert set(found) == set(expected)
    ours, theirs = (
        np.concatenate([np.ravel(p[name]) for name in sorted(expected)]) for p in (found, expected)
    )
    assert np.linalg.norm(ours - theirs) / np.linalg.norm(theirs) < tolerance
    costs = np.array([cost for _, cost in trials(events)[0]["costs"]])[:epochs]
    recorded = case["runs"][precision]["costs"][:epochs]
    np.testing.assert_allclose(costs, recorded, rtol=5 * tolerance, atol=1e-5)


@needs_compiler
@pytest.mark.parametrize("epochs", [1, 10, 100])
@pytest.mark.parametrize("name", CASES)
def test_kernels_of_each_part_follow_pytorch(name, epochs):
    check(CASES[name], epochs, "float32", 1e-4)


@pytest.mark.usefixtures("numpy_only")
@pytest.mark.parametrize("name", CASES)
def test_reference_of_each_part_follows_pytorch(name, monkeypatch):
    monkeypatch.setattr(programs, "NumpyProgram", lambda: NumpyProgram(np.float64))
    check(CASES[name], 100, "float64", 1e-5)


def test_every_part_has_its_case():
    kinds = {kind for case in CASES.values() for kind, *_ in case["layers"]}
    assert kinds | {"ReLU"} == set(reference.LAYERS)
    losses = {case.get("loss", "BinaryCrossEntropy") for case in CASES.values()}
    assert losses == set(reference.LOSSES)
    optimizers = {case.get("optimizer", "SGD") for case in CASES.values()}
    assert optimizers == set(reference.OPTIMIZERS)
    schedules = {case.get("schedule", {}).get("kind", "Constant") for case in CASES.values()}
    assert schedules == set(reference.SCHEDULES)
