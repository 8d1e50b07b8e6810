"""A notebook that was saved still tells its story: without a kernel, from elsewhere, as HTML."""

from __future__ import annotations

import subprocess
import sys

import pytest

SHOW = """
import ipywidgets
from dlaaw_nb.notebook.live import show

def view(value):
    slider = ipywidgets.IntSlider(value)
    show(slider, {"text/html": f"<b>twin {value}</b>", "text/plain": f"twin {value}"})
    return slider

first = view(1)
"""


@pytest.fixture
def shown(lab):
    """A widget and its static twin in the first cell."""
    notebook = lab.notebook([SHOW, "second = view(2)"])
    notebook.run_all()
    notebook.locator(0, ".widget-slider").wait_for()
    return notebook


def seen(notebook, index=0):
    """What a person sees of a cell's outputs: the twin, the widget."""
    return [
        notebook.locator(index, css).filter(visible=True).count() > 0
        for css in (".dlaaw-twin", ".widget-slider")
    ]


def test_widget_alive_hides_its_twin(shown):
    assert seen(shown) == [False, True]
    assert shown.errors == []


def test_saved_reopened_without_kernel_shows_the_twin(shown):
    shown.reopen(kernel=False)
    shown.locator(0, ".dlaaw-twin").wait_for()
    assert seen(shown) == [True, False]
    assert "model not found" not in shown.cell(0).inner_text()
    assert "Loading widget" not in shown.cell(0).inner_text()
    shown.screenshot("saved-without-kernel")
    assert shown.errors == []


def test_saved_reopened_with_a_new_kernel_shows_the_twin(shown):
    shown.reopen()
    shown.locator(0, ".dlaaw-twin").wait_for()
    shown.page.wait_for_function("() => !document.body.innerText.includes('Loading widget')")
    assert seen(shown) == [True, False]
    assert "model not found" not in shown.cell(0).inner_text()
    shown.screenshot("saved-with-new-kernel")


def test_saved_from_elsewhere_shows_the_twin(shown):
    shown.reopen(kernel=False, trusted=False)
    shown.page.get_by_text("twin 1").wait_for()
    assert not seen(shown)[1]
    shown.screenshot("saved-untrusted")


def test_saved_as_html_shows_the_twin_in_a_browser(lab, shown):
    shown.save()
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(shown.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    page = lab.page(shown.path.with_suffix(".html"))
    page.get_by_text("twin 1").wait_for()
    page.screenshot(path=lab.pictures / "saved-as-html.png")
