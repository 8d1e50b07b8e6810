"""Ready tasks in runs: files are kept, ports fit, and what comes out is the same each time."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from dlaaw_nb import Workflow
from dlaaw_nb.tasks.columns import AddColumn
from dlaaw_nb.tasks.groups import GroupBy
from dlaaw_nb.tasks.joins import Join
from dlaaw_nb.tasks.plots import Plot
from dlaaw_nb.tasks.reports import Report
from dlaaw_nb.tasks.rows import Filter, Sort
from dlaaw_nb.tasks.script import Script
from dlaaw_nb.tasks.splits import Concat, SplitParts, SplitTrainTest
from dlaaw_nb.tasks.table_files import ReadCSV
from dlaaw_nb.tasks.writing import WriteCSV


@pytest.fixture
def store(tmp_path):
    from dlaaw_nb.store import Store

    return Store(tmp_path / "store")


def study(folder):
    (folder / "rows.csv").write_text("kind,x\na,1\nb,2\na,3\nb,\n")
    (folder / "kinds.csv").write_text("kind,name\na,first\nb,second\n")
    workflow = Workflow("study")
    rows = workflow.add(ReadCSV(), folder / "rows.csv")
    kinds = workflow.add(ReadCSV(header=True), folder / "kinds.csv")
    beside = workflow.add(Join("kind"), left=rows, right=kinds)
    known = workflow.add(Filter("x", "present"), beside)
    twice = workflow.add(AddColumn("y", "x", "*", 2), known)
    sums = workflow.add(GroupBy("name", {"y": "sum"}), twice)
    picture = workflow.add(Plot("bar", x="name", y="y_sum"), sums)
    report = workflow.add(Report("Study"), sums, picture)
    workflow.output("sums", sums)
    workflow.output("report", report)
    return workflow


def test_ready_tasks_run_from_files_to_a_report(tmp_path, store):
    run = study(tmp_path).run(store=store, executor="serial")
    assert run.outputs["sums"].to_dict("list") == {"name": ["first", "second"], "y_sum": [8, 4]}
    html = run.outputs["report"].read_text(encoding="utf-8")
    assert "first" in html
    assert "data:image/png" in html


def test_ready_tasks_are_not_run_again_for_the_same_files(tmp_path, store):
    study(tmp_path).run(store=store, executor="serial")
    again = study(tmp_path).run(store=store, executor="serial")
    assert {task.state for task in again.tasks.values()} == {"cached"}


def test_group_by_in_another_order_is_another_task():
    one = GroupBy("k", {"a": "sum", "b": "sum"})
    other = GroupBy("k", {"b": "sum", "a": "sum"})
    assert one.fingerprint() == GroupBy("k", {"a": "sum", "b": "sum"}).fingerprint()
    assert one.fingerprint() != other.fingerprint()


@pytest.mark.slow
def test_script_in_a_process_gives_files_and_text(tmp_path, store):
    table = pd.DataFrame({"n": [3, 1, 2]})
    workflow = Workflow("scripts")
    source = (
        "import sys\nrows = open(sys.argv[1]).read().split()\n"
        "open('out.csv', 'w').write('\\n'.join([rows[0], *sorted(rows[1:])]))\nprint(len(rows))"
    )
    program = Script(
        [sys.executable, "-c", source, "{table}"],
        takes={"table": "table"},
        gives={"count": "stdout", "sorted": "file:out.csv"},
    )
    done = workflow.add(program, workflow.input("table", table))
    read = workflow.add(ReadCSV(header=True), done["sorted"])
    workflow.output("table", read)
    workflow.output("count", done["count"])
    run = workflow.run(store=store, executor="processes")
    assert run.outputs["table"]["n"].tolist() == [1, 2, 3]
    assert run.outputs["count"].strip() == "4"


def test_split_parts_feed_a_map(tmp_path, store):
    workflow = Workflow("map")
    table = workflow.input("table", pd.DataFrame({"n": [3, 1, 2, 0]}))
    parts = workflow.add(SplitParts(2), table)
    ordered = workflow.map(Sort("n"), {"table": parts})
    workflow.output("whole", workflow.add(Concat(), ordered))
    two = workflow.add(SplitTrainTest(0.5), table)
    workflow.output("file", workflow.add(WriteCSV(), two["test"]))
    run = workflow.run(store=store, executor="serial")
    assert run.outputs["whole"]["n"].tolist() == [1, 3, 0, 2]
    assert run.outputs["file"].read_text().startswith("n\n")
