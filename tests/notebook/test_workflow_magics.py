"""The magics of workflows: in IPython's own shell, and in a kernel."""

from __future__ import annotations

import inspect

import nbformat
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from traitlets.config import Config

from dlaaw_nb.store import Store
from dlaaw_nb.workflow import FunctionTask, Workflow

SQUARES = """@task
def square(x: int, delay: float = 0.0) -> int:
    import time
    time.sleep(delay)
    return x * x

first = wf.add(square, x=wf.input("x", 3))
wf.output("result", wf.add(square, x=first))
"""


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "dlaaw_nb")
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def squares(shell):
    return shell.run_cell_magic("workflow", "squares", SQUARES)


def run(shell, line="squares --executor threads"):
    shell.run_line_magic("run_workflow", line)


def test_workflow_makes_what_the_cell_says_and_keeps_its_functions(shell, squares):
    assert isinstance(squares, Workflow)
    assert shell.user_ns["squares"] is squares
    assert (squares.name, [*squares.tasks]) == ("squares", ["square1", "square2"])
    assert isinstance(shell.user_ns["square"], FunctionTask)
    assert shell.user_ns["square"](4) == 16


def test_workflow_leaves_no_other_names_behind(shell):
    shell.user_ns["wf"] = "mine"
    shell.run_cell_magic("workflow", "squares", SQUARES)
    assert shell.user_ns["wf"] == "mine"
    assert "task" not in shell.user_ns
    assert "Workflow" not in shell.user_ns


def test_workflow_uses_the_persons_variables_and_its_own_name(shell):
    shell.user_ns["count"] = 3
    made = shell.run_cell_magic(
        "workflow",
        "many",
        "@task\ndef f(x: int) -> int:\n    return x\n\n[many.add(f, x=k) for k in range(count)]",
    )
    assert len(made.tasks) == 3


def test_workflow_may_be_put_in_its_place_by_the_cell(shell):
    made = shell.run_cell_magic("workflow", "other", 'other = Workflow("own", "mine")')
    assert (made.name, made.description) == ("own", "mine")
    assert shell.user_ns["other"] is made


def test_ready_tasks_are_at_hand_by_their_names(shell):
    made = shell.run_cell_magic("workflow", "flow", 'wf.add(Head(3), name="first")')
    assert made.tasks["first"].kind == "Head"
    assert "Head" not in shell.user_ns


def test_functions_of_a_cell_keep_their_source(shell, squares):
    source = inspect.getsource(shell.user_ns["square"].function)
    assert source.startswith("@task\ndef square")
    assert source.rstrip().endswith("return x * x")


def test_functions_of_a_cell_may_use_later_what_they_were_offered(shell):
    shell.run_cell_magic("workflow", "w", "def make():\n    return Workflow('made')\n")
    assert shell.user_ns["make"]().name == "made"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("x = 1\n\n1 / 0", r"Line 4 of the cell, `1 / 0`: ZeroDivisionError"),
        ("\n\nwf.add(3)", r"Line 4 of the cell, `wf.add\(3\)`: .*expected a Task, got 3"),
        ("def f(:\n  pass", r"Line 2 of the cell, `def f\(:`: invalid syntax"),
        ("nothing_here()", r"Line 2 .*NameError"),
        ("def f():\n    raise ValueError('no')\n\nf()", r"Line 3 .*ValueError: no"),
    ],
)
def test_workflow_points_at_the_line_of_an_error(shell, cell, message):
    with pytest.raises(UsageError, match=message):
        shell.run_cell_magic("workflow", "bad", cell)
    assert "bad" not in shell.user_ns
    assert "wf" not in shell.user_ns


def test_workflow_needs_the_name_of_a_variable(shell):
    with pytest.raises(UsageError, match="expected the name of a variable"):
        shell.run_cell_magic("workflow", "not-a-name", "pass")


def test_run_workflow_keeps_the_run(shell, squares, capsys):
    run(shell)
    made = shell.user_ns["squares_run"]
    assert made.outputs["result"] == 81
    assert f"Kept as squares_run\nsquares: 2 tasks, 2 finished\n  run       {made.id}" in (
        capsys.readouterr().out
    )
    run(shell, "squares --executor threads --as other")
    assert shell.user_ns["other"].tasks["square1"].state == "cached"


def test_run_workflow_takes_values_as_variables_or_text(shell, squares):
    shell.user_ns["five"] = 5
    run(shell, "squares --executor threads --input x=five")
    assert shell.user_ns["squares_run"].outputs["result"] == 625
    run(shell, "squares --executor threads --input x=2 --seed 7 --workers 1 --planner longest_path")
    made = shell.user_ns["squares_run"]
    assert made.outputs["result"] == 16
    assert (made.options.seed, made.options.workers) == (7, 1)


def test_run_workflow_forces_all_or_some(shell, squares):
    run(shell)
    run(shell, "squares --executor threads --force")
    states = [task.state for task in shell.user_ns["squares_run"].tasks.values()]
    assert states == ["finished", "finished"]
    run(shell, "squares --executor threads --force square2")
    tasks = shell.user_ns["squares_run"].tasks
    assert [tasks[name].state for name in ("square1", "square2")] == ["cached", "finished"]


