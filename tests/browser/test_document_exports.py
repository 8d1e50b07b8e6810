"""Documents as files of another kind, and files of DATAVIEW as documents that are not edited."""

from __future__ import annotations

import json

import nbformat
import pytest
from lab_document import Document
from PIL import Image

SMALL = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "small", "inputs": [],
    "tasks": [
        {"name": "ReadCSV1", "kind": "ReadCSV", "values": {"file": "small.csv"}},
        {"name": "Head1", "kind": "Head", "parameters": {"rows": 5}},
    ],
    "edges": [{"source": "ReadCSV1", "port": "output", "target": "Head1", "input": "table"}],
    "outputs": [{"name": "first", "task": "Head1", "port": "output"}],
}  # fmt: skip
SPEC = {
    "wIpt": "rows.csv", "wOpt": "output.txt", "numOfBatches": "5", "numOfEpochs": "20",
    "LayerArc": {"0": "0,2,3", "1": "1", "2": "0,3,1", "3": "2"},
}  # fmt: skip


@pytest.fixture
def document(lab):
    opened = Document(lab)
    yield opened
    assert opened.errors == []


def _write(lab, name, content):
    path = lab.root / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _open(document, lab, name):
    (lab.root / "small.csv").write_text("x,y\n1,2\n3,4\n")
    path = _write(lab, name, SMALL)
    document.open(path)
    document.locator(".dlaaw-canvas").wait_for()
    return path


def _export(document, label):
    """Export by the menu of the document's toolbar, and wait for the notice."""
    document.page.locator(
        "[data-jp-item-name=export] button, [data-jp-item-name=export] jp-button"
    ).first.click()
    document.page.locator(".lm-Menu-itemLabel", has_text=label).click()


def _written(document, path):
    """Wait for a file that the page writes."""
    for _ in range(150):
        if path.exists() and path.stat().st_size:
            return path
        document.page.wait_for_timeout(200)
    raise AssertionError(f"{path.name} was not written")


def test_exports_lie_beside_the_document_and_write_over_nothing(document, lab):
    path = _open(document, lab, "exported.dlaaw")
    before = path.read_text()
    _export(document, "SVG Picture")
    assert "ReadCSV1" in _written(document, path.with_suffix(".svg")).read_text()
    (lab.root / "exported.py").write_text("mine")
    _export(document, "PNG Picture")
    with Image.open(_written(document, path.with_suffix(".png"))) as picture:
        assert picture.width > 200
    _export(document, "Python")
    made = _written(document, lab.root / "exported-1.py").read_text()
    assert (lab.root / "exported.py").read_text() == "mine"
    compile(made, "exported.py", "exec")
    document.page.locator(".jp-Notification-Status").click()
    notice = document.page.locator(".jp-Notification-List", has_text="Exported as exported-1.py")
    notice.wait_for()
    document.screenshot("document-exported")
    assert path.read_text() == before
    assert not document.dirty()


def test_export_of_the_file_menu_writes_a_notebook(document, lab):
    path = _open(document, lab, "noted.dlaaw")
    document.page.locator(".lm-MenuBar-item", has_text="File").first.click()
    document.page.locator(".lm-Menu-itemLabel", has_text="Export Workflow As").first.hover()
    document.screenshot("document-export-menu")
    menu = document.page.locator(".lm-Menu", has_text="SVG Picture").last
    menu.get_by_text("Notebook", exact=True).click()
    node = nbformat.read(_written(document, path.with_suffix(".ipynb")), as_version=4)
    assert node.cells[0].source == "# small"
    assert node.cells[-1].source == "run = wf.run()\nrun"


def test_document_opens_as_a_notebook_on_the_same_kernel_and_runs(document, lab):
    _open(document, lab, "opened.dlaaw")
    document.locator(".dlaaw-tool-run").click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    _export(document, "Open in Notebook")
    document.page.wait_for_function(
        "() => { const context = window.jupyterapp.shell.currentWidget.context;"
        " return context.path === 'opened.ipynb'"
        " && context.sessionContext.session?.kernel?.status === 'idle'; }"
    )
    kernels = lab.server.ask("GET", "kernels")
    assert len(kernels) == 1
    document.run_command("notebook:run-all-cells")
    document.page.locator(".jp-OutputArea-output", has_text="2 cached").first.wait_for()
    document.screenshot("document-in-notebook")


def test_specification_of_dataview_opens_as_a_graph_that_is_not_edited(document, lab):
    path = _write(lab, "spec.json", SPEC)
    before = path.read_text()
    document.open(path, "Network (read-only)")
    document.locator(".react-flow__node", has_text="Linear1").wait_for()
    assert document.locator(".dlaaw-palette").count() == 0
    note = document.page.locator(".dlaaw-read-only-note", has_text="Read-only")
    assert note.is_visible()
    document.screenshot("document-dataview")
    document.locator(".react-flow__node", has_text="Linear1").click(position={"x": 5, "y": 5})
    document.page.keyboard.press("Delete")
    assert document.locator(".react-flow__node", has_text="Linear1").count() == 1
    document.page.get_by_text("Save as a workflow").click()
    made = json.loads(_written(document, path.with_suffix(".dlaaw")).read_text())
    assert made["inputs"][0]["default"] == "rows.csv"
    document.page.locator(".lm-TabBar-tabLabel", has_text="spec.dlaaw").wait_for()
    document.locator(".dlaaw-palette").wait_for()
    document.screenshot("document-dataview-saved")
    assert path.read_text() == before


def test_json_opens_in_its_own_editor_and_what_is_no_network_says_so(document, lab):
    path = _write(lab, "other.json", {"any": "<b>thing</b>"})
    document.open(path)
    document.page.locator(".jp-JSONEditor, .jp-RenderedJSON, .jp-FileEditor").first.wait_for()
    document.open(path, "Network (read-only)")
    document.locator("h1", has_text="no network or model").wait_for()
    document.screenshot("document-no-network")
    assert document.locator("b").count() == 0
