"""Notebooks as tasks, in real kernels."""

from __future__ import annotations

import threading
import time

import nbformat
import psutil
import pytest
from task_support import in_folder

from dlaaw_nb.errors import DataError, GraphError, TaskError
from dlaaw_nb.tasks.notebooks import Notebook


@pytest.fixture
def made(tmp_path):
    with in_folder(tmp_path / "try", "Notebook1") as context:
        yield context


@pytest.fixture
def notebook(tmp_path):
    def write(*sources, tagged=None):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        if tagged is not None:
            cells[tagged].metadata["tags"] = ["parameters"]
        path = tmp_path / "study.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return write


@pytest.mark.slow
def test_notebook_parameters_come_after_their_defaults(made, notebook):
    path = notebook("import math", "x = 1; word = 'a'", "y = 2 * x\nprint(word, y)", tagged=1)
    given = Notebook(["x", "y", "word"]).run(path, {"x": 21, "word": 'q"\n'})
    assert given.results == {"x": 21, "y": 42, "word": 'q"\n'}
    node = nbformat.read(given.notebook, 4)
    assert [cell.metadata.get("tags") for cell in node.cells] == [
        None, ["parameters"], ["injected-parameters"], None,
    ]  # fmt: skip
    assert node.cells[3].outputs[0].text == 'q"\n 42\n'
    assert "42" in made.log_text
    again = Notebook(["y"]).run(given.notebook, {"x": 1})
    assert again.results == {"y": 2}
    assert len(nbformat.read(again.notebook, 4).cells) == 4


@pytest.mark.slow
def test_notebook_results_of_libraries_become_json(made, notebook):
    path = notebook(
        "import numpy as np, pandas as pd\na = np.arange(3)\nt = pd.DataFrame({'x': [1, 2]})\n"
        "s = np.float64(0.5)\nn = None"
    )
    given = Notebook(["a", "t", "s", "n"]).run(path)
    assert given.results == {"a": [0, 1, 2], "t": {"x": [1, 2]}, "s": 0.5, "n": None}


@pytest.mark.slow
def test_notebook_failing_cell_is_named(made, notebook):
    path = notebook("ok = 1", "\nrate = 1 / 0")
    with pytest.raises(TaskError, match=r"cell 2 of .*'rate = 1 / 0'.*ZeroDivisionError"):
        Notebook(["ok"]).run(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "text"),
    [("y = 1", "no variable 'x' at its end"), ("x = object()", "'x' is no JSON"),
     ("x = float('nan')", "'x' is no JSON")],
)  # fmt: skip
def test_notebook_result_that_cannot_be_had_is_named(made, notebook, source, text):
    with pytest.raises(TaskError, match=text):
        Notebook(["x"]).run(notebook(source))


@pytest.mark.slow
def test_notebook_kernel_that_dies_is_an_error(made, notebook):
    with pytest.raises(TaskError, match="kernel died"):
        Notebook().run(notebook("import os; os._exit(7)"))


@pytest.mark.slow
def test_notebook_cancelled_ends_the_kernel_and_its_children(made, notebook, tmp_path):
    note = tmp_path / "pids"
    path = notebook(
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " start_new_session=True)\n"
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}} ')\n"
        "time.sleep(60)"
    )

    def cancel():
        while not (note.exists() and note.read_text().endswith(" ")):
            time.sleep(0.05)
        made.end.set()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(TaskError, match="cancelled"):
        Notebook().run(path)
    thread.join()
    for pid in map(int, note.read_text().split()):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_notebook_unknown_kernel_is_named(made, notebook):
    with pytest.raises(TaskError, match="got 'no-such-kernel'"):
        Notebook(kernel="no-such-kernel").run(notebook("1"))


def test_notebook_other_file_is_refused(made, tmp_path):
    (tmp_path / "a.ipynb").write_text('{"rows": []}')
    with pytest.raises(DataError, match="expected a notebook"):
        Notebook().run(tmp_path / "a.ipynb")


def test_notebook_parameter_that_is_no_name_is_refused(made, notebook):
    for name in ("a b", "class", "x; import os"):
        with pytest.raises(DataError, match="names of variables"):
            Notebook().run(notebook("1"), {name: 1})


def test_notebook_wrong_results_are_refused():
    for names in (["a b"], ["for"], ["a", "a"], 3):
        with pytest.raises(GraphError, match="results"):
            Notebook(results=names)
    assert Notebook.carries_code
