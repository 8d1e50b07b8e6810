"""A workflow becomes what a document says, and loses nothing that stays."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from sample_workflows import Scale, both, plus, rich, total

from dlaaw_nb import FormatError, GraphError, TrustError, Workflow, task
from dlaaw_nb.workflow.editing import become, canvas_document
from dlaaw_nb.workflow.known_tasks import known_tasks
from dlaaw_nb.workflow.library import ready_task


def edited(workflow):
    """A document of it that may be changed."""
    return json.loads(json.dumps(canvas_document(workflow)))


def test_unchanged_document_changes_nothing():
    workflow = rich()
    before, objects = workflow.document, dict(workflow.tasks)
    become(workflow, edited(workflow))
    assert workflow.document == before
    assert all(workflow.tasks[name] is one for name, one in objects.items())


def test_edit_keeps_tasks_and_inputs_that_stay():
    workflow = rich()
    x, objects = workflow.inputs["x"], dict(workflow.tasks)
    document = edited(workflow)
    document["tasks"][-1]["parameters"]["factor"] = 9.0
    document["view"]["tasks"]["both1"] = [50, 60]
    document["description"] = "Another."
    become(workflow, document)
    assert workflow.tasks["class"].factor == 9.0
    assert workflow.tasks["class"].pair == (4, 5)
    changed = [name for name, one in objects.items() if workflow.tasks[name] is not one]
    assert changed == ["class"]
    assert workflow.inputs["x"] is x
    assert workflow.places["both1"] == (50, 60)
    assert workflow.description == "Another."
    workflow.add(plus, x)  # what a variable holds is still part of it


def test_edited_workflow_runs(tmp_path):
    workflow = rich()
    document = edited(workflow)
    document["inputs"][0]["default"] = 10
    become(workflow, document)
    reference = rich().run(x=10, executor="serial", store=tmp_path / "a").outputs["sum"]
    assert workflow.run(executor="serial", store=tmp_path / "b").outputs["sum"] == reference


def test_tasks_are_added_renamed_and_taken_away():
    workflow = Workflow("w")
    first = workflow.add(plus, workflow.input("x", 1), name="first")
    workflow.add(total, first, name="last")
    document = edited(workflow)
    document["tasks"][0]["name"] = document["edges"][0]["target"] = "renamed"
    document["tasks"][1] = {"name": "head", "kind": "Head", "parameters": {"rows": 2}}
    document["edges"] = [edge for edge in document["edges"] if edge["target"] == "renamed"]
    become(workflow, document)
    assert [*workflow.tasks] == ["renamed", "head"]
    assert workflow.tasks["renamed"].function is plus.function
    assert workflow.tasks["head"].rows == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["edges"].append(d["edges"][0]),
        lambda d: d["edges"][0].update(source="nobody"),
        lambda d: d["tasks"][0].pop("kind"),
        lambda d: d["outputs"][0].update(port="none"),
        lambda d: d.update(version=7),
        lambda d: d["tasks"].append({"name": "h", "kind": "Head", "parameters": {"rows": -1}}),
        lambda d: d["view"].update(tasks={"both1": [1e300, 0]}),
    ],
)
def test_bad_edit_leaves_the_workflow_as_it_was(change):
    workflow = rich()
    before, state = workflow.document, dict(vars(workflow))
    document = edited(workflow)
    change(document)
    with pytest.raises(FormatError):
        become(workflow, document)
    assert workflow.document == before
    assert all(vars(workflow)[key] is value for key, value in state.items())


@task
def fresh(x: int) -> int:
    return x


def test_new_own_task_must_be_at_hand():
    workflow = Workflow("w")
    document = edited(workflow)
    ports = {"inputs": [{"name": "x", "type": "int"}],
             "outputs": [{"name": "output", "type": "int"}]}  # fmt: skip
    document["tasks"].append({"name": "a", "kind": "fresh", "ports": ports, "values": {"x": 4}})
    document["code"] = ["raise SystemExit('a page must not run this')"]
    with pytest.raises(GraphError, match="a: the code of fresh is not at hand"):
        become(workflow, document)
    known = {("", "fresh"): fresh}
    become(workflow, document, known)
    assert workflow.tasks["a"].function is fresh.function
    assert dict(workflow.values("a")) == {"x": 4}


def test_module_of_an_entry_is_not_imported():
    workflow = Workflow("w")
    document = edited(workflow)
    document["tasks"].append(
        {"name": "a", "kind": "system", "module": "os", "ports": {"inputs": [], "outputs": []}}
    )
    with pytest.raises(GraphError, match="not at hand"):
        become(workflow, document, known_tasks([plus, Scale]))


def test_values_that_no_document_can_hold_are_kept():
    frame = pd.DataFrame({"a": [1, 2]})
    workflow = Workflow("w")
    given = workflow.input("rows", frame)
    head = workflow.add(ready_task("Head"), given, name="head")
    both_tables = workflow.add(ready_task("Join", {"on": ["a"]}), head, frame, name="join")
    workflow.output("out", both_tables)
    document = edited(workflow)
    assert "default" not in document["inputs"][0]
    document["tasks"][0]["parameters"] = {"rows": 1}
    become(workflow, document)
    assert workflow.inputs["rows"].default is frame
    assert workflow.values("join")["right"] is frame
    document = edited(workflow)
    document["edges"].append({"source": "", "port": "rows", "target": "join", "input": "right"})
    become(workflow, document)
    assert dict(workflow.values("join")) == {}


def test_lambdas_can_be_drawn_though_no_file_could_hold_them():
    workflow = Workflow("w")
    workflow.add(task(lambda x: x), 1, name="odd")
    odd = workflow.tasks["odd"]
    document = edited(workflow)
    document["tasks"].append({"name": "head", "kind": "Head"})
    become(workflow, document)
    assert workflow.tasks["odd"] is odd
    assert "head" in workflow.tasks


def test_group_drawn_by_the_person_is_the_persons(tmp_path):
    workflow = Workflow("w")
    workflow.add(both, 3, name="parts")
    document = edited(workflow)
    inner = {
        "name": "inner", "inputs": [], "edges": [],
        "tasks": [{"name": "s", "kind": "Script", "parameters": {"command": ["{python}", "-V"]}}],
        "outputs": [{"name": "y", "task": "s", "port": "output"}],
    }  # fmt: skip
    document["tasks"].append({"name": "group", "kind": "Workflow", "workflow": inner})
    document["outputs"].append({"name": "version", "task": "group", "port": "y"})
    become(workflow, document)
    run = workflow.run(executor="serial", store=tmp_path / "store")
    assert run.outputs["version"].startswith("Python 3")


def test_edit_of_a_workflow_from_an_untrusted_file_gives_it_no_trust(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    made = Workflow("w")
    made.add(ready_task("Script", {"command": ["{python}", "-V"]}), name="s")
    loaded = Workflow.from_document(made.document)
    document = edited(loaded)
    document["tasks"].append({"name": "head", "kind": "Plot"})
    become(loaded, document)
    assert not loaded.trusted
    loaded.remove("head")
    with pytest.raises(TrustError):
        loaded.run(executor="serial", store=tmp_path / "store")
