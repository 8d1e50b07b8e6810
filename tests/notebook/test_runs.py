"""The monitor: what it makes of events, and that watching costs little."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from dlaaw_nb import Linear, Monitor, NNWorkflow, ReLU, Sigmoid, datasets
from dlaaw_nb.errors import DataError
from dlaaw_nb.notebook.course import Course
from dlaaw_nb.notebook.jobs import run_in_background
from dlaaw_nb.notebook.monitor_frame import frame_html, last_frame


@pytest.fixture
def net():
    layers = [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]
    return NNWorkflow(layers, epochs=400, name="<b>net</b>")


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


def test_monitor_follows_a_training_to_its_end(net, data):
    monitor = Monitor()
    result = net.train(data, callback=monitor)
    course = monitor.course
    assert course.state == "finished"
    assert (course.done, course.total) == (400, 400)
    assert course.rows_trained == 400 * 475
    assert course.costs[0] == [pytest.approx(pair) for pair in result.costs]
    assert course.scores[0] == result.accuracy


def test_monitor_follows_all_folds(net, data):
    monitor = Monitor()
    net.cross_validate(data, folds=4, callback=monitor)
    assert sorted(monitor.course.costs) == [0, 1, 2, 3]
    assert len(monitor.course.ended) == 4


def test_frames_escape_names_and_end_in_a_finished_bar(net, data):
    monitor = Monitor()
    net.train(data, callback=monitor)
    html = frame_html(monitor.course)
    assert "<b>net" not in html
    assert 'aria-valuenow="100"' in html
    bundle, _ = last_frame(monitor.course)
    assert {"text/html", "image/png"} <= set(bundle)


def test_failed_run_says_so_in_words(net):
    course = Course()
    course.take({"event": "begin", "rows": 10, "networks": [net]})
    course.take({"event": "end", "state": "failed", "error": DataError("<i>no rows</i>")})
    html = frame_html(course)
    assert "&lt;i&gt;no rows" in html
    assert 'role="alert"' in html


def test_stop_event_ends_a_training_and_keeps_it(net, data):
    endless = net.replace(epochs=10_000_000)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.perf_counter()
    result = endless.train(data, stop=stop)
    assert time.perf_counter() - began < 5
    assert result.stopped
    assert 0 < result.epochs_done < 10_000_000


def test_cost_events_carry_the_accuracy_of_their_weights(net, data):
    events = []
    result = net.train(data, callback=events.append)
    kinds = [event["event"] for event in events]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    costs = [event for event in events if event["event"] == "cost"]
    assert [event["epoch"] for event in costs] == [0, 100, 200, 300, 399]
    assert costs[-1]["score"] == result.accuracy
    assert all(0 <= event["score"] <= 1 for event in costs)


def test_background_job_stops_and_keeps_what_was_trained(net, data):
    job = run_in_background(net.replace(epochs=10_000_000).train, data)
    time.sleep(0.3)
    assert job.state == "running"
    with pytest.raises(ValueError, match="no result yet"):
        _ = job.result
    job.stop()
    assert job.wait(5)
    assert job.state == "stopped"
    assert job.result.stopped


def test_background_job_that_fails_gives_its_error(net):
    job = run_in_background(net.train, (np.zeros((5, 4)), np.zeros(5)))
    assert job.wait(30)
    assert job.state == "failed"
    with pytest.raises(DataError):
        _ = job.result
