"""How workflows and runs show themselves."""

from __future__ import annotations

import base64
import re
import threading
import time
import xml.etree.ElementTree as ET

import pytest
from work_done import calls_in

from dlaaw_nb.errors import RunError
from dlaaw_nb.views.shapes import Text
from dlaaw_nb.workflow import Workflow, task
from dlaaw_nb.workflow.context import context

SVG = "{http://www.w3.org/2000/svg}text"


@task
def numbers(count: int = 4) -> list:
    return list(range(count))


@task
def double(x: int, factor: int = 2) -> int:
    return x * factor


@task
def total(xs: list) -> int:
    return sum(xs)


@task
def says(text: str) -> str:
    return text


@task
def fails(x: int) -> int:
    raise ValueError(f"expected <3> columns, got {x}")


@task
def slow(x: int, seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return x


@task
def tells(x: int) -> int:
    context().progress(3, 1000, "rows")
    while not context().cancelled:
        time.sleep(0.01)
    return x


def _until(is_true, limit_s=20.0):
    end = time.monotonic() + limit_s
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)


def words(drawing):
    return [shape.text for shape in drawing.shapes if isinstance(shape, Text)]


def words_of_html(html):
    svg = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    return [node.text for node in ET.fromstring(svg).iter(SVG)]  # noqa: S314


def mapped():
    flow = Workflow("mapped", "Doubles <numbers>.")
    items = flow.add(numbers, flow.input("count", 4), name="numbers")
    many = flow.map(double, over={"x": items}, name="many", factor=3)
    flow.output("sum", flow.add(total, many, name="total"))
    return flow


def nested():
    inner = Workflow("prepare")
    first = inner.add(double, x=inner.input("x", type="int"), name="first")
    inner.output("y", inner.add(double, x=first, name="second"))
    flow = Workflow("nested")
    sub = flow.add(inner, x=flow.input("x", 1), name="Sub1")
    flow.output("y", flow.add(double, x=sub, name="last"))
    return flow


def broken():
    flow = Workflow("broken")
    first = flow.add(double, x=1, name="first")
    bad = flow.add(fails, x=first, name="bad")
    flow.output("y", flow.add(double, x=bad, name="after"))
    return flow


@pytest.fixture
def run_of(tmp_path):
    def run(flow, **options):
        settings = {"executor": "threads", "store": tmp_path / "store", "check": False, **options}
        return flow.run(**settings)

    return run


def test_workflow_draws_its_tasks_ports_values_and_ends():
    said = words(mapped().plot())
    for word in ("mapped", "3 tasks", "numbers", "many", "MapDouble", "total", "list"):
        assert word in said, word
    assert "int = 4" in said  # the input's default
    assert "factor = 3" in said  # a constant


def test_workflow_shows_text_html_and_png():
    data, metadata = mapped()._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "image/png"}
    assert data["text/plain"] == "<Workflow 'mapped': 3 tasks, 2 edges>".replace(
        "2 edges", "3 edges"
    )
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["width"] > 100
    assert "Doubles &lt;numbers&gt;." in data["text/html"]
    assert "many" in words_of_html(data["text/html"])
    assert 'alt="mapped: 3 tasks.' in data["text/html"]


def test_workflow_makes_only_the_forms_that_are_asked_for():
    assert set(mapped()._repr_mimebundle_(include={"text/plain"})[0]) == {"text/plain"}
    assert "image/png" not in mapped()._repr_mimebundle_(exclude={"image/png"})[0]


def test_workflow_that_cannot_run_yet_is_drawn_and_says_why():
    flow = Workflow("open")
    flow.add(total, name="total")
    html = flow._repr_mimebundle_()[0]["text/html"]
    assert "It cannot run yet." in html
    assert "total.xs" in html
    assert Workflow("none").plot().label == "none: no tasks."


def test_workflow_writes_no_secrets_of_a_url():
    flow = Workflow("secret")
    flow.add(says, flow.input("text", "https://me:hunter2@host/rows.csv?token=abc"))
    text = flow.plot().to_svg()
    assert "hunter2" not in text
    assert "abc" not in text


def test_run_tells_its_course_in_one_line(run_of):
    run = run_of(mapped())
    assert re.fullmatch(
        rf"<Run {run.id}: mapped, finished, 7 tasks \(7 finished\), [\d.]+ m?s>", repr(run)
    )
    again = run_of(mapped())
    assert "3 tasks (3 cached)" in repr(again)


def test_run_draws_a_map_as_one_box_with_counts(run_of):
    drawing = run_of(mapped()).plot()
    said = words(drawing)
    assert "4 of 4 done" in said
    assert not any(word.startswith("many[") for word in said)
    assert "7 tasks (7 finished)" in said
    assert "3 tasks" not in drawing.label


