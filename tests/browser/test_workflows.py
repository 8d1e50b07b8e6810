"""Workflows in JupyterLab: drawn, watched while they run, stopped, shown when over, traced."""

from __future__ import annotations

LOAD = "%load_ext dlaaw_nb\nimport os, tempfile\nos.environ['DLAAW_STORE'] = tempfile.mkdtemp()"
CELL = """%%workflow report
import time

@task
def read(rows: int) -> list:
    return list(range(rows))

@task
def clean(row: int, seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return 2 * row

@task
def train(rows: list, seconds: float) -> float:
    time.sleep(seconds)
    return sum(rows) / len(rows)

@task(outputs=["best", "text"])
def compare(scores: list) -> tuple[float, str]:
    return max(scores), f"{len(scores)} models"

@task
def collect(one: float, other: float, third: float) -> list:
    return [one, other, third]

rows = wf.add(read, wf.input("rows", 8), name="read")
cleaned = wf.map(clean, over={"row": rows}, seconds=wf.input("pause", 0.2), name="clean")
models = [
    wf.add(train, cleaned, wf.input(f"seconds{k}", 0.3 * k), name=f"train{k}") for k in (1, 2, 3)
]
scores = wf.add(collect, *models, name="collect")
done = wf.add(compare, scores, name="compare")
wf.output("best", done["best"])
wf.output("text", done["text"])
"""
FAILS = """%%workflow broken
@task
def fails(x: int) -> int:
    raise ValueError(f"expected <3> columns, got {x}")

bad = wf.add(fails, x=wf.add(clean, row=2, name="clean"), name="fails")
wf.output("never", wf.add(clean, row=bad, name="after"))
"""
FRAME = ".dlaaw-run"
STOP = "button.dlaaw-stop"
# Watches the frames of a run: their texts, heights, and whether a picture was ever blank.
WATCH = """([index]) => {
    const seen = window.seen = { texts: new Set(), heights: new Set(), blank: 0, tops: new Set() };
    const look = () => {
        const frame = document.querySelector('.dlaaw-run[data-state="running"]');
        if (frame) {
            const image = frame.querySelector('img');
            seen.texts.add(frame.innerText);
            seen.heights.add(Math.round(frame.getBoundingClientRect().height));
            seen.tops.add(Math.round(frame.getBoundingClientRect().top));
            if (!image || !image.getBoundingClientRect().height) seen.blank += 1;
        }
        window.looking = requestAnimationFrame(look);
    };
    look();
    return null;
}"""
SEEN = """() => ({ texts: [...window.seen.texts], heights: [...window.seen.heights],
    blank: window.seen.blank, tops: [...window.seen.tops] })"""


def opened(lab, *cells):
    notebook = lab.notebook([LOAD, CELL, *cells])
    notebook.run(0)
    notebook.run(1)
    return notebook


def image(notebook, index):
    """The description of the picture in a cell's outputs."""
    return notebook.locator(index, "img").first.get_attribute("alt")


def test_workflow_is_drawn_watched_and_traced(lab):
    notebook = opened(
        lab, "%run_workflow report --executor threads", "report_run.gantt()", "report_run",
        "%lineage report_run.best", "%runs",
    )  # fmt: skip
    assert image(notebook, 1).startswith("report: 7 tasks.")
    notebook.screenshot("workflow-drawn", 1)
    notebook.start(2)
    notebook.page.wait_for_selector(f"{FRAME}[data-state=running]")
    notebook.ask(WATCH, 2)
    notebook.page.wait_for_selector(STOP)
    notebook.screenshot("workflow-running", 2)
    notebook.wait(2)
    seen = notebook.ask(SEEN)
    assert len(seen["texts"]) >= 3
    assert (len(seen["heights"]), len(seen["tops"]), seen["blank"]) == (1, 1, 0)
    notebook.page.wait_for_selector(STOP, state="detached")
    assert notebook.value("report_run.outputs['text']") == "3 models"
    notebook.wait_text(2, "Kept as report_run")
    assert "15 tasks (15 finished)" in image(notebook, 2)
    for index in (3, 4, 5, 6):
        notebook.run(index)
    notebook.wait_text(5, "compare")
    notebook.wait_text(6, "1 run in")
    for theme in ("light", "dark"):
        notebook.theme(theme)
        for name, index in (("drawn", 1), ("run", 2), ("gantt", 3), ("lineage", 5), ("runs", 6)):
            notebook.show_cell(index)
            notebook.screenshot(f"workflow-{name}-{theme}", index)
    assert notebook.errors == []
    notebook.reopen(kernel=False)
    notebook.show_cell(2)
    notebook.wait_text(2, "Kept as report_run")


def test_stop_ends_a_run_and_keeps_what_had_finished(lab):
    notebook = opened(lab, "%run_workflow report --executor processes --input seconds3=60")
    notebook.start(2)
    notebook.page.wait_for_function(
        "() => /12 of 15 tasks done/.test(document.querySelector('.dlaaw-run')?.innerText)"
    )
    notebook.page.wait_for_selector(STOP)
    notebook.page.click(STOP)
    notebook.wait(2)
    assert notebook.value("report_run.state") == "cancelled"
    assert notebook.value("report_run.tasks['train1'].state") == "finished"
    assert "the run was cancelled" in notebook.text(2)
    notebook.page.wait_for_selector(f"{FRAME}[data-state=cancelled]")
    notebook.page.wait_for_selector(STOP, state="detached")
    notebook.screenshot("workflow-stopped", 2)
    assert notebook.errors == []


def test_run_under_way_as_the_value_of_a_cell_is_watched_and_stopped(lab):
    start = "run = report.start(executor='threads', pause=0.0, seconds3=1.2)\nrun"
    hang = "report.start(executor='processes', seconds1=60.0)"
    notebook = opened(lab, start, "6 * 7", hang)
    notebook.run(2)
    notebook.run(3)
    assert notebook.text(3) == "42"
    notebook.wait_value("run.state", "finished")
    notebook.page.wait_for_selector(f"{FRAME}[data-state=finished]")
    notebook.page.wait_for_selector(STOP, state="detached")
    notebook.run(4)
    notebook.page.wait_for_selector(STOP)
    notebook.locator(4, STOP).press("Enter")
    notebook.page.wait_for_selector(f"{FRAME}[data-state=cancelled]")
    assert notebook.errors == []


def test_failure_is_said_in_words_and_colours(lab):
    notebook = opened(lab, FAILS, "%run_workflow broken --executor threads")
    notebook.run(2)
    notebook.run(3)
    text = notebook.cell(3).inner_text()
    assert "UsageError: broken: fails: ValueError: expected <3> columns, got 4" in text
    assert "Traceback of fails" in text
    assert "2 failed" in image(notebook, 3)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.screenshot(f"workflow-failed-{theme}", 3)
    assert notebook.errors == []
