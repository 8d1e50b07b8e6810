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
    labels = document.page.locator(".lm-Menu-itemLabel")
    labels.filter(has_text="Workflow").first.wait_for()
    assert labels.filter(has_text="Network").count() == 1


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
