"""Looking into what a canvas holds: layers, workflows inside, properties, failures."""

from __future__ import annotations

import json

import pytest
from lab_document import Document

EMPTY = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "looked", "inputs": [], "tasks": [],
    "edges": [], "outputs": [],
}  # fmt: skip
ROWS = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40))


@pytest.fixture
def document(lab):
    opened = Document(lab)
    yield opened
    assert opened.errors == []


@pytest.fixture
def dark(document):
    document.run_command("apputils:change-theme", theme="JupyterLab Dark")


def write(lab, name, content):
    path = lab.root / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def network():
    from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow

    flow = Workflow("looked")
    layers = [Linear(2, 3), Sigmoid(), Linear(3, 1), Sigmoid()]
    net = flow.add(NNWorkflow(layers, epochs=20), flow.input("rows", "looked.csv"), name="net")
    flow.output("votes", net, "prediction")
    return flow.document


def test_layer_shows_its_kernel_before_a_run_and_its_neurons_after_one(document, lab):
    (lab.root / "looked.csv").write_text(ROWS)
    document.open(write(lab, "layer.dlaaw", network()))
    document.locator(".dlaaw-layer-button", has_text="Linear1").click()
    document.locator("button", has_text="Look inside").click()
    source = document.locator("[aria-label='Kernel source']")
    source.locator(".dlaaw-html").content_frame.get_by_text("struct Linear").first.wait_for()
    neurons = document.locator("[aria-label='Neurons']")
    assert "Run the network" in neurons.inner_text()
    document.screenshot("layer-before")
    document.locator(".dlaaw-tool-run").click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    frame = neurons.locator(".dlaaw-html").content_frame
    frame.get_by_text("row 0 of looked.csv").first.wait_for()
    frame.get_by_text("Linear1, neuron 2").first.wait_for()
    neurons.locator("input").fill("7")
    frame.get_by_text("row 7 of looked.csv").first.wait_for()
    document.locator(".dlaaw-layer-button", has_text="Linear2").click()
    frame.get_by_text("What Linear2 listens to").wait_for()
    document.screenshot("layer-after")


def test_layer_in_a_dark_page_can_be_read(document, lab, dark):
    document.open(write(lab, "layer-dark.dlaaw", network()))
    document.locator(".dlaaw-layer-button", has_text="Sigmoid1").click()
    document.locator("button", has_text="Look inside").click()
    frame = document.locator("[aria-label='Kernel source'] .dlaaw-html").content_frame
    frame.get_by_text("struct Sigmoid").first.wait_for()
    document.screenshot("layer-dark")
