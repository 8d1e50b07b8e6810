"""The target ``gpu`` on a real GPU: in a worker, whatever happens to it."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from engine_support import make_data, make_spec, run, trials
from gpu_support import needs_gpu

from dlaaw_nb import targets
from dlaaw_nb.errors import TargetError

pytestmark = needs_gpu
LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]


def parameters(events):
    return {
        t["trial"]: {k: v.tobytes() for k, v in t["parameters"].items()} for t in trials(events)
    }


def workers():
    import psutil

    children = psutil.Process(os.getpid()).children()
    return [c.pid for c in children if "dlaaw_nb.engine.worker" in " ".join(c.cmdline())]


def test_description_says_what_device_it_is():
    found = targets.describe("gpu")
    assert found["kind"] == "gpu"
    assert found["name"]
    assert float(found["compute_capability"]) >= 5
    assert found["memory_bytes"] > 1 << 30
    assert found == targets.describe("gpu:0")


def test_device_that_is_not_there_is_refused_by_number():
    with pytest.raises(TargetError, match=r"gpu:99.*expected a GPU from 0"):
        targets.describe("gpu:99")


def test_sweep_gives_the_bits_of_the_processor():
    spec, data = make_spec(LAYERS, {"folds": 5}, epochs=200), make_data(500, 3)
    found = list(targets.submit(spec, data, "gpu").events())
    assert parameters(found) == parameters(run(spec, data))
    assert trials(found)[0]["program"] == "cuda"


def test_network_trains_and_its_model_predicts_on_the_gpu():
    from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid

    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4))
    data = np.column_stack([x, x.sum(1) > 0])
    network = NNWorkflow([Linear(4, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=100)
    found, expected = (network.train(data, target=target) for target in ("gpu", "cpu"))
    assert found.accuracy == expected.accuracy
    for name, values in expected.model.parameters.items():
        assert np.array_equal(found.model.parameters[name], values)


def test_killed_worker_costs_what_was_running_and_another_goes_on():
    spec = make_spec(LAYERS, {"folds": 4}, epochs=20_000, cost_every=1000)
    data = make_data(3000, 3)
    killed, events = [], []
    for event in targets.submit(spec, data, "gpu").events():
        events.append(event)
        if event["event"] == "cost" and not killed:
            killed = workers()
            for process in killed:
                os.kill(process, signal.SIGKILL)
    assert killed
    assert parameters(events) == parameters(run(spec, data))


def test_two_owners_of_one_gpu():
    spec, data = make_spec(LAYERS, {"folds": 5}, epochs=2000), make_data(20_000, 3)
    jobs = [targets.submit(spec, data, "gpu") for _ in range(2)]
    found = [parameters(list(job.events())) for job in jobs]
    assert found[0] == found[1]
    assert len(found[0]) == 5


def test_stop_is_soon():
    spec = make_spec(LAYERS, epochs=100_000_000, cost_every=100_000)
    job = targets.submit(spec, make_data(5000, 3), "gpu")
    next(event for event in job.events() if event["event"] == "cost")
    begin = time.perf_counter()
    job.cancel()
    (trial,) = trials(job.drain(5))
    assert trial["stopped"]
    assert time.perf_counter() - begin < 1.0


def test_stop_from_another_thread_while_it_starts():
    job = targets.submit(make_spec(LAYERS, epochs=1000), make_data(60, 3), "gpu")
    threading.Timer(0.0, job.cancel).start()
    assert job.wait(20)
