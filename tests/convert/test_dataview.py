"""Listings 1 and 4 of the paper, with only Java's syntax changed, and DATAVIEW's other names."""

from __future__ import annotations

import json

import pytest

from dlaaw_nb import GraphError, NetworkError, TargetError, convert, datasets, targets
from dlaaw_nb.convert import dataview
from dlaaw_nb.convert.dataview import *  # noqa: F403
from dlaaw_nb.convert.dataview import (
    Linear,
    NNExecutor_LocalGPU,
    NNTrainer_crossValOnGPUCluster,
    NNTrainer_LocalGPU,
    NNWorkflow,
    ReLU,
    Sigmoid,
    Workflow,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*DATAVIEW's file does not hold")


class SampleNNWorkflow(NNWorkflow):
    """Listing 1."""

    def __init__(self):
        super().__init__()
        self.wins[0] = "Breast_cancer_data.csv"
        self.wouts[0] = "output.txt"

    def design(self):
        layers = [None] * 4
        layers[0] = Linear(5, 3)
        layers[1] = ReLU()
        layers[2] = Linear(3, 1)
        layers[3] = Sigmoid()
        self.Sequential(layers, 5, 1000)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    frame = datasets.load("breast_cancer").to_frame()
    frame.to_csv(tmp_path / "Breast_cancer_data.csv", header=False, index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_listings_1_and_4_train_and_cross_validate(folder):
    w = SampleNNWorkflow()
    trainer1 = NNTrainer_LocalGPU(w, target="cpu")
    trainer2 = NNTrainer_crossValOnGPUCluster(w, target="cpu")
    result1 = trainer1.train()
    assert (folder / "output.txt").read_text() == result1
    result2 = trainer2.train()
    document = json.loads(result1)
    assert document["LayerArc"] == {"0": "0,5,3", "1": "1", "2": "0,3,1", "3": "2"}
    assert list(map(int, document["TrainingCostAtEpoch"])) == [*range(0, 1000, 100), 999]
    assert document["TestingAccuracy"] > 0.8
    # 569 rows in 5 batches of 113, the rest is dropped.
    assert len(trainer1.result.test_labels) == 113
    assert trainer1.result.dataset.dropped_rows == 4
    found = json.loads(result2)
    assert len(found["trials"]) == 5
    assert found["mean"] > 0.8


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("NNTrainer_LocalGPU", "gpu"),
        ("NNTrainer_SingleXavier", "xavier"),
        ("NNTrainer_SingleNano", "nano"),
        ("NNTrainer_crossValOnLocalGPU", "gpu"),
        ("NNTrainer_crossValOnSingleXavier", "xavier"),
        ("NNTrainer_crossValOnSingleNano", "nano"),
        ("NNTrainer_crossValOnGPUCluster", "cluster"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_trainer_runs_where_its_name_says_or_says_that_it_cannot(name, target):
    trainer = getattr(dataview, name)(SampleNNWorkflow())
    assert trainer.target == target
    if target == "gpu" and targets.survey()["gpu"]["state"] == "available":
        pytest.skip("there is a GPU, so it can")
    with pytest.raises(TargetError, match=f"got '{target}'|target {target}: "):
        trainer.train()


def test_executor_scores_a_model_file_on_new_data(folder):
    NNTrainer_LocalGPU(SampleNNWorkflow(), target="cpu").train()
    executor = NNExecutor_LocalGPU("output.txt", "Breast_cancer_data.csv", "scored.txt", "cpu")
    with pytest.warns(RuntimeWarning, match="minimum and maximum"):
        text = executor.execute()
    assert (folder / "scored.txt").read_text() == text
    assert json.loads(text)["Accuracy"] > 0.8
    with pytest.raises(TargetError):
        NNExecutor_LocalGPU("output.txt", "Breast_cancer_data.csv").execute()
    network = convert.save("network.json", SampleNNWorkflow().network, "dataview")
    with pytest.raises(GraphError, match="expected a trained model"):
        NNExecutor_LocalGPU(network, "Breast_cancer_data.csv", target="cpu").execute()


def test_workflow_without_design_or_data_is_refused_in_words():
    with pytest.raises(NetworkError, match="override design"):
        NNTrainer_LocalGPU(NNWorkflow(), target="cpu").train()

    class Empty(NNWorkflow):
        def design(self):
            pass

    with pytest.raises(NetworkError, match=r"did not call self\.Sequential"):
        NNTrainer_LocalGPU(Empty(), target="cpu").train()
    w = SampleNNWorkflow()
    w.wins.clear()
    with pytest.raises(GraphError, match=r"wins\[0\]: not set"):
        NNTrainer_LocalGPU(w, target="cpu").train()


def test_ordinary_workflow_is_put_together_in_its_words():
    w = Workflow()
    stage1 = w.addTask("NNExecutor")
    votes = w.addTasks("Ensemble_vote", 2)
    w.addEdge(0, stage1, 0)
    w.addEdge(stage1, 0, votes[0], 1)
    w.addEdge(votes[0], 0, 0)
    assert [task.name for task in w.tasks] == ["NNExecutor", "Ensemble_vote", "Ensemble_vote"]
    assert len(w.edges) == 3


@pytest.mark.parametrize("ends", [(0, 1, 2), ("a", 0, 0), (0,), (-1, 0, 0)])
def test_edge_of_other_ends_is_refused(ends):
    with pytest.raises(GraphError, match="addEdge: expected"):
        Workflow().addEdge(*ends)
    with pytest.raises(GraphError, match="not of this workflow"):
        Workflow().addEdge(0, Workflow().addTask("x"), 0)
