"""Listings 2 and 3 of the paper, with only Java's syntax changed."""

from __future__ import annotations

import json

import pytest

from dlaaw_nb import GraphError, Linear, ReLU, Sigmoid, datasets
from dlaaw_nb.convert.dataview import *  # noqa: F403
from dlaaw_nb.convert.dataview import (
    DATAVIEW_BigFile,
    Workflow,
    WorkflowExecutor_Beta,
    WorkflowExecutor_Local,
)
from dlaaw_nb.nn.network import NNWorkflow as Network


class NNExecutorWorkflow(Workflow):
    """Listing 2."""

    def __init__(self):
        super().__init__()
        self.wins[0] = DATAVIEW_BigFile("model@749702")
        self.wins[1] = DATAVIEW_BigFile("New_dataset.csv")
        self.wouts[0] = DATAVIEW_BigFile("output.txt")

    def design(self):
        stage1 = self.addTask("NNExecutor")
        self.addEdge(0, stage1, 0)
        self.addEdge(1, stage1, 1)
        self.addEdge(stage1, 0, 0)


class EnsembleWorkflow(Workflow):
    """Listing 3."""

    def __init__(self):
        super().__init__()
        self.wins[0] = DATAVIEW_BigFile("model@749702")
        self.wins[1] = DATAVIEW_BigFile("model@749540")
        self.wins[2] = DATAVIEW_BigFile("model@749503")
        self.wins[3] = DATAVIEW_BigFile("Breast_cancer_data.csv")
        self.wouts[0] = DATAVIEW_BigFile("output.txt")

    def design(self):
        stage1 = self.addTask("NNExecutor")
        stage2 = self.addTask("NNExecutor")
        stage3 = self.addTask("NNExecutor")
        stage4 = self.addTask("Ensemble_vote")
        self.addEdge(0, stage1, 0)
        self.addEdge(3, stage1, 1)
        self.addEdge(1, stage2, 0)
        self.addEdge(3, stage2, 1)
        self.addEdge(2, stage3, 0)
        self.addEdge(3, stage3, 1)
        self.addEdge(stage1, 0, stage4, 0)
        self.addEdge(stage2, 0, stage4, 1)
        self.addEdge(stage3, 0, stage4, 2)
        self.addEdge(stage4, 0, 0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The files of the listings, in the folder that Python runs in."""
    data = datasets.load("breast_cancer")
    for name in ("Breast_cancer_data.csv", "New_dataset.csv"):
        data.to_frame().to_csv(tmp_path / name, header=False, index=False)
    for seed, name in enumerate(("model@749702", "model@749540", "model@749503")):
        layers = [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]
        model = Network(layers, epochs=30 + 40 * seed, seed=seed).train(data).model
        model.save(tmp_path / name)
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_listing_2_predicts_and_writes_json(folder):
    run = WorkflowExecutor_Beta(NNExecutorWorkflow()).execute()
    assert run.state == "finished"
    document = json.loads((folder / "output.txt").read_text())
    assert document["kind"] == "prediction"
    assert len(document["labels"]) == 569


@pytest.mark.slow
def test_listing_3_votes_in_processes(folder):
    run = WorkflowExecutor_Local(EnsembleWorkflow()).execute()
    table = run.outputs["wout0"]
    rows = json.loads((folder / "output.txt").read_text())
    assert [row["label"] for row in rows] == table["label"].tolist()
    assert len(rows) == 569
    states = {name: task.state for name, task in run.tasks.items()}
    assert len(states) == 4
    assert set(states.values()) == {"finished"}


def test_listing_3_is_the_package_s_own_graph(folder):
    workflow = EnsembleWorkflow().workflow
    assert [task.kind for task in workflow.tasks.values()] == [*["NNExecutor"] * 3, "EnsembleVote"]
    assert [str(edge) for edge in workflow.edges_into("EnsembleVote1", "votes")] == [
        f"NNExecutor{i}.prediction -> EnsembleVote1.votes" for i in (1, 2, 3)
    ]


def test_task_that_is_not_known_names_what_there_is(folder):
    class Strange(Workflow):
        def design(self):
            self.addTask("NNExecutorr")

    with pytest.raises(GraphError, match=r"'NNExecutorr': no ready task .* NNExecutor"):
        WorkflowExecutor_Beta(Strange()).execute()


def test_port_number_that_is_not_there_names_the_ports(folder):
    class Strange(NNExecutorWorkflow):
        def design(self):
            self.addEdge(0, self.addTask("NNExecutor"), 7)

    with pytest.raises(GraphError, match=r"expected a port from 0 to 1 \(model, dataset\), got 7"):
        WorkflowExecutor_Beta(Strange()).execute()
