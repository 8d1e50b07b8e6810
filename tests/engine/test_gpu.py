"""A GPU's host code over a recorder with emulated kernels: the same events and bits as `cpu`."""

from __future__ import annotations

import numpy as np
import pytest
import recorded_device
from engine_support import make_data, make_spec, needs_compiler, run, trials
from kernel_cases import CASES, data_of
from recorded_device import RecordedDevice

from dlaaw_nb.engine import cuda_build
from dlaaw_nb.engine.execute import execute
from dlaaw_nb.engine.faults import DeviceMemoryError
from dlaaw_nb.engine.gpu import Gpu
from dlaaw_nb.engine.gpu_group import GpuGroup
from dlaaw_nb.engine.session import Stop

pytestmark = needs_compiler
LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]


@pytest.fixture(autouse=True)
def _emulated(monkeypatch):
    recorded_device.use(monkeypatch)


def on_gpu(spec, data, device=None, stop=None):
    """Events of a plan on the recorder."""
    events = []
    execute(spec, data, events.append, stop, Gpu(device or RecordedDevice()))
    return events


def comparable(events):
    """What must be the same on every machine, by trial."""
    found = {}
    for event in events:
        if event["event"] == "trial":
            kept = {k: v for k, v in event.items() if k not in ("seconds", "program", "event")}
            found[event["trial"]] = {k: plain(v) for k, v in kept.items()}
    return found


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value.tobytes() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("rows", [300, 9000])
@pytest.mark.parametrize("name", CASES)
def test_case_gives_the_bits_of_the_processor(name, rows):
    case = CASES[name]
    spec = make_spec(case.layers, epochs=4, batches=3, cost_every=2, **case.settings)
    data = data_of(case, rows)
    assert comparable(on_gpu(spec, data)) == comparable(run(spec, data))


@pytest.mark.parametrize(
    ("rows", "validation", "options"),
    [
        (300, 0.0, ["-DDLAAW_MOST_CHUNKS=1", "-DDLAAW_MOST_TILES=1"]),
        (300, 0.2, ["-DDLAAW_MOST_CHUNKS=1", "-DDLAAW_MOST_TILES=1"]),
        (6000, 0.5, ["-DDLAAW_MOST_TILES=1"]),  # batches of one chunk, but two of what validates
        (9000, 0.0, ["-DDLAAW_MOST_TILES=1"]),
    ],
)
def test_what_no_batch_needs_is_left_out(rows, validation, options, monkeypatch):
    asked = []

    def cubin(source, arch, given=()):
        asked.append([option for option in given if "MOST" in option])
        return recorded_device.emulated_cubin(source, arch, given)

    monkeypatch.setattr(cuda_build, "program_cubin", cubin)
    stopping = {"patience": 9, "min_delta": 0.0, "validation_fraction": validation}
    batches = 10 if validation else 3
    training = {"early_stopping": stopping} if validation else {}
    spec = make_spec(LAYERS, epochs=3, batches=batches, cost_every=1, **training)
    data = make_data(rows, 3)
    assert comparable(on_gpu(spec, data)) == comparable(run(spec, data))
    assert asked == [options]


def test_tiles_that_are_too_small_for_a_chunk_give_the_same_bits(monkeypatch):
    monkeypatch.setenv("DLAAW_GPU_TILE", "48")
    spec, data = make_spec(LAYERS, {"folds": 3}, epochs=3, batches=3), make_data(300, 3)
    assert comparable(on_gpu(spec, data)) == comparable(run(spec, data))


@pytest.mark.parametrize("threads", ["32", "64", "288"])
def test_any_number_of_threads_gives_the_same_bits(threads, monkeypatch):
    monkeypatch.setenv("DLAAW_GPU_THREADS", threads)
    spec, data = make_spec(LAYERS, {"folds": 3}, epochs=3, batches=3), make_data(300, 3)
    assert comparable(on_gpu(spec, data)) == comparable(run(spec, data))


