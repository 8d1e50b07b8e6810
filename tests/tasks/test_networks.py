"""Networks as tasks, trained for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlaaw_nb import (
    FormatError,
    GraphError,
    Linear,
    Model,
    NNWorkflow,
    PlanError,
    Prediction,
    ReLU,
    Sigmoid,
    Store,
    TargetError,
    TaskError,
    Workflow,
    datasets,
)
from dlaaw_nb.nn.codecs import DATASET, MODEL, PREDICTION
from dlaaw_nb.store import Blob
from dlaaw_nb.store.codecs import MAPPING, TABLE
from dlaaw_nb.tasks import (
    ArrayToDataset,
    DatasetToTable,
    EnsembleVote,
    NNCrossValidate,
    NNExecutor,
    NNSweep,
    NNTrainer,
    PredictionToTable,
    ReadDataset,
    ReadModel,
    TableToDataset,
    WriteModel,
)
from dlaaw_nb.workflow.context import TaskContext, use_context
from dlaaw_nb.workflow.library import kind_name, ready_task


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


@pytest.fixture(scope="module")
def network():
    return NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=60, cost_every=20)


def encoded(codec, value):
    return b"".join(codec.encode(codec.settle(value)))


def decoded(codec, value):
    return codec.decode(Blob(data=encoded(codec, value)))


def test_trainer_gives_what_train_gives(network, data):
    told = []
    made = TaskContext("train", send=told.append)
    with use_context(made):
        model, prediction, report, costs = NNTrainer(network).run(data)
    plain = network.train(data)
    assert np.array_equal(
        model.parameters["Linear1.weight"], plain.model.parameters["Linear1.weight"]
    )
    assert prediction.accuracy == plain.accuracy
    assert report.set_index("measure")["value"]["accuracy"] == plain.accuracy
    assert costs["cost"].tolist() == [cost for _, cost in plain.costs]
    assert [event["epoch"] for event in told if event["event"] == "cost"] == costs["epoch"].tolist()
    assert made.facts["kernel_hash"]
    assert made.facts["device"]["kind"] == "cpu"


def test_trainer_parameters_are_json_and_come_back(network):
    task = NNTrainer(network, test_fraction=0.3)
    again = NNTrainer.from_parameters(json.loads(json.dumps(task.parameters)))
    assert again == task
    assert again.fingerprint() == task.fingerprint()
    assert kind_name(task) == "NNTrainer"
    assert ready_task("NNTrainer", task.parameters) == task


def test_fingerprint_follows_the_network(network):
    task = NNTrainer(network)
    assert task.fingerprint() != NNTrainer(network.replace(epochs=61)).fingerprint()
    assert task.fingerprint() == NNTrainer(network.replace()).fingerprint()


def test_cross_validate_gives_a_row_for_each_fold(network, data):
    folds, summary, figure = NNCrossValidate(network, folds=3, stratified=True).run(data)
    assert len(folds) == 3
    assert summary["folds"] == 3
    plain = network.cross_validate(data, folds=3, stratified=True)
    assert summary["mean"] == plain.mean
    assert figure.to_png()[:4] == b"\x89PNG"


@pytest.mark.parametrize("folds", [None, 3])
def test_sweep_gives_points_the_best_and_its_model(network, data, folds):
    grid = {"learning_rate": [0.001, 0.1], "hidden": [3, [4]]}
    points, best, model, _ = NNSweep(network, grid=grid, folds=folds).run(data)
    assert len(points) == 4
    assert best["learning_rate"] == 0.1
    assert model.network.learning_rate == 0.1
    assert network.replace(hidden=best["hidden"]).hidden == model.network.hidden


def test_executor_predicts_and_measures(network, data):
    model = network.train(data).model
    prediction, report = NNExecutor().run(model, data)
    assert prediction.accuracy == model.predict(data).accuracy
    assert report.set_index("measure")["value"]["rows"] == data.rows


def test_executor_gives_the_layers_that_are_asked_for(network, data):
    model = network.train(data).model
    task = NNExecutor(layers=["ReLU1"])
    again = NNExecutor.from_parameters(json.loads(json.dumps(task.parameters)))
    assert again == task
    assert task.fingerprint() != NNExecutor().fingerprint()
    prediction, _ = again.run(model, data)
    wanted = model.predict(data, outputs=["ReLU1"]).outputs["ReLU1"]
    assert np.array_equal(prediction.outputs["ReLU1"], wanted)
    assert NNExecutor().run(model, data).prediction.outputs == {}
    with pytest.raises(PlanError, match="ReLU7"):
        NNExecutor(layers=["ReLU7"]).run(model, data)


def test_trainer_takes_the_target_of_its_network(network, data):
    made = TaskContext("train", target="nowhere")
    with use_context(made):
        assert NNTrainer(network.as_task(target="cpu")).run(data).model.name == "network"
        with pytest.raises(TargetError, match="nowhere"):
            NNTrainer(network).run(data)
        with pytest.raises(TargetError, match="elsewhere"):
            NNTrainer(network.as_task(target="cpu"), target="elsewhere").run(data)


def test_stratified_sweep_gives_what_sweep_gives(network, data):
    grid = {"learning_rate": [0.01, 0.1]}
    found = NNSweep(network, grid=grid, folds=3, stratified=True).run(data)
    plain = network.sweep(data, folds=3, stratified=True, **grid)
    assert found.best[plain.score_name] == plain.best.mean
    other = NNSweep(network, grid=grid, folds=3).run(data)
    assert not found.points.equals(other.points)


def values(outputs):
    """Bytes of the tables and mappings that a task gives, each by its own codec."""
    kinds = {pd.DataFrame: TABLE, dict: MAPPING, Model: MODEL, Prediction: PREDICTION}
    return [encoded(kinds[type(one)], one) for one in outputs if type(one) in kinds]


@pytest.mark.skipif(not os.environ.get("DLAAW_DATA"), reason="DLAAW_DATA names no folder")
@pytest.mark.parametrize("name", ["banknote", "pima_diabetes"])
def test_tasks_on_real_data_give_the_same_bytes_each_time(name):
    data = ReadDataset().run(Path(os.environ["DLAAW_DATA"], f"{name}.csv"))
    layers = [Linear(data.n_features, 4), ReLU(), Linear(4, 1), Sigmoid()]
    network = NNWorkflow(layers, epochs=40, seed=7)
    tasks = [
        NNTrainer(network, test_fraction=0.25),
        NNCrossValidate(network, folds=4),
        NNSweep(network, grid={"momentum": [0.5, 0.9]}),
    ]
    for task in tasks:
        first = values(task.run(data))
        assert len(first) >= 2
        assert values(task.run(data)) == first
    trained = tasks[0].run(data)
    assert trained.prediction.accuracy > (0.95 if name == "banknote" else 0.7)
    assert values(NNExecutor().run(trained.model, data)) == values(
        NNExecutor().run(decoded(MODEL, trained.model), data)
    )


def test_networks_vote_in_a_run_and_are_not_asked_again(network, data, tmp_path):
    def votes():
        workflow = Workflow("ensemble")
        rows = workflow.input("data", data)
        members = [
            workflow.add(
                NNExecutor(),
                model=workflow.add(NNTrainer(network.replace(seed=n, name=f"net{n}")), rows)[
                    "model"
                ],
                dataset=rows,
            )["prediction"]
            for n in range(3)
        ]
        vote = workflow.add(EnsembleVote(), *members)
        workflow.output("table", vote["prediction"])
        workflow.output("summary", vote["summary"])
        return workflow

    store = Store(tmp_path / "store")
    run = votes().run(store=store, executor="threads")
    table, summary = run.outputs["table"], run.outputs["summary"]
    models = [network.replace(seed=n).train(data).model.predict(data) for n in range(3)]
    labels = np.array([one.labels for one in models])
    assert table[["net0", "net1", "net2"]].to_numpy().T.tolist() == labels.tolist()
    assert table["label"].tolist() == (labels.sum(axis=0) >= 2).astype(int).tolist()
    assert summary["members_accuracy"]["net1"] == models[1].accuracy
    again = votes().run(store=store, executor="threads")
    assert {one.state for one in again.tasks.values()} == {"cached"}


def test_cancelled_training_is_no_result(network, data):
    made = TaskContext("train", stopped=lambda: True)
    with use_context(made), pytest.raises(TaskError):
        NNTrainer(network.replace(epochs=10_000_000)).run(data)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda n: NNTrainer(None), "network"),
        (lambda n: NNTrainer(n, test_fraction=1.5), "test_fraction"),
        (lambda n: NNCrossValidate(n, folds=1), "folds"),
        (NNSweep, "grid"),
        (lambda n: NNSweep(n, grid={"epochs": 3}), "grid"),
    ],
)
def test_parameters_out_of_range_are_named(network, make, told):
    with pytest.raises(GraphError, match=told):
        make(network)


def test_network_that_is_none_is_a_format_error():
    with pytest.raises(FormatError):
        NNTrainer({"layers": 3})


SCRIPT = """
import sys
from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets
from dlaaw_nb.nn.codecs import MODEL
network = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=60, cost_every=20)
model = network.train(datasets.load("breast_cancer")).model
sys.stdout.buffer.write(b"".join(MODEL.encode(model)))
"""


def test_model_trained_in_another_process_has_the_same_bytes(network, data):
    here = encoded(MODEL, network.train(data).model)
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, timeout=120
    ).stdout
    assert there == here


def test_model_comes_back_and_predicts_to_the_bit(network, data, tmp_path):
    model = network.train(data).model
    again = decoded(MODEL, model)
    assert np.array_equal(again.predict(data).probabilities, model.predict(data).probabilities)
    (tmp_path / "model.json").write_bytes(encoded(MODEL, model))
    assert Model.load(tmp_path / "model.json").network == network


def test_dataset_comes_back_and_trains_to_the_bit(network, data):
    again = decoded(DATASET, data)
    assert again.fingerprint == data.fingerprint
    assert again.classes == data.classes
    one, other = network.train(data).model, network.train(again).model
    assert np.array_equal(one.parameters["Linear1.weight"], other.parameters["Linear1.weight"])


def test_prediction_comes_back_with_its_model(network, data):
    prediction = network.train(data).model.predict(data, outputs=["ReLU1"])
    again = decoded(PREDICTION, prediction)
    assert again.accuracy == prediction.accuracy
    assert again.model.name == prediction.model.name
    assert np.array_equal(again.outputs["ReLU1"], prediction.outputs["ReLU1"])
    assert again.to_frame().equals(prediction.to_frame())


@pytest.mark.parametrize("codec", [DATASET, MODEL, PREDICTION], ids=lambda codec: codec.name)
@pytest.mark.parametrize("data_", [b"", b"{}", b"PK\x03\x04", b"\x00" * 100, b'{"format": 3}'])
def test_bytes_that_are_none_are_a_codec_error(codec, data_):
    from dlaaw_nb import CodecError

    with pytest.raises(CodecError):
        codec.decode(Blob(data=data_))


def test_read_dataset_takes_a_file_or_a_name(data, tmp_path):
    path = tmp_path / "rows.csv"
    data.to_frame().to_csv(path, index=False)
    assert ReadDataset().run(path).fingerprint == data.fingerprint
    assert ReadDataset().run("breast_cancer").fingerprint == data.fingerprint


def test_dataset_goes_to_a_table_and_back(data):
    table = DatasetToTable().run(data)
    assert TableToDataset(label="label" if "label" in table else -1).run(table).fingerprint == (
        data.fingerprint
    )
    array = table.to_numpy(float)
    assert ArrayToDataset().run(array).rows == data.rows


def test_model_goes_to_a_file_and_back(network, data, tmp_path):
    model = network.train(data).model
    with use_context(TaskContext("write", folder=tmp_path)):
        path = WriteModel("mine.json").run(model)
    assert ReadModel().run(path).network == network
    with pytest.raises(GraphError, match="bare file name"):
        WriteModel("../mine.json")


def test_read_model_of_a_network_says_to_train_it(network, tmp_path):
    network.save(tmp_path / "network.json")
    with pytest.raises(FormatError, match="Train it first"):
        ReadModel().run(tmp_path / "network.json")


def test_read_model_takes_dataview_s_file(monkeypatch):
    folder = os.environ.get("DLAAW_DATA")
    if not folder:
        pytest.skip("needs DLAAW_DATA")
    model = ReadModel().run(Path(folder, "dataview", "model_749070052.json"))
    assert model.network.in_features == 5


def test_prediction_to_table(network, data):
    table = PredictionToTable().run(network.train(data).model.predict(data))
    assert {"probability", "label", "right"} <= set(table.columns)
