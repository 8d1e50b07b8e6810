"""A layer looked into: what it is, its kernel, and after a run its neurons."""

from __future__ import annotations

import queue

import pandas as pd
import pytest

from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow
from dlaaw_nb.errors import GraphError
from dlaaw_nb.notebook.bench import Bench
from dlaaw_nb.notebook.bench_layers import look_into

LAYERS = [Linear(2, 3), Sigmoid(), Linear(3, 1), Sigmoid()]


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    rows = [(i % 7, i % 5, i % 2) for i in range(40)]
    pd.DataFrame(rows, columns=["a", "b", "y"]).to_csv("rows.csv", index=False)


def flow():
    made = Workflow("net of rows")
    net = made.add(NNWorkflow(LAYERS, epochs=3), made.input("rows", "rows.csv"), name="net")
    made.output("prediction", net, "prediction")
    return made


def test_layer_before_a_run_tells_its_facts_and_its_kernel():
    found = look_into(flow().document, "net", "Linear1")
    facts = dict(found["facts"])
    assert (facts["takes"], facts["puts out"]) == ("2 columns", "3 columns")
    assert facts["parameters that learn"] == "9"
    (kernel,) = found["kernel"]
    assert kernel["file"] == "kernels_cu/layers/linear.cuh"
    assert "struct Linear" in kernel["text"]
    assert "struct" in kernel["html"]
    assert "neurons" not in found
    assert found["why"]


def test_layer_after_a_run_shows_neurons_and_what_they_do_with_a_row():
    run = flow().run(executor="threads")
    found = look_into(flow().document, "net", "Sigmoid1", run, 5)
    assert (found["row"], found["rows"]) == (5, 40)
    assert "row 5 of rows.csv" in found["neurons"]
    assert "Linear1, neuron 2" in found["neurons"]
    assert "data:image/svg" in found["neurons"]
    assert look_into(flow().document, "net", "Linear2", run, 99)["row"] == 0


def test_neurons_of_other_layers_than_those_that_ran_are_not_shown():
    run = flow().run(executor="threads")
    changed = flow().document
    changed["tasks"][0]["parameters"]["network"]["layers"]["nodes"][0]["out_features"] = 4
    found = look_into(changed, "net", "Linear1", run)
    assert "have changed" in found["why"]


def test_layer_of_a_network_inside_of_a_workflow_is_found():
    outer = Workflow("outer")
    outer.add(flow(), "rows.csv", name="group")
    outer.output("p", "group", "prediction")
    run = outer.run(executor="threads")
    found = look_into(outer.document, "group/net", "Linear1", run)
    assert "Neurons of" in found["neurons"]


@pytest.mark.parametrize("document", [None, {}, {"tasks": 3}, {"tasks": [{"name": "net"}, 4]}])
def test_what_is_no_network_is_told_so(document):
    with pytest.raises(GraphError, match="expected a network"):
        look_into(document, "net", "Linear1")


def test_layer_that_does_not_fit_still_shows_its_kernel():
    document = flow().document
    document["tasks"][0]["parameters"]["network"]["layers"]["nodes"][0]["out_features"] = -4
    found = look_into(document, "net", "Linear1")
    assert "does not fit" in dict(found["facts"])
    assert found["kernel"]


def test_page_asks_for_a_layer_and_a_wrong_one_is_refused():
    came = queue.Queue()
    bench = Bench(came.put)
    bench.handle({"type": "layer", "id": "a", "document": flow().document, "task": "net",
                  "layer": "Linear1", "run": None})  # fmt: skip
    told = came.get(timeout=5)
    assert (told["type"], told["id"], told["layer"]) == ("layer", "a", "Linear1")
    bench.handle({"type": "layer", "document": flow().document, "task": "net", "layer": "<b>"})
    assert came.get(timeout=5)["type"] == "error"