def test_sweep_over_folds_settings_and_widths_is_one_grid():
    variants = [{"optimizer": {"parameters": {"learning_rate": rate}}} for rate in (0.1, 0.01)]
    for width in (2, 3, 4):
        layers = [["Linear", 3, width], ["ReLU"], ["Linear", width, 1], ["Sigmoid"]]
        variants.append({"layers": make_spec(layers)["layers"]})
    plan = {"variants": variants, "folds": 3, "stratified": True, "live": False}
    spec, data = make_spec(LAYERS, plan, epochs=10), make_data(90, 3)
    device = RecordedDevice(multiprocessors=16)
    assert comparable(on_gpu(spec, data, device)) == comparable(run(spec, data))
    trained = [entry for entry in device.log if entry[:2] == ("launch", "dlaaw_train")]
    assert {entry[2] for entry in trained} == {(1, 15)}
    tested = [entry for entry in device.log if entry[:2] == ("launch", "dlaaw_predict")]
    assert len(tested) == 1


def test_events_are_those_of_the_processor():
    spec, data = make_spec(LAYERS, {"taps": ["Linear1"]}, epochs=12), make_data(60, 3)
    found, expected = (
        [event for event in events if event["event"] != "log"]
        for events in (on_gpu(spec, data), run(spec, data))
    )
    assert [e["event"] for e in found] == [e["event"] for e in expected]
    for ours, theirs in zip(found, expected):
        if ours["event"] in ("cost", "progress"):
            tested = ("test_outputs", "test_rows")  # as often as time allows
            kept = [{k: v for k, v in e.items() if k not in tested} for e in (ours, theirs)]
            assert plain(kept[0]) == plain(kept[1])


def test_data_is_copied_once_for_all_trials_and_jobs():
    spec, data = make_spec(LAYERS, {"folds": 5}, epochs=4), make_data(200, 3)
    device = RecordedDevice()
    gpu = Gpu(device)
    for _ in range(2):
        execute(spec, data, lambda event: None, None, gpu)
    assert len([entry for entry in device.log if entry[0] == "place"]) == 2  # features and labels


def test_memory_is_given_back():
    device = RecordedDevice()
    gpu = Gpu(device)
    left = []
    for seed in range(3):
        spec = make_spec(LAYERS, {"folds": 2}, epochs=4, seed=seed)
        execute(spec, make_data(200, 3), lambda event: None, None, gpu)
        left.append((len(device.memory), device.lent))
    assert left[2][0] - left[1][0] == left[1][0] - left[0][0] == 2  # the data, in another order
    assert left[0][1] == left[1][1] == left[2][1]


def test_nothing_is_copied_within_an_epoch():
    spec, data = make_spec(LAYERS, {"live": False}, epochs=50, cost_every=50), make_data(200, 3)
    device = RecordedDevice()
    on_gpu(spec, data, device)
    launches = [k for k, entry in enumerate(device.log) if entry[:2] == ("launch", "dlaaw_train")]
    assert len(launches) == 2  # the first epoch's cost, then all the others


def test_trials_that_do_not_fit_at_once_take_turns():
    spec, data = make_spec(LAYERS, {"folds": 8}, epochs=4), make_data(160, 3)
    small = RecordedDevice(memory_bytes=60_000)
    assert comparable(on_gpu(spec, data, small)) == comparable(run(spec, data))
    assert max(e[2][1] for e in small.log if e[:2] == ("launch", "dlaaw_train")) < 8


def test_data_that_does_not_fit_is_refused_with_the_sizes():
    with pytest.raises(DeviceMemoryError, match="data"):
        on_gpu(make_spec(LAYERS), make_data(5000, 3), RecordedDevice(memory_bytes=50_000))


def test_stop_ends_after_the_batch_and_keeps_what_was_trained():
    stop, events = Stop(), []

    def emit(event):
        events.append(event)
        if event["event"] == "cost" and event["epoch"] >= 10:
            stop.set()

    spec = make_spec(LAYERS, epochs=10_000_000, cost_every=5)
    execute(spec, make_data(60, 3), emit, stop, Gpu(RecordedDevice()))
    (trial,) = trials(events)
    assert trial["stopped"]
    assert 10 <= trial["epochs_done"] < 100


