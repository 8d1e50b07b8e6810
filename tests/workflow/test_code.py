"""Workflows as Python: what the text makes is the same workflow."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_workflows import both, plus, random_workflow, rich, total

from dlaaw_nb import Adam, Linear, NNWorkflow, ReLU, Sigmoid, Workflow, task
from dlaaw_nb.tasks import Filter, HTTPCall, NNTrainer, PredictionToTable
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
