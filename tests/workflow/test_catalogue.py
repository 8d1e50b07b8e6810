"""The catalogue of a canvas: true to the tasks themselves, and to the copy that the page has."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from sample_workflows import Scale, plus

from dlaaw_nb import NNWorkflow, Workflow
from dlaaw_nb.nn.layers import layer_kinds
from dlaaw_nb.workflow import Task, library, task
from dlaaw_nb.workflow.catalogue import catalogue
from dlaaw_nb.workflow.docstrings import choices_in, parameter_texts, summary_of
from dlaaw_nb.workflow.library import find_kind, ready_kinds, register_task

COPY = Path(__file__).parents[2] / "labextension" / "src" / "catalogue.json"
MAKE = (
    "import pathlib, dlaaw_nb.workflow.catalogue as made; "
    "pathlib.Path('labextension/src/catalogue.json').write_text(made.catalogue_text(), 'utf-8')"
)


@pytest.fixture(scope="module")
def made():
    return catalogue()


@pytest.fixture(scope="module")
def kinds(made):
    ours = [info for info in made["tasks"] if info["kind"] not in library._added]  # no other test's
    return {info["kind"]: info for info in ours}


def test_copy_that_the_page_has_is_the_same():
    code = "import dlaaw_nb.workflow.catalogue as made; print(made.catalogue_text(), end='')"
    done = subprocess.run(  # in a process of its own: other tests register kinds and types
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert COPY.read_text("utf-8") == done.stdout, (
        f'{COPY.name} is of an older state. In the folder above labextension: python -c "{MAKE}"'
    )


def test_every_ready_kind_is_there_with_a_group_and_a_summary(made, kinds):
    assert made["broken"] == []
    ours = {name for name in ready_kinds() if name not in library._added}
    assert ours <= kinds.keys()
    for name in ours:
        assert kinds[name]["group"] not in ("Own tasks", "dlaaw_nb"), name
        assert kinds[name]["summary"], name
    assert json.loads(json.dumps(made)) == made


def test_default_of_every_parameter_makes_the_task(kinds):
    tried = 0
    for name, info in kinds.items():
        if name == "NNWorkflow" or any(one["required"] for one in info["parameters"]):
            continue
        if name == "Filter":  # wants one of several
            continue
        given = {one["name"]: one["default"] for one in info["parameters"]}
        made = find_kind(name).from_parameters(given)
        assert [port.name for port in made.inputs] == [port["name"] for port in info["inputs"]]
        assert [port.name for port in made.outputs] == [port["name"] for port in info["outputs"]]
        tried += 1
    assert tried > 35


def test_every_parameter_has_a_text_and_required_ones_are_those_refused(kinds):
    for name, info in kinds.items():
        assert all(one["text"] for one in info["parameters"]), name
    required = {
        name: [one["name"] for one in info["parameters"] if one["required"]]
        for name, info in kinds.items()
    }
    assert required["Sort"] == ["by"]
    assert required["Join"] == ["on"]
    assert required["NNTrainer"] == ["network"]
    assert required["Head"] == required["Filter"] == []


@pytest.mark.parametrize(
    ("kind", "name", "more"),
    [
        ("Plot", "chart", {}),
        ("Filter", "operator", {"column": "a"}),
        ("Filter", "joined_by", {"column": "a"}),
        ("AddColumn", "operator", {"column": "a", "left": "b", "right": 2}),
        ("HTTPCall", "method", {"url": "http://localhost"}),
        ("HTTPCall", "expect", {"url": "http://localhost"}),
        ("Join", "how", {"on": ["a"]}),
        ("ReadTable", "format", {}),
        ("ReadCSV", "header", {}),
        ("ReadCSV", "decimal", {}),
        ("ReadArray", "header", {}),
        ("ReadJSON", "lines", {}),
        ("TableToMapping", "of", {}),
        ("EnsembleVote", "method", {}),
    ],
)
def test_choices_are_all_that_a_task_takes(kinds, kind, name, more):
    (info,) = [one for one in kinds[kind]["parameters"] if one["name"] == name]
    assert info["type"] == "choice"
    assert info["default"] in info["choices"]
    for choice in info["choices"]:
        value = [1] if choice == "in" else None if choice in ("missing", "present") else 1
        rest = {"value": value} if kind == "Filter" else {}
        rest |= {"value": "x"} if choice == "contains" else {}
        find_kind(kind).from_parameters({**rest, **more, name: choice})
    with pytest.raises(Exception, match=r"expected one of") as raised:
        find_kind(kind).from_parameters({**more, name: "something else"})
    said = str(raised.value)
    assert all(repr(choice) in said for choice in info["choices"])
    assert said.count(", ") == len(info["choices"])  # one more before "got"


def test_types_and_converters_are_those_of_the_registries(made, kinds):
    types = {info["name"]: info for info in made["types"]}
    assert types["activations"]["wider"] == ["array"]
    assert {"any", "table", "dataset", "model", "prediction"} <= types.keys()
    for one in made["converters"]:
        info = kinds[one["kind"]]
        (needed,) = [port for port in info["inputs"] if port.get("required", True)]
        assert needed["type"] in (one["source"], "any")
        assert info["outputs"][0]["type"] == one["target"]


def test_layers_come_with_what_a_form_needs(made):
    layers = {info["kind"]: info for info in made["layers"]}
    assert set(layers) == set(layer_kinds())
    linear = layers["Linear"]
    assert (linear["width"], layers["ReLU"]["width"]) == ("given", "same")
    (width,) = linear["parameters"]
    assert width["name"] == "out_features"
    assert width["required"]
    assert "default" not in width
    assert layers["Dropout"]["parameters"][0]["default"] == 0.5


def test_template_with_layers_is_a_network_and_paths_lead_to_its_defaults(made):
    entry = json.loads(json.dumps(made["network"]))
    for info in made["hyperparameters"]:
        value: Any = entry["parameters"]
        for key in info["path"]:
            value = value[key]
        assert value == info["default"], info["name"]
    entry["parameters"]["network"]["layers"] = {
        "nodes": [
            {
                "id": name,
                "kind": name[:-1],
                "in_features": width,
                "out_features": 1,
                "parameters": {},
            }
            for name, width in (("Linear1", 5), ("Sigmoid1", 1))
        ],
        "edges": [["Linear1", "Sigmoid1"]],
    }
    made_network = find_kind("NNWorkflow").from_parameters(entry["parameters"])
    assert isinstance(made_network, NNWorkflow)
    workflow = Workflow("w")
    workflow.add(made_network)
    for role in ("loss", "optimizer", "schedule"):
        for part in made["parts"][role]:
            network = json.loads(json.dumps(entry["parameters"]))
            network["network"][role] = part["spec"]
            if part["kind"] in ("CrossEntropy", "MeanSquaredError", "Huber"):
                continue  # which want another last layer
            assert find_kind("NNWorkflow").from_parameters(network).spec()[role] == part["spec"]


@task
def own(x: int, *more: float) -> str:
    """Do something of one's own."""
    return str(x + sum(more))


