"""What a kernel answers to a canvas: real runs, and every kind of nonsense a page may send."""

from __future__ import annotations

import json
import queue
import threading
import time

import pandas as pd
import pytest

from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow, datasets, task
from dlaaw_nb.notebook import bench_runs
from dlaaw_nb.notebook.bench import Bench
from dlaaw_nb.notebook.bench_documents import needed_for
from dlaaw_nb.notebook.bench_values import look_at
from dlaaw_nb.tasks import Head, ReadCSV, Script

WAIT_S = 60


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"a": range(5), "b": ["<b>x</b>"] * 5}).to_csv("rows.csv", index=False)


class Page:
    """The other end: sends messages and waits for answers, all of them JSON."""

    def __init__(self, namespace=None):
        self.came = queue.Queue()
        self.bench = Bench(self._take, namespace)
        self.all = []

    def _take(self, message):
        self.came.put((time.monotonic(), json.loads(json.dumps(message, allow_nan=False))))

    def ask(self, **message):
        self.bench.handle(json.loads(json.dumps(message)))

    def until(self, *kinds):
        end = time.monotonic() + WAIT_S
        while True:
            when, message = self.came.get(timeout=max(0.1, end - time.monotonic()))
            self.all.append((when, message))
            if message["type"] in kinds:
                return message

    def run(self, document, **more):
        """Run it to its end; gives the last state of each task, and what ended."""
        self.ask(type="run", id="r", document=document, executor="threads", **more)
        started = self.until("started", "error")
        assert started["type"] == "started", started
        assert started["id"] == "r"
        ended = self.until("ended")
        assert ended["run"] == started["run"]
        states = {}
        for _, message in self.all:
            for told in message.get("states", ()):
                states[told["task"]] = told
        return states, ended


@pytest.fixture
def page():
    made = Page()
    yield made
    made.bench.close()


@task
def slowly(x: int, steps: int = 3) -> int:
    import time

    from dlaaw_nb.workflow.context import context

    for step in range(steps):
        context().progress(step + 1, steps)
        time.sleep(0.25)
    return x + 1


@task
def broken(x: int) -> int:
    raise ValueError("the </script> reason")


def tables():
    flow = Workflow("tables")
    read = flow.add(ReadCSV(), flow.input("file", "rows.csv"), name="read")
    head = flow.add(Head(2), read, name="head")
    flow.add(Head(4), read, name="other")
    flow.output("rows", head)
    return flow.document


def test_catalogue_holds_what_the_person_has_defined():
    page = Page({"slowly": slowly, "n": 3})
    page.ask(type="catalogue")
    catalogue = page.until("catalogue")["catalogue"]
    kinds = {info["kind"]: info for info in catalogue["tasks"]}
    assert kinds["slowly"]["group"] == "Own tasks"
    assert "ReadCSV" in kinds
    assert catalogue["layers"]


def test_run_tells_states_and_ends_with_outputs(page):
    states, ended = page.run(tables())
    assert {name: told["state"] for name, told in states.items()} == dict.fromkeys(
        ("read", "head", "other"), "finished"
    )
    assert ended["state"] == "finished"
    assert ended["error"] is None
    (output,) = ended["outputs"]
    assert (output["name"], output["type"]) == ("rows", "table")
    assert "<table" in output["html"]
    assert "&lt;b&gt;x&lt;/b&gt;" in output["html"]
    assert "<b>x" not in output["html"]
    again, _ = page.run(tables())
    assert {told["state"] for told in again.values()} == {"cached"}
    forced, _ = page.run(tables(), force=["head", "gone"])
    assert (forced["head"]["state"], forced["read"]["state"]) == ("finished", "cached")


def test_run_of_some_tasks_runs_what_they_need_alone(page):
    states, ended = page.run(tables(), only=["other"])
    assert set(states) == {"read", "other"}
    assert [output["name"] for output in ended["outputs"]] == ["other.output"]


