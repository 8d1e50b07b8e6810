"""The neurons of a network that trains, and widgets beside their static twins, in JupyterLab."""

from __future__ import annotations

import subprocess
import sys

import pytest

SETUP = """
from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets
from dlaaw_nb.notebook.live_neurons import live_neurons
layers = [Linear(5, 4), ReLU(), Linear(4, 3), ReLU(), Linear(3, 1), Sigmoid()]
network = NNWorkflow(layers, cost_every=20, name="seen")
view = live_neurons(network, datasets.load("breast_cancer"), row=3)
clicked = []
view.on_click(lambda neuron: clicked.append([neuron["layer"], neuron["unit"]]))
view
"""
TRAIN = "result = view.train()"
GONE = "The kernel has been restarted. Run this cell again."
WIDTHS = """cell => [...cell.querySelectorAll('.dlaaw-ln > svg > line')]
    .map(line => parseFloat(line.style.strokeWidth))"""


@pytest.fixture
def notebook(lab):
    opened = lab.notebook([SETUP, TRAIN, "view"])
    opened.run(0)
    opened.locator(0, "g.neuron").first.wait_for()
    return opened


def figures(notebook):
    return notebook.locator(0, ".figures").inner_text()


def wait_for(notebook, beginning):
    script = "(text) => document.querySelector('.dlaaw-ln .figures').textContent.startsWith(text)"
    notebook.page.wait_for_function(script, arg=beginning)


def train(notebook):
    """Train, and wait until the picture of cell 0 is drawn: out of sight it is not."""
    notebook.run(1)
    notebook.show_cell(0)
    wait_for(notebook, "Trained: epoch")
    notebook.ask("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")


def widths(notebook):
    return notebook.cell(0).evaluate(WIDTHS)


def twin(notebook):
    return notebook.cell(0).locator(".dlaaw-twin")


def test_picture_follows_the_training(notebook):
    assert figures(notebook) == "Not trained yet: the first weights"
    assert notebook.locator(0, "g.neuron").count() == 5 + 4 + 3 + 1
    before = widths(notebook)
    train(notebook)
    after = widths(notebook)
    assert len(after) == 5 * 4 + 4 * 3 + 3 * 1
    assert after != before
    assert max(after) > 3
    assert f"accuracy {100 * notebook.value('result.accuracy'):.1f} %" in figures(notebook)
    notebook.screenshot("live-neurons-light", 0)
    notebook.theme("dark")
    notebook.screenshot("live-neurons-dark", 0)
    assert notebook.errors == []


def test_frames_come_while_the_cell_still_runs(lab):
    long = SETUP.replace("cost_every=20", "cost_every=500, epochs=300_000")
    notebook = lab.notebook([long, TRAIN])
    notebook.run(0)
    notebook.locator(0, "g.neuron").first.wait_for()
    notebook.start(1)
    seen = set()
    for _ in range(200):
        seen.add(figures(notebook))
        if figures(notebook).startswith("Trained"):
            break
        notebook.page.wait_for_timeout(30)
    notebook.wait(1)
    assert len([text for text in seen if text.startswith("Training: epoch")]) > 3


def test_replay_slider_shows_earlier_moments(notebook):
    assert not notebook.locator(0, ".play").is_visible()
    train(notebook)
    slider = notebook.locator(0, "input[type=range]")
    slider.wait_for()
    last = widths(notebook)
    slider.focus()
    notebook.page.keyboard.press("Home")
    assert "the first weights" in figures(notebook)
    assert widths(notebook) != last
    assert slider.get_attribute("aria-valuetext") == figures(notebook).lower()
    notebook.locator(0, ".play button").click()
    wait_for(notebook, "Trained")
    assert widths(notebook) == last


def test_hover_shows_values_and_inputs_alone(notebook):
    train(notebook)
    hidden = notebook.locator(0, "g.neuron").nth(6)  # the second of four
    hidden.hover()
    tip = notebook.locator(0, ".tip")
    tip.wait_for()
    assert "activation" in tip.inner_text()
    assert "bias" in tip.inner_text()
    assert len(tip.locator("tr").all()) == 2 + 5
    assert notebook.locator(0, "line.away").count() == 35 - 5
    notebook.screenshot("live-neurons-hover", 0)