def test_only_some_trials_of_a_plan():
    spec, data = make_spec(LAYERS, {"folds": 4}, epochs=4), make_data(80, 3)
    expected = comparable(run(spec, data))
    spec["plan"]["only"] = [3, 1]
    for events in (on_gpu(spec, data), run(spec, data)):
        found = comparable(events)
        assert found == {3: expected[3], 1: expected[1]}


def test_large_network_agrees_with_the_processor_to_rounding():
    layers = [["Linear", 20, 260], ["ReLU"], ["Linear", 260, 3], ["Softmax"]]
    spec = make_spec(layers, loss="CrossEntropy", epochs=2, batches=3, cost_every=1)
    data = make_data(90, 20)
    data["labels"] = np.arange(90) % 3.0
    spec["plan"]["taps"] = ["ReLU1"]
    device = RecordedDevice(multiprocessors=2)
    found, expected = on_gpu(spec, data, device), run(spec, data)
    for ours, theirs in zip(trials(found), trials(expected)):
        assert np.array(ours["costs"]) == pytest.approx(np.array(theirs["costs"]), rel=1e-4)
        for name, value in theirs["parameters"].items():
            assert ours["parameters"][name] == pytest.approx(value, rel=1e-3, abs=1e-5)
        assert ours["test_outputs"] == pytest.approx(theirs["test_outputs"], abs=1e-4)
    taps = [e["taps"]["ReLU1"] for events in (found, expected) for e in events if "taps" in e]
    assert taps[0] == pytest.approx(taps[2], abs=1e-4)


def test_callback_that_raises_leaves_nothing_on_the_device():
    device = RecordedDevice()
    gpu = Gpu(device)
    spec, data = make_spec(LAYERS, {"folds": 3}, epochs=20), make_data(90, 3)
    execute(spec, data, lambda event: None, None, gpu)
    before = (len(device.memory), device.lent)

    def emit(event):
        if event["event"] == "cost":
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        execute(spec, data, emit, None, gpu)
    assert (len(device.memory), device.lent) == before
    assert comparable(on_gpu(spec, data)) == comparable(run(spec, data))


def test_trials_in_different_orders_take_turns_where_their_data_does_not_fit_at_once():
    variants = [{"training": {"seed": seed}} for seed in range(6)]
    spec, data = make_spec(LAYERS, {"variants": variants}, epochs=3), make_data(1500, 3)
    device = RecordedDevice(memory_bytes=100_000)  # of one order: some 30 kB
    assert comparable(on_gpu(spec, data, device)) == comparable(run(spec, data))


def test_data_of_earlier_jobs_makes_room():
    device = RecordedDevice(memory_bytes=100_000)
    gpu, spec = Gpu(device), make_spec(LAYERS, {"folds": 4}, epochs=3)
    for seed in range(4):
        data = make_data(1500, 3, seed)
        events = []
        execute(spec, data, events.append, None, gpu)
        assert comparable(events) == comparable(run(spec, data))


def test_stop_before_the_first_epoch_is_whole_is_as_if_nothing_had_begun(monkeypatch):
    device, stop, events = RecordedDevice(), Stop(), []
    gpu, start = Gpu(device), GpuGroup.start

    def stopped(group, reports):
        device._at(gpu.flag, 4).view(np.int32)[0] = 1
        stop.set()
        start(group, reports)

    monkeypatch.setattr(GpuGroup, "start", stopped)
    spec = make_spec(LAYERS, {"folds": 2}, epochs=50)
    execute(spec, make_data(60, 3), events.append, stop, gpu)
    assert [event["event"] for event in events if event["event"] != "progress"] == [
        "start",
        "result",
    ]


def test_little_shared_memory_makes_smaller_tiles():
    device = RecordedDevice()
    device.info.update(shared_bytes=8 << 10, shared_bytes_each=64 << 10)
    spec, data = make_spec(LAYERS, epochs=3, batches=3), make_data(900, 3)
    assert comparable(on_gpu(spec, data, device)) == comparable(run(spec, data))
    assert all(e[4] <= 8 << 10 for e in device.log if e[:2] == ("launch", "dlaaw_train"))
