"""The sweep explorer in a real JupyterLab."""

from __future__ import annotations

import pytest

CELLS = [
    """%load_ext dlaaw_nb
from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets, sweep_explorer
data = datasets.load("breast_cancer")
net = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], name="<i>net</i>")""",
    """rates, kept = [0.03, 0.1, 0.3], [0, 0.5, 0.9]
explorer = sweep_explorer(net, data, learning_rate=rates, momentum=kept)
explorer""",
]
ROWS = ".scroll tr:has(td)"


@pytest.fixture
def shown(lab):
    notebook = lab.notebook([*CELLS, "explorer"])
    notebook.run(0)
    notebook.run(1)
    notebook.locator(1, ".dlaaw-explorer polyline").first.wait_for()
    return notebook


def slide(notebook, name, key="ArrowRight", index=1):
    slider = notebook.locator(index, f"input[data-name={name}]")
    slider.focus()
    slider.press(key)


def rows(notebook, count):
    script = "(n) => document.querySelectorAll('.dlaaw-explorer tr:has(td)').length >= n"
    notebook.page.wait_for_function(script, arg=count)


def test_slider_trains_again_and_python_follows(shown):
    slide(shown, "learning_rate")
    shown.wait_value("explorer.selected[0]['learning_rate']", 0.3)
    rows(shown, 2)
    shown.locator(1, ".summary").filter(has_text="accuracy 0.").wait_for()
    shown.screenshot("explorer", 1)
    assert shown.value("len(explorer.sweep.points)") == 2
    assert "<i>net</i>" in shown.locator(1, ".title").text_content()
    assert shown.errors == []


def test_dragging_ends_at_the_last_value(shown):
    slider = shown.locator(1, "input[data-name=seed]")
    slider.focus()
    for _ in range(8):
        slider.press("ArrowRight")
    shown.wait_value("explorer.selected[0]['seed']", 8)
    assert slider.input_value() == "8"


def test_map_table_and_dots_lead_to_a_setting(shown):
    shown.locator(1, "button").filter(has_text="Train the whole map").click()
    rows(shown, 9)
    shown.locator(1, "th button").filter(has_text="mean").click()
    means = [float(t) for t in shown.locator(1, ".scroll td:first-child").all_text_contents()]
    assert means == sorted(means, reverse=True)
    shown.locator(1, ROWS).nth(8).click()
    shown.wait_value(
        "explorer.selected[1].mean", shown.value("min(p.mean for p in explorer.sweep.points)")
    )
    shown.locator(1, "rect.cell").first.click()
    shown.wait_value("explorer.selected[0]['learning_rate']", 0.03)
    shown.locator(1, "circle.dot").first.click()
    shown.locator(1, "button").filter(has_text="Neurons").click()
    shown.locator(1, "img.neurons").wait_for()
    shown.screenshot("explorer-map", 1)
    shown.theme("dark")
    shown.screenshot("explorer-map-dark", 1)
    shown.theme("light")
    shown.locator(1, ".filter").fill("0.03")
    assert shown.locator(1, ROWS).count() == 3
    assert shown.errors == []


def test_use_these_writes_the_call_into_the_cell_below(shown):
    slide(shown, "momentum", "ArrowLeft")
    shown.wait_value("explorer.selected[0]['momentum']", 0.5)
    shown.locator(1, "button").filter(has_text="Use these").click()
    wanted = "result = net.replace(momentum=0.5).cross_validate(data, folds=5)"
    shown.page.wait_for_function("(text) => document.body.innerText.includes(text)", arg=wanted)
    assert shown.sources()[2] == wanted
    shown.run(2)
    assert shown.value("result.mean == explorer.selected[1].mean") is True


def test_two_views_of_one_explorer_follow_each_other(shown):
    shown.run(2)
    shown.locator(2, ".dlaaw-explorer polyline").first.wait_for()
    slide(shown, "learning_rate", index=2)
    shown.wait_value("explorer.selected[0]['learning_rate']", 0.3)
    first = "document.querySelectorAll('.dlaaw-explorer input[data-name=learning_rate]')[0].value"
    shown.page.wait_for_function(f"() => {first} === '2'")
    assert shown.errors == []


def test_kernel_restarted_under_an_explorer_is_said(shown):
    shown.restart_kernel()
    shown.locator(1, ".words").filter(has_text="kernel has been restarted").first.wait_for()
    shown.screenshot("explorer-restarted", 1)


def test_saved_explorer_shows_its_sweep_without_a_kernel(shown):
    slide(shown, "learning_rate")
    shown.wait_value("explorer.selected[0]['learning_rate']", 0.3)
    twins = "[...document.querySelectorAll('.dlaaw-twin')]"
    script = f"() => {twins}.some(twin => twin.textContent.includes('Sweep'))"
    shown.page.wait_for_function(script)
    shown.reopen(kernel=False)
    shown.locator(1, ".dlaaw-twin img").wait_for()
    assert "model not found" not in shown.cell(1).inner_text()
    shown.screenshot("explorer-saved", 1)


def test_cell_run_ten_times_leaves_one_explorer(shown):
    for _ in range(10):
        shown.run(1)
    shown.locator(1, ".dlaaw-explorer polyline").first.wait_for()
    assert shown.locator(1, ".dlaaw-explorer").count() == 1
    count = "sum(t.name == 'dlaaw-explorer' for t in __import__('threading').enumerate())"
    slide(shown, "learning_rate")
    shown.wait_value("explorer.selected[0]['learning_rate']", 0.3)
    assert shown.value(count) == 1
