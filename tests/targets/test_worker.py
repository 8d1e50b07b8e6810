"""Plans in a process of their own: the same events, whatever happens to the process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import threading
import time

import numpy as np
import pytest
from engine_support import make_data, make_spec, run, trials
from idle_workers import gpu_on_processor, kill_idle, waiting

from dlaaw_nb.engine import wire
from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.errors import DeviceError, PlanError, TargetError
from dlaaw_nb.targets import apart
from dlaaw_nb.targets.worker import WorkerProcess

LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]


@pytest.fixture
def service():
    """The service of GPUs, whose workers use the processor."""
    kill_idle()
    yield gpu_on_processor()
    kill_idle()


def comparable(events):
    found = {}
    for event in trials(events):
        kept = {k: v for k, v in event.items() if k not in ("seconds", "event")}
        found[event["trial"]] = plain(kept)
    return found


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def test_worker_gives_the_events_of_this_process(service):
    spec, data = make_spec(LAYERS, {"folds": 3, "taps": ["Linear1"]}, epochs=12), make_data(60, 3)
    found = list(service.submit(spec, data).events())
    expected = run(spec, data)
    assert comparable(found) == comparable(expected)
    assert sorted(e["event"] for e in found) == sorted(e["event"] for e in expected)
    assert found[-1]["event"] == "result"


def test_worker_that_was_used_is_used_again_and_knows_the_data(service):
    spec, data = make_spec(LAYERS, epochs=4), make_data(60, 3)
    list(service.submit(spec, data).events())
    worker = waiting()
    sent = []
    worker._send, send = lambda message: (sent.append(message), send(message)), worker._send
    list(service.submit(spec, data).events())
    assert waiting() is worker
    assert [m["data"] for m in sent if m["do"] == "run"] == [None]


def test_worker_that_nobody_uses_gives_its_device_back(service, monkeypatch):
    monkeypatch.setattr(apart._idle, "keep_s", 0.3)
    for _ in range(2):  # what is used again in time stays
        list(service.submit(make_spec(LAYERS, epochs=4), make_data(60, 3)).events())
        worker = waiting()
        time.sleep(0.1)
    begin = time.perf_counter()
    while worker.alive:
        assert time.perf_counter() - begin < 10
        time.sleep(0.02)
    assert worker not in apart._idle.waiting.values()


def test_two_jobs_at_once_have_a_worker_each(service):
    spec, data = make_spec(LAYERS, {"live": False}, epochs=200_000), make_data(200, 3)
    long, short = service.submit(spec, data), service.submit(make_spec(LAYERS), data)
    assert trials(list(short.events()))
    assert long.state == "running"
    long.cancel()
    assert long.wait(10)


def test_error_of_a_plan_arrives_as_what_it_is(service):
    with pytest.raises(PlanError, match="batches"):
        list(service.submit(make_spec(LAYERS, batches=500), make_data(60, 3)).events())


def test_stop_keeps_what_was_trained(service):
    spec = make_spec(LAYERS, epochs=50_000_000, cost_every=1000)
    job = service.submit(spec, make_data(60, 3))
    for event in job.events():
        if event["event"] == "cost":
            job.cancel()
            break
    (trial,) = trials(job.drain(5))
    assert trial["stopped"]
    assert trial["epochs_done"] > 0


def test_killed_worker_costs_what_was_running_and_another_goes_on(service):
    plan = {"folds": 6, "live": True}
    spec, data = make_spec(LAYERS, plan, epochs=100_000, cost_every=10_000), make_data(600, 3)
    killed, events = [], []
    for event in service.submit(spec, data).events():
        events.append(event)
        if event["event"] == "trial" and not killed:
            killed.append(event["trial"])
            for process in workers_of(os.getpid()):
                os.kill(process, signal.SIGKILL)
    assert comparable(events) == comparable(run(spec, data))
    assert len(trials(events)) == 6
    warnings = [e["message"] for e in events if e["event"] == "log"]
    assert any("Another one goes on" in message for message in warnings)
    assert [e["event"] for e in events].count("start") == 1
    assert [e["event"] for e in events].count("result") == 1


def test_trial_that_kills_every_worker_is_given_up_alone(service, monkeypatch):
    spec, data = make_spec(LAYERS, {"folds": 4}, epochs=4), make_data(80, 3)
    monkeypatch.setenv("DLAAW_TEST_FATAL_TRIAL", "2")
    monkeypatch.setenv("PYTHONPATH", str(fatal_folder()))
    events = list(service.submit(spec, data).events())
    assert sorted(t["trial"] for t in trials(events)) == [0, 1, 3]
    messages = [e["message"] for e in events if e["event"] == "log"]
    assert any("trial 2 was lost" in message for message in messages)


def test_single_trial_that_kills_its_worker_is_an_error(service, monkeypatch):
    monkeypatch.setenv("DLAAW_TEST_FATAL_TRIAL", "0")
    monkeypatch.setenv("PYTHONPATH", str(fatal_folder()))
    with pytest.raises(DeviceError, match=r"trial 0 was lost .*was ended by SIGKILL"):
        list(service.submit(make_spec(LAYERS, epochs=4), make_data(60, 3)).events())


def test_what_is_printed_in_a_worker_becomes_log_events(service, monkeypatch):
    monkeypatch.setenv("DLAAW_TEST_PRINT", "hello from the device")
    monkeypatch.setenv("PYTHONPATH", str(fatal_folder()))
    events = list(service.submit(make_spec(LAYERS, epochs=4), make_data(60, 3)).events())
    assert {"event": "log", "level": "info", "message": "hello from the device"} in events


def test_what_is_printed_last_arrives_before_the_end(service, monkeypatch):
    monkeypatch.setenv("DLAAW_TEST_LATE", "by the last thread of the device")
    monkeypatch.setenv("PYTHONPATH", str(fatal_folder()))
    for _ in range(3):
        events = list(service.submit(make_spec(LAYERS, epochs=4), make_data(60, 3)).events())
        told = [event["message"] for event in events if event["event"] == "log"]
        assert told == ["by the last thread of the device"]


def test_mistake_of_the_engine_is_told_and_costs_no_worker(service, monkeypatch):
    monkeypatch.setenv("DLAAW_TEST_RAISE", "a mistake")
    monkeypatch.setenv("PYTHONPATH", str(fatal_folder()))
    with pytest.raises(TargetError, match=r"(?s)Traceback.*KeyError: 'a mistake'"):
        list(service.submit(make_spec(LAYERS, {"folds": 3}, epochs=4), make_data(60, 3)).events())
    worker = waiting()
    assert worker.alive


def test_worker_ends_with_its_owner():
    worker = WorkerProcess(())
    worker._inputs.close()
    deadline = time.monotonic() + 5
    while worker.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not worker.alive
    worker.kill()


def test_worker_that_cannot_start_says_why():
    with pytest.raises(TargetError, match="status 2"):
        WorkerProcess(("--nonsense",))


def test_worker_that_hangs_is_killed_soon_after_stop(service, monkeypatch):
    monkeypatch.setenv("DLAAW_TEST_HANG", "1")
    monkeypatch.setenv("PYTHONPATH", str(fatal_folder()))
    job = service.submit(make_spec(LAYERS, epochs=4), make_data(60, 3))
    threading.Timer(0.5, job.cancel).start()
    assert job.wait(10)
    assert job.state == "cancelled"


def test_worker_that_hangs_ends_when_its_owner_is_gone(monkeypatch):
    monkeypatch.setenv("DLAAW_TEST_HANG", "1")
    monkeypatch.setenv("PYTHONPATH", str(fatal_folder()))
    worker, data = WorkerProcess(()), make_data(60, 3)
    spec = make_spec(LAYERS, epochs=4)
    worker._send({"do": "run", "job": 1, "spec": spec, "digest": "d", "data": data})
    assert worker._read()["event"]["event"] == "start"
    worker._inputs.close()
    assert worker._process.wait(20) == 1
    worker.kill()


def workers_of(parent):
    """Processes that were started by this one and serve as workers."""
    import psutil

    children = psutil.Process(parent).children()
    return [c.pid for c in children if "dlaaw_nb.engine.worker" in " ".join(c.cmdline())]


def fatal_folder():
    """Where sitecustomize.py spoils a worker, as the environment tells it to."""
    from pathlib import Path

    return Path(__file__).parent / "spoiled"


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "x\n"], "b": {"c": np.arange(6.0).reshape(2, 3)}},
        {"empty": np.zeros((0, 3), np.float32), "int": np.int64(7), "nan": float("nan")},
        {"strided": np.arange(10, dtype=np.int32)[::3], "bool": np.array([True, False])},
    ],
)
def test_message_comes_back_as_it_was(value):
    stream = io.BytesIO()
    wire.write(stream, value)
    wire.write(stream, {"next": 1})
    stream.seek(0)
    found = wire.read(stream)
    assert json.dumps(plain(found), default=repr) == json.dumps(plain(value), default=plain_number)
    assert wire.read(stream) == {"next": 1}
    assert wire.read(stream) is None


def plain_number(value):
    return value.item() if isinstance(value, np.generic) else repr(value)


def frame(value):
    stream = io.BytesIO()
    wire.write(stream, value)
    return stream.getvalue()


def test_every_cut_off_message_is_an_error():
    whole = frame({"x": np.arange(4.0), "y": "text"})
    for length in range(1, len(whole)):
        with pytest.raises(wire.WireError):
            wire.read(io.BytesIO(whole[:length]))


def test_damaged_messages_are_errors_or_messages():
    rng = np.random.default_rng(0)
    whole = frame({"x": np.arange(4.0), "y": ["text", {"z": 1}]})
    for _ in range(2000):
        damaged = bytearray(whole)
        damaged[rng.integers(16, len(whole))] = rng.integers(0, 256)
        with contextlib.suppress(wire.WireError):
            assert isinstance(wire.read(io.BytesIO(bytes(damaged))), dict)


def test_message_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(wire.WireError, match="too large"):
        wire.read(io.BytesIO(frame({"x": np.zeros(1000)})), most_bytes=1000)


def test_garbage_is_refused():
    with pytest.raises(wire.WireError, match="expected a message"):
        wire.read(io.BytesIO(b"Welcome to the machine!\n"))


def test_array_of_objects_does_not_travel():
    with pytest.raises(TypeError, match="cannot travel"):
        frame({"x": np.array([object()])})


def test_digest_is_of_the_content():
    a = {"features": np.arange(6.0).reshape(2, 3), "labels": np.zeros(2)}
    b = {"features": np.arange(6.0).reshape(2, 3), "labels": np.zeros(2)}
    assert digest_of(a) == digest_of(b)
    b["labels"][0] = 1
    assert digest_of(a) != digest_of(b)
    c = {**a, "features": a["features"].reshape(3, 2)}
    assert digest_of(a) != digest_of(c)
