"""The paper's Figures 4 to 6 in a document of JupyterLab, by mouse alone, from an empty canvas."""

from __future__ import annotations

import json
import re

import pytest
from lab_canvas import Canvas, draw_network_1
from lab_document import Document

from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, Tanh, datasets

VIEW = {"width": 1700, "height": 1150}


pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def document(lab):
    opened = Document(lab)
    opened.page.set_viewport_size(VIEW)
    yield opened
    assert opened.errors == []


@pytest.fixture
def canvas(document):
    return Canvas(document.page.locator(".dlaaw-canvas:visible"))


@pytest.fixture
def tumours(lab):
    data = datasets.load("breast_cancer")
    data.to_frame().to_csv(lab.root / "breast_cancer.csv", index=False)
    return data


def new_document(document, card):
    document.page.locator(f".jp-LauncherCard[title^='A new'] >> text={card}").click()
    document.page.locator(
        f".dlaaw-canvas:visible[aria-label='Canvas of {card.lower()}']"
    ).wait_for()


def feed_from_file(canvas, task, port, path, name, below=0):
    """Make an input of the workflow, with a file as its default, by drawing an edge from a port."""
    canvas.end("input", task, port, -190, below)
    canvas.set("Name", name)
    canvas.set("Default", json.dumps(path))


def give(canvas, task, port):
    """Make an output of the workflow by drawing an edge from a port."""
    canvas.end("output", task, port, 140, 10)


def run(document, canvas, *, trust=False):
    canvas.tool("run").click()
    if trust:  # what reads a file outside of its folder asks first
        document.page.locator("button:visible", has_text="Trust this workflow and run").click()
    ends = re.compile("Finished|Failed|Stopped")
    state = document.page.locator(".dlaaw-results-state:visible", has_text=ends)
    state.wait_for(timeout=80_000)  # a kernel starts, and the network is compiled
    assert "Finished" in state.inner_text(), document.page.locator(
        ".dlaaw-results:visible"
    ).inner_text()


def result(document, name):
    """What the results show of an output."""
    return document.page.locator(f".dlaaw-result:visible[aria-label='{name}']")


def accuracy(document):
    table = result(document, "report").locator("iframe").content_frame
    row = table.get_by_role("row").filter(has_text="accuracy")
    return float(row.get_by_role("cell").last.inner_text())


def test_network_1_is_built_trained_and_its_model_used_again(document, canvas, tumours):
    new_document(document, "Network")
    draw_network_1(canvas)
    feed_from_file(canvas, "Network1", "dataset", "breast_cancer.csv", "data")
    give(canvas, "Network1", "report")
    canvas.drag("WriteModel", 680, 330)
    canvas.connect("Network1", "model", "WriteModel1", "model")
    give(canvas, "WriteModel1", "output")
    run(document, canvas)
    assert accuracy(document) > 0.9
    document.screenshot("mouse-network-1")

    path = result(document, "output").locator("pre").inner_text()
    document.run_command("launcher:create")
    new_document(document, "Workflow")
    canvas.drag("NNExecutor", 420, 120)
    feed_from_file(canvas, "NNExecutor1", "model", path, "model")
    feed_from_file(canvas, "NNExecutor1", "dataset", "breast_cancer.csv", "rows", below=90)
    give(canvas, "NNExecutor1", "report")
    run(document, canvas, trust=True)
    assert accuracy(document) > 0.9
    document.screenshot("mouse-model-used-again")


def test_ensemble_of_figure_6_votes_on_each_record(document, canvas, lab, tumours):
    layers = (
        [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()],
        [Linear(5, 8), Tanh(), Linear(8, 1), Sigmoid()],
        [Linear(5, 1), Sigmoid()],
    )
    for number, chain in enumerate(layers, 1):
        trained = NNWorkflow(chain, epochs=200, seed=number).train(tumours)
        trained.model.save(lab.root / f"model{number}.json")
    new_document(document, "Workflow")
    for number in (1, 2, 3):
        canvas.drag("NNExecutor", 330, 40 + 170 * (number - 1))
    canvas.drag("EnsembleVote", 700, 210)
    for number in (1, 2, 3):
        task = f"NNExecutor{number}"
        feed_from_file(canvas, task, "model", f"model{number}.json", f"model{number}")
        canvas.connect(task, "prediction", "EnsembleVote1", "votes")
    canvas.drag("input", 90, 560)
    canvas.set("Name", "data")
    canvas.set("Default", '"breast_cancer.csv"')
    for number in (1, 2, 3):
        canvas.connect("the workflow", "data", f"NNExecutor{number}", "dataset")
    give(canvas, "EnsembleVote1", "prediction")
    run(document, canvas)

    table = result(document, "prediction").locator("iframe").content_frame
    head = [
        cell.strip() for cell in table.get_by_role("row").first.all_inner_texts()[0].split("\t")
    ]
    assert head[1] == "label"
    first = table.get_by_role("row").nth(1).inner_text().split("\t")
    votes = [vote for name, vote in zip(head, first, strict=True) if name.startswith("vote")]
    assert len(votes) == 3
    assert first[1] == max(set(votes), key=votes.count)
    assert table.get_by_text("569 rows").count() == 1
    canvas.bring_in("layout")
    canvas.pane.click(position={"x": 10, "y": 10})
    document.screenshot("mouse-ensemble")
    document.theme("dark")
    document.screenshot("mouse-ensemble-dark")
    document.theme("light")


def test_undo_and_redo_go_through_what_was_drawn(document, canvas):
    new_document(document, "Workflow")
    empty = document.text()
    canvas.drag("ReadCSV", 120, 100)
    canvas.drag("Head", 460, 120)
    canvas.connect("ReadCSV1", "output", "Head1", "table")
    canvas.node("Head1").click()
    canvas.set("rows", "7")
    drawn = document.content()
    assert len(drawn["edges"]) == 1
    for _ in range(4):
        canvas.tool("undo").click()
    assert document.text() == empty
    assert canvas.root.locator(".react-flow__node").count() == 0
    for _ in range(4):
        canvas.tool("redo").click()
    assert document.content() == drawn


def test_edge_that_does_not_fit_says_why_and_offers_the_converter(document, canvas):
    new_document(document, "Workflow")
    canvas.drag("ReadCSV", 100, 100)
    canvas.drag("NNExecutor", 520, 120)
    canvas.connect("ReadCSV1", "output", "NNExecutor1", "model")
    document.locator(".dlaaw-notice[role=alert]", has_text="model").wait_for()
    document.screenshot("mouse-refused")
    canvas.root.get_by_label("Close the message").click()
    canvas.connect("ReadCSV1", "output", "NNExecutor1", "dataset")
    canvas.root.locator("button", has_text="Insert TableToDataset").click()
    edges = {(edge["source"], edge["target"]) for edge in document.content()["edges"]}
    assert edges == {("ReadCSV1", "TableToDataset1"), ("TableToDataset1", "NNExecutor1")}
