"""The sidebar and what is dropped on a canvas, in a real JupyterLab, by mouse and keys."""

from __future__ import annotations

import json

import pytest
from lab_document import Document

EMPTY = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "small", "inputs": [], "tasks": [],
    "edges": [], "outputs": [],
}  # fmt: skip
SMALL = {
    **EMPTY,
    "inputs": [{"name": "file", "default": "small.csv"}],
    "tasks": [
        {"name": "ReadCSV1", "kind": "ReadCSV"},
        {"name": "Head1", "kind": "Head", "parameters": {"rows": 1}},
    ],
    "edges": [
        {"source": "", "port": "file", "target": "ReadCSV1", "input": "file"},
        {"source": "ReadCSV1", "port": "output", "target": "Head1", "input": "table"},
    ],
    "outputs": [{"name": "first", "task": "Head1", "port": "output"}],
}
RUN = ".dlaaw-tool-again"  # each run makes products of its own
SIDEBAR = "#dlaaw-sidebar"
TIMEOUT_S = 60


class Side(Document):
    """A document with the sidebar beside it."""

    def show(self):
        """Open the sidebar by its tab."""
        self.page.locator(".jp-SideBar.jp-mod-left [data-id='dlaaw-sidebar']").click()
        self.page.locator(f"{SIDEBAR} .dlaaw-side-panel").wait_for()

    def side(self, css, has_text=None):
        return self.page.locator(f"{SIDEBAR} {css}", has_text=has_text)

    def runs(self, state):
        return self.side(f"[aria-label=Runs] > li:has(.dlaaw-mark-{state})")

    def run(self, path):
        """Open a file and run it to its end."""
        self.open(path)
        self.locator(RUN).first.click()
        self.locator(".dlaaw-results-state", has_text="Finished").wait_for()


@pytest.fixture
def document(lab):
    (lab.root / "small.csv").write_text("x,y\n1,2\n3,4\n")
    opened = Side(lab)
    opened.page.set_default_timeout(TIMEOUT_S * 1000)
    yield opened
    assert opened.errors == []


def write(lab, name, content):
    path = lab.root / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_runs_are_listed_opened_rerun_and_compared(document, lab):
    name = "listed"
    path = write(lab, "listed.dlaaw", {**SMALL, "name": name})
    document.open(path)
    document.show()
    document.side("button", has_text="Start a kernel").wait_for()
    document.screenshot("sidebar-no-kernel")
    document.run(path)
    head = document.side("[aria-label=Runs] > li", has_text=name)
    head.first.wait_for()
    head.first.locator(".dlaaw-mark", has_text="finished").first.wait_for()
    assert head.count() == 1
    head.first.locator("button.dlaaw-side-head").first.click()
    document.side("[aria-label=Tasks] >> text=Head1").click()
    document.side("[aria-label='Log of Head1'] pre").wait_for()
    document.screenshot("sidebar-runs")
    document.side("button", has_text="Rerun").click()
    document.page.wait_for_function(
        "([css, name]) => [...document.querySelectorAll(css)].filter(one => "
        "one.textContent.includes(name) && one.querySelector('.dlaaw-mark-finished')).length === 2",
        arg=[f"{SIDEBAR} [aria-label=Runs] > li", name],
    )
    for place in (0, 1):
        head.nth(place).locator("input[type=checkbox]").check()
    document.side("button", has_text="Compare").click()
    table = document.page.locator(".dlaaw-compared table")
    table.wait_for()
    assert "the whole run" in table.inner_text()
    document.screenshot("sidebar-compared")


