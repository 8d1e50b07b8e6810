"""The canvas in the output of a cell, by mouse: drawn, trained, written as code, run again."""

from __future__ import annotations

import re

import pytest
from lab_canvas import Canvas, draw_network_1

from dlaaw_nb import datasets

BEGIN = ["from dlaaw_nb import Workflow\nflow = Workflow('tumours')", "flow.compose()"]
WRITTEN = "() => document.body.innerText.includes('Written into the cell below.')"
SLOW = """import time
from dlaaw_nb import Workflow, task

@task
def slow(x: int) -> int:
    while not __import__("os").path.exists("go"):
        time.sleep(0.05)
    return x + 1

flow = Workflow("slow")
flow.output("y", flow.add(slow, x=flow.input("x", 1)))
flow.compose()"""


@pytest.fixture
def notebook(lab):
    opened = lab.notebook(BEGIN)
    opened.run_all()
    yield opened
    assert opened.errors == []


def canvas_of(notebook, index=1):
    canvas = Canvas(notebook.locator(index, ".dlaaw-composer"))
    canvas.pane.wait_for()
    return canvas


def button(notebook, words, index=1):
    return notebook.locator(index, "button").filter(has_text=words)


@pytest.fixture
def trained(notebook, lab):
    """The paper's network 1, drawn layer by layer, and its code written below."""
    datasets.load("breast_cancer").to_frame().to_csv(lab.root / "breast_cancer.csv", index=False)
    canvas = canvas_of(notebook)
    draw_network_1(canvas)
    canvas.end("input", "Network1", "dataset", -160, 0)
    canvas.set("Default", '"breast_cancer.csv"')
    canvas.bring_in()
    canvas.end("output", "Network1", "report", 90, 60)
    canvas.bring_in()
    canvas.tool("run").click()
    notebook.locator(1, ".dlaaw-results-state").filter(has_text="Finished").wait_for()
    button(notebook, "Write code below").click()
    notebook.page.wait_for_function(WRITTEN)
    return canvas


def run_again_from_scratch(notebook):
    """Restart the kernel and run all cells, from the menu."""
    notebook.page.locator(".lm-MenuBar-item", has_text="Run").first.click()
    notebook.page.locator(".lm-Menu-item", has_text="Restart Kernel and Run All").click()
    notebook.page.locator(".jp-Dialog button", has_text="Restart").click()
    notebook.page.wait_for_selector(".jp-Dialog", state="detached")


def test_network_1_drawn_in_a_cell_is_trained(notebook, trained):
    table = notebook.locator(1, ".dlaaw-html").content_frame
    accuracy = table.get_by_role("row").filter(has_text="accuracy").get_by_role("cell").last
    assert float(accuracy.inner_text()) > 0.9
    source = notebook.sources()[2]
    assert "NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]" in source
    trained.bring_in("layout")
    trained.pane.click(position={"x": 10, "y": 10})
    notebook.screenshot("compose-network-1")
    notebook.theme("dark")
    notebook.screenshot("compose-network-1-dark")
    # What the kernel wrote as HTML follows the theme: light letters, and no white sheet behind.
    looks = table.locator(":root").evaluate(
        "root => [getComputedStyle(root).color, getComputedStyle(root).colorScheme]"
    )
    around = notebook.locator(1, ".dlaaw-html").evaluate(
        "frame => [getComputedStyle(frame).color, getComputedStyle(frame).colorScheme]"
    )
    assert looks == around
    assert min(int(part) for part in re.findall(r"\d+", looks[0])[:3]) > 150
    notebook.theme("light")


def test_cell_below_follows_what_is_drawn_and_is_one(notebook, trained):
    first = notebook.sources()[2]
    trained.root.locator(".dlaaw-layer", has_text="Linear1").click()
    trained.set("out_features", "4")
    notebook.page.wait_for_function(
        "() => document.querySelectorAll('.jp-Cell')[2].innerText.includes('Linear(5, 4)')"
    )
    assert len(notebook.sources()) == 3
    notebook.cell(2).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+z")
    assert notebook.sources()[2] == first
    notebook.page.keyboard.press("Control+Shift+z")
    assert "Linear(5, 4)" in notebook.sources()[2]


def test_restart_and_run_all_makes_the_same_and_a_saved_notebook_shows_it(notebook, trained):
    document = notebook.value("flow.document")
    run_again_from_scratch(notebook)
    notebook.wait_value("'flow' in globals() and flow.document", document, timeout_s=60)
    trained.node("Network1").wait_for()
    assert trained.root.locator(".dlaaw-layer").count() == 4
    while "1 task" not in notebook.text(1):  # the picture for a saved notebook comes after it
        notebook.page.wait_for_timeout(50)
    notebook.reopen(kernel=False)
    twin = notebook.locator(1, ".dlaaw-twin")
    twin.wait_for()
    assert twin.locator("img").evaluate("image => image.naturalWidth") > 0
    assert "1 task" in notebook.text(1)
    assert canvas_count(notebook) == 0
    notebook.screenshot("compose-reopened")


