"""Every notebook that we show runs from top to bottom, and is committed without outputs."""

from __future__ import annotations

import io
from pathlib import Path

import nbformat
import pytest

from dlaaw_nb.cli import demo

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_notebooks_are_there():
    assert demo.NOTEBOOK in [path.name for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_as_committed_is_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_from_top_to_bottom_without_complaint(path):
    notebook = nbformat.read(path, as_version=4)
    assert demo.execute(notebook, io.StringIO()) is None
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert outputs
    assert [out.text for out in outputs if out.get("name") == "stderr"] == []
