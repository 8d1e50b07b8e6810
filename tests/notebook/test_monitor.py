"""The monitor: what it knows of a run, what it shows, and that watching costs little."""

from __future__ import annotations

import _thread
import base64
import contextlib
import io
import math
import threading
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets
from dlaaw_nb.errors import DataError
from dlaaw_nb.notebook import monitor as module
from dlaaw_nb.notebook.course import Course
from dlaaw_nb.notebook.monitor import Monitor
from dlaaw_nb.notebook.monitor_frame import facts, frame_html, headline, last_frame
from dlaaw_nb.notebook.surface import NotebookSurface, Surface, TerminalSurface
from dlaaw_nb.views.live_chart import live_chart

LONG = 100_000_000


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


@pytest.fixture(scope="module")
def net(data):
    made = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=500, name="n")
    made.train(data)  # compiled
    return made.replace(cost_every=100)


class Shell:
    """A shell that keeps what is published."""

    kernel = True

    def __init__(self):
        self.sent = []
        self.display_pub = self

    def publish(self, data, metadata, *, transient=None, update=False):
        self.sent.append((transient["display_id"], update, data))

    def frames(self):
        return [data for _, _, data in self.sent if "text/html" in data]


@pytest.fixture
def shell(monkeypatch):
    """Monitors draw into this; without buttons, for those need a kernel."""
    made = Shell()
    monkeypatch.setattr(module, "find_surface", lambda: NotebookSurface(made))
    monkeypatch.setattr(NotebookSurface, "button", lambda self, stop: None)
    return made


def test_monitor_of_a_quick_training_draws_once_at_the_end(net, data, shell):
    result = net.train(data, callback=Monitor())
    ((_, update, bundle),) = shell.sent
    assert not update
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    assert f"{result.accuracy:.3f}" in bundle["text/plain"]
    assert 'data-state="finished"' in bundle["text/html"]
    assert 'aria-valuenow="100"' in bundle["text/html"]


def test_monitor_of_a_long_training_updates_one_display(net, data, shell):
    threading.Timer(1.5, _thread.interrupt_main).start()
    result = net.replace(epochs=LONG, cost_every=1000).train(data, callback=Monitor())
    assert result.stopped
    assert len({name for name, _, _ in shell.sent}) == 1
    assert [update for _, update, _ in shell.sent] == [False] + [True] * (len(shell.sent) - 1)
    assert 3 <= len(shell.sent) <= 8
    running, last = shell.frames()[1], shell.frames()[-1]
    assert 'data-state="running"' in running["text/html"]
    assert "image/png" not in running
    assert 'data-state="stopped"' in last["text/html"]
    assert "image/png" in last


def test_monitor_shows_the_same_numbers_as_the_result(net, data, shell):
    watching = Monitor()
    result = net.cross_validate(data, folds=3, callback=watching)
    course = watching.course
    assert course.kind == "folds"
    assert [course.costs[trial.fold] for trial in result.trials] == [
        list(trial.costs) for trial in result.trials
    ]
    assert course.score == pytest.approx(result.mean)
    assert course.done == course.total == 1500
    assert course.rows_trained == 500 * 2 * 569


def test_monitor_of_numbers_shows_r2_below_zero_too(shell):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    net = NNWorkflow(
        [Linear(3, 4), ReLU(), Linear(4, 1)], loss="Huber", normalize="standard", epochs=40
    )
    watching = Monitor()
    sweep = net.sweep((x, x @ [3.0, -2.0, 1.0]), learning_rate=[1e-6, 0.02], callback=watching)
    assert sweep.points[0].mean < 0 < sweep.best.mean
    assert watching.course.best() == (pytest.approx(sweep.best.mean), sweep.best.settings)
    html = shell.frames()[-1]["text/html"]
    assert "accuracy" not in html
    svg = base64.b64decode(html.split("base64,")[1].split('"')[0]).decode()
    assert "test R2" in svg
    assert "accuracy" not in svg
    single = Monitor()
    result = net.train((x, x @ [3.0, -2.0, 1.0]), callback=single)
    assert f"R2 {result.r2:.3f}" in facts(single.course)


def test_monitor_of_a_sweep_knows_the_best_setting(net, data, shell):
    watching = Monitor()
    sweep = net.sweep(data, learning_rate=[0.1, 1e-6], hidden=[2, 4], folds=2, callback=watching)
    mean, settings = watching.course.best()
    assert mean == pytest.approx(sweep.best.mean)
    assert settings == {key: watching_value(v) for key, v in sweep.best.settings.items()}
    assert "best so far" in facts(watching.course)
    assert watching.course.costs == {}


def watching_value(value):
    return (value,) if value in (2, 4) else value


def test_monitor_shows_a_result_in_place_of_the_last_frame(net, data, shell):
    watching = Monitor(last=False)
    result = net.train(data, callback=watching)
    watching.show_result(result, "Kept as <net>.")
    ((_, _, bundle),) = shell.sent
    assert "Kept as &lt;net&gt;." in bundle["text/html"]
    assert "precision" in bundle["text/html"]
    assert bundle["image/png"].startswith(b"\x89PNG")


