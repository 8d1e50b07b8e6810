"""The canvas without a mouse: built, connected, set, run and undone by keys alone."""

from __future__ import annotations

import json

import pytest
from lab_canvas import Canvas
from lab_document import Document

EMPTY = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "keys", "inputs": [], "tasks": [],
    "edges": [], "outputs": [],
}  # fmt: skip
FOCUS = """() => {
    const at = document.activeElement, style = getComputedStyle(at);
    return [at.closest('.dlaaw-canvas') !== null, at.matches(':focus-visible'),
            style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
            `${at.className} ${at.getAttribute('aria-label') ?? ''}`];
}"""
MOST_TABS = 40


class Keys:
    """The keyboard of a person, who always sees where they are."""

    def __init__(self, page):
        self.page = page

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(60)  # the focus of a form that is drawn anew
            self.seen()

    def type(self, text):
        self.page.keyboard.type(text)

    def seen(self):
        inside, visible, outlined, where = self.page.evaluate(FOCUS)
        assert inside, f"the focus left the canvas: {where}"
        assert (visible, outlined) == (True, True), f"the focus cannot be seen: {where}"

    def go_to(self, css, key="Tab"):
        for _ in range(MOST_TABS):
            if self.page.evaluate("css => document.activeElement.matches(css)", css):
                return
            self.page.keyboard.press(key)
        where = self.page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")
        raise AssertionError(f"{css} is not reached by {key}; at {where}")

    def add(self, kind):
        self.press("/")
        self.type(kind)
        self.press("ArrowDown", "Enter", "Escape")


@pytest.fixture
def document(lab):
    (lab.root / "small.csv").write_text("x,y\n1,2\n3,4\n5,6\n")
    path = lab.root / "keys.dlaaw"
    path.write_text(json.dumps(EMPTY))
    opened = Document(lab)
    opened.open(path)
    opened.locator(".react-flow__pane").wait_for()
    yield opened
    assert opened.errors == []


def build(document, canvas, keys):
    """Read a file and take its first two rows, from an empty canvas."""
    keys.go_to(".dlaaw-canvas *")
    keys.press("Escape")
    keys.add("ReadCSV")
    canvas.node("ReadCSV1").wait_for()
    keys.go_to("[data-id='tasks:ReadCSV1']")
    keys.press("Enter")
    keys.go_to("input[placeholder^='JSON']")
    keys.type('"small.csv"')
    keys.press("Escape")
    keys.add("Head")
    canvas.node("Head1").wait_for()
    keys.press("c", "ArrowDown")
    assert len(document.content()["edges"]) == 1
    keys.go_to("[data-id='tasks:Head1']")
    keys.press("Enter", "Tab", "Control+a")
    keys.type("2")
    keys.press("Escape")
    assert document.content()["tasks"][1]["parameters"]["rows"] == 2


def test_workflow_is_built_run_and_undone_by_keys_alone(document, lab):
    canvas, keys = Canvas(document.locator(".dlaaw-canvas")), Keys(document.page)
    build(document, canvas, keys)
    keys.press("Control+Enter")
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    document.locator(".dlaaw-html").first.content_frame.get_by_text("2 rows, 2 columns").wait_for()
    document.screenshot("keys-alone")
    keys.press("Control+z")
    assert document.content()["tasks"][1].get("parameters", {}).get("rows") != 2
    keys.press("Control+z")
    assert document.content()["edges"] == []
    keys.press("Control+y", "Delete")
    assert [task["name"] for task in document.content()["tasks"]] == ["ReadCSV1"]
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    saved = json.loads((lab.root / "keys.dlaaw").read_text())
    assert [task["name"] for task in saved["tasks"]] == ["ReadCSV1"]


@pytest.fixture
def notebook(lab):
    opened = lab.notebook(["from dlaaw_nb import Workflow\nflow = Workflow('keys')",
                           "flow.compose()", "'last'"])  # fmt: skip
    opened.run_all()
    return opened


def test_keys_on_a_canvas_in_a_cell_never_reach_the_notebook(notebook):
    canvas, keys = Canvas(notebook.locator(1, ".dlaaw-composer")), Keys(notebook.page)
    canvas.pane.wait_for()
    before = notebook.sources()
    count = notebook.value("len(In)")
    canvas.root.locator(".dlaaw-search").focus()
    keys.type("xadmzbHead")
    keys.press("Escape")
    keys.add("Head")
    canvas.node("Head1").wait_for()
    for key in ("x", "a", "b", "m", "y", "z", "d", "d", "j", "k", "Shift+Enter", "Control+Enter"):
        notebook.page.keyboard.press(key)
    assert notebook.sources() == before
    assert notebook.kinds() == ["code"] * 3
    assert notebook.value("len(In)") == count
    assert canvas.node("Head1").count() == 1
    assert notebook.errors == []
