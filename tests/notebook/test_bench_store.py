"""What a kernel tells a page of its store: real runs in a real store, and nonsense."""

from __future__ import annotations

import json
import queue
import time
from pathlib import Path

import pandas as pd
import pytest

from dlaaw_nb import Workflow, task
from dlaaw_nb.notebook import bench_products, bench_runs, bench_store
from dlaaw_nb.notebook.bench import Bench
from dlaaw_nb.store import Store
from dlaaw_nb.targets import gateway
from dlaaw_nb.tasks import Head, ReadCSV

WAIT_S = 60


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(bench_runs, "_runs", {})  # those of other tests are not of this kernel
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"a": range(5), "b": ["<b>x</b>"] * 5}).to_csv("rows.csv", index=False)


class Page:
    def __init__(self, namespace=None):
        self.came = queue.Queue()
        self.bench = Bench(
            lambda message: self.came.put(json.loads(json.dumps(message, allow_nan=False))),
            namespace,
        )

    def ask(self, *kinds, **message):
        self.bench.handle(json.loads(json.dumps({"id": "1", **message})))
        return self.until(*kinds)

    def until(self, *kinds):
        end = time.monotonic() + WAIT_S
        while True:
            message = self.came.get(timeout=max(0.1, end - time.monotonic()))
            if message["type"] in (*kinds, "error"):
                assert message["type"] in kinds, message
                return message


@pytest.fixture
def page():
    made = Page({"chatty": chatty, "total": total})
    yield made
    made.bench.close()


@task
def chatty(n: int) -> int:
    print(f"n is {n} <i>")
    if n < 0:
        raise ValueError("n is below zero")
    return n + 1


@task
def total(table: pd.DataFrame) -> int:
    return int(table["a"].sum())


def numbers(n=3):
    flow = Workflow("numbers")
    flow.output("more", flow.add(chatty, flow.input("n", n), name="count"))
    return flow


def tables():
    flow = Workflow("tables")
    read = flow.add(ReadCSV(), flow.input("file", "rows.csv"), name="read")
    flow.output("rows", flow.add(Head(2), read, name="head"))
    return flow


def test_past_runs_of_other_processes_are_listed_newest_first(page):
    ids = [numbers(n).run(executor="serial").id for n in (1, 2)]
    told = page.ask("runs", type="runs")
    assert [one["run"] for one in told["runs"]] == ids[::-1]
    first = told["runs"][0]
    assert (first["workflow"], first["state"], first["tasks"]) == ("numbers", "finished", 1)
    assert first["seconds"] >= 0
    assert not told["more"]
    assert not first["here"]


def test_only_so_many_are_told_and_more_is_said(page, monkeypatch):
    monkeypatch.setattr(bench_store, "RUNS", 1)
    monkeypatch.setattr(bench_store, "PRODUCTS", 1)
    for n in (1, 2):
        numbers(n).run(executor="serial")
    for kind in ("runs", "products"):
        told = page.ask(kind, type=kind)
        assert len(told[kind]) == 1
        assert told["more"]


def test_run_tells_its_tasks_inputs_outputs_and_logs(page):
    run = numbers(4).run(executor="serial", n=6)
    told = page.ask("run_facts", type="run_facts", run=run.id)
    assert told["tasks"][0]["task"] == "count"
    assert told["tasks"][0]["state"] == "finished"
    assert told["inputs"][0]["given"] == "6"
    assert (told["outputs"][0]["name"], told["outputs"][0]["preview"]) == ("more", "7")
    log = page.ask("log", type="log", run=run.id, task="count")
    assert log["log"] == "n is 6 <i>\n"
    failed = numbers(-1).run(executor="serial", check=False)
    [only] = page.ask("run_facts", type="run_facts", run=failed.id)["tasks"]
    assert only["state"] == "failed"
    assert "n is below zero" in only["error"]
    assert "n is below zero" in page.ask("log", type="log", run=failed.id, task="count")["error"]


def test_two_runs_are_compared(page):
    one, two = (numbers(n).run(executor="serial") for n in (1, 2))
    told = page.ask("compared", type="compare", runs=[one.id, two.id])
    changes = {(what, name): (before, after) for what, name, _, before, after in told["changes"]}
    assert "(1)" in changes["input", "n"][0] or changes["input", "n"]
    assert ("output", "more") in changes
    assert [row[0] for row in told["times"]] == ["", "count"]
    assert [run["run"] for run in told["runs"]] == [one.id, two.id]


def test_rerun_computes_again_with_the_same_inputs(page):
    frame = pd.DataFrame({"a": [1, 2]})
    flow = Workflow("sums")
    flow.output("sum", flow.add(total, flow.input("table"), name="total"))
    first = flow.run(executor="serial", table=frame)
    page.bench.handle({"type": "watch_runs"})
    started = page.ask("started", "error", type="rerun", run=first.id, executor="threads")
    assert started["type"] == "started", started
    ended = page.until("ended")
    assert ended["run"] == started["run"] != first.id
    assert ended["outputs"][0]["preview"] == "3"
    assert page.until("run_changed")["state"] == "finished"
    states = [one["state"] for one in page.ask("runs", type="runs")["runs"]]
    assert states == ["finished", "finished"]
    facts = page.ask("run_facts", type="run_facts", run=started["run"])
    assert facts["tasks"][0]["state"] == "finished"  # computed, not taken over


