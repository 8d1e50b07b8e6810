"""How many columns feed a network, as far as files tell it."""

from __future__ import annotations

import pandas as pd
import pytest

from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow
from dlaaw_nb.notebook.bench_columns import fed_columns
from dlaaw_nb.notebook.bench_documents import Documents
from dlaaw_nb.tasks import Head, ReadCSV, TableToDataset


@pytest.fixture(autouse=True)
def rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [(i % 7, i % 5, i % 3, i % 2) for i in range(40)]
    pd.DataFrame(rows, columns=["a", "b", "c", "y"]).to_csv("rows.csv", index=False)


def network():
    return NNWorkflow([Linear(16, 1), Sigmoid()])


def test_file_of_an_input_of_a_value_and_behind_tasks_tells_the_columns():
    flow = Workflow("f")
    rows = flow.input("rows", "rows.csv")
    flow.add(network(), rows, name="direct")
    flow.add(network(), "rows.csv", name="value")
    read = flow.add(ReadCSV(), rows)
    flow.add(network(), flow.add(TableToDataset(), flow.add(Head(9), read)), name="far")
    assert fed_columns(flow.document) == {"direct": 3, "value": 3, "far": 3}
    assert Documents({}).checked(flow.document)["columns"]["far"] == 3


@pytest.mark.parametrize("value", ["none.csv", "", "\0", 4, None, "."])
def test_what_is_no_file_tells_nothing(value):
    flow = Workflow("f")
    flow.add(network(), flow.input("rows"), name="net")
    document = flow.document
    document["inputs"][0]["default"] = value
    assert fed_columns(document) == {}


def test_circle_and_nothing_at_all_tell_nothing():
    flow = Workflow("f")
    flow.add(network(), flow.add(TableToDataset(), flow.add(Head(2), name="one")), name="net")
    document = flow.document
    document["edges"].append({"source": "one", "port": "output", "target": "one", "input": "table"})
    assert fed_columns(document) == {}


def test_file_that_changes_is_read_again():
    flow = Workflow("f")
    flow.add(network(), "rows.csv", name="net")
    assert fed_columns(flow.document) == {"net": 3}
    pd.DataFrame([(1, 2, 0), (3, 4, 1)] * 9, columns=["a", "b", "y"]).to_csv(
        "rows.csv", index=False
    )
    assert fed_columns(flow.document) == {"net": 2}
