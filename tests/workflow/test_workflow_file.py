"""Workflow files: what goes in comes back, and what is broken is named."""

from __future__ import annotations

import contextlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_workflows import plus, random_workflow, rich, total

from dlaaw_nb import DlaawError, FormatError, GraphError, VersionError, Workflow, task
from dlaaw_nb.errors import MissingDataError


@pytest.fixture(autouse=True)
def own_trust(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))


def test_saved_workflow_comes_back_whole(tmp_path):
    workflow = rich()
    path = workflow.save(tmp_path / "rich")
    assert path.name == "rich.dlaaw"
    again = Workflow.load(path)
    assert again.document == workflow.document
    assert again.fingerprint() == workflow.fingerprint()
    assert again.places == {"both1": (4, -4)}
    assert (again.input_places, again.output_places) == ({"x": (-200, 0)}, {"sum": (400, 8)})
    assert again.tasks["class"].pair == (4, 5)
    assert again.tasks["MapPlus1"].task.policy.retries == 0


def test_loaded_workflow_runs_to_the_same(tmp_path):
    workflow = rich()
    first = workflow.run(executor="serial", store=tmp_path / "store")
    again = Workflow.load(workflow.save(tmp_path / "rich.dlaaw"))
    second = again.run(executor="serial", store=tmp_path / "other")
    assert dict(first.outputs) == dict(second.outputs)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_random_graphs_come_back(seed):
    workflow = random_workflow(seed)
    again = Workflow.from_document(json.loads(json.dumps(workflow.document)))
    assert again.document == workflow.document


def test_file_has_a_line_for_each_task_and_edge(tmp_path):
    workflow = rich()
    before = workflow.save(tmp_path / "a.dlaaw").read_text().splitlines()
    workflow.places.update(both1=(0, 0))
    after = workflow.save(tmp_path / "a.dlaaw").read_text().splitlines()
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    assert len(before) == len(after)


def test_function_of_a_module_is_named_not_copied():
    document = Workflow("w")
    document.add(plus, 1)
    (entry,) = document.document["tasks"]
    assert (entry["module"], entry["kind"]) == ("sample_workflows", "plus")
    assert "code" not in document.document


def test_function_of_a_function_travels_with_what_it_needs(tmp_path):
    offset = 4

    def shifted(x):
        return x + offset

    @task
    def moved(x: int) -> int:
        return shifted(x) * LOCAL

    workflow = Workflow("own")
    workflow.output("y", workflow.add(moved, 1))
    again = Workflow.load(workflow.save(tmp_path / "own.dlaaw"))
    assert again.run(executor="serial", store=tmp_path / "store").outputs["y"] == 50
    code = "\n".join(again.document["code"])
    assert code.index("LOCAL = 10") < code.index("def moved")


LOCAL = 10


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: task(lambda x: x), "lambda"),
        (lambda: _closing_over(object()), "value"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_task_s_name(make, told, tmp_path):
    workflow = Workflow("w")
    placed = workflow.add(make(), 1, name="odd one")
    with pytest.raises(GraphError, match=told) as raised:
        workflow.save(tmp_path / "w.dlaaw")
    assert placed.name in str(raised.value)
    assert not (tmp_path / "w.dlaaw").exists()


def _closing_over(value):
    @task
    def closed(x: int) -> int:
        return x if value else 0

    return closed


def test_value_that_is_not_plain_is_refused(tmp_path):
    import numpy as np

    workflow = Workflow("w")
    workflow.input("rows", np.zeros(3))
    with pytest.raises(GraphError, match="input rows"):
        workflow.save(tmp_path / "w.dlaaw")


def broken(change):
    document = json.loads(json.dumps(rich().document))
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "told", "path"),
    [
        (lambda d: d.pop("tasks"), "'tasks' is missing", ""),
        (lambda d: d.update(format="dlaaw-nb/model"), "Read it with Model.load", "format"),
        (lambda d: d["tasks"][0].pop("kind"), "'kind' is missing", "tasks[0]"),
        (lambda d: d["tasks"][0].update(kind=""), "the kind of a task", "tasks[0].kind"),
        (lambda d: d["edges"][0].update(source="nobody"), "not placed here", "edges[0]"),
        (lambda d: d["edges"][0].update(input="nothing"), "no input port", "edges[0]"),
        (lambda d: d["edges"].append(d["edges"][0]), "fed already", "edges["),
        (lambda d: d["outputs"][0].update(port="nothing"), "no output port", "outputs[0]"),
        (lambda d: d["tasks"].append(d["tasks"][0]), "not taken", "tasks["),
        (lambda d: d["inputs"].append({"name": "x"}), "not taken", "inputs[1]"),
        (lambda d: d["tasks"][0].update(kind="ReadCSVV", ports=None), "tasks[0]", "tasks[0]"),
        (lambda d: d["tasks"][0].update(name="a\nb"), "the name of a task", "tasks[0].name"),
        (lambda d: d["tasks"][0].update(policy={"retries": -1}), "whole number", "tasks[0]"),
    ],
)  # fmt: skip
def test_broken_document_names_the_place(change, told, path):
    with pytest.raises(FormatError, match=re.escape(told)) as raised:
        Workflow.from_document(broken(change))
    assert raised.value.path.startswith(path)


def test_ready_kind_that_is_not_known_names_near_ones():
    document = {
        "format": "dlaaw-nb/workflow", "version": 1, "name": "w", "inputs": [], "edges": [],
        "tasks": [{"name": "a", "kind": "ReadCSVV"}], "outputs": [],
    }  # fmt: skip
    with pytest.raises(FormatError, match="Did you mean ReadCSV"):
        Workflow.from_document(document)
    document["tasks"] = [{"name": "a", "kind": "ReadCSV", "parameters": {"headerr": 1}}]
    with pytest.raises(FormatError, match="headerr"):
        Workflow.from_document(document)


def test_newer_version_asks_to_upgrade():
    with pytest.raises(VersionError, match="pip install -U"):
        Workflow.from_document(broken(lambda d: d.update(version=2)))


def test_cut_off_file_is_named(tmp_path):
    path = rich().save(tmp_path / "w.dlaaw")
    path.write_text(path.read_text()[:-200])
    with pytest.raises(FormatError, match=r"w\.dlaaw: line .* cut off"):
        Workflow.load(path)


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"none\.dlaaw"):
        Workflow.load(tmp_path / "none.dlaaw")


def test_workflows_nested_too_deeply_are_refused():
    body = {"name": "w", "inputs": [], "tasks": [], "edges": [], "outputs": []}
    for _ in range(100):
        inner = {"name": "i", "kind": "Workflow", "workflow": body}
        body = {**body, "tasks": [inner]}
    with pytest.raises(FormatError, match="levels"):
        Workflow.from_document({"format": "dlaaw-nb/workflow", "version": 1, **body})


def test_cycle_in_a_file_is_found_before_a_run(tmp_path):
    workflow = Workflow("round")
    one, other = workflow.add(total), workflow.add(total)
    workflow.connect(one, other)
    workflow.connect(other, one)
    again = Workflow.from_document(workflow.document)
    with pytest.raises(GraphError, match="wait for each other"):
        again.run(executor="serial", store=tmp_path)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_mutated_documents_are_refused_by_name_or_read(data):
    document = json.loads(json.dumps(rich().document))
    place = document
    for _ in range(data.draw(st.integers(1, 4))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(_json)
            break
        place = place[key]
    with contextlib.suppress(DlaawError):
        Workflow.from_document(document)


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_by_name(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "w.dlaaw"
    path.write_bytes(content)
    with pytest.raises(DlaawError):
        Workflow.load(path)
