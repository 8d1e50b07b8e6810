"""What can go wrong around a document: it is told in words, and no work is lost."""

from __future__ import annotations

import json

import pytest
from lab import Lab
from lab_beside import restart_kernel
from lab_document import Document
from lab_server import Server

EMPTY = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "small", "inputs": [], "tasks": [],
    "edges": [], "outputs": [],
}  # fmt: skip
HEAD = {"name": "Head1", "kind": "Head", "parameters": {"rows": 5}}
OWN = {"name": "own", "kind": "f", "ports": {
    "inputs": [], "outputs": [{"name": "output", "type": "int"}],
}}  # fmt: skip
DIRTY = "() => window.jupyterapp.shell.currentWidget.context.model.dirty"
CLEAN = "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"


@pytest.fixture
def document(lab):
    opened = Document(lab)
    yield opened
    assert opened.errors == []


def _write(lab, name, content):
    path = lab.root / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _open(document, lab, name, content):
    path = _write(lab, name, content)
    document.open(path)
    document.locator(".dlaaw-canvas").wait_for()
    return path


def _add_head(document):
    """Edit the document: a task more, from the palette."""
    pane = document.locator(".react-flow__pane")
    document.locator(".dlaaw-search").fill("Head")
    document.locator(".dlaaw-entry", has_text="Head").first.drag_to(
        pane, target_position={"x": 150, "y": 60}
    )
    document.page.wait_for_function(DIRTY)


def _trust_and_run(document):
    document.locator(".dlaaw-tool-run").click()
    document.locator("button", has_text="Trust this workflow and run").click()


def _dialog(document, text):
    dialog = document.page.locator(".jp-Dialog", has_text=text)
    dialog.wait_for()
    return dialog


def _close_dialogs(document):
    """Answer what JupyterLab has to say of a server that is away, until it has no more."""
    document.page.wait_for_timeout(1000)
    while document.page.locator(".jp-Dialog").count():
        document.page.keyboard.press("Escape")
        document.page.wait_for_timeout(300)


def test_kernel_that_dies_in_a_run_is_told_and_the_next_run_works(document, lab, tmp_path):
    mark = tmp_path / "died"
    content = {**EMPTY, "tasks": [OWN], "code": [
        "import os, pathlib, signal, time", "def f() -> int:",
        f"    mark = pathlib.Path({str(mark)!r})", "    if not mark.exists():",
        "        mark.touch()", "        os.kill(os.getppid(), signal.SIGKILL)",
        "        time.sleep(60)", "    return 7",
    ]}  # fmt: skip
    _open(document, lab, "dies.dlaaw", content)
    document.page.get_by_label("Description").fill("mine")
    document.page.wait_for_function(DIRTY)
    before = document.text()
    _trust_and_run(document)
    document.locator(".dlaaw-results [role=alert]", has_text="kernel ended").wait_for()
    document.screenshot("document-kernel-died")
    assert document.locator(".react-flow__node", has_text="running").count() == 0
    assert document.text() == before
    assert document.dirty()
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(CLEAN)
    document.locator(".dlaaw-tool-run").click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()


def test_kernel_restarted_from_the_menu_in_a_run_is_told(document, lab):
    content = {**EMPTY, "tasks": [OWN], "code": [
        "import time", "def f() -> int:", "    time.sleep(120)", "    return 7",
    ]}  # fmt: skip
    _open(document, lab, "restarted.dlaaw", content)
    _trust_and_run(document)
    document.locator(".react-flow__node", has_text="running").wait_for()
    restart_kernel(document)
    document.locator(".dlaaw-results [role=alert]", has_text="kernel ended").wait_for()
    assert document.locator(".react-flow__node", has_text="running").count() == 0
    document.locator(".dlaaw-tool-run[aria-disabled=false]").wait_for()
    document.screenshot("document-kernel-restarted")


@pytest.fixture
def own_server(chromium, tmp_path):
    running = Server(tmp_path / "server")
    yield running
    running.close()


