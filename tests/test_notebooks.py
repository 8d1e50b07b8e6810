"""Every notebook that we show runs from top to bottom, and is committed without outputs."""

from __future__ import annotations

import io
from pathlib import Path

import nbformat
import pytest

from dlaaw_nb.cli import demo

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
GROUPS = FOLDER / "03_groups_one_and_three.ipynb"


def run(path):
    """Run a notebook; gives it and what went wrong."""
    notebook = nbformat.read(path, as_version=4)
    fault = demo.execute(notebook, io.StringIO())
    return notebook, fault


def outputs(notebook):
    return [out for cell in notebook.cells for out in cell.get("outputs", [])]


def streams(notebook, name):
    return "".join(out.text for out in outputs(notebook) if out.get("name") == name)


def test_notebooks_are_there():
    names = [path.name for path in NOTEBOOKS]
    assert demo.NOTEBOOK in names
    assert GROUPS.name in names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_as_committed_is_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_from_top_to_bottom_without_complaint(path):
    notebook, fault = run(path)
    assert fault is None
    assert outputs(notebook)
    # A data set that is fetched shows its progress there.
    assert "left out" in streams(notebook, "stdout") or streams(notebook, "stderr") == ""


@pytest.mark.slow
def test_groups_where_nothing_can_be_fetched_go_on_with_what_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_DATA", "")
    monkeypatch.setenv("DLAAW_CACHE", str(tmp_path))
    monkeypatch.setenv("DLAAW_UCI_URL", "http://127.0.0.1:9/")  # nobody listens there
    notebook, fault = run(GROUPS)
    assert fault is None
    told = streams(notebook, "stdout")
    assert told.count("is left out: ") == 4
    assert "20 trainings in " in told
