"""``.dlaaw`` documents in a real JupyterLab: made, opened, edited, saved, and refused."""

from __future__ import annotations

import json

import pytest
from lab_document import Document

EMPTY = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "small", "inputs": [], "tasks": [],
    "edges": [], "outputs": [],
}  # fmt: skip
HEAD = {"name": "Head1", "kind": "Head", "parameters": {"rows": 5}}


@pytest.fixture
def document(lab):
    opened = Document(lab)
    yield opened
    assert opened.errors == []


def write(lab, name, content):
    path = lab.root / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("card", ["Workflow", "Network"])
def test_launcher_card_makes_a_valid_document_and_opens_it(document, lab, card):
    document.page.locator(f".jp-LauncherCard[title^='A new'] >> text={card}").click()
    document.locator(".dlaaw-canvas").wait_for()
    path = document.ask("() => window.jupyterapp.shell.currentWidget.context.path")
    made = json.loads((lab.root / path).read_text())
    assert made == {**EMPTY, "name": card.lower()}
    assert path.startswith("untitled")
    assert path.endswith(".dlaaw")
    assert not document.dirty()
    document.screenshot(f"document-{card.lower()}")


def test_file_menu_offers_both_kinds(document):
    document.page.locator(".lm-MenuBar-item", has_text="File").first.click()
    document.page.locator(".lm-Menu-item", has_text="New").first.hover()
    for kind in ("Workflow", "Network"):
        document.page.locator(".lm-Menu-itemLabel").get_by_text(kind, exact=True).wait_for()


def drag(document, item, x=250, y=250):
    """Drag something from the palette onto the canvas."""
    pane = document.locator(".react-flow__pane")
    source = document.locator(".dlaaw-entry", has_text=item).first
    source.scroll_into_view_if_needed()
    source.drag_to(pane, target_position={"x": x, "y": y})


def test_task_dragged_from_the_palette_is_saved_in_the_file(document, lab):
    path = write(lab, "drag.dlaaw", EMPTY)
    document.open(path)
    document.locator(".dlaaw-canvas").wait_for()
    drag(document, "Head")
    document.locator(".react-flow__node").first.wait_for()
    document.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    assert path.read_text() == json.dumps(EMPTY)
    document.screenshot("document-dragged")
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    saved = path.read_text()
    assert [task["kind"] for task in json.loads(saved)["tasks"]] == ["Head"]
    assert saved == document.text()
    document.page.reload()
    document.wait_for_start()
    document.open(path)
    document.locator(".react-flow__node").first.wait_for()
    assert not document.dirty()


def test_revert_brings_the_saved_workflow_back(document, lab):
    path = write(lab, "revert.dlaaw", EMPTY)
    document.open(path)
    document.locator(".dlaaw-canvas").wait_for()
    drag(document, "Head")
    document.locator(".react-flow__node").first.wait_for()
    document.ask(
        "async () => { await window.jupyterapp.shell.currentWidget.context.revert(); return null; }"
    )
    document.locator(".react-flow__node").first.wait_for(state="detached")
    assert document.text() == path.read_text()
    assert not document.dirty()


def test_text_editor_on_the_same_file_stays_in_step(document, lab):
    path = write(lab, "step.dlaaw", EMPTY)
    document.open(path)
    document.locator(".dlaaw-canvas").wait_for()
    document.open(path, "Editor")
    document.ask(
        "([text]) => { window.jupyterapp.shell.currentWidget.context.model.sharedModel"
        ".setSource(text); return null; }",
        json.dumps({**EMPTY, "tasks": [HEAD]}),
    )
    document.open(path, "Workflow")
    document.locator(".react-flow__node", has_text="Head1").wait_for()
    drag(document, "Head", 200, 350)
    document.page.wait_for_function(
        "() => [...window.jupyterapp.shell.widgets('main')].every("
        "one => !one.context || one.context.model.sharedModel.getSource().includes('Head2'))"
    )


SMALL = {
    **EMPTY,
    "tasks": [{"name": "ReadCSV1", "kind": "ReadCSV", "values": {"file": "small.csv"}}, HEAD],
    "edges": [{"source": "ReadCSV1", "port": "output", "target": "Head1", "input": "table"}],
    "outputs": [{"name": "first", "task": "Head1", "port": "output"}],
}
RUN = ".dlaaw-tool-run"