def test_products_are_searched_shown_and_added(document, lab):
    path = write(lab, "products.dlaaw", {**SMALL, "name": "products"})
    document.run(path)
    document.show()
    search = document.side("input[type=search]")
    search.fill("products Head1 table")
    product = document.side("[aria-label='Data products'] > li")
    product.first.wait_for()
    document.page.wait_for_function(
        "css => document.querySelectorAll(css).length === 1",
        arg=f"{SIDEBAR} [aria-label='Data products'] > li",
    )
    product.locator("button").first.click()
    frame = document.side("iframe").content_frame
    frame.get_by_text("1 row, 2 columns").wait_for()
    document.screenshot("sidebar-products")
    assert document.side("[aria-label=Targets]").get_by_text("default").count() == 1
    product.locator("button.dlaaw-product").drag_to(
        document.locator(".react-flow__pane"), target_position={"x": 300, "y": 300}
    )
    document.locator(".react-flow__node", has_text="ReadTable1").wait_for()
    added = document.content()["inputs"][-1]["default"]
    assert (lab.root / added).is_file()
    document.locator(RUN).first.click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    document.screenshot("sidebar-product-dropped")


@pytest.fixture
def folder(lab, request):
    """A folder for one test: what others left would push its files out of sight."""
    made = lab.root / request.node.name
    made.mkdir()
    return made


def listed(document, folder, name):
    """Show a folder in the file browser; gives one of its files there."""
    document.run_command("filebrowser:activate")
    document.run_command("filebrowser:go-to-path", path=folder.name)
    label = document.page.locator(".jp-DirListing-itemText").get_by_text(name, exact=True)
    item = document.page.locator(".jp-DirListing-item", has=label)
    item.scroll_into_view_if_needed()
    return item


def drag_file(document, folder, name, x, y):
    """Drag a file from the file browser onto the canvas, step by step as a hand does."""
    item = listed(document, folder, name)
    start, pane = item.bounding_box(), document.locator(".dlaaw-flow").bounding_box()
    mouse = document.page.mouse
    mouse.move(start["x"] + 40, start["y"] + start["height"] / 2)
    mouse.down()
    mouse.move(start["x"] + 60, start["y"] + 20, steps=4)
    mouse.move(pane["x"] + x, pane["y"] + y, steps=8)
    document.page.locator(".dlaaw-drop").wait_for()
    document.screenshot(f"sidebar-dragging-{name}")
    mouse.up()


def test_csv_dragged_from_the_file_browser_is_read_and_undone_at_once(document, lab, folder):
    (folder / "small.csv").write_text("x,y\n1,2\n3,4\n")
    path = write(lab, f"{folder.name}/dropped.dlaaw", EMPTY)
    before = json.loads(path.read_text())
    document.open(path)
    document.locator(".dlaaw-canvas").wait_for()
    drag_file(document, folder, "small.csv", 180, 160)
    document.locator(".react-flow__node", has_text="ReadCSV1").wait_for()
    made = document.content()
    assert made["inputs"] == [{"name": "small", "default": "small.csv"}]
    assert made["edges"] == [{"source": "", "port": "small", "target": "ReadCSV1", "input": "file"}]
    document.screenshot("sidebar-dropped")
    document.locator(RUN).first.click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    document.locator(".dlaaw-canvas").press("Control+z")
    document.locator(".react-flow__node").first.wait_for(state="detached")
    assert document.content()["tasks"] == before["tasks"]


def test_what_no_task_reads_is_refused_in_words(document, lab, folder):
    (folder / "sheet.xlsx").write_bytes(b"PK")
    document.open(write(lab, f"{folder.name}/refused.dlaaw", EMPTY))
    document.locator(".dlaaw-canvas").wait_for()
    drag_file(document, folder, "sheet.xlsx", 200, 200)
    document.locator("[role=alert]", has_text="sheet.xlsx: no task reads such a file").wait_for()
    assert document.content()["tasks"] == []
    assert document.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab").count() <= 2
    transfer = document.page.evaluate_handle(
        "() => { const all = new DataTransfer(); all.items.add(new File(['x'], 'mine.csv'));"
        " return all; }"
    )
    document.locator(".dlaaw-flow").dispatch_event("dragover", {"dataTransfer": transfer})
    document.locator(".dlaaw-flow").dispatch_event("drop", {"dataTransfer": transfer})
    document.locator("[role=alert]", has_text="Upload it first").wait_for()
    document.screenshot("sidebar-refused")


