"""From an empty canvas to voted predictions by mouse alone, in a document and in a cell.

Three networks are drawn and trained, their models reused by executors, and the executors vote: the
paper's Figures 4, 5 and 6 in one workflow.
"""

from __future__ import annotations

import re

import pytest
from lab_canvas import Canvas, draw_network_1
from lab_document import Document

from dlaaw_nb import datasets

CELLS = ["from dlaaw_nb import Workflow\nflow = Workflow('voters')", "flow.compose()"]
VIEW = {"width": 1700, "height": 1250}

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(params=["document", "cell"])
def place(request, lab):
    """An empty canvas, the page that it is on, and how its pictures are called."""
    datasets.load("breast_cancer").to_frame().to_csv(lab.root / "breast_cancer.csv", index=False)
    if request.param == "document":
        opened = Document(lab)
        opened.page.set_viewport_size(VIEW)
        opened.page.locator(".jp-LauncherCard[title^='A new'] >> text=Workflow").click()
        root = opened.page.locator(".dlaaw-canvas:visible")
    else:
        opened = lab.notebook(CELLS)
        opened.page.set_viewport_size(VIEW)
        opened.run_all()
        root = opened.locator(1, ".dlaaw-canvas")
    canvas = Canvas(root)
    canvas.pane.wait_for()
    yield canvas, opened, request.param
    assert opened.errors == []


def add(canvas, kind, name):
    """Drag a task from the palette onto the canvas, and make room for what comes next."""
    canvas.drag(kind, 60, 40)
    canvas.node(name).wait_for()
    canvas.bring_in("layout")


def draw_networks(canvas):
    """Three networks of unlike widths, fed by one file."""
    draw_network_1(canvas)
    canvas.end("input", "Network1", "dataset", -190, 0)
    canvas.set("Name", "data")
    canvas.set("Default", '"breast_cancer.csv"')
    for number in (2, 3):
        canvas.node("Network1").locator(".dlaaw-name").first.click()
        canvas.tool("copy").click()
        canvas.node(f"Network{number}").wait_for()
        canvas.bring_in("layout")
        canvas.node(f"Network{number}").locator(".dlaaw-layer", has_text="Linear1").click()
        canvas.set("out_features", str(3 * number))
        canvas.connect("the workflow", "data", f"Network{number}", "dataset")


def draw_voters(canvas):
    """Each network's model predicts, and the predictions vote."""
    for number in (1, 2, 3):
        executor = f"NNExecutor{number}"
        add(canvas, "NNExecutor", executor)
        canvas.connect(f"Network{number}", "model", executor, "model")
        canvas.connect("the workflow", "data", executor, "dataset")
    add(canvas, "EnsembleVote", "EnsembleVote1")
    for number in (1, 2, 3):
        canvas.connect(f"NNExecutor{number}", "prediction", "EnsembleVote1", "votes")
    canvas.bring_in("layout")
    canvas.end("output", "EnsembleVote1", "prediction", 60, 40)
    canvas.bring_in("layout")


def test_voted_predictions_come_of_an_empty_canvas(place):
    canvas, opened, name = place
    draw_networks(canvas)
    draw_voters(canvas)
    canvas.tool("run").click()
    ends = re.compile("Finished|Failed|Stopped")
    state = opened.page.locator(".dlaaw-results-state:visible", has_text=ends)
    state.wait_for(timeout=120_000)  # three networks are compiled
    assert "Finished" in state.inner_text()
    shown = opened.page.locator(".dlaaw-result:visible[aria-label='prediction']")
    table = shown.locator("iframe").content_frame
    head = [text.strip() for text in table.get_by_role("columnheader").all_inner_texts()]
    votes = [at for at, text in enumerate(head) if text.startswith("vote")]
    assert len(votes) == 3
    rows = [row.split("\t") for row in table.get_by_role("row").all_inner_texts()[1:]]
    assert len(rows) == 569
    label, right = head.index("label"), head.index("right")
    for row in rows:  # the voted outcome for each record
        cast = [row[at] for at in votes]
        assert row[label] == max(set(cast), key=cast.count)
    assert sum(row[right] == "True" for row in rows) > 0.9 * len(rows)
    opened.picture(f"voters-{name}")
