"""The gateway and its jobs."""

from __future__ import annotations

import threading

import pytest

from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Tanh, targets
from dlaaw_nb.engine import build
from dlaaw_nb.errors import TargetError
from dlaaw_nb.targets import Job
from dlaaw_nb.targets.idle import Idle


def test_names_has_the_cpu():
    assert {"cpu", "gpu"} <= set(targets.names())


def test_describe_cpu_says_what_it_is():
    found = targets.describe("cpu")
    assert found["kind"] == "cpu"
    assert found["cores"] >= 1


def test_submit_unknown_target_is_refused():
    with pytest.raises(TargetError, match="expected one of cpu"):
        targets.submit({}, {}, "gpu0")


def test_job_hands_on_events_and_then_the_error():
    def work(emit):
        emit({"event": "log"})
        raise ValueError("broken")

    job = Job(work, lambda: None)
    events = job.events()
    assert next(events) == {"event": "log"}
    with pytest.raises(ValueError, match="broken"):
        next(events)
    assert job.state == "failed"


def test_job_can_be_cancelled_and_read_to_its_end():
    stop = threading.Event()

    def work(emit):
        stop.wait(10)
        emit({"event": "result"})

    job = Job(work, stop.set)
    assert job.state == "running"
    assert not job.wait(0.01)
    job.cancel()
    assert list(job.events()) == [{"event": "result"}]
    assert list(job.events()) == []
    assert job.wait(5)
    assert job.state == "cancelled"


def test_job_drain_gives_up_waiting():
    stop = threading.Event()
    job = Job(lambda emit: (emit({"event": "log"}), stop.wait(10)), lambda: None)
    assert job.drain(0.05) == [{"event": "log"}]
    assert job.state == "running"
    stop.set()
    assert job.wait(5)


def test_prepare_compiles_beside_the_caller(monkeypatch, tmp_path):
    if build.compiler() is None:
        pytest.skip("no C++ compiler")
    monkeypatch.setenv("DLAAW_CACHE", str(tmp_path))
    network = NNWorkflow([Linear(5, 7), Tanh(), Linear(7, 1), Sigmoid()])
    targets.prepare(network.spec())
    for thread in [t for t in threading.enumerate() if t.name == "dlaaw-prepare"]:
        thread.join()
    assert len(list((tmp_path / "kernels").iterdir())) == 1


def test_prepare_for_an_unknown_target_is_refused():
    with pytest.raises(TargetError, match="expected one of cpu"):
        targets.prepare({}, "moon")


def test_survey_says_what_is_missing_of_a_target_that_cannot_be_used(monkeypatch):
    from dlaaw_nb.targets import apart, gpu

    def refuse():
        raise TargetError("target gpu: PyCUDA is not installed.")

    monkeypatch.setattr(gpu, "require_pycuda", refuse)
    monkeypatch.setattr(apart, "_idle", Idle(1.0))
    found = targets.survey()
    assert found["cpu"]["state"] == "available"
    assert found["cpu"]["kind"] == "cpu"
    assert found["gpu"] == {"state": "unreachable", "error": "target gpu: PyCUDA is not installed."}


@pytest.mark.parametrize("name", ["gpu:", "gpu:x", "gpu:-1", "cpu:0", "GPU"])
def test_name_that_is_no_target_is_refused(name):
    with pytest.raises(TargetError, match="expected one of cpu, gpu"):
        targets.describe(name)