def test_run_takes_values_of_inputs(page, tmp_path):
    pd.DataFrame({"z": [7]}).to_csv("more.csv", index=False)
    _, ended = page.run(tables(), given={"file": "more.csv"})
    assert "z" in ended["outputs"][0]["html"]


def test_previews_and_facts_of_tasks_can_be_asked_for(page):
    _, ended = page.run(tables())
    page.ask(type="preview", run=ended["run"], task="other", port="output")
    preview = page.until("preview")
    assert preview["task"] == "other"
    assert "4 rows, 2 columns" in preview["html"]
    page.ask(type="task", run=ended["run"], task="read")
    told = page.until("task")
    assert told["state"] == "finished"
    assert told["worker"]
    for wrong in ({"task": "nobody"}, {"task": "read", "port": "none"}, {"task": 3, "port": {}}):
        page.ask(type="preview", run=ended["run"], **wrong)
        assert page.until("error", "preview")["type"] == "error"


def test_output_of_a_workflow_inside_can_be_looked_at(page):
    inner = Workflow("inner")
    inner.output("first", inner.add(Head(1), inner.input("t"), name="h"))
    flow = Workflow("outer")
    read = flow.add(ReadCSV(), flow.input("file", "rows.csv"))
    flow.add(inner, read, name="inside")
    states, ended = page.run(flow.document)
    assert states["inside"]["state"] == "finished"
    told = states["inside/h"]
    assert (told["state"], told["inside"]) == ("finished", True)
    page.ask(type="preview", run=ended["run"], task="inside", port="first")
    assert "1 row," in page.until("preview")["html"]


def test_states_come_in_batches_with_progress_and_seconds():
    page = Page({"slowly": slowly})
    flow = Workflow("slow")
    flow.add(slowly, 1, name="a")
    states, _ = page.run(flow.document)
    assert states["a"]["state"] == "finished"
    times = [when for when, message in page.all if message["type"] == "states"]
    assert len(times) > 3
    # The last batch comes with the end, whenever that is.
    assert (times[-2] - times[0]) / (len(times) - 2) > 0.08
    told = [one for _, message in page.all for one in message.get("states", ())]
    assert any(0 < one.get("progress", 0) < 1 for one in told)


def test_failure_is_told_at_its_task_without_a_traceback():
    page = Page({"broken": broken})
    flow = Workflow("bad")
    flow.output("y", flow.add(slowly, flow.add(broken, 1, name="a"), name="b"))
    page.bench.documents._namespace.update(slowly=slowly)
    states, ended = page.run(flow.document)
    assert ended["state"] == "failed"
    assert "the </script> reason" in ended["error"]
    assert "Traceback" not in ended["error"]
    assert ended["outputs"] == []
    assert states["a"]["state"] == states["b"]["state"] == "failed"
    assert "reason" in states["a"]["error"]
    page.ask(type="task", run=ended["run"], task="b")
    assert page.until("task")["chain"] == ["b", "a"]


def test_cancel_ends_a_run():
    page = Page({"slowly": slowly})
    flow = Workflow("slow")
    flow.add(slowly, 1, 400, name="a")
    page.ask(type="run", id="r", document=flow.document, executor="processes")
    run = page.until("started")["run"]
    page.until("states")
    page.ask(type="cancel", run=run)
    ended = page.until("ended")
    assert ended["state"] == "cancelled"


@task
def chatty(x: int) -> int:
    import time

    print("half of the way", flush=True)
    time.sleep(30)
    return x


def test_log_of_a_task_is_told_while_it_runs():
    page = Page({"chatty": chatty})
    flow = Workflow("chatty")
    flow.add(chatty, 1, name="a")
    page.ask(type="run", id="r", document=flow.document, executor="processes")
    run = page.until("started")["run"]
    end = time.monotonic() + WAIT_S
    log = ""
    while "half of the way" not in log:
        assert time.monotonic() < end
        time.sleep(0.1)
        page.ask(type="task", run=run, task="a")
        log = page.until("task")["log"]
    page.ask(type="cancel", run=run)
    assert page.until("ended")["state"] == "cancelled"


