"""What axe-core finds in our parts of JupyterLab: nothing, in every theme."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from lab_canvas import Canvas
from lab_document import Document

AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"
THEMES = ("light", "dark", "dark high contrast")
FLOW = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "seen", "inputs": [],
    "tasks": [
        {"name": "ReadCSV1", "kind": "ReadCSV", "values": {"file": "seen.csv"}},
        {"name": "Head1", "kind": "Head", "parameters": {"rows": 2}},
        {"name": "Head2", "kind": "Head", "parameters": {"rows": 2}},
    ],
    "edges": [{"source": "ReadCSV1", "port": "output", "target": "Head1", "input": "table"}],
    "outputs": [{"name": "first", "task": "Head1", "port": "output"}],
}  # fmt: skip
CELL = """from dlaaw_nb import Linear, NNWorkflow, Sigmoid
net = NNWorkflow([Linear(5, 1), Sigmoid()])
net.compose()"""
RUN = """async ([roots]) => {
    const found = await axe.run({ include: roots.map(root => [root]) }, {
        resultTypes: ['violations'], rules: { region: { enabled: false } },
    });
    return found.violations.map(one => [
        one.id, one.help, ...one.nodes.slice(0, 4).map(node => node.target.join(' ') + ' ' +
            (node.any[0]?.message ?? node.all[0]?.message ?? '')),
    ]);
}"""


@pytest.fixture(scope="module")
def axe():
    if not AXE.is_file():
        reason = "needs axe-core (jlpm install, in labextension)"
        if os.environ.get("DLAAW_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return AXE.read_text(encoding="utf-8")


def violations(page, axe, *roots):
    page.page.evaluate(axe)
    return page.ask(RUN, list(roots))


@pytest.mark.parametrize("theme", THEMES)
def test_document_has_no_violation(lab, axe, theme):
    (lab.root / "seen.csv").write_text("x,y\n1,2\n3,4\n5,6\n")
    path = lab.root / "seen.dlaaw"
    path.write_text(json.dumps(FLOW))
    document = Document(lab)
    document.theme(theme)
    document.open(path)
    canvas = Canvas(document.locator(".dlaaw-canvas"))
    canvas.node("Head2").click()
    assert violations(document, axe, ".dlaaw-panel") == []
    canvas.tool("run").click()
    document.locator(".dlaaw-results-fault").wait_for()
    assert violations(document, axe, ".dlaaw-panel") == []
    canvas.tool("delete").click()
    canvas.node("Head1").click()
    canvas.tool("run").click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    document.locator("[aria-label='Task Head1']").wait_for()
    document.screenshot(f"axe-document-{theme.replace(' ', '-')}")
    assert violations(document, axe, ".dlaaw-panel") == []
    document.run_command("dlaaw-nb:show-sidebar")
    side = document.page.locator("#dlaaw-sidebar")
    side.locator("[aria-label=Runs] > li").first.locator("button").first.click()
    side.locator("[aria-label='Data products'] button").first.wait_for()
    side.locator("[aria-label=Targets]", has_text="cpu").wait_for()
    document.screenshot(f"axe-sidebar-{theme.replace(' ', '-')}")
    assert violations(document, axe, "#dlaaw-sidebar") == []


@pytest.mark.parametrize("theme", THEMES)
def test_cell_has_no_violation(lab, axe, theme):
    notebook = lab.notebook([CELL])
    notebook.theme(theme)
    notebook.run(0)
    canvas = Canvas(notebook.locator(0, ".dlaaw-composer"))
    canvas.pane.wait_for()
    canvas.root.locator(".dlaaw-layer", has_text="Linear1").click()
    notebook.screenshot(f"axe-cell-{theme.replace(' ', '-')}", 0)
    assert violations(notebook, axe, ".dlaaw-composer") == []