def test_server_that_goes_away_and_comes_back_costs_nothing(own_server, browser, pictures):
    lab = Lab(own_server, browser, pictures)
    document = Document(lab)  # its console is full of what cannot be reached
    path = _open(document, lab, "away.dlaaw", EMPTY)
    document.page.wait_for_function(  # the last thing that opening a file asks for
        "() => window.jupyterapp.shell.currentWidget.context.listCheckpoints()"
        ".then(all => all.length > 0)"
    )
    own_server.close()
    told = document.page.locator(".jp-Dialog", has_text="Server Connection Error")
    # JupyterLab may notice it at any moment, and lays its dialog over everything.
    document.page.add_locator_handler(told, lambda: document.page.keyboard.press("Escape"))
    _add_head(document)
    document.page.remove_locator_handler(told)
    edited = document.text()
    document.page.keyboard.press("Control+s")
    document.page.locator(".jp-Dialog").first.wait_for()
    document.screenshot("document-server-gone")
    assert document.dirty()
    assert document.text() == edited
    assert json.loads(path.read_text()) == EMPTY
    own_server.start()
    _close_dialogs(document)
    document.locator(".react-flow__node", has_text="Head1").click()
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(CLEAN)
    assert path.read_text() == edited
    lab.close()


def test_disk_that_is_full_keeps_the_old_file_and_the_edits(own_server, browser, pictures):
    lab = Lab(own_server, browser, pictures)
    document = Document(lab)
    long = {**EMPTY, "description": "x" * 2_000_000}
    path = _open(document, lab, "full.dlaaw", long)
    old = path.read_text()
    _add_head(document)
    edited = document.text()
    own_server.limit_files(1_000_000)
    document.page.keyboard.press("Control+s")
    dialog = document.page.locator(".jp-Dialog").first
    dialog.wait_for()
    document.screenshot("document-disk-full")
    assert "full.dlaaw" in dialog.inner_text()
    dialog.locator(".jp-Dialog-button").last.click()
    assert document.dirty()
    assert document.text() == edited
    own_server.limit_files(None)
    assert path.read_text() == old
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(CLEAN)
    assert path.read_text() == edited
    lab.close()


@pytest.mark.parametrize("answer", ["Overwrite", "Revert"])
def test_file_changed_on_disk_is_asked_about_and_not_overwritten(document, lab, answer):
    path = _open(document, lab, f"changed-{answer}.dlaaw", EMPTY)
    _add_head(document)
    document.page.wait_for_timeout(1500)  # times of files are compared in steps
    theirs = json.dumps({**EMPTY, "description": "from elsewhere"})
    path.write_text(theirs)
    document.page.keyboard.press("Control+s")
    dialog = _dialog(document, "has changed on disk")
    document.screenshot("document-changed-on-disk")
    assert path.read_text() == theirs
    dialog.locator("button", has_text=answer).click()
    document.page.wait_for_function(CLEAN)
    if answer == "Overwrite":
        assert [task["name"] for task in json.loads(path.read_text())["tasks"]] == ["Head1"]
    else:
        document.locator(".react-flow__node").wait_for(state="detached")
        assert document.text() == path.read_text() == theirs


def test_two_tabs_on_one_file_stay_in_step(document, lab):
    path = _open(document, lab, "twice.dlaaw", {**EMPTY, "tasks": [HEAD]})
    document.run_command("docmanager:clone")
    canvases = document.page.locator(".dlaaw-document .dlaaw-canvas")
    document.page.wait_for_function(
        "() => document.querySelectorAll('.dlaaw-document .dlaaw-canvas').length === 2"
    )
    _add_head_in = document.page.locator(".dlaaw-document .dlaaw-search").last
    _add_head_in.fill("Head")
    document.page.locator(".dlaaw-document .dlaaw-entry", has_text="Head").last.focus()
    document.page.keyboard.press("Enter")
    for one in (canvases.first, canvases.last):
        one.locator(".react-flow__node", has_text="Head2").wait_for()
    document.screenshot("document-two-tabs")
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(CLEAN)
    assert len(json.loads(path.read_text())["tasks"]) == 2


def test_file_that_is_renamed_while_open_is_saved_under_its_new_name(document, lab):
    path = _open(document, lab, "old name.dlaaw", EMPTY)
    _add_head(document)
    edited = document.text()
    document.ask(
        "async () => { await window.jupyterapp.serviceManager.contents.rename("
        "'old name.dlaaw', 'new name.dlaaw'); return null; }"
    )
    document.page.locator(".lm-TabBar-tabLabel", has_text="new name.dlaaw").wait_for()
    assert document.dirty()
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(CLEAN)
    assert (lab.root / "new name.dlaaw").read_text() == edited
    assert not path.exists()