def test_another_page_can_follow_a_run_and_one_that_is_over():
    first, second = Page({"slowly": slowly}), Page()
    flow = Workflow("slow")
    flow.add(slowly, 1, 4, name="a")
    first.ask(type="run", id="r", document=flow.document, executor="threads")
    run = first.until("started")["run"]
    second.ask(type="runs")
    assert run in [one["run"] for one in second.until("runs")["runs"]]
    second.ask(type="follow", run=run)
    first.bench.close()  # its tab is gone
    assert second.until("ended")["state"] == "finished"
    assert first.came.qsize() < 20
    third = Page()
    third.ask(type="follow", run=run)
    assert third.until("states")["states"][0]["state"] == "finished"
    assert third.until("ended")["run"] == run


def test_page_that_breaks_does_not_keep_a_run_from_its_end():
    def fail(_):
        raise OSError("the page is gone")

    flow = Workflow("slow")
    flow.add(slowly, 1, 2, name="a")
    run = flow.start(executor="threads")
    watch = bench_runs.WatchedRun(run, fail)
    assert run.wait(WAIT_S)
    other = Page()
    while watch._ended is None:
        time.sleep(0.02)
    watch.follow(other._take)
    assert other.until("ended")["state"] == "finished"


def test_runs_that_are_over_are_let_go(monkeypatch, page):
    monkeypatch.setattr(bench_runs, "_runs", {})
    monkeypatch.setattr(bench_runs, "_KEPT", 2)
    ids = [page.run(tables())[1]["run"] for _ in range(4)]
    assert ids[0] not in bench_runs._runs
    assert ids[-1] in bench_runs._runs


def test_check_tells_problems_and_ports(page):
    document = tables()
    document["tasks"][1]["kind"] = "Haed"
    page.ask(type="check", id=7, document=document)
    checked = page.until("checked")
    assert checked["id"] == 7
    assert [one["task"] for one in checked["problems"]] == ["head"]
    assert checked["ports"]["read"]["outputs"] == [{"name": "output", "type": "table"}]


def test_code_is_python_that_makes_the_same(page):
    document = tables()
    page.ask(type="code", id="c", document=document)
    space = {}
    exec(page.until("code")["code"], space)  # noqa: S102 - our own
    assert space["wf"].document == document


def test_code_of_a_document_runs_only_once_it_is_trusted(page, tmp_path):
    mark = tmp_path / "ran"
    document = tables()
    document["code"] = [
        f"__import__('pathlib').Path({str(mark)!r}).touch()",
        "def f(x: int) -> int:",
        "    return x * 2",
    ]
    document["tasks"].append({
        "name": "own", "kind": "f", "values": {"x": 4}, "ports": {
            "inputs": [{"name": "x", "type": "int"}],
            "outputs": [{"name": "output", "type": "int"}],
        },
    })  # fmt: skip
    document["outputs"].append({"name": "y", "task": "own", "port": "output"})
    for kind in ("check", "code", "run"):
        page.ask(type=kind, id="r", document=document)
    error = page.until("error")
    assert (error["kind"], error["mend"]) == ("TrustError", "trust")
    assert not mark.exists()
    page.ask(type="trust", id="t", document=document)
    page.until("trusted")
    _, ended = page.run(document)
    assert [one["preview"] for one in ended["outputs"] if one["name"] == "y"] == ["8"]
    document["tasks"][1]["parameters"]["rows"] = 1  # an edit after that: the same code still runs
    _, ended = page.run(document)
    assert ended["state"] == "finished"
    document["code"].append("# changed on disk")
    page.ask(type="run", id="r", document=document)
    assert page.until("error", "started")["kind"] == "TrustError"


