"""Workflows as Python: what the text makes is the same workflow."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_workflows import both, plus, random_workflow, rich, total

from dlaaw_nb import Adam, FormatError, Linear, NNWorkflow, ReLU, Sigmoid, Workflow, task
from dlaaw_nb.tasks import Filter, HTTPCall, NNTrainer, PredictionToTable
from dlaaw_nb.workflow import FunctionTask, Map, SubWorkflow, Task
from dlaaw_nb.workflow.code_module import run_code


def made(workflow):
    return run_code(workflow.to_code())["wf"]


def test_rich_workflow_is_made_again():
    workflow = rich()
    assert made(workflow).document == workflow.document


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_random_graphs_are_made_again(seed):
    workflow = random_workflow(seed)
    assert made(workflow).document == workflow.document


def test_networks_and_ready_tasks_read_as_people_write_them():
    network = NNWorkflow(
        [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=10, optimizer=Adam(beta1=0.8)
    )
    workflow = Workflow("nets")
    data = workflow.input("data", "breast_cancer")
    net = workflow.add(network, dataset=data)
    workflow.add(network.as_task("predict"), dataset=data, model=net["model"])
    workflow.add(NNTrainer(network, test_fraction=0.3), data)
    workflow.add(Filter("label", "==", 1), workflow.add(PredictionToTable(), net["prediction"]))
    workflow.add(HTTPCall("http://127.0.0.1/").with_policy(cached=True, retries=2))
    code = workflow.to_code()
    assert "NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]" in code
    assert made(workflow).document == workflow.document


def test_live_and_late_edges_are_made_again():
    @task
    def watch(x: int, other: int = 0) -> int:
        return x + other

    workflow = Workflow("late")
    first = workflow.add(watch)
    second = workflow.add(plus, 1)
    workflow.connect(second, first, target_port="x", live=True)
    workflow.connect(second, first, target_port="other")
    assert made(workflow).document == workflow.document


def test_ports_and_inputs_called_like_parameters_are_made_again():
    @task
    def odd(name: int, task: int, sources: int = 1) -> int:
        return name + task + sources

    workflow = Workflow("odd")
    placed = workflow.add(odd)
    workflow.connect(workflow.input("name", 1), placed, target_port="name")
    workflow.set(placed, task=3)
    assert made(workflow).document == workflow.document


@pytest.mark.parametrize(
    "name", ['"); import os; os.abort(); ("', "a\nb", "'''", "\\", "{x}", "wf", "import", "\u202e"]
)
def test_hostile_names_are_only_text(name):
    workflow = Workflow(name)
    workflow.input(f"in{name}", name, type="str", description=name)
    placed = workflow.add(total, name=name)
    workflow.output(name, placed)
    code = workflow.to_code()
    called = {
        ast.unparse(node.func) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)
    }
    assert called <= {"Workflow", "wf.input", "wf.add", "wf.output"}
    assert made(workflow).document == workflow.document


def test_several_outputs_are_taken_by_name():
    workflow = Workflow("outputs")
    workflow.output("high", workflow.add(both, 3)["high"])
    assert 'wf.output("high", both1["high"])' in workflow.to_code()


def both_run(workflow, tmp_path):
    twin = made(workflow)
    assert twin.document == workflow.document
    runs = [one.run(executor="serial", store=tmp_path) for one in (workflow, twin)]
    assert dict(runs[0].outputs) == dict(runs[1].outputs)


def test_variables_leave_the_names_alone_that_own_code_reads(tmp_path):
    offset = 3

    def helper(x):
        return sum([x, offset])

    @task
    def uses(x: int) -> int:
        return helper(x)

    workflow = Workflow("shadows")
    last = workflow.input("sum", 1)
    for name in ("helper", "uses", "offset", "Workflow", "task", "wf", "print"):
        last = workflow.add(uses, last, name=name)
    workflow.output("y", last)
    both_run(workflow, tmp_path)


@dataclass(frozen=True)
class Distinct(Task):
    """Has the name of a ready task."""

    more: int = 1

    def run(self, x: int) -> int:
        return x + self.more


def test_two_things_of_one_name_are_told_apart(tmp_path, monkeypatch):
    for number, name in enumerate(("first_module", "second_module")):
        (tmp_path / f"{name}.py").write_text(
            f"from dlaaw_nb import task\n@task\ndef f(x: int) -> int:\n    return x + {number}\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    import first_module
    import second_module

    workflow = Workflow("names")
    one = workflow.add(first_module.f, workflow.input("x", 1))
    workflow.output("y", workflow.add(Distinct(4), workflow.add(second_module.f, one)))
    both_run(workflow, tmp_path / "store")
    workflow.add(Distinct(2), 3)
    from dlaaw_nb import tasks

    workflow.add(tasks.Distinct(("a",)))
    assert made(workflow).document == workflow.document
    assert "from second_module import f as f_2" in workflow.to_code()


def test_maps_of_maps_policies_and_named_outputs_are_made_again(tmp_path):
    def two(x):
        return x, float(x)

    inner = Workflow("inner")
    inner.output("y", inner.add(plus.with_policy(timeout_s=9.0), inner.input("x", type="int")))
    workflow = Workflow("outer")
    workflow.output("ys", workflow.add(Map(Map(inner, "x"), "x"), [[1, 2], [3]]))
    workflow.add(Map(plus, "x").with_policy(retries=3), [1])
    workflow.add(SubWorkflow(inner).with_policy(cached=False), x=2)
    workflow.output("a", workflow.add(FunctionTask(two, {"a": int, "b": float}), 1)["a"])
    workflow.output("c", workflow.add(FunctionTask(two, ("c", "d")), 1)["c"])
    workflow.add(FunctionTask(both.function, {"low": int, "high": int}), 1)
    both_run(workflow, tmp_path)


def test_value_at_an_input_that_takes_many_is_made_again():
    @task
    def many(*parts: list) -> int:
        return len(parts)

    workflow = Workflow("many")
    placed = workflow.add(many)
    workflow.set(placed, parts=[1, [2, 3]])
    assert made(workflow).document == workflow.document


def test_code_reads_as_a_person_writes_it():
    workflow = Workflow("readable", "Adds.")
    x = workflow.input("x", 3, description="a number")
    first = workflow.add(plus, x, y=2)
    workflow.output("sum", workflow.add(total, first, x))
    assert workflow.to_code() == (
        "from dlaaw_nb import Workflow\n"
        "from sample_workflows import plus, total\n"
        "\n"
        'wf = Workflow("readable", "Adds.")\n'
        'x = wf.input("x", 3, description="a number")\n'
        "\n"
        "plus1 = wf.add(plus, x=x, y=2)\n"
        "total1 = wf.add(total, parts=[plus1, x])\n"
        "\n"
        'wf.output("sum", total1)\n'
    )


@pytest.mark.parametrize(
    "head", ["# a comment", '"""A text."""', "from __future__ import annotations"]
)
def test_code_of_a_file_that_is_not_trusted_can_be_read_and_parsed(head):
    lines = [head, "from __future__ import annotations", "def f(x):", "    return x"]
    ports = {"inputs": [{"name": "x", "type": "any"}], "outputs": []}
    entry = {"name": "a", "kind": "f", "ports": ports, "policy": {"retries": 2}}
    workflow = Workflow.from_document(
        {"format": "dlaaw-nb/workflow", "version": 1, "name": "w", "inputs": [], "edges": [],
         "outputs": [], "tasks": [entry], "code": lines}
    )  # fmt: skip
    code = workflow.to_code()
    ast.parse(code)
    assert compile(code, "shown", "exec")
    assert "def f(x):" in code
    assert "f.with_policy(retries=2)" in code


def test_code_that_is_no_python_is_shown_as_it_is():
    ports = {"inputs": [], "outputs": []}
    workflow = Workflow.from_document(
        {"format": "dlaaw-nb/workflow", "version": 1, "name": "w", "inputs": [], "edges": [],
         "outputs": [], "tasks": [{"name": "a", "kind": "f", "ports": ports}],
         "code": ["this is (no Python"]}
    )  # fmt: skip
    assert "this is (no Python" in workflow.to_code()
    with pytest.raises(FormatError, match="SyntaxError"):
        workflow.trust()
