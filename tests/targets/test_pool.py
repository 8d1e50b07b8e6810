"""A plan on several nodes at once: processes of this machine, which are killed for real."""

from __future__ import annotations

import itertools
import os
import signal
import threading

import numpy as np
import pytest
from engine_support import make_data, make_spec, run, trials
from local_node import LocalNode

from dlaaw_nb.errors import PlanError, TargetError
from dlaaw_nb.targets.job import Job
from dlaaw_nb.targets.parts import parts_of
from dlaaw_nb.targets.pool import Pool

LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]


@pytest.fixture
def nodes(monkeypatch):
    monkeypatch.setenv("DLAAW_THREADS", "1")
    made = [LocalNode(name) for name in ("nano", "xavier", "orin")]
    for node in made:
        node.open()  # or the first to be there does all that is soon over
    yield made
    for node in made:
        node.close()


def fail(node):
    node.close()
    node._arguments = ("--gpu", "99")


def submit(nodes, spec, data, place="target lab"):
    stop = threading.Event()
    pool = Pool(place, nodes, parts_of(spec, data, len(nodes)), stop)
    return Job(pool.run, stop.set)


def parameters(events):
    return {
        t["trial"]: {k: v.tobytes() for k, v in t["parameters"].items()} for t in trials(events)
    }


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def test_trials_are_those_of_one_machine_and_say_where_they_ran(nodes):
    spec, data = make_spec(LAYERS, {"folds": 9}, epochs=300), make_data(400, 3)
    events = list(submit(nodes, spec, data).events())
    assert parameters(events) == parameters(run(spec, data))
    assert {t["node"] for t in trials(events)} <= {"nano", "xavier", "orin"}
    assert len({t["node"] for t in trials(events)}) > 1
    assert all(t["device"]["node"] == t["node"] for t in trials(events))
    assert events[0]["device"] == {"kind": "cluster", "nodes": ["nano", "xavier", "orin"]}
    assert events[-1]["event"] == "result"


def test_progress_is_that_of_the_whole(nodes):
    spec, data = make_spec(LAYERS, {"folds": 6}, epochs=200), make_data(200, 3)
    told = of_kind(submit(nodes, spec, data).events(), "progress")
    assert {event["total"] for event in told} == {1200}
    assert told[-1]["done"] == 1200
    assert all(a["done"] <= b["done"] for a, b in itertools.pairwise(told))


def test_schedule_tells_of_each_trial_when_and_where(nodes):
    spec, data = make_spec(LAYERS, {"folds": 6}, epochs=100), make_data(200, 3)
    told = of_kind(submit(nodes, spec, data).events(), "schedule")
    for fold in range(6):
        begun, ended = (event for event in told if event["part"] == fold)
        assert (begun["state"], ended["state"]) == ("running", "finished")
        assert begun["node"] == ended["node"]
        assert 0 <= begun["at_s"] < ended["at_s"]


def test_node_that_is_killed_costs_what_it_was_working_on(nodes):
    spec = make_spec(LAYERS, {"folds": 6}, epochs=3000, cost_every=100)
    data = make_data(3000, 3)
    events, killed = [], None
    for event in submit(nodes, spec, data).events():
        events.append(event)
        if event["event"] == "cost" and killed is None:
            killed = event["node"]
            (node,) = (n for n in nodes if n.name == killed)
            os.kill(node._worker._process.pid, signal.SIGKILL)
    assert parameters(events) == parameters(run(spec, data))
    (warning,) = (e for e in of_kind(events, "log") if e["level"] == "warning")
    assert f"node {killed} was lost" in warning["message"]
    assert "goes to others" in warning["message"]
    lost = [e for e in of_kind(events, "schedule") if e["state"] == "lost"]
    assert {e["node"] for e in lost} == {killed}


def test_node_that_cannot_start_is_told_and_the_others_do_it_all(nodes):
    fail(nodes[1])
    spec, data = make_spec(LAYERS, {"folds": 4}, epochs=50), make_data(200, 3)
    events = list(submit(nodes, spec, data).events())
    assert len(trials(events)) == 4
    assert any("node xavier was lost" in e["message"] for e in of_kind(events, "log"))