def test_command_in_a_document_runs_only_once_it_is_trusted(page):
    flow = Workflow("w")
    flow.output("v", flow.add(Script(["{python}", "-V"]), name="s"))
    page.ask(type="run", id="r", document=flow.document)
    assert "runs a command" in page.until("error")["text"]
    page.ask(type="trust", id="t", document=flow.document)
    _, ended = page.run(flow.document)
    assert ended["outputs"][0]["preview"].startswith("Python 3")


@pytest.mark.parametrize(
    "message",
    [
        None, [], "run", 3, {}, {"type": None}, {"type": ["run"]}, {"type": "nonsense"},
        {"type": "run"}, {"type": "run", "document": "/etc/passwd"},
        {"type": "run", "document": []}, {"type": "check_document", "document": {}},
        {"type": "code", "document": {"format": "dlaaw-nb/workflow", "version": 99}},
        {"type": "cancel"}, {"type": "cancel", "run": "no"}, {"type": "cancel", "run": {}},
        {"type": "preview", "run": 1}, {"type": "follow", "run": None}, {"type": "task"},
        {"type": "trust"}, {"type": "trust", "document": {"tasks": 1}},
    ],
)  # fmt: skip
def test_nonsense_is_answered_by_an_error(page, message):
    page.bench.handle(message)
    answer = page.until("error")
    assert answer["text"]
    assert "Traceback" not in answer["text"]


@pytest.mark.parametrize(
    "more",
    [
        {"only": "head"}, {"only": [3]}, {"only": ["nobody"]}, {"given": [1]},
        {"given": {"nothing": 1}}, {"executor": "rm"}, {"force": 3.5}, {"target": "nowhere"},
        {"document": {}},
    ],
)  # fmt: skip
def test_bad_settings_of_a_run_are_refused_or_end_it(page, more):
    page.ask(**{"type": "run", "id": "r", "document": tables(), **more})
    answer = page.until("error", "ended")
    assert answer["type"] == "error" or answer["state"] in ("failed", "finished")
    if answer["type"] == "error":
        assert answer["id"] == "r"


def test_needed_part_of_a_workflow_is_a_copy():
    flow = Workflow.from_document(tables())
    part = needed_for(flow, ["head"])
    assert [*part.tasks] == ["read", "head"]
    assert len(flow.tasks) == 3
    assert part.outputs.keys() == {"rows", "head.output"}


def test_values_are_shown_escaped_and_cut():
    frame = pd.DataFrame({"<i>": ["<script>"] * 5000})
    html = look_at(frame)["html"]
    assert "<script>" not in html
    assert "<i>" not in html
    assert "5000 rows, 1 column; here the first 1,000 and 1" in html
    assert len(look_at("x" * 10**6)["text"]) < 5_000

    class Foreign:
        def __repr__(self):
            raise RuntimeError("no")

        def _repr_html_(self):
            return "<script>"

    assert look_at(Foreign()) == {"text": "<Foreign: no>"}


def test_network_and_its_prediction_are_shown(page):
    flow = Workflow("net")
    name = flow.input("data", "rows.csv")
    data = datasets.load("breast_cancer")
    frame = pd.DataFrame(data.features).add_prefix("f").assign(label=data.labels)
    frame.to_csv("rows.csv", index=False)
    net = flow.add(NNWorkflow([Linear(data.n_features, 1), Sigmoid()], epochs=20), name, name="net")
    for port in ("model", "prediction", "report"):
        flow.output(port, net[port])
    states, ended = page.run(flow.document)
    assert ended["state"] == "finished", ended["error"]
    assert all("html" in output for output in ended["outputs"])
    assert "net" in states


def test_figures_are_shown_as_pictures():
    import matplotlib.figure

    figure = matplotlib.figure.Figure()
    figure.add_subplot().plot([1, 2])
    assert look_at(figure)["html"].startswith("<img")


def test_threads_of_runs_end_with_them(page):
    page.run(tables())
    end = time.monotonic() + WAIT_S
    while any(one.name == "dlaaw-bench" for one in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.02)