@dataclass(frozen=True)
class Odd(Task):
    """A class of one's own.

    Parameters
    ----------
    how : {"a", "b"}
        Which way.
    """

    how: str = "a"
    size: Literal[1, 2] = 2
    names: tuple[str, ...] = field(default=("x",))
    limit: float | None = None

    def run(self, table: int) -> int:
        return table


def test_own_tasks_are_described_with_the_entry_they_have_in_a_document():
    found = {info["kind"]: info for info in catalogue([own, plus, Scale, Odd])["tasks"]}
    assert found["own"]["group"] == "Own tasks"
    assert found["own"]["summary"] == "Do something of one's own."
    assert found["own"]["inputs"] == [
        {"name": "x", "type": "int"},
        {"name": "more", "type": "float", "required": False, "many": True},
    ]
    assert found["plus"]["entry"]["module"] == "sample_workflows"
    assert [one["default"] for one in found["Scale"]["parameters"]] == [2.0, [1, 2]]
    odd = {one["name"]: one for one in found["Odd"]["parameters"]}
    assert odd["how"]["choices"] == ["a", "b"]
    assert odd["size"]["choices"] == [1, 2]
    assert odd["names"]["type"] == "json"
    assert (odd["limit"]["type"], odd["limit"]["optional"]) == ("float", True)
    workflow = Workflow("w")
    workflow.add(own, 1)
    (entry,) = workflow.document["tasks"]
    assert found["own"]["entry"] == {
        key: value for key, value in entry.items() if key not in ("name", "values")
    }


def test_registered_task_is_among_them_and_a_broken_one_hides_nothing(monkeypatch):
    monkeypatch.setattr(library, "_added", {})
    register_task(own, "registered_here")
    monkeypatch.setitem(library._added, "broken_here", 3)
    made = catalogue()
    assert "registered_here" in [info["kind"] for info in made["tasks"]]
    assert [one["kind"] for one in made["broken"]] == ["broken_here"]


def test_docstring_is_read_as_numpydoc_writes_it():
    doc = """First line
    goes on.

    Parameters
    ----------
    a, b : int
        Of ``both``, in `seconds`.

    *rest : float
        Others.
    c
        No type.

    Returns
    -------
    d : int
        Not a parameter.
    """
    texts = parameter_texts(doc)
    assert list(texts) == ["a", "b", "rest", "c"]
    assert texts["b"] == ("int", "Of both, in seconds.")
    assert texts["c"] == ("", "No type.")
    assert summary_of(doc) == "First line goes on."
    assert parameter_texts(None) == parameter_texts("One line.") == {}


@pytest.mark.parametrize("text", ["int", "{os.system}", '{"a", open("x")}', "{", "{}"])
def test_choices_are_literals_or_none(text):
    assert choices_in(text) is None
