"""Where things are drawn: kept by files, copies and code, and without a say in anything else."""

from __future__ import annotations

import json
import re

import pytest
from sample_workflows import plus, rich

from dlaaw_nb import FormatError, GraphError, Workflow, task
from dlaaw_nb.workflow.schema import check_workflow
from dlaaw_nb.workflow.trust import digest_of, is_trusted, untrusted_reasons


@pytest.fixture(autouse=True)
def own_trust(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))


@pytest.fixture
def small():
    workflow = Workflow("small")
    placed = workflow.add(plus, workflow.input("x", 3), name="a")
    workflow.output("y", placed)
    return workflow


@task
def own(x: int) -> int:
    return x


def test_view_is_the_last_member_with_a_line_for_each_place(small, tmp_path):
    before = small.save(tmp_path / "a.dlaaw").read_text()
    small.places["a"] = (10.4, 20.5)
    small.input_places["x"] = (-0.5, -1.5)
    small.output_places["y"] = (1, 2)
    after = small.save(tmp_path / "a.dlaaw").read_text()
    assert after.startswith(before.removesuffix("\n}\n"))
    assert after.removeprefix(before.removesuffix("\n}\n")) == (
        ',\n "view": {\n  "tasks": {\n   "a": [10, 21]\n  },\n'
        '  "inputs": {\n   "x": [0, -1]\n  },\n'
        '  "outputs": {\n   "y": [1, 2]\n  }\n }\n}\n'
    )


def test_view_comes_back_from_file_copy_and_code(small):
    small.places["a"], small.input_places["x"], small.output_places["y"] = (1, 2), (3, 4), (5, 6)
    space: dict[str, Workflow] = {}
    exec(small.to_code(), space)  # noqa: S102 - our own code
    for again in (Workflow.from_document(small.document), small.copy(), space["wf"]):
        assert again.document["view"] == {
            "tasks": {"a": [1, 2]}, "inputs": {"x": [3, 4]}, "outputs": {"y": [5, 6]}
        }  # fmt: skip
    twin = small.copy()
    twin.places["a"] = (9, 9)
    assert small.places["a"] == (1, 2)


def test_view_of_a_workflow_inside_comes_back():
    again = Workflow.from_document(_outer(3).document)
    assert again.tasks["inside"].workflow.places == {"a": (3, 3)}


def _outer(place):
    inner = Workflow("inner")
    inner.output("y", inner.add(own, inner.input("x", 1), name="a"))
    inner.places["a"] = (place, place)
    outer = Workflow("outer")
    outer.output("y", outer.add(inner, name="inside"))
    outer.places["inside"] = (place, 0)
    return outer


def test_names_that_are_gone_are_dropped(small):
    small.places["a"] = small.places["nobody"] = (1, 1)
    small.output_places["y"] = (2, 2)
    assert small.document["view"] == {"tasks": {"a": [1, 1]}, "outputs": {"y": [2, 2]}}
    document = small.document
    document["view"]["inputs"] = {"gone": [1, 1]}
    assert "inputs" not in Workflow.from_document(document).document["view"]
    small.remove("a")
    assert "view" not in small.document


def test_moving_a_task_takes_no_trust_away_and_changes_no_fingerprint(tmp_path):
    here, there = _outer(1), _outer(500)
    assert digest_of(here.document) == digest_of(there.document)
    assert here.fingerprint() == there.fingerprint()
    file = here.save(tmp_path / "own.dlaaw")
    assert untrusted_reasons(here) == []
    document = json.loads(file.read_text())
    document["view"]["tasks"]["inside"] = [77, 77]
    document["tasks"][0]["workflow"]["view"] = {"outputs": {"y": [1, 2]}}
    file.write_text(json.dumps(document))
    moved = Workflow.load(file)
    assert is_trusted(document)
    assert moved.trusted
    assert moved.places == {"inside": (77, 77)}
    assert moved.run(executor="serial", store=tmp_path / "store").outputs["y"] == 1


def test_moving_a_task_runs_nothing_again(small, tmp_path):
    small.run(executor="serial", store=tmp_path / "store")
    small.places["a"] = (300, 300)
    again = small.run(executor="serial", store=tmp_path / "store")
    assert again.tasks["a"].state == "cached"


def test_trusted_code_keeps_its_view(tmp_path):
    document = _outer(5).document
    loaded = Workflow.from_document(document)
    assert not loaded.trusted
    loaded.trust()
    assert loaded.document["view"] == {"tasks": {"inside": [5, 0]}}
    assert loaded.tasks["inside"].workflow.places == {"a": (5, 5)}


def test_place_of_a_task_s_entry_is_still_read(small):
    document = small.document
    document["tasks"][0]["place"] = [1.5, -4]
    assert Workflow.from_document(document).document["view"] == {"tasks": {"a": [2, -4]}}
    document["view"] = {"tasks": {"a": [8, 8]}}
    assert Workflow.from_document(document).places == {"a": (8, 8)}


@pytest.mark.parametrize(
    ("view", "told", "path"),
    [
        ({"tasks": {"both1": [1e300, 0]}}, "a number from -10,000,000", "view.tasks.both1[0]"),
        ({"tasks": {"both1": [0, -10_000_001]}}, "a number from", "view.tasks.both1[1]"),
        ({"tasks": {"both1": ["0", 0]}}, "got '0'", "view.tasks.both1[0]"),
        ({"tasks": {"both1": [True, 0]}}, "got True", "view.tasks.both1[0]"),
        ({"tasks": {"both1": [0]}}, "two numbers", "view.tasks.both1"),
        ({"tasks": {"both1": {"x": 1}}}, "two numbers", "view.tasks.both1"),
        ({"tasks": [1]}, "places [x, y] by name", "view.tasks"),
        ({"zoom": 2}, "'zoom' is not known", "view"),
        ([], "an object with tasks, inputs and outputs", "view"),
    ],
)
def test_hostile_view_is_refused_with_its_place(view, told, path):
    document = {**rich().document, "view": view}
    with pytest.raises(FormatError, match=re.escape(told)) as raised:
        check_workflow(document)
    assert raised.value.path == path
    with pytest.raises(FormatError):
        Workflow.from_document(document)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_view_with_numbers_that_are_none_is_refused(small, number):
    small.places["a"] = (123, 0)
    text = json.dumps(small.document).replace("123", number)
    with pytest.raises(FormatError, match="finite numbers"):
        Workflow.from_document(text)


@pytest.mark.parametrize("place", [(float("nan"), 0), (1e8, 0), (1,), "ab", None, (0, "x")])
def test_place_that_no_file_can_hold_is_refused_at_save(small, place, tmp_path):
    small.places["a"] = place
    with pytest.raises(GraphError, match=r"place of a: expected two numbers"):
        small.save(tmp_path / "a.dlaaw")
    assert not (tmp_path / "a.dlaaw").exists()
