"""The magics in a real JupyterLab: a training is watched and stopped, and the file tells it."""

from __future__ import annotations

CELL = """%%nnworkflow net --data breast_cancer --epochs 1000
Linear(5, 3)
ReLU()
Linear(3, 1)
Sigmoid()"""


def pictures(notebook, index):
    return [o for o in notebook.outputs(index) if "image/png" in (o.get("data") or {})]


def test_short_training_leaves_one_picture_and_no_button(lab):
    notebook = lab.notebook(["%load_ext dlaaw_nb", CELL, "%train net"])
    notebook.run_all()
    assert len(pictures(notebook, 2)) == 1
    assert notebook.locator(2, ".dlaaw-stop").count() == 0
    notebook.wait_text(2, "net_result")
    notebook.screenshot("train-finished", 2)
    assert notebook.errors == []


def test_stop_button_interrupts_the_kernel_and_keeps_the_model(lab):
    other = lab.notebook(
        ["%load_ext dlaaw_nb", CELL, "net = net.replace(epochs=500_000_000)", "%train net"]
    )
    for index in range(3):
        other.run(index)
    other.start(3)
    other.locator(3, ".dlaaw-stop").wait_for()
    other.screenshot("train-running", 3)
    other.locator(3, ".dlaaw-stop").click()
    other.wait(3)
    assert other.value("net_result.stopped and net_result.epochs_done > 0") is True
    other.locator(3, ".dlaaw-stop").wait_for(state="detached")
    assert len(pictures(other, 3)) == 1
    other.screenshot("train-stopped", 3)


def test_background_training_updates_its_finished_cell(lab):
    notebook = lab.notebook(
        [
            "%load_ext dlaaw_nb",
            CELL,
            "net = net.replace(epochs=500_000_000)",
            "%train net --background",
            "1 + 1",
        ]
    )
    notebook.run_all()
    assert notebook.text(4).strip() == "2"
    monitor = notebook.locator(3, ".dlaaw-monitor[data-state=running]")
    monitor.wait_for()
    notebook.locator(3, ".dlaaw-stop").click()
    notebook.wait_value("net_job.state", "stopped")
    notebook.page.wait_for_function("() => document.body.innerText.includes('net_result')")
    assert len(pictures(notebook, 3)) == 1
    notebook.theme("dark")
    notebook.screenshot("background-stopped-dark")


def test_error_in_a_cell_names_its_line(lab):
    notebook = lab.notebook(["%load_ext dlaaw_nb", CELL.replace("Linear(3, 1)", "Linear(4, 1)")])
    notebook.run(0)
    notebook.start(1)
    notebook.page.wait_for_function("() => document.body.innerText.includes('Line 4 of the cell')")
    notebook.screenshot("cell-error", 1)


def test_kernel_source_is_coloured(lab):
    notebook = lab.notebook(["%load_ext dlaaw_nb", "%kernel Linear"])
    notebook.run_all()
    assert notebook.locator(1, "pre span").count() > 50
    notebook.screenshot("kernel", 1)