def test_monitor_that_cannot_draw_lets_the_training_go_on(net, data, shell, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("the page is gone")

    monkeypatch.setattr(shell, "publish", fail)
    assert net.train(data, callback=Monitor()).epochs_done == 500


def test_monitor_of_data_that_do_not_fit_starts_nothing(net, shell):
    with pytest.raises(DataError):
        net.train([[1.0, 0], [2.0, 1]], callback=Monitor())
    assert shell.sent == []
    assert not [thread for thread in threading.enumerate() if thread.name == "dlaaw-monitor"]


def test_monitor_at_a_terminal_moves_a_bar_and_leaves_no_trace(net, data, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    err = Terminal()
    monkeypatch.setattr("sys.stderr", err)
    monkeypatch.setattr(module, "find_surface", TerminalSurface)
    threading.Timer(1.0, _thread.interrupt_main).start()
    net.replace(epochs=LONG, cost_every=1000).train(data, callback=Monitor())
    assert "epochs" in err.getvalue()


def test_monitor_without_a_person_prints_nothing(net, data, capsys, monkeypatch):
    monkeypatch.setattr(module, "find_surface", Surface)
    net.train(data, callback=Monitor())
    assert capsys.readouterr() == ("", "")


def test_monitor_used_again_begins_anew(net, data, shell):
    watching = Monitor()
    net.train(data, callback=watching)
    net.replace(epochs=100).train(data, callback=watching)
    assert watching.course.total == 100
    assert len(watching.course.costs[0]) == 2


def test_monitor_of_a_failed_run_says_why_escaped(net, data, shell):
    watching = Monitor()
    watching.show_failure(ValueError("<b>no</b>"))
    (frame,) = shell.frames()
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in frame["text/html"]
    assert "<b>" not in frame["text/html"]
    assert "ValueError: <b>no</b>" in frame["text/plain"]


def test_frames_of_a_run_have_one_height_and_escape_names(data):
    odd = "<script>\u202exss</script>"
    course = begun(NNWorkflow([Linear(5, 1), Sigmoid()], name="<script>xss</script>"))
    assert "<script" not in frame_html(course)
    assert "&lt;script" in frame_html(course)
    assert odd not in frame_html(course)
    before = frame_html(course).count("min-height:249px")
    course.take({"event": "cost", "trial": 0, "epoch": 0, "cost": 0.5, "score": 0.25})
    assert frame_html(course).count("min-height:249px") == before == 1
    assert "accuracy 0.250" in facts(course)


def begun(network, trials=1):
    course = Course()
    course.take({"event": "begin", "rows": 569, "networks": [network]})
    course.take({"event": "start", "trials": trials})
    return course


def test_course_thins_long_curves_and_keeps_their_ends():
    course = begun(NNWorkflow([Linear(5, 1), Sigmoid()]))
    for first in range(0, 20_000, 500):
        costs = [(epoch, 1.0 / (epoch + 1)) for epoch in range(first, first + 500)]
        event = {"event": "cost", "trial": 0, "epoch": first + 499, "cost": costs[-1][1]}
        course.take({**event, "costs": costs})
    assert len(course.costs[0]) <= 1000
    assert course.costs[0][0][0] == 0
    assert course.costs[0][-1][0] == 19_999


def test_course_before_any_event_can_be_shown():
    course = Course()
    assert "preparing" in headline(course)
    assert math.isnan(course.seconds_left)
    assert "preparing" in frame_html(course)
    course.take({"event": "end", "state": "stopped", "error": KeyboardInterrupt()})
    assert "before anything was trained" in last_frame(course)[0]["text/plain"]


def test_course_time_left_follows_the_pace(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    course = begun(NNWorkflow([Linear(5, 1), Sigmoid()]))
    clock[0] += 2.0
    course.take({"event": "progress", "done": 250, "total": 1000, "rows": 100_000})
    assert course.seconds_left == pytest.approx(6.0)
    assert course.rows_a_second == pytest.approx(50_000)
    assert "50 k rows/s" in facts(course)
    assert "6 s left" in facts(course)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [[]],
        [[(0, 0.5)]],
        [[(0, 0.0), (1, 0.0)]],
        [[(0, math.nan), (5, math.inf)]],
        [[(0, 1e-9), (9, 1e9)], [(0, 1.0)]],
        [[(0, -1e300), (1, 1e300)]],
        [[(epoch, 1 / (epoch + 1)) for epoch in range(10_000)]],
    ],
)
def test_live_chart_of_any_curve_is_small_whole_svg(lines):
    svg = live_chart(lines, title="<t> & 'q'", x_label="epoch", y_label="cost", x_end=100)
    ET.fromstring(svg)  # noqa: S314 - our own
    assert "nan" not in svg
    assert "inf" not in svg
    assert len(svg) < 12_000


def test_monitor_rests_twenty_times_as_long_as_it_drew(monkeypatch):
    clock, drawing, waits = [0.0], [0.001, 0.1, 2.0], []

    class Over(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            return not drawing

    def draw(self):
        clock[0] += drawing.pop(0)

    monkeypatch.setattr(module.time, "thread_time", lambda: clock[0])
    monkeypatch.setattr(Monitor, "_draw", draw)
    monkeypatch.setattr(Monitor, "_offer_stop", lambda self: None)
    Monitor()._draw_on(Over())
    assert waits == pytest.approx([module.FIRST_S, module.GAP_S, 2.0, 40.0])


def test_monitor_in_another_thread_offers_no_button_that_would_stop_the_wrong_one(net, data, shell):
    watching = Monitor()
    thread = threading.Thread(target=lambda: net.train(data, callback=watching))
    thread.start()
    thread.join()
    assert not watching._stoppable
    with contextlib.suppress(KeyboardInterrupt):
        net.train(data, callback=watching)
    assert watching._stoppable