class WithGpu(LocalNode):
    """A node that says it has a GPU."""

    def open(self):
        return {**super().open(), "kind": "gpu"}


@pytest.mark.parametrize(("check", "expected"), [(False, {"orin"}), (True, {"nano", "xavier"})])
def test_persons_own_kernel_goes_to_a_gpu_and_its_check_to_a_processor(nodes, check, expected):
    orin = WithGpu("orin")
    plan = {"kind": "kernel", "name": "cell", "kernel": "twice", "grid": [1, 1, 1]}
    source = "__global__ void twice(float* x) { x[threadIdx.x] *= 2; }"
    more = {"block": [4, 1, 1], "arguments": [{"array": "x"}], "check": check, "source": source}
    data = {"arrays": {"x": np.arange(4, dtype=np.float32)}}
    events = list(submit([nodes[0], nodes[1], orin], {"plan": {**plan, **more}}, data).events())
    (found,) = of_kind(events, "kernel")
    assert found["node"] in expected


def test_persons_own_kernel_does_without_the_device_that_no_node_has(nodes):
    fail(nodes[1])
    plan = {"kind": "kernel", "name": "cell", "kernel": "twice", "grid": [1, 1, 1]}
    source = "__global__ void twice(float* x) { x[threadIdx.x] *= 2; }"
    more = {"block": [4, 1, 1], "arguments": [{"array": "x"}], "source": source}
    data = {"arrays": {"x": np.arange(4, dtype=np.float32)}}
    (found,) = of_kind(submit(nodes, {"plan": {**plan, **more}}, data).events(), "kernel")
    assert found["node"] in {"nano", "orin"}


def test_no_node_is_an_error_with_what_each_said(nodes):
    for node in nodes:
        fail(node)
    job = submit(nodes, make_spec(LAYERS, {"folds": 4}), make_data(60, 3))
    with pytest.raises(TargetError, match="target lab: no node is left, and 4 of 4 trials") as told:
        list(job.events())
    assert all(f"  {node.name}: " in str(told.value) for node in nodes)


def test_plan_that_does_not_fit_is_the_plans_own_error(nodes):
    spec = make_spec(LAYERS, {"folds": 4})
    spec["training"]["batches"] = 1000
    with pytest.raises(PlanError, match="batches: expected at most"):
        submit(nodes, spec, make_data(60, 3))


def test_stop_keeps_what_was_trained(nodes):
    spec = make_spec(LAYERS, {"folds": 3}, epochs=100_000_000, cost_every=1000)
    job = submit(nodes, spec, make_data(500, 3))
    seen = set()
    for event in job.events():
        if event["event"] == "cost":
            seen.add(event["trial"])
        if len(seen) == 3:
            break
    job.cancel()
    assert {t["trial"] for t in trials(job.drain(10))} == {0, 1, 2}
    assert job.wait(5)


def test_large_prediction_is_cut_into_slices(nodes):
    data = make_data(60, 3)
    spec = make_spec(LAYERS, epochs=5)
    (trained,) = trials(run(spec, data))
    rng = np.random.default_rng(1)
    rows = {
        "features": rng.normal(size=(300_000, 3)),
        "parameters": trained["parameters"],
        "normalization": trained["normalization"],
    }
    asked = {**spec, "plan": {"kind": "predict", "outputs": ["Linear1"]}}
    events = list(submit(nodes, asked, rows).events())
    (found,), (expected,) = of_kind(events, "prediction"), of_kind(run(asked, rows), "prediction")
    for name, values in expected["outputs"].items():
        assert np.array_equal(found["outputs"][name], values)
    assert len({e["node"] for e in of_kind(events, "schedule")}) > 1


def test_small_prediction_takes_one_node(nodes):
    data = make_data(60, 3)
    spec = make_spec(LAYERS, epochs=5)
    (trained,) = trials(run(spec, data))
    rows = {k: trained[k] for k in ("parameters", "normalization")} | {"features": data["features"]}
    asked = {**spec, "plan": {"kind": "predict", "outputs": []}}
    events = list(submit(nodes, asked, rows).events())
    assert len(of_kind(events, "prediction")) == 1