def test_run_draws_an_inner_workflow_as_one_box_with_counts(run_of):
    said = words(run_of(nested()).plot())
    assert "Sub1" in said
    assert "2 of 2 done" in said
    assert not any(word.startswith("Sub1/") for word in said)


def test_run_shows_facts_picture_and_tasks(run_of, tmp_path):
    run = run_of(mapped(), workers=2)
    data, _ = run._repr_mimebundle_()
    html, text = data["text/html"], data["text/plain"]
    for word in (run.id, "finished", "threads, 2 workers", str(tmp_path / "store"), "cpu"):
        assert word in html, word
        assert word in text, word
    assert "many[3]" in html
    assert "numbers" in words_of_html(html)
    assert data["image/png"].startswith(b"\x89PNG")


def test_failed_run_says_what_failed_why_and_where(run_of):
    run = run_of(broken())
    data, _ = run._repr_mimebundle_()
    html = data["text/html"]
    assert "ValueError: expected &lt;3&gt; columns, got 2" in html
    assert "Traceback of bad" in html
    assert "raise ValueError" in html
    assert "<3>" not in html
    assert html.index(">bad<") < html.index(">first<")  # failures first
    assert any(word.startswith("ValueError") for word in words(run.plot()))


def test_run_that_could_not_begin_says_so(run_of):
    run = run_of(mapped(), count=[1])
    assert run.state == "failed"
    assert "It could not run." in run._repr_mimebundle_()[0]["text/html"]


def test_report_has_a_row_for_each_task(run_of):
    report = run_of(broken()).report()
    assert list(report.columns) == [
        "task", "kind", "state", "why", "seconds", "attempts", "worker", "error",
    ]  # fmt: skip
    table = report.set_index("task")
    assert table.state.to_dict() == {"first": "finished", "bad": "failed", "after": "failed"}
    assert table.attempts["bad"] == 1
    assert table.attempts["after"] == 0
    assert table.seconds["first"] >= 0
    assert "expected <3> columns" in table.error["bad"]


def test_gantt_has_a_row_for_each_task_that_ran(run_of):
    said = words(run_of(mapped()).gantt())
    assert {"numbers", "total", *(f"many[{at}]" for at in range(4))} <= set(said)
    assert "many" not in said  # its items stand for it
    assert "not run" in words(run_of(broken()).gantt())
    assert "an earlier result" in words(run_of(mapped()).gantt())


def test_run_under_way_shows_what_runs_and_for_how_long(tmp_path):
    flow = Workflow("under way")
    flow.output("y", flow.add(slow, flow.input("x", 1), flow.input("s", 20.0), name="waits"))
    run = flow.start(executor="threads", store=tmp_path)
    _until(lambda: run.tasks["waits"].state == "running")
    try:
        assert ": under way, running, 1 task (1 running)" in repr(run)
        assert "running" in words(run.plot())
        assert "now" in words(run.gantt())
        assert run.plot(steady=True).height > run.plot().height  # room for a note
    finally:
        run.cancel()
        run.wait(20)
    with pytest.raises(RunError, match="cancelled"):
        run.check()
    assert "cancelled" in words(run.plot())


def test_running_task_says_how_far_it_is(tmp_path):
    flow = Workflow("far")
    flow.output("y", flow.add(tells, x=1, name="tells"))
    run = flow.start(executor="threads", store=tmp_path)
    try:
        _until(lambda: run.tasks["tells"].progress)
        assert "3 of 1,000, rows" in words(run.plot())
    finally:
        run.cancel()
        run.wait(20)


def test_views_of_a_run_may_be_asked_for_while_it_makes_tasks(tmp_path):
    run = mapped().start(executor="threads", store=tmp_path, count=200)
    seen, faults = 0, []

    def look():
        nonlocal seen
        try:
            while not run.wait(0.0):
                run._repr_mimebundle_(include={"text/html"})
                seen += 1
        except Exception as error:  # noqa: BLE001 - told below
            faults.append(error)

    looking = threading.Thread(target=look)
    looking.start()
    looking.join(60)
    assert not faults
    assert run.state == "finished"


def test_views_of_ten_thousand_tasks_take_little_work(run_of):
    flow = Workflow("large")
    for number in range(10_000):
        flow.add(double, x=number)
    run = flow.start(executor="serial", store="memory://shown")
    run.cancel()
    run.wait(60)
    shown = []
    work = calls_in(lambda: shown.append(run._repr_mimebundle_()[0]))
    assert work < 100 * 10_000  # about 50 each
    assert len(shown[0]["text/html"]) < 500_000
    assert f"{10_000:,} tasks" in repr(run)


def test_callback_that_watches_learns_which_run_it_is(run_of):
    class Watching:
        run = None

        def attach(self, run):
            self.run = run

        def __call__(self, event):
            pass

    watching = Watching()
    assert run_of(mapped(), callback=watching) is watching.run