def test_run_starts_a_kernel_and_is_all_there_after_a_reload(document, lab):
    (lab.root / "small.csv").write_text("x,y\n1,2\n3,4\n")
    document.open(write(lab, "small.dlaaw", SMALL))
    document.locator(RUN).first.click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    table = ".dlaaw-html"
    document.locator(table).content_frame.get_by_text("2 rows, 2 columns").wait_for()
    document.locator(".react-flow__node", has_text="Head1").click()
    document.locator("[aria-label='Task Head1']").wait_for()
    document.screenshot("document-run")
    document.page.reload()
    document.wait_for_start()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    assert document.locator(table).count() == 1


def test_failure_is_told_where_it_happened(document, lab):
    document.open(write(lab, "fails.dlaaw", {**SMALL, "tasks": [
        {"name": "ReadCSV1", "kind": "ReadCSV", "values": {"file": "is/not/there.csv"}}, HEAD,
    ]}))  # fmt: skip
    document.locator(RUN).first.click()
    document.locator("[role=alert]", has_text="there.csv").first.wait_for()
    document.screenshot("document-failed")


def test_code_of_a_file_runs_only_once_it_is_trusted(document, lab, tmp_path):
    mark = tmp_path / "ran"
    ports = {
        "inputs": [{"name": "x", "type": "int"}], "outputs": [{"name": "output", "type": "int"}],
    }  # fmt: skip
    content = {
        **EMPTY,
        "tasks": [{"name": "own", "kind": "f", "values": {"x": 4}, "ports": ports}],
        "outputs": [{"name": "y", "task": "own", "port": "output"}],
        "code": [
            f"__import__('pathlib').Path({str(mark)!r}).touch()", "def f(x: int) -> int:",
            "    return x * 2",
        ],
    }  # fmt: skip
    document.open(write(lab, "own.dlaaw", content))
    document.locator(RUN).first.click()
    trust = document.locator("button", has_text="Trust this workflow and run")
    trust.wait_for()
    document.screenshot("document-untrusted")
    assert not mark.exists()
    trust.click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    assert mark.exists()


FAULTS = {
    "truncated": (json.dumps({**EMPTY, "tasks": [HEAD]})[:-25], "ends too early"),
    "newer": (json.dumps({**EMPTY, "version": 2}), "newer version"),
    "foreign": ('{"format": "something else"}', "not a workflow"),
    "binary": ("\x00\x01 no json", "not JSON"),
    "enormous": (
        json.dumps({**EMPTY, "tasks": [{**HEAD, "name": f"t{i}"} for i in range(100_000)]}),
        "too large",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_file_that_cannot_be_read_shows_an_error_page_and_stays_as_it_is(document, lab, fault):
    text, title = FAULTS[fault]
    path = write(lab, f"{fault}.dlaaw", text)
    before = path.stat().st_mtime_ns
    document.open(path)
    document.locator("h1").filter(has_text=title).wait_for()
    document.screenshot(f"document-{fault}")
    document.run_command("application:close")
    assert path.read_text(encoding="utf-8") == text
    assert path.stat().st_mtime_ns == before


def test_error_page_opens_the_text_editor_and_follows_the_mending(document, lab):
    path = write(lab, "mended.dlaaw", json.dumps(EMPTY)[:-2])
    document.open(path)
    document.locator("button").filter(has_text="Open in the text editor").click()
    document.page.locator(".jp-FileEditor .cm-content").wait_for()
    document.ask(
        "([text]) => { window.jupyterapp.shell.currentWidget.context.model.sharedModel"
        ".setSource(text); return null; }",
        json.dumps(EMPTY),
    )
    document.screenshot("document-mended")
    document.open(path)
    document.locator(".dlaaw-canvas").wait_for()


def test_markup_in_names_stays_text(document, lab):
    evil = "<img src=x onerror='window.hacked=1'><b>bold</b>"
    broken = {**EMPTY, "name": evil, "tasks": [{"name": evil, "kind": evil}, {"name": evil}]}
    document.open(write(lab, "evil.dlaaw", broken))
    document.locator("h1").wait_for()
    document.open(write(lab, "evil2.dlaaw", {**broken, "tasks": broken["tasks"][:1]}))
    document.locator(".dlaaw-canvas").wait_for()
    document.page.wait_for_timeout(300)
    assert document.locator("b").count() == 0
    assert document.ask("() => window.hacked === undefined")
    document.screenshot("document-markup")
