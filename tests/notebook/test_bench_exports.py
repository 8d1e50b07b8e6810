"""Exports of a canvas, and files of DATAVIEW that it draws."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from dlaaw_nb import Workflow
from dlaaw_nb.errors import FormatError, GraphError
from dlaaw_nb.notebook.bench import Bench
from dlaaw_nb.notebook.bench_conversion import converted
from dlaaw_nb.notebook.bench_exports import exported, notebook_of
from dlaaw_nb.tasks import Head, ReadCSV
from dlaaw_nb.workflow.trust import trust

SPEC = {
    "wIpt": "rows.csv", "wOpt": "output.txt", "numOfBatches": "5", "numOfEpochs": "20",
    "LayerArc": {"0": "0,2,3", "1": "1", "2": "0,3,1", "3": "2"},
}  # fmt: skip
MODEL = {
    "DeviceInfo": "CUDA Device0",
    "LayerArc": SPEC["LayerArc"],
    "SavedModel": {
        "0": {"bias": "[1, 2, 3]", "weight": "[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]"},
        "2": {"bias": "[0.5]", "weight": "[7, 8, 9]"},
    },
    "TestingAccuracy": 0.8,
    "TrainingCostAtEpoch": {"0": 0.7},
}  # fmt: skip


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"a": range(20), "b": range(20)}).to_csv("rows.csv", index=False)


def _flow(tmp_path):
    """A workflow with code of its own, as a trusted file brings it."""
    flow = Workflow("my_flow <b>", "Rows *first*")
    head = flow.add(Head(2), flow.add(ReadCSV(), flow.input("file", "rows.csv")))
    flow.output("rows", head)
    document = flow.document
    document["tasks"].append({"name": "own", "kind": "twice", "values": {"x": 4}, "ports": {
        "inputs": [{"name": "x", "type": "int"}], "outputs": [{"name": "output", "type": "int"}],
    }})  # fmt: skip
    document["outputs"].append({"name": "y", "task": "own", "port": "output"})
    document["code"] = ["# What doubles.", "def twice(x: int) -> int:", "    return x * 2"]
    path = tmp_path / "flow.dlaaw"
    path.write_text(json.dumps(document))
    trust(path)
    return Workflow.load(path)


def test_pictures_show_the_whole_workflow(tmp_path):
    flow = _flow(tmp_path)
    svg = exported(flow, "svg")
    ET.fromstring(svg["content"])  # noqa: S314 - our own
    assert all(name in svg["content"] for name in ("ReadCSV1", "Head1", "own"))
    assert "<b>" not in svg["content"]
    png = exported(flow, "png")
    assert png["encoding"] == "base64"
    assert base64.b64decode(png["content"]).startswith(b"\x89PNG")


def test_python_makes_the_same_workflow(tmp_path):
    space = {}
    exec(exported(_flow(tmp_path), "py")["content"], space)  # noqa: S102 - our own
    kinds = {name: task.kind for name, task in space["wf"].tasks.items()}
    assert kinds == {"ReadCSV1": "ReadCSV", "Head1": "Head", "own": "twice"}


def test_notebook_is_cut_into_cells_and_runs_from_top_to_bottom(tmp_path):
    node = nbformat.reads(exported(_flow(tmp_path), "ipynb")["content"], as_version=4)
    nbformat.validate(node)
    assert node.cells[0].source == "# my\\_flow \\<b\\>\n\nRows \\*first\\*"
    assert len(node.cells) >= 5
    assert any(cell.source.startswith("def twice") for cell in node.cells)
    node.cells.append(
        nbformat.v4.new_code_cell("print(run.outputs['y'], len(run.outputs['rows']))")
    )
    root = str(Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    NotebookClient(node, timeout=120).execute(cwd=str(tmp_path))
    assert node.cells[-1].outputs[0].text == "8 2\n"


def test_notebook_of_a_workflow_that_needs_an_input_does_not_run_it():
    flow = Workflow("w")
    flow.output("rows", flow.add(Head(2), flow.input("table")))
    sources = [cell.source for cell in nbformat.reads(notebook_of(flow), as_version=4).cells]
    assert sources[-1] == "wf"


@pytest.mark.parametrize("kind", ["exe", None, ["svg"], "../svg"])
def test_unknown_kind_is_refused(kind):
    with pytest.raises(GraphError, match="expected one of svg, png, py, ipynb"):
        exported(Workflow("w"), kind)


def test_specification_becomes_a_network_that_trains():
    document = converted(json.dumps(SPEC), "folder/spec.json")
    assert document["name"] == "spec"
    assert document["inputs"][0] == {"name": "data", "type": "file", "default": "rows.csv"}
    network = document["tasks"][0]["parameters"]["network"]
    assert [one["kind"] for one in network["layers"]["nodes"]] == [
        "Linear", "ReLU", "Linear", "Sigmoid",
    ]  # fmt: skip
    assert network["training"]["epochs"] == 20
    Workflow.from_document(document).check()


def test_model_becomes_a_network_that_predicts(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    document = converted(json.dumps(MODEL), "model.json")
    rows = pd.DataFrame({"a": [0.0, 1, 2], "b": [1.0, 0, 2], "label": [0, 1, 1]})
    rows.to_csv("new.csv", index=False, header=False)
    run = Workflow.from_document(document).run(data="new.csv", executor="serial")
    assert len(run.outputs["prediction"].labels) == 3


@pytest.mark.parametrize(
    ("text", "path"),
    [("{}", "x.json"), ("no json", "x.json"), ("[1]", "x"), (None, "x"), ("{}", None),
     (json.dumps({"LayerArc": {"0": "0,2"}}), "x.json"),
     (json.dumps({**SPEC, "LayerArc": {"0": "0,9999999999,3"}}), "x.json")],
)  # fmt: skip
def test_what_is_no_network_is_refused_in_words(text, path):
    with pytest.raises(FormatError):
        converted(text, path)


def test_kernel_answers_both_messages():
    came = []
    bench = Bench(came.append)
    bench.handle({"type": "convert", "id": 1, "text": json.dumps(SPEC), "path": "s.json"})
    bench.handle({"type": "export", "id": 2, "document": came[0]["document"], "kind": "svg"})
    bench.handle({"type": "export", "id": 3, "document": {}, "kind": "svg"})
    assert [one["type"] for one in came] == ["converted", "exported", "error"]
    assert json.loads(json.dumps(came))
