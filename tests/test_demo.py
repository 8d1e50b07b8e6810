"""``dlaaw demo``: the main job, as a new user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import nbformat
import pytest

from dlaaw_nb.cli import demo, main
from dlaaw_nb.tasks import kernels

TIMEOUT_S = 240


def run_demo(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "dlaaw_nb", "demo", *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
    )  # fmt: skip


@pytest.mark.slow
def test_demo_prints_figures_and_saves_the_executed_copy(tmp_path):
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stderr
    figures = demo.parse_figures(done.stdout)
    assert figures["accuracy of one training"] > 0.85
    assert figures["accuracy, mean of 5 folds"] > 0.85
    assert figures["accuracy, best of the sweep"] >= figures["accuracy, mean of 5 folds"] - 0.01
    assert "dlaaw_demo.ipynb" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["dlaaw_demo.ipynb"]
    cells = nbformat.read(tmp_path / "dlaaw_demo.ipynb", as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any("image/png" in out.get("data", {}) for cell in code for out in cell.outputs)


@pytest.mark.slow
def test_demo_json_prints_one_document(tmp_path):
    done = run_demo(tmp_path, "--json", "-o", "first.ipynb")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["saved"] == "first.ipynb"
    assert document["figures"]["accuracy of one training"] > 0.85
    assert (tmp_path / "first.ipynb").exists()


def test_demo_when_a_cell_fails_keeps_the_copy_and_exits_with_1(tmp_path, monkeypatch, capsys):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    monkeypatch.setattr(demo, "notebook_source", lambda _: nbformat.writes(notebook))
    assert main(["demo", "-o", str(tmp_path / "copy.ipynb")]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    (cell,) = nbformat.read(tmp_path / "copy.ipynb", as_version=4).cells
    assert cell.outputs[0].ename == "ZeroDivisionError"


def test_demo_when_the_kernel_cannot_start_says_why(tmp_path, monkeypatch, capsys):
    (tmp_path / "ipykernel_launcher.py").write_text("raise ImportError('no such library')")
    bad = {**os.environ, "PYTHONPATH": str(tmp_path)}
    monkeypatch.setattr(kernels, "kernel_environment", lambda: bad)
    assert main(["demo", "-o", str(tmp_path / "copy.ipynb")]) == 1
    assert "ImportError: no such library" in capsys.readouterr().err


@pytest.mark.slow
def test_demo_interrupted_keeps_what_was_shown_and_exits_with_130(tmp_path):
    command = [sys.executable, "-m", "dlaaw_nb", "demo"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while "3. Train" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130, error
    assert error == "dlaaw: interrupted\n"
    cells = nbformat.read(tmp_path / "dlaaw_demo.ipynb", as_version=4).cells
    assert any(cell.get("outputs") for cell in cells)


def test_demo_into_an_absent_folder_is_refused_before_it_runs(tmp_path, capsys):
    assert main(["demo", "-o", str(tmp_path / "absent" / "copy.ipynb")]) == 1
    assert "absent" in capsys.readouterr().err


def test_figures_are_read_from_lines_of_name_and_number():
    text = "accuracy, best of 80  0.95\nseconds   1.2e-05\nbest settings: hidden 3\n"
    assert demo.parse_figures(text) == {"accuracy, best of 80": 0.95, "seconds": 1.2e-05}
