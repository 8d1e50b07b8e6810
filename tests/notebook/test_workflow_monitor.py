"""The monitor of a run: what it shows where, and that it follows the run to its end."""

from __future__ import annotations

import io
import os
import signal
import threading
import time

import pytest

from dlaaw_nb.errors import GraphError, RunError
from dlaaw_nb.notebook import workflow_surface
from dlaaw_nb.notebook.surface import NotebookSurface, Surface, TerminalSurface
from dlaaw_nb.notebook.workflow_frame import frame_html, headline, last_frame
from dlaaw_nb.notebook.workflow_monitor import RunMonitor, watch
from dlaaw_nb.notebook.workflow_surface import RunCourse, TaskBar
from dlaaw_nb.workflow import Workflow, task
from dlaaw_nb.workflow.scheduler import Scheduler


@task
def wait(x: int, seconds: float) -> int:
    time.sleep(seconds)
    return x


@task
def fails(x: int) -> int:
    raise ValueError("<b>no</b>")


class Shell:
    """A shell that keeps what is published."""

    kernel = True

    def __init__(self):
        self.sent = []
        self.display_pub = self

    def publish(self, data, metadata, *, transient=None, update=False):
        self.sent.append((transient["display_id"], update, data))

    def frames(self):
        return [data["text/html"] for _, _, data in self.sent if "text/html" in data]


@pytest.fixture
def shell(monkeypatch):
    """Monitors draw into this; without buttons, for those need a kernel."""
    made = Shell()
    monkeypatch.setattr(workflow_surface, "find_surface", lambda: NotebookSurface(made))
    monkeypatch.setattr(NotebookSurface, "button", lambda self, stop: None)
    return made


@pytest.fixture
def settings(tmp_path):
    return {"executor": "threads", "store": tmp_path / "store"}


def chain(*seconds):
    flow = Workflow("chain")
    last = flow.input("x", 1)
    for number, took in enumerate(seconds):
        last = flow.add(wait, last, seconds=took, name=f"wait{number}")
    flow.output("y", last)
    return flow


def test_monitor_of_a_quick_run_draws_once_at_the_end(shell, settings):
    run = chain(0.0, 0.0).run(callback=RunMonitor(), **settings)
    ((_, update, bundle),) = shell.sent
    assert not update
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    assert 'data-state="finished"' in bundle["text/html"]
    assert run.id in bundle["text/plain"]


def test_monitor_of_a_long_run_updates_one_display(shell, settings):
    chain(0.5, 0.5, 0.5).run(callback=RunMonitor(), **settings)
    assert len({name for name, _, _ in shell.sent}) == 1
    assert [update for _, update, _ in shell.sent] == [False] + [True] * (len(shell.sent) - 1)
    assert 3 <= len(shell.sent) <= 9
    *running, last = shell.frames()
    assert all('data-state="running"' in frame for frame in running)
    assert 'data-state="finished"' in last
    shares = [frame.split('aria-valuenow="')[1].split('"')[0] for frame in running]
    assert shares == sorted(shares, key=int)
    assert len(set(shares)) > 1


def test_frames_of_a_run_keep_their_height(shell, settings):
    chain(0.4, 0.4, 0.4).run(callback=RunMonitor(), **settings)
    heights = {frame.split("min-height:")[1].split("px")[0] for frame in shell.frames()[:-1]}
    assert len(heights) == 1


def test_interrupt_cancels_the_run_and_the_picture_says_so(shell, settings):
    threading.Timer(1.0, interrupt).start()
    with pytest.raises(RunError, match="cancelled"):
        chain(30.0).run(callback=RunMonitor(), **settings)
    assert 'data-state="cancelled"' in shell.frames()[-1]


def test_watch_follows_a_run_under_way_to_its_end(shell, settings):
    run = chain(0.4, 0.4).start(**settings)
    watch(run)
    assert shell.sent  # at once
    assert run.wait(20)
    _until(lambda: 'data-state="finished"' in shell.frames()[-1])
    assert len({name for name, _, _ in shell.sent}) == 1


def test_watch_of_a_run_that_is_over_shows_it_once(shell, settings):
    run = chain(0.0).run(**settings)
    watch(run)
    assert len(shell.sent) == 1
    assert 'data-state="finished"' in shell.frames()[0]


