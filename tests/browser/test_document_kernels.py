"""A document on the kernel of a notebook: own tasks, their code in the file, and its trust."""

from __future__ import annotations

import json
import time

import pytest
from lab_beside import choose_kernel, notebook_beside
from lab_document import Document

from dlaaw_nb.workflow.trust import digest_of

EMPTY = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "small", "inputs": [], "tasks": [],
    "edges": [], "outputs": [],
}  # fmt: skip
CELLS = [
    "from dlaaw_nb import task\n@task\ndef nine() -> int:\n    return 9",
    "import ipywidgets\nslider = ipywidgets.IntSlider(value=4, description='mine')\nslider",
]
# Lets the server take its time for sessions: a kernel that is chosen comes some seconds later.
SLOW_SESSIONS = """(() => {
    const fetched = window.fetch;
    window.fetch = async (asked, ...more) => {
        const { url, method } = asked instanceof Request ? asked : { url: `${asked}`, ...more[0] };
        if (window.slowSessions && method === 'POST' && url.includes('/api/sessions')) {
            await new Promise(later => setTimeout(later, 3000));
        }
        return fetched(asked, ...more);
    };
})()"""
WHOLE = "() => window.jupyterapp.shell.currentWidget.context.model.toString().includes('code')"
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


def _drag(document, item):
    pane = document.locator(".react-flow__pane")
    document.locator(".dlaaw-search").fill(item)
    document.locator(".dlaaw-entry", has_text=item).first.drag_to(
        pane, target_position={"x": 200, "y": 200}
    )


def _open_on_notebook(document, lab, name):
    """Open an empty document on the kernel of a notebook that has a task and a slider."""
    path = _write(lab, f"{name}.dlaaw", EMPTY)
    notebook_beside(document, f"{name}.ipynb", CELLS)
    document.page.locator(".jupyter-widgets", has_text="mine").first.wait_for()
    document.open(path)
    document.locator(".dlaaw-canvas").wait_for()
    choose_kernel(document, f"{name}.ipynb")
    document.locator(".dlaaw-entry", has_text="nine").wait_for()
    assert not document.dirty()
    return path


def _await_trust(lab, path):
    """Wait until the kernel, which hears of it after the save, has noted that the file is ours."""
    noted = lab.root.parent / "trust" / digest_of(json.loads(path.read_text(encoding="utf-8")))
    end = time.monotonic() + 30
    while not noted.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def _run_to_its_end(document):
    document.locator(".dlaaw-tool-run").click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()


def test_own_task_of_a_notebook_is_dragged_in_and_its_code_travels(document, lab):
    path = _open_on_notebook(document, lab, "shared")
    _drag(document, "nine")
    document.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.getSource()"
        ".includes('def nine() -> int:')"
    )
    assert "    return 9" in document.content()["code"]
    document.screenshot("document-own-task")
    document.locator(".react-flow__pane").click(position={"x": 30, "y": 400})
    document.page.keyboard.press("Control+z")
    document.locator(".react-flow__node").wait_for(state="detached")
    assert json.loads(document.text()) == EMPTY
    document.page.keyboard.press("Control+Shift+z")
    document.locator(".react-flow__node").wait_for()
    assert "code" in document.content()
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(CLEAN)
    lab.server.shut_kernels_down()

    # On another day, with another kernel, the file is whole, and known to be the person's own.
    document.load()
    document.open(path)
    document.locator(".react-flow__node", has_text="nine").wait_for()
    _run_to_its_end(document)
    assert document.locator("button", has_text="Trust this workflow").count() == 0
    assert not document.dirty()


def test_widgets_of_a_notebook_live_on_beside_a_document_on_its_kernel(document, lab):
    _open_on_notebook(document, lab, "widgets")
    _drag(document, "nine")
    _run_to_its_end(document)
    document.open(lab.root / "widgets.ipynb")
    assert document.page.locator("text=Error displaying widget").count() == 0
    document.page.locator(".jupyter-widgets .noUi-handle").first.focus()
    document.page.keyboard.press("ArrowRight")
    document.page.locator(".widget-readout", has_text="5").wait_for()


def test_widgets_of_a_notebook_live_on_while_the_sidebar_follows_it(document):
    notebook_beside(document, "followed.ipynb", CELLS)
    document.page.locator(".jupyter-widgets", has_text="mine").first.wait_for()
    document.run_command("dlaaw-nb:show-sidebar")
    document.page.locator("#dlaaw-sidebar [aria-label=Targets]", has_text="cpu").wait_for()
    for times in (1, 2):
        document.page.locator(".jupyter-widgets .noUi-handle").first.focus()
        document.page.keyboard.press("ArrowRight")
        document.page.locator(".widget-readout", has_text=str(4 + times)).wait_for()
    document.run_command("notebook:run-all-cells")  # widgets made since are heard too
    document.page.locator(".widget-readout", has_text="4").wait_for()
    document.page.locator(".jupyter-widgets .noUi-handle").first.focus()
    document.page.keyboard.press("ArrowRight")
    document.page.locator(".widget-readout", has_text="5").wait_for()


def test_run_begins_though_the_run_of_before_went_with_its_kernel(document, lab):
    """The page asks about the run of before, and must not take the new one for it."""
    path = _open_on_notebook(document, lab, "before")
    _drag(document, "nine")
    _run_to_its_end(document)
    document.page.wait_for_function(WHOLE)  # a run from the cache may be over before
    document.page.keyboard.press("Control+s")
    document.page.wait_for_function(CLEAN)
    _await_trust(lab, path)
    lab.server.shut_kernels_down()
    document.load()
    document.open(path)
    document.locator(".react-flow__node", has_text="nine").wait_for()
    _run_to_its_end(document)


def test_opening_a_file_whose_code_is_older_does_not_make_it_dirty(document, lab):
    ports = {"inputs": [], "outputs": [{"name": "output", "type": "int"}]}
    old = {
        **EMPTY, "tasks": [{"name": "nine1", "kind": "nine", "ports": ports}],
        "code": ["def nine() -> int:", "    return 8"],
    }  # fmt: skip
    path = _write(lab, "older.dlaaw", old)
    notebook_beside(document, "older.ipynb", CELLS[:1])
    document.open(path)
    document.locator(".react-flow__node").wait_for()
    choose_kernel(document, "older.ipynb")
    document.locator(".dlaaw-tool-run").click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    assert not document.dirty()
    assert json.loads(document.text()) == old


def test_run_chosen_while_a_kernel_is_on_its_way_waits_for_it(document, lab):
    """A second kernel asked for beside it would win, and end the notebook's."""
    document.page.add_init_script(SLOW_SESSIONS)
    document.load()
    ports = {"inputs": [], "outputs": [{"name": "output", "type": "int"}]}
    task = {"name": "nine1", "kind": "nine", "ports": ports}
    path = _write(lab, "waits.dlaaw", {**EMPTY, "tasks": [task]})
    notebook_beside(document, "waits.ipynb", CELLS[:1])
    document.open(path)
    document.locator(".react-flow__node").wait_for()
    (kernel,) = lab.server.ask("GET", "kernels")
    document.page.evaluate("window.slowSessions = true")
    choose_kernel(document, "waits.ipynb")
    _run_to_its_end(document)
    assert [one["id"] for one in lab.server.ask("GET", "kernels")] == [kernel["id"]]
