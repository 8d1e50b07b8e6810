"""The whole way of a new user: the quickstart in JupyterLab, with nothing else read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lab import Lab

QUICKSTART = Path(__file__).parent.parent.parent / "notebooks" / "01_quickstart.ipynb"
PICTURE = ".dlaaw-twin img"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def person(server, browser, pictures):
    """One person for the whole module."""
    alive = Lab(server, browser, pictures)
    yield alive
    alive.close()


@pytest.fixture(scope="module")
def quickstart(person):
    """The quickstart, run from top to bottom and saved."""
    path = person.root / QUICKSTART.name
    shutil.copy(QUICKSTART, path)
    notebook = person.open(path)
    notebook.run_all()
    notebook.save()
    return notebook


def with_widgets(notebook):
    """The numbers of the cells that show a widget, which must all have a static twin."""
    return [
        number
        for number in range(len(notebook.sources()))
        if any(WIDGET in output.get("data", {}) for output in notebook.outputs(number))
    ]


def copy_of(notebook, name, trusted=True):
    """A copy of what was saved; one that is not trusted comes from elsewhere."""
    content = json.loads(notebook.path.read_text())
    if not trusted:
        content["metadata"]["from"] = "elsewhere"
        for part in content["cells"]:
            part["metadata"].pop("trusted", None)
    path = notebook.lab.root / f"{name}.ipynb"
    path.write_text(json.dumps(content))
    return path


def pictured(notebook, name):
    """Save a screenshot of each code cell."""
    for number, kind in enumerate(notebook.kinds()):
        if kind == "code":
            notebook.show_cell(number)
            notebook.screenshot(f"{name}-{number:02}", number)


def test_quickstart_runs_without_a_word_of_complaint(quickstart):
    complaints = [
        output
        for number in range(len(quickstart.sources()))
        for output in quickstart.outputs(number)
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    assert complaints == []
    assert quickstart.errors == []
    pictured(quickstart, "quickstart")


def test_quickstart_in_the_dark_theme_can_be_read(quickstart):
    quickstart.theme("dark")
    pictured(quickstart, "quickstart-dark")
    quickstart.theme("light")
    assert quickstart.errors == []


@pytest.mark.parametrize("trusted", [True, False], ids=["own", "from-elsewhere"])
def test_quickstart_opened_without_a_kernel_shows_every_picture(quickstart, trusted):
    name = f"quickstart-{'own' if trusted else 'elsewhere'}"
    notebook = quickstart.lab.open(copy_of(quickstart, name, trusted), kernel=False)
    pictured(notebook, name)
    for number in range(len(notebook.sources())):
        told = notebook.cell(number).inner_text()
        assert "model not found" not in told
        assert "Loading widget" not in told
    for number in with_widgets(notebook):
        notebook.show_cell(number)
        assert notebook.locator(number, PICTURE).filter(visible=True).count() == 1
    assert notebook.errors == []
    notebook.page.close()


def test_quickstart_as_html_shows_every_picture(quickstart):
    path = copy_of(quickstart, "quickstart-html")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    page = quickstart.lab.page(path.with_suffix(".html"))
    page.screenshot(path=quickstart.lab.pictures / "quickstart-html.png", full_page=True)
    twins = page.locator(PICTURE).filter(visible=True).count()
    assert twins == len(with_widgets(quickstart))
    assert page.locator("img").filter(visible=True).count() >= twins + 3  # train, cv, sweep
    assert "Loading widget" not in page.inner_text("body")
    page.close()