def test_rerun_of_code_that_nobody_trusts_is_refused(page):
    run = numbers(3).run(executor="serial")
    stranger = Page()
    told = stranger.ask("started", "error", type="rerun", run=run.id, executor="threads")
    assert told["type"] == "error"
    assert "trust" in told["text"].lower()


def test_products_are_found_by_words_and_shown(page):
    numbers(3).run(executor="serial")
    tables().run(executor="serial")
    everything = page.ask("products", type="products")["products"]
    names = {(one["workflow"], one["task"], one["name"]) for one in everything}
    assert {("tables", "head", "output"), ("tables", "", "file"), ("numbers", "", "n")} <= names
    [head] = page.ask("products", type="products", search="HEAD table")["products"]
    assert head["type"] == "table"
    shown = page.ask("product", type="product", hash=head["hash"])
    assert "2 rows, 2 columns" in shown["html"]
    assert "<b>x</b>" not in shown["html"]
    [file] = page.ask("products", type="products", search="rows.csv file")["products"]
    assert page.ask("product", type="product", hash=file["hash"])["text"].startswith("a,b\n")
    assert page.ask("products", type="products", search="no such thing")["products"] == []


def test_product_too_large_is_not_loaded(page, monkeypatch):
    monkeypatch.setattr(bench_products, "_MOST_BYTES", 1)
    run = tables().run(executor="serial")
    shown = page.ask("product", type="product", hash=run.product("rows").hash)
    assert "too large" in shown["text"]


def test_product_becomes_a_value_or_a_file_that_a_task_reads(page):
    count = numbers(3).run(executor="serial")
    value = page.ask("used", type="use_product", hash=count.product("more").hash)
    assert (value["value"], value["value_type"]) == (4, "int")
    run = tables().run(executor="serial")
    hash_ = run.product("rows").hash
    used = page.ask("used", type="use_product", hash=hash_)
    assert (used["kind"], used["written"]) == ("ReadTable", True)
    assert used["path"] == f"head-{hash_[:8]}.arrow"
    flow = Workflow("again")
    from dlaaw_nb.tasks import ReadTable

    flow.output("out", flow.add(ReadTable(), flow.input("file", used["path"])))
    for state in ("finished", "cached"):  # the file holds the same bytes as the table
        again = flow.run(executor="serial")
        assert len(again.value("out")) == 2
        assert again.tasks["ReadTable1"].state == state
    kinds = [one["type"] for one in page.ask("products", type="products", search=hash_)["products"]]
    assert kinds == ["table"]  # though it was read as a file since
    told = page.ask("used", type="use_product", hash=hash_)
    assert not told["written"], told
    assert Store().lineage(Path(used["path"])).steps  # where the file came from is known
    Path(used["path"]).write_text("mine now")  # what a person changed is not written over
    whole = page.ask("used", type="use_product", hash=hash_)
    assert whole["written"]
    assert whole["path"] != used["path"]
    assert Path(used["path"]).read_text() == "mine now"
    file = page.ask("used", type="use_product", hash=run.product("file").hash)
    assert (file["path"], file["kind"]) == ("rows.csv", "")


def test_targets_are_told_with_their_state(page, monkeypatch):
    [cpu, gpu] = page.ask("targets", type="targets")["targets"]
    assert (cpu["name"], cpu["state"], cpu["default"]) == ("cpu", "available", True)
    assert (gpu["name"], gpu["default"]) == ("gpu", False)
    assert (gpu["state"] == "available") == (gpu["error"] is None)
    assert int(cpu["facts"]["cores"]) > 0

    def broken(_):
        raise OSError("no board")

    monkeypatch.setattr(gateway, "describe", broken)
    cpu = page.ask("targets", type="targets")["targets"][0]
    assert (cpu["state"], cpu["error"]) == ("unreachable", "no board")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "run_facts"},
        {"type": "run_facts", "run": 7},
        {"type": "run_facts", "run": "20250101-000000"},
        {"type": "log", "run": "x", "task": "y"},
        {"type": "compare", "runs": "ab"},
        {"type": "compare", "runs": ["a", "b"]},
        {"type": "rerun", "run": "../../etc"},
        {"type": "product"},
        {"type": "product", "hash": "zz"},
        {"type": "use_product", "hash": ["a"]},
    ],
)
def test_nonsense_is_answered_in_words(page, message):
    told = page.ask("error", **message)
    assert told["id"] == "1"
    assert "Traceback" not in told["text"]
    assert told["kind"] in ("StoreError", "GraphError")


def test_page_that_is_closed_is_told_nothing_more(page):
    page.bench.handle({"type": "watch_runs"})
    page.bench.close()
    other = Page({"chatty": chatty})
    other.ask("started", type="run", document=numbers(1).document, executor="threads")
    other.until("ended")
    assert page.came.empty()


def test_broken_records_are_told_and_not_raised(page, tmp_path):
    numbers(1).run(executor="serial")
    for name in ("provenance.sqlite", "provenance.sqlite-wal", "provenance.sqlite-shm"):
        (tmp_path / "store" / name).write_bytes(b"not a database" * 100)
    fresh = Page()
    assert fresh.ask("error", "runs", type="runs")["type"] == "error"