def test_click_reaches_python_and_shows_the_inputs(notebook):
    chosen = notebook.locator(0, "g.neuron").nth(10)
    chosen.click()
    notebook.wait_value("clicked", [["Linear2", 1]])
    notebook.page.mouse.move(1, 1)
    assert chosen.get_attribute("aria-pressed") == "true"
    assert notebook.locator(0, "line.away").count() == 35 - 4
    chosen.click()
    notebook.wait_value("view.selected", None)


def test_keys_walk_over_the_neurons_and_leave_the_notebook_alone(notebook):
    notebook.locator(0, "g.neuron").first.focus()
    for key in ("ArrowRight", "ArrowDown", "x", "d", "d", "Enter"):
        notebook.page.keyboard.press(key)
    notebook.wait_value("len(clicked)", 1)
    layer, unit = notebook.value("clicked[0]")
    assert layer == "Linear1"
    focused = notebook.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "activation" in focused
    assert "bias" in focused
    assert len(notebook.sources()) == 3
    notebook.page.keyboard.press("Escape")
    notebook.wait_value("view.selected", None)
    assert unit in range(4)


def test_two_views_of_one_model_show_the_same(notebook):
    train(notebook)
    notebook.run(2)
    notebook.locator(2, "g.neuron").first.wait_for()
    notebook.locator(0, "g.neuron").nth(7).click()
    notebook.wait_value("len(clicked)", 1)
    assert notebook.locator(2, "g.neuron").nth(7).get_attribute("aria-pressed") == "true"
    assert notebook.locator(2, ".figures").inner_text() == figures(notebook)


def test_ten_runs_of_the_cell_leave_one_widget(notebook):
    count = "len(__import__('ipywidgets').widgets.widget._instances)"
    before = notebook.value(count)
    for _ in range(10):
        notebook.run(0)
    notebook.locator(0, "g.neuron").first.wait_for()
    assert notebook.value(count) == before
    assert notebook.locator(0, ".dlaaw-ln").count() == 1


def test_restarted_kernel_is_said_in_words(notebook):
    assert not notebook.locator(0, ".gone").is_visible()
    notebook.restart_kernel()
    notebook.locator(0, ".gone").wait_for()
    assert notebook.locator(0, ".gone").inner_text() == GONE
    notebook.screenshot("live-neurons-kernel-gone", 0)
    notebook.run(0)
    notebook.locator(0, "g.neuron").first.wait_for()
    assert not notebook.locator(0, ".gone").is_visible()


# ---- twins ----


def test_twin_is_hidden_where_the_widget_lives(notebook):
    assert twin(notebook).count() == 1
    assert not twin(notebook).is_visible()


def test_twin_is_seen_once_the_widget_is_closed(notebook):
    notebook.value("view.close()")
    twin(notebook).wait_for()
    assert notebook.locator(0, ".dlaaw-ln").count() == 0


@pytest.mark.parametrize("kernel", [False, True])
@pytest.mark.parametrize("trusted", [False, True])
def test_reopened_notebook_shows_the_twin_of_the_last_state(notebook, kernel, trusted):
    train(notebook)
    notebook.reopen(kernel=kernel, trusted=trusted)
    twin(notebook).wait_for()
    picture = twin(notebook).locator("img")
    assert "Trained: epoch 1,000 of 1,000" in picture.get_attribute("alt")
    assert picture.evaluate("image => image.naturalWidth") > 0
    notebook.page.wait_for_timeout(1000)  # the line of the dead widget comes later than the twin
    text = notebook.cell(0).locator(".jp-Cell-outputArea").inner_text()
    assert "widget" not in text.lower()
    notebook.screenshot(f"live-neurons-reopened-{kernel}-{trusted}", 0)


def test_html_by_nbconvert_shows_the_twin_once(notebook, lab):
    train(notebook)
    notebook.save()
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(notebook.path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    page = lab.page(notebook.path.with_suffix(".html"))
    assert page.locator(".dlaaw-twin").count() == 1
    assert page.locator(".dlaaw-twin img").is_visible()
    assert page.locator(".dlaaw-ln").count() == 0
    page.screenshot(path=lab.pictures / "live-neurons-nbconvert.png")


def test_output_behind_a_lone_twin_hides_neither(lab):
    source = (
        "from IPython.display import display\n"
        "from dlaaw_nb.notebook.live import twin_html\n"
        "display({'text/html': twin_html('<b>twin</b>')}, raw=True)\n"
        "print('printed')"
    )
    notebook = lab.notebook([source])
    notebook.run(0)
    assert notebook.cell(0).get_by_text("printed", exact=True).is_visible()
    assert notebook.cell(0).locator(".dlaaw-twin").is_visible()
