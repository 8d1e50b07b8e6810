"""All that is wrong with a document, each part told by itself."""

from __future__ import annotations

import json

import pytest
from sample_workflows import Scale, plus, rich

from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow, task
from dlaaw_nb.workflow.known_tasks import known_tasks, own_tasks
from dlaaw_nb.workflow.library import ready_task
from dlaaw_nb.workflow.problems import check_document


@pytest.fixture(autouse=True)
def own_trust(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))


@pytest.fixture
def document():
    workflow = Workflow("flow")
    read = workflow.add(ready_task("ReadCSV"), workflow.input("file", "rows.csv"), name="read")
    head = workflow.add(ready_task("Head", {"rows": 3}), read, name="head")
    data = workflow.add(ready_task("TableToDataset"), head, name="data")
    workflow.add(NNWorkflow([Linear(5, 1), Sigmoid()]), data, name="net")
    workflow.output("rows", head)
    return workflow.document


def edge(source, port, target, taken):
    return {"source": source, "port": port, "target": target, "input": taken}


def told(document, *names, **arguments):
    found = check_document(document, **arguments).problems
    return [tuple(getattr(one, name) for name in names) for one in found]


def test_sound_document_has_no_problems_and_all_ports(document):
    found = check_document(document)
    assert found.problems == []
    assert found.ports["head"]["inputs"] == [{"name": "table", "type": "table"}]
    layers = {port["name"]: port.get("shape") for port in found.ports["net"]["outputs"]}
    assert layers["Linear1"] == [None, 1]
    assert json.loads(json.dumps(found.ports)) == found.ports


def test_every_problem_is_told_at_once_at_its_place(document):
    document["tasks"].append({"name": "odd", "kind": "HeadX"})
    document["tasks"].append({"name": "sort", "kind": "Sort"})
    document["tasks"].append({"name": "plot", "kind": "Plot", "values": {"nothing": 3}})
    document["tasks"][1]["parameters"] = {"rows": -1}
    document["edges"].append(
        {"source": "odd", "port": "output", "target": "plot", "input": "table"}
    )
    document["edges"].append({"source": "data", "port": "no", "target": "net", "input": "model"})
    document["outputs"].append({"name": "bad", "task": "net", "port": "nothing"})
    found = told(document, "task", "port")
    assert found == [
        ("head", ""), ("odd", ""), ("sort", ""), ("plot", "nothing"), ("net", "model"),
        ("net", "nothing"),
    ]  # fmt: skip
    text, mend = told(document, "text", "mend")[1]
    assert text == "'HeadX': no ready task has that name."
    assert mend == "Did you mean Head?"


def test_what_nothing_feeds_is_told_but_not_where_something_else_was_told(document):
    del document["edges"][1:3]
    found = check_document(document).problems
    assert [(one.task, one.port) for one in found] == [("head", "table"), ("data", "table")]
    assert found[0].mend == "Connect an output to it, or give it a value."
    held = [("head", "table")]
    assert told(document, "task", held=held) == [("data",)]


def test_connection_that_does_not_fit_names_the_converter(document):
    document["edges"][-1] = {
        "source": "head",
        "port": "output",
        "target": "net",
        "input": "dataset",
    }
    (one,) = check_document(document).problems
    assert (one.task, one.port, one.converter) == ("net", "dataset", "TableToDataset")
    assert "expected dataset" in one.text
    assert one.mend == "Put TableToDataset between them."
    assert one.plain()["converter"] == "TableToDataset"


def test_circle_and_input_without_a_value_are_told():
    workflow = Workflow("w")
    one = workflow.add(plus, 1, name="one")
    workflow.add(plus, one, workflow.input("y"), name="two")
    document = workflow.document
    document["edges"].append({"source": "two", "port": "output", "target": "one", "input": "y"})
    found = check_document(document, known_tasks([plus])).problems
    assert [(p.task, p.port) for p in found] == [("one", ""), ("", "y")]
    assert "wait for each other" in found[0].text
    assert found[1].plain() == {
        "task": "", "port": "y", "text": "Input y has no value.",
        "mend": "Give it a default, or a value when it runs.",
    }  # fmt: skip


def test_widths_that_do_not_chain_are_told_at_the_network(document):
    nodes = document["tasks"][3]["parameters"]["network"]["layers"]["nodes"]
    nodes[1]["in_features"] = nodes[1]["out_features"] = 4
    (one,) = check_document(document).problems
    assert one.task == "net"
    assert "in_features: expected 1, got 4" in one.text


@task
def mine(x: int) -> int:
    return x + 1


def test_own_task_is_known_if_it_is_at_hand():
    workflow = Workflow("w")
    workflow.add(mine, 1)
    workflow.add(Scale(), 2)
    document = workflow.document
    document.pop("code", None)
    for entry in document["tasks"]:
        entry.pop("module", None)  # as if a cell had defined them
    missing = told(document, "task", "mend")
    assert missing == [(name, "Run the cell that defines it, or trust the file.")
                       for name in ("mine1", "Scale1")]  # fmt: skip
    from sample_workflows import Scale as ThatClass

    known = {("", "mine"): mine, ("", "Scale"): ThatClass}
    assert check_document(document, known).problems == []


def test_own_tasks_are_those_of_the_person_once_each():
    from dlaaw_nb.tasks import Head

    space = {"a": plus, "b": plus, "_c": mine, "Scale": Scale, "Head": Head, "n": 3, "W": Workflow}
    assert own_tasks(space) == [plus, Scale]
    assert set(known_tasks([plus, Scale])) == {
        ("sample_workflows", "plus"), ("sample_workflows", "Scale"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        {}, {"format": "dlaaw-nb/workflow"}, {"format": "dlaaw-nb/workflow", "version": 99},
        {"format": "dlaaw-nb/model", "version": 1}, "{", "[]",
    ],
)  # fmt: skip
def test_what_is_no_document_is_one_problem(document):
    found = check_document(document)
    assert [one.task for one in found.problems] == [""]
    assert found.problems[0].text
    assert found.ports == {}


def test_schema_problem_is_told_at_its_task(document):
    document["tasks"][2]["policy"] = {"retries": -1}
    (one,) = check_document(document).problems
    assert one.task == "data"
    assert "retries" in one.text


def test_nothing_of_a_document_is_executed(tmp_path):
    mark = tmp_path / "ran"
    document = rich().document
    document["code"] = [f"open({str(mark)!r}, 'w')"]
    document["tasks"].append(
        {"name": "evil", "kind": "system", "module": "os", "ports": {"inputs": [], "outputs": []}}
    )
    found = check_document(document)
    assert not mark.exists()
    assert ("evil", "Import it in a cell, or trust the file.") in [
        (one.task, one.mend) for one in found.problems
    ]
