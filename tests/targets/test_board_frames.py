"""Frames of a machine that may be anybody's."""

from __future__ import annotations

import numpy as np
import pytest
from engine_support import make_data, make_spec, run

from dlaaw_nb.engine.wire import WireError
from dlaaw_nb.targets.board_frames import checked, ready

LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]


def test_what_an_engine_sends_goes_through():
    for event in run(make_spec(LAYERS, {"folds": 3}, epochs=20), make_data(60, 3)):
        assert checked({"job": 1, "event": event})["event"] == event
    for frame in (
        {"beat": None},
        {"beat": {"cpu_pct": 3.0}},
        {"lost": "gone"},
        {"job": 1, "end": None},
        {"job": 1, "end": {"error": "PlanError", "message": "no", "lost": False, "again": True}},
    ):
        assert checked(frame) == frame
    assert ready({"ready": {}, "notes": [], "facts": {}})
    assert ready({"failed": "no GPU"})


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"beat": 3},
        {"lost": ["a"]},
        {"job": "1", "event": {"event": "result", "seconds": 1}},
        {"job": 1, "event": 5},
        {"job": 1, "event": {"event": ["cost"]}},
        {"job": 1, "event": {"event": "explode"}},
        {"job": 1, "event": {"event": "cost", "trial": True, "epoch": 1, "cost": 0.5}},
        {"job": 1, "event": {"event": "cost", "trial": 0, "epoch": 1, "cost": "0.5"}},
        {"job": 1, "event": {"event": "trial", "trial": 0}},
        {"job": 1, "event": {"event": "prediction", "outputs": np.zeros(3)}},
        {"job": 1, "event": {"event": "log", "level": "info"}},
        {"job": 1, "end": "x"},
        {"job": 1, "end": {"error": 1, "message": "x", "lost": False}},
    ],
)
def test_other_forms_are_refused(frame):
    with pytest.raises(WireError, match="connection: "):
        checked(frame)


@pytest.mark.parametrize("frame", [{}, {"failed": 3}, {"ready": {}, "notes": 1, "facts": {}}])
def test_other_first_messages_are_refused(frame):
    with pytest.raises(WireError, match="its first message"):
        ready(frame)


def test_endless_messages_are_cut():
    event = {"event": "log", "level": "info", "message": "x" * 1_000_000}
    assert len(checked({"job": 1, "event": event})["event"]["message"]) == 100_000