def canvas_count(notebook):
    return notebook.page.locator(".dlaaw-composer").count()


def test_cell_changed_by_hand_is_not_written_over_unasked(notebook):
    canvas = canvas_of(notebook)
    canvas.drag("Head", 120, 60)
    canvas.node("Head1").wait_for()
    button(notebook, "Write code below").click()
    notebook.page.wait_for_function(WRITTEN)
    notebook.cell(2).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+End")
    notebook.page.keyboard.type("# mine")
    canvas.set("rows", "9")
    notebook.locator(1, ".dlaaw-cell-note").filter(has_text="holds other code").wait_for()
    assert notebook.sources()[2].endswith("# mine")
    notebook.screenshot("compose-asked", 1)
    button(notebook, "Write over it").click()
    notebook.page.wait_for_function(WRITTEN)
    assert "rows=9" in notebook.sources()[2]
    assert "# mine" not in notebook.sources()[2]


def test_edit_that_does_not_fit_is_kept_beside_what_python_has(notebook):
    canvas = canvas_of(notebook)
    canvas.drag("Head", 120, 60)
    canvas.node("Head1").wait_for()
    canvas.set("rows", "-1")
    trouble = notebook.locator(1, ".dlaaw-cell-trouble")
    trouble.filter(has_text="does not fit yet").wait_for()
    notebook.screenshot("compose-refused", 1)
    notebook.ask(
        "async () => { const { context } = window.jupyterapp.shell.currentWidget;"
        " const kernel = context.sessionContext.session.kernel;"
        " await kernel.requestExecute({ code: 'flow.name = \"python\"' }).done; return null; }"
    )
    button(notebook, "Take what Python has").wait_for()
    notebook.screenshot("compose-both", 1)
    button(notebook, "Take what Python has").click()
    trouble.wait_for(state="detached")
    canvas.pane.click(position={"x": 20, "y": 20})
    assert canvas.field("Name").input_value() == "python"
    canvas.tool("undo").click()
    trouble.wait_for()
    canvas.node("Head1").click()
    assert canvas.field("rows").input_value() == "-1"


def test_run_in_a_cell_is_followed_after_the_page_is_loaded_anew(lab):
    notebook = lab.notebook([SLOW])
    notebook.run(0)
    canvas = canvas_of(notebook, 0)
    canvas.tool("run").click()
    running = notebook.locator(0, ".dlaaw-results-state").filter(has_text="Running")
    running.wait_for()
    notebook.save()
    notebook.page.reload()
    notebook.wait_for_start()
    running.wait_for()
    (lab.root / "go").touch()
    notebook.locator(0, ".dlaaw-results-state").filter(has_text="Finished").wait_for()
    assert notebook.locator(0, ".dlaaw-badge-finished").count() == 1
    (lab.root / "go").unlink()


def test_ten_runs_of_the_cell_leave_one_canvas(notebook):
    for _ in range(10):
        notebook.run(1)
    canvas_of(notebook)
    assert canvas_count(notebook) == 1
    widgets = "[w for w in __import__('ipywidgets').Widget._active_widgets.values()]"
    notebook.wait_value(f"sum(type(w).__name__ == 'CanvasWidget' for w in {widgets})", 1)


def test_kernel_restarted_under_a_canvas_is_said(notebook):
    canvas_of(notebook)
    notebook.restart_kernel()
    notebook.locator(1, ".dlaaw-cell-trouble").filter(has_text="Run this cell again").wait_for()
    notebook.screenshot("compose-restarted", 1)


def test_canvas_with_its_own_script_draws_runs_and_shows_the_code(lab):
    """As in front ends without the extension."""
    (lab.root / "rows.csv").write_text("a,b\n1,2\n3,4\n")
    begin = (
        "import os\nos.environ['DLAAW_CANVAS'] = 'script'\nfrom dlaaw_nb import Workflow\n"
        "from dlaaw_nb.tasks import ReadCSV\nflow = Workflow('rows')\n"
        "flow.output('rows', flow.add(ReadCSV(), flow.input('file', 'rows.csv')))"
    )
    notebook = lab.notebook([begin, "flow.compose()", "print(*flow.tasks)"])
    notebook.run_all()
    canvas = canvas_of(notebook)
    assert notebook.text(2).strip() == "ReadCSV1"
    canvas.tool("run").click()
    notebook.locator(1, ".dlaaw-results-state").filter(has_text="Finished").wait_for()
    canvas.pane.page.locator(".react-flow__node", has_text="ReadCSV1").click()
    canvas.pane.page.keyboard.press("Control+d")
    canvas.pane.page.locator(".react-flow__node", has_text="ReadCSV2").wait_for()
    button(notebook, "Show the code").click()
    notebook.locator(1, ".dlaaw-results pre").filter(has_text="Workflow(").first.wait_for()
    notebook.run(2)
    assert notebook.text(2).split() == ["ReadCSV1", "ReadCSV2"]
    notebook.picture("compose-script")
    assert notebook.errors == []