def test_file_is_added_from_the_context_menu(document, lab, folder):
    (folder / "model.json").write_text('{"format": "dlaaw-nb/model", "version": 1}')
    document.open(write(lab, f"{folder.name}/menu.dlaaw", EMPTY))
    document.locator(".dlaaw-canvas").wait_for()
    listed(document, folder, "model.json").click(button="right")
    document.page.locator(".lm-Menu-itemLabel", has_text="Add file to workflow").click()
    document.locator(".react-flow__node", has_text="ReadModel1").wait_for()
    assert document.content()["inputs"] == [{"name": "model", "default": "model.json"}]


def test_sidebar_is_there_again_after_a_reload_and_in_the_dark(document, lab):
    path = write(lab, "again.dlaaw", {**SMALL, "name": "again"})
    document.show()
    document.run(path)
    document.side("[aria-label=Runs] > li", has_text="again").first.wait_for()
    document.run_command("apputils:change-theme", theme="JupyterLab Dark")
    document.ask("async () => { await window.jupyterapp.serviceManager.ready; return null; }")
    document.page.wait_for_timeout(1500)  # JupyterLab writes its layout down a second later
    document.page.reload()
    document.wait_for_start()
    document.side("[aria-label=Runs] > li", has_text="again").first.wait_for()
    document.side("[aria-label=Targets]").wait_for()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    document.screenshot("sidebar-dark")


def test_sidebar_is_worked_by_keyboard(document, lab):
    document.run(write(lab, "keys.dlaaw", {**SMALL, "name": "keys"}))
    document.run_command("dlaaw-nb:show-sidebar")
    head = document.side("[aria-label=Runs] > li", has_text="keys").first
    head.locator("button.dlaaw-side-head").first.focus()
    document.page.keyboard.press("Enter")
    document.side("[aria-label=Tasks]").wait_for()
    document.page.keyboard.press("Tab")
    document.page.keyboard.press("Tab")
    document.page.keyboard.press("Enter")
    tab = document.page.locator(".dlaaw-viewer")
    tab.locator("h3", has_text="first").wait_for()
    document.screenshot("sidebar-outputs")


def test_run_under_way_is_followed_and_cancelled(document, lab):
    ports = {
        "inputs": [{"name": "x", "type": "int"}], "outputs": [{"name": "output", "type": "int"}],
    }  # fmt: skip
    code = ["def waits(x: int) -> int:", "    __import__('time').sleep(300)", "    return x"]
    slow = {"name": "slow", "kind": "waits", "values": {"x": 4}, "ports": ports}
    document.show()
    document.open(
        write(lab, "slow.dlaaw", {**EMPTY, "name": "slow", "tasks": [slow], "code": code})
    )
    document.locator(RUN).first.click()
    document.locator("button", has_text="Trust this workflow and run").click()
    run = document.runs("running").first
    run.locator("button.dlaaw-side-head").first.click()
    document.side("[aria-label=Tasks] .dlaaw-mark-running").wait_for()
    document.screenshot("sidebar-running")
    document.side("button", has_text="Cancel").click()
    document.runs("cancelled").first.wait_for()
    document.side("button", has_text="Rerun").wait_for()


def test_sidebar_follows_a_notebook_and_its_cells(document, lab):
    code = (
        "from dlaaw_nb import Workflow\n"
        "from dlaaw_nb.tasks import ReadCSV\n"
        "wf = Workflow('from a cell')\n"
        "wf.output('t', wf.add(ReadCSV(), wf.input('f', 'small.csv')))\n"
        "wf.run(executor='serial')\n"
    )
    cell = {
        "cell_type": "code", "id": "a", "metadata": {}, "source": code, "outputs": [],
        "execution_count": None,
    }  # fmt: skip
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": [cell], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    document.show()
    document.open(write(lab, "side.ipynb", notebook))
    document.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status"
        " === 'idle'"
    )
    document.side("[role=status]", has_text="side.ipynb").wait_for()
    document.side("[aria-label=Targets]").wait_for()
    document.run_command("notebook:run-all-cells")
    document.side("[aria-label=Runs] > li", has_text="from a cell").first.wait_for()
