"""A training watched in JupyterLab: it moves in place, stops, fails in words, and is saved."""

from __future__ import annotations

LOAD = "%load_ext dlaaw_nb"
CELL = """%%nnworkflow net --data breast_cancer --epochs {} --cost-every 1000
Linear(5, 3)
ReLU()
Linear(3, 1)
Sigmoid()"""
LONG = 100_000_000
FRAME = ".dlaaw-monitor"
STOP = "button.dlaaw-stop"

# How long from the click until the cell has ended.
LISTEN = """([index]) => {
    const times = window.times = {};
    const button = document.querySelector('button.dlaaw-stop');
    button.addEventListener('click', () => { times.click = performance.now(); }, true);
    const look = () => {
        if (window.runs[index].done) times.end = performance.now();
        else requestAnimationFrame(look);
    };
    look();
    return null;
}"""
# Watches the frames of a run: their texts, heights, and whether one was ever blank.
WATCH = """([index]) => {
    const seen = window.seen = { texts: new Set(), heights: new Set(), blank: 0, tops: new Set() };
    const look = () => {
        const frame = document.querySelector('.dlaaw-monitor[data-state="running"]');
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


def opened(lab, *cells, epochs=1000):
    notebook = lab.notebook([f"{LOAD}\nimport time", CELL.format(epochs), *cells])
    notebook.run(0)
    notebook.run(1)
    return notebook


def kinds(notebook, index):
    return [sorted(output.get("data", {})) for output in notebook.outputs(index)]


def test_monitor_moves_in_place_and_leaves_one_picture(lab):
    notebook = opened(lab, "%train net", epochs=2_500_000)
    notebook.run(1)
    notebook.start(2)
    notebook.page.wait_for_selector(FRAME)
    notebook.ask(WATCH, 2)
    notebook.page.wait_for_selector(STOP)
    notebook.page.wait_for_timeout(900)  # a frame with a curve, for the picture
    notebook.screenshot("monitor-running", 2)
    notebook.wait(2)
    seen = notebook.ask(SEEN)
    assert len(seen["texts"]) >= 4
    assert len(seen["heights"]) == 1
    assert seen["blank"] == 0
    assert len(seen["tops"]) == 1
    assert "cost" in seen["texts"][-1]
    assert "left" in seen["texts"][-1]
    notebook.page.wait_for_selector(STOP, state="detached")
    assert notebook.value("net_result.epochs_done") == 2_500_000
    pictures = [kind for kind in kinds(notebook, 2) if "image/png" in kind]
    assert pictures == [["image/png", "text/html", "text/plain"]]
    notebook.screenshot("monitor-finished", 2)
    notebook.theme("dark")
    notebook.screenshot("monitor-finished-dark", 2)
    notebook.reopen(kernel=False)
    notebook.wait_text(2, "Kept as net_result")
    assert notebook.errors == []


def test_monitor_of_a_quick_training_draws_once(lab):
    notebook = opened(lab, "%train net", "%cv net --folds 5")
    notebook.run(2)
    notebook.run(3)
    assert kinds(notebook, 2) == [["image/png", "text/html", "text/plain"]]
    assert kinds(notebook, 3) == [["image/png", "text/html", "text/plain"]]
    notebook.screenshot("monitor-cv-finished", 3)


def test_stop_button_keeps_the_model_so_far(lab):
    notebook = opened(lab, "%train net", epochs=LONG)
    notebook.start(2)
    notebook.page.wait_for_selector(STOP)
    notebook.ask(LISTEN, 2)
    notebook.page.click(STOP)
    notebook.wait(2)
    times = notebook.ask("() => window.times")
    print(f"click to end of the cell, the picture drawn: {times['end'] - times['click']:.0f} ms")
    assert notebook.value("net_result.stopped")
    assert 0 < notebook.value("net_result.epochs_done") < LONG
    notebook.page.wait_for_selector(STOP, state="detached")
    notebook.wait_text(2, "Stopped after")
    notebook.screenshot("monitor-stopped", 2)
    assert notebook.errors == []


def test_stop_of_the_kernel_keeps_the_model_too(lab):
    notebook = opened(lab, "%cv net --folds 3", epochs=LONG)
    notebook.start(2)
    notebook.page.wait_for_selector(STOP)
    notebook.screenshot("monitor-cv-running", 2)
    notebook.interrupt()
    notebook.wait(2)
    assert notebook.value("net_cv.stopped")


def test_monitor_of_a_sweep_shows_the_best_so_far(lab):
    sweep = "%sweep net --seed range(60) --hidden 3 8 --folds 5"
    notebook = opened(lab, sweep, epochs=20_000)
    notebook.start(2)
    notebook.page.wait_for_function(
        "() => document.querySelector('.dlaaw-monitor')?.innerText.includes('best so far')"
    )
    notebook.page.wait_for_timeout(600)
    notebook.screenshot("monitor-sweep-running", 2)
    notebook.theme("dark")
    notebook.screenshot("monitor-sweep-running-dark", 2)
    notebook.interrupt()
    notebook.wait(2)
    assert 0 < notebook.value("len(net_sweep.points)") <= 120
    notebook.screenshot("monitor-sweep-stopped", 2)


def test_job_in_the_background_leaves_the_kernel_free(lab):
    notebook = opened(lab, "job = %train net --background\njob", "6 * 7", epochs=LONG)
    notebook.run(2)
    notebook.run(3)
    assert notebook.text(3) == "42"
    notebook.page.wait_for_selector(f"{FRAME}[data-state=running]")
    notebook.ask(WATCH, 2)
    notebook.page.wait_for_timeout(1500)
    assert len(notebook.ask(SEEN)["texts"]) >= 3
    notebook.screenshot("job-running")
    notebook.page.wait_for_selector(STOP)
    notebook.locator(2, STOP).press("Enter")
    notebook.wait_value("job.state", "stopped")
    notebook.page.wait_for_selector(STOP, state="detached")
    assert 0 < notebook.value("net_result.epochs_done") < LONG
    assert "Kept as net_result" in notebook.text(2)
    assert notebook.errors == []


def test_job_that_fails_says_so_in_its_display(lab):
    data = "data = ([[1e30, 1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 0.0, 1.0, 1.0]] * 40, [0, 1] * 40)"
    wild = "wild = net.replace(learning_rate=1e37, normalize='none', epochs=3)\n"
    start = "%train wild --data data --background"
    notebook = opened(lab, f"{data}\n{wild}{start}")
    notebook.run(2)
    notebook.wait_value("wild_job.state", "failed")
    notebook.page.wait_for_selector(f"{FRAME}[data-state=failed]")
    notebook.wait_text(2, "DivergenceError")
    notebook.screenshot("job-failed", 2)


def test_kernel_and_errors_read_in_both_themes(lab):
    wrong = "%%nnworkflow net\nLinear(5, 3)\n# the next does not fit\nLinear(4, 1)\nSigmoid()"
    notebook = opened(lab, "%kernel Linear", wrong, "%train nett")
    for index in (2, 3, 4):
        notebook.run(index)
    notebook.wait_text(2, "linear.cuh")
    assert "Line 4 of the cell" in notebook.text(3)
    assert len(notebook.cell(3).locator(".jp-OutputArea").inner_text().splitlines()) < 6
    for theme in ("light", "dark"):
        notebook.theme(theme)
        notebook.screenshot(f"kernel-{theme}", 2)
        notebook.screenshot(f"cell-error-{theme}", 3)
        notebook.screenshot(f"usage-error-{theme}", 4)
    colours = notebook.ask(
        "() => [...new Set([...document.querySelectorAll('pre span')]"
        ".map(span => getComputedStyle(span).color))]"
    )
    assert len(colours) > 4
