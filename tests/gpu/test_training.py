"""A real GPU against the processor: the same events, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from engine_support import make_data, make_spec, run, trials
from gpu_support import gpu, needs_gpu  # noqa: F401
from kernel_cases import CASES, data_of

from dlaaw_nb.engine.execute import execute
from dlaaw_nb.engine.faults import DeviceError
from dlaaw_nb.engine.session import Stop

pytestmark = needs_gpu
LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]


def on(machine, spec, data, stop=None):
    events = []
    execute(spec, data, events.append, stop, machine)
    return events


def differences(found, expected):
    """By trial: what is not the same, and by how much it differs."""
    told = {}
    for ours, theirs in zip(trials(found), trials(expected), strict=True):
        for key, value in theirs.items():
            if key in ("seconds", "program"):
                continue
            gap = distance(ours[key], value)
            if gap:
                told[theirs["trial"], key] = gap
    return told


def distance(a, b):
    if isinstance(b, dict):
        return max(distance(a[key], value) for key, value in b.items())
    if isinstance(b, np.ndarray) and b.dtype.kind == "f":
        return 0.0 if a.tobytes() == b.tobytes() else float(np.abs(a - b).max())
    if isinstance(b, np.ndarray):
        return 0.0 if (a == b).all() else 1.0
    if isinstance(b, list):
        return distance(np.array(a, np.float64), np.array(b, np.float64))
    return 0.0 if a == b else 1.0


@pytest.mark.parametrize("rows", [60, 300, 9000])
@pytest.mark.parametrize("name", CASES)
def test_case_gives_the_bits_of_the_processor(name, rows, gpu):  # noqa: F811
    case = CASES[name]
    spec = make_spec(case.layers, epochs=6, batches=3, cost_every=2, **case.settings)
    data = data_of(case, rows)
    assert not differences(on(gpu, spec, data), run(spec, data))


def test_sweep_over_folds_settings_and_widths_is_one_grid(gpu):  # noqa: F811
    variants = [{"optimizer": {"parameters": {"learning_rate": rate}}} for rate in (0.1, 0.01)]
    for width in (2, 3, 4):
        layers = [["Linear", 3, width], ["ReLU"], ["Linear", width, 1], ["Sigmoid"]]
        variants.append({"layers": make_spec(layers)["layers"]})
    plan = {"variants": variants, "folds": 3, "stratified": True, "live": False}
    spec, data = make_spec(LAYERS, plan, epochs=100), make_data(90, 3)
    assert not differences(on(gpu, spec, data), run(spec, data))


@pytest.mark.parametrize("rows", [20_000, 300_000])
def test_team_of_blocks_gives_the_bits_of_one_core(gpu, rows):  # noqa: F811
    spec, data = make_spec(LAYERS, epochs=3, normalize="standard"), make_data(rows, 3)
    assert not differences(on(gpu, spec, data), run(spec, data))


def test_folds_on_many_rows(gpu):  # noqa: F811
    spec, data = make_spec(LAYERS, {"folds": 5}, epochs=3), make_data(50_000, 3)
    assert not differences(on(gpu, spec, data), run(spec, data))


def test_stop_ends_a_long_training_soon(gpu):  # noqa: F811
    import threading
    import time

    stop = Stop()
    spec = make_spec(LAYERS, {"live": False}, epochs=100_000_000, cost_every=10_000_000)
    warm = make_spec(LAYERS, {"live": False}, epochs=1)  # compiled before the clock runs
    on(gpu, warm, make_data(5000, 3))
    asked = []

    def ask():
        asked.append(time.perf_counter())
        stop.set()

    timer = threading.Timer(0.5, ask)
    timer.start()
    (trial,) = trials(on(gpu, spec, make_data(5000, 3), stop))
    assert trial["stopped"]
    assert trial["epochs_done"] > 10
    assert time.perf_counter() - asked[0] < 0.5


def test_taps_and_predictions_agree(gpu):  # noqa: F811
    spec, data = make_spec(LAYERS, {"taps": ["Linear1", "ReLU1"]}, epochs=12), make_data(1000, 3)
    ours, theirs = (
        [e for e in events if e["event"] == "cost"]
        for events in (on(gpu, spec, data), run(spec, data))
    )
    for a, b in zip(ours, theirs, strict=True):
        assert a["cost"] == b["cost"]
        for name, values in b["taps"].items():
            assert a["taps"][name].tobytes() == values.tobytes()


def test_two_trials_that_differ_in_everything(gpu):  # noqa: F811
    variants = [{}, {"optimizer": {"kind": "SGD", "parameters": {"momentum": 0.0}}}]
    spec = make_spec(LAYERS, {"variants": variants, "folds": 2}, epochs=50)
    data = make_data(77, 3)
    assert not differences(on(gpu, spec, data), run(spec, data))


def test_more_memory_than_there_is_is_refused_with_the_sizes(gpu):  # noqa: F811
    free = gpu.device.free_bytes()
    with pytest.raises(DeviceError, match="free"):
        gpu.device.require({"data": free + (1 << 30)})