def test_run_workflow_takes_a_store_by_variable_or_path(shell, squares, tmp_path):
    shell.user_ns["mine"] = Store(tmp_path / "mine")
    run(shell, "squares --executor threads --store mine")
    run(shell, f"squares --executor threads --store {tmp_path / 'other'}")
    assert len(Store(tmp_path / "mine").runs()) == 1
    assert len(Store(tmp_path / "other").runs()) == 1
    shell.user_ns["wrong"] = 3
    with pytest.raises(UsageError, match="expected a Store"):
        run(shell, "squares --store wrong")


def test_run_workflow_in_the_background_returns_the_run(shell, squares):
    made = shell.run_line_magic("run_workflow", "squares --executor threads --background")
    assert shell.user_ns["squares_run"] is made
    assert made.wait(30)
    assert made.outputs["result"] == 81


def test_run_workflow_that_fails_says_why_and_keeps_what_had_finished(shell, squares):
    cell = (
        "@task\ndef fails(x: int) -> int:\n    raise ValueError('no luck')\n"
        "flow.add(fails, x=flow.add(square, x=2))"
    )
    shell.run_cell_magic("workflow", "flow", cell)
    with pytest.raises(UsageError, match=r"flow: fails1: ValueError: no luck"):
        run(shell, "flow --executor threads")
    assert shell.user_ns["flow_run"].tasks["square1"].state == "finished"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("squars", "expected a workflow, got nothing of that name. Workflows here: squares"),
        ("five", "expected a workflow, got a int"),
        ("squares --input x", "expected name=value"),
        ("squares --input x=1 x=2", "each name once"),
        ("squares --input y=1", "the workflow has none of that name"),
        ("squares --executor threads --input x=[1]", "input x: expected int"),
        ("squares --executor nowhere", "nowhere"),
        ("squares --planner never", "planner"),
        ("squares --force nothing", "no task 'nothing'"),
        ("squares --as 1x", "expected the name of a variable"),
    ],
)
def test_run_workflow_explains_what_is_wrong(shell, squares, line, message):
    shell.user_ns["five"] = 5
    with pytest.raises(UsageError, match=message):
        run(shell, line)
    assert "squares_run" not in shell.user_ns


def test_runs_lists_the_newest_first(shell, squares):
    run(shell)
    run(shell)
    table = shell.run_line_magic("runs", "squares")
    newest = shell.user_ns["squares_run"]
    assert table.rows[0][0] == newest.id
    assert table.rows[0][-1] == "2: 2 cached"
    assert table.rows[1][-1] == "2: 2 finished"
    assert "2 runs of squares" in repr(table)
    assert newest.id in table._repr_html_()
    assert len(shell.run_line_magic("runs", "--limit 1").rows) == 1
    assert shell.run_line_magic("runs", "nothing").rows == []


def test_lineage_of_an_output_a_product_and_a_hash(shell, squares):
    run(shell)
    made = shell.user_ns["squares_run"]
    for word in ("squares_run", "squares_run.result", made.product("result").hash[:12]):
        found = shell.run_line_magic("lineage", word)
        assert {step.task.name for step in found.steps} == {"square1", "square2"}, word
    shell.user_ns["product"] = made.product("result")
    assert len(shell.run_line_magic("lineage", "product").steps) == 2
    path = made.save("result", "result")
    assert len(shell.run_line_magic("lineage", str(path)).steps) == 2


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("squares_run.nothing", "It has: result"),
        ("squares", "expected a data product"),
        ("no/such/file", "no/such/file"),
    ],
)
def test_lineage_explains_what_is_wrong(shell, squares, word, message):
    run(shell)
    with pytest.raises(UsageError, match=message):
        shell.run_line_magic("lineage", word)


def test_magics_go_away_with_the_extension(shell):
    shell.run_line_magic("unload_ext", "dlaaw_nb")
    assert not {"run_workflow", "runs", "lineage"} & set(shell.magics_manager.magics["line"])
    assert "workflow" not in shell.magics_manager.magics["cell"]
    shell.run_line_magic("load_ext", "dlaaw_nb")


@pytest.mark.slow
def test_workflow_in_a_kernel_is_drawn_run_and_traced(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    cells = [
        "%load_ext dlaaw_nb",
        f"%%workflow squares\n{SQUARES}",
        "%run_workflow squares --executor processes",
        "squares_run",
        "%run_workflow squares --executor threads --force --background",
        "squares_run.wait(30)",
        "%lineage squares_run.result",
        "%runs",
        "%run_workflow nothing",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, allow_errors=True, kernel_name="python3").execute()
    outputs = [cell.outputs for cell in notebook.cells]
    forms = {"text/plain", "text/html", "image/png"}
    assert set(outputs[1][0].data) == forms
    assert "Kept as squares_run" in outputs[2][0].data["text/html"]
    assert set(outputs[2][0].data) == forms
    assert outputs[3][0].output_type == "execute_result"  # over: as anything else
    assert set(outputs[3][0].data) == forms
    assert 'class="dlaaw-run"' in outputs[4][0].data["text/html"]
    assert "square2" in outputs[6][0].data["text/html"]
    assert "2 runs" in outputs[7][0].data["text/plain"]
    assert "UsageError: nothing: expected a workflow" in outputs[8][0].text