def test_stop_of_a_watched_run_is_its_cancel(shell, settings, monkeypatch):
    stops = []
    monkeypatch.setattr(NotebookSurface, "button", lambda self, stop: stops.append(stop))
    run = chain(30.0).start(**settings)
    watch(run)
    (stop,) = stops
    stop()
    assert run.wait(20)
    _until(lambda: 'data-state="cancelled"' in shell.frames()[-1])


def test_stop_of_a_run_in_the_main_thread_is_an_interrupt(shell, settings, monkeypatch):
    stops = []

    def button(self, stop):
        stops.append(stop)
        threading.Timer(0.1, interrupt).start()
        return type("Button", (), {"remove": lambda self: None})()

    monkeypatch.setattr(NotebookSurface, "button", button)
    with pytest.raises(RunError, match="cancelled"):
        chain(30.0).run(callback=RunMonitor(), **settings)
    assert stops == [None]


def test_run_that_cannot_begin_leaves_the_error_alone(shell, settings):
    with pytest.raises(GraphError, match="expected int"):
        chain(0.0).run(callback=RunMonitor("Kept"), x=[1], **settings)
    assert shell.sent == []


def test_run_that_breaks_under_way_does_not_leave_its_display_running(shell, settings, monkeypatch):
    def breaks(self):
        time.sleep(0.6)
        raise OSError("the disk is gone")

    monkeypatch.setattr(Scheduler, "run", breaks)
    with pytest.raises(OSError, match="disk"):
        chain(0.0).run(callback=RunMonitor(), **settings)
    _until(lambda: 'data-state="failed"' in shell.frames()[-1])
    assert "the disk is gone" in shell.frames()[-1]
    _until(lambda: not [t for t in threading.enumerate() if t.name == "dlaaw-run-monitor"])


def test_monitor_that_cannot_draw_lets_the_run_go_on(shell, settings, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("the page is gone")

    monkeypatch.setattr(shell, "publish", fail)
    assert chain(0.5, 0.1).run(callback=RunMonitor(), **settings).state == "finished"


def test_monitor_used_again_follows_the_new_run(shell, settings):
    monitor = RunMonitor()
    chain(0.0).run(callback=monitor, **settings)
    second = chain(0.0, 0.0).run(callback=monitor, **settings)
    assert monitor.run is second
    assert second.id in shell.sent[-1][2]["text/plain"]


def test_frames_escape_what_failed(settings):
    flow = Workflow("<script>x</script>")
    flow.output("y", flow.add(fails, x=1))
    run = flow.run(check=False, **settings)
    course = RunCourse(run)
    assert (course.done, course.total, course.over) == (1, 1, True)
    assert "1 of 1 tasks done" in headline(course)
    for html in (frame_html(course)[0], last_frame(run, "<i>")[0]["text/html"]):
        assert "<script" not in html
        assert "<b>" not in html
        assert "<i>" not in html


def test_monitor_at_a_terminal_moves_a_bar_of_tasks(settings, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    err = Terminal()
    monkeypatch.setattr("sys.stderr", err)
    monkeypatch.setattr(workflow_surface, "find_surface", TerminalSurface)
    monitor = RunMonitor()
    chain(0.5, 0.5).run(callback=monitor, **settings)
    assert isinstance(monitor._surface, TaskBar)
    assert "/2" in err.getvalue()
    assert "task" in err.getvalue()


def test_monitor_without_a_person_prints_nothing(settings, capsys, monkeypatch):
    monkeypatch.setattr(workflow_surface, "find_surface", Surface)
    chain(0.4).run(callback=RunMonitor(), **settings)
    assert capsys.readouterr() == ("", "")


def test_watching_costs_little(shell, settings):
    """The thread that draws has worked for a small part of the time; the bound is loose."""
    spent = []
    monitor = RunMonitor()
    draw = monitor._draw

    def measured():
        began = time.thread_time()
        draw()
        spent.append(time.thread_time() - began)

    monitor._draw = measured
    chain(*[0.25] * 12).run(callback=monitor, **settings)
    assert len(spent) >= 3
    assert sum(spent) < 0.15 * 3.0


def interrupt():
    """Do what a front end does: interrupt this process."""
    os.kill(os.getpid(), signal.SIGINT)


def _until(is_true, limit_s=20.0):
    end = time.monotonic() + limit_s
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)
