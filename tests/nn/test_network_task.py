"""A network as a task: its ports, what it is made with, and how it trains and predicts in runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cloudpickle
import numpy as np
import pytest

from dlaaw_nb import (
    FormatError,
    GraphError,
    Linear,
    NetworkError,
    NNWorkflow,
    ReLU,
    RunError,
    Sigmoid,
    Store,
    TargetError,
    TaskError,
    Workflow,
    datasets,
    task,
)
from dlaaw_nb.engine import reference, resources
from dlaaw_nb.nn.codecs import MODEL
from dlaaw_nb.nn.layers import ElementwiseLayer, register_layer, registry
from dlaaw_nb.workflow.context import TaskContext, use_context
from dlaaw_nb.workflow.library import kind_name, ready_task

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
EXECUTORS = pytest.mark.parametrize("executor", ["serial", "threads", "processes"])


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


@pytest.fixture(scope="module")
def network():
    layers = [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]
    return NNWorkflow(layers, epochs=60, cost_every=20, name="cancer")


@pytest.fixture(scope="module")
def model(network, data):
    return network.train(data).model


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def surroundings(**more):
    """A context whose events are kept in its list `told`."""
    told = []
    made = TaskContext("net", send=told.append, **more)
    return made, told


def value_of(report, measure):
    return report.set_index("measure")["value"][measure]


def same_weights(one, other):
    return all(np.array_equal(one.parameters[key], other.parameters[key]) for key in one.parameters)


# What it is


def test_network_that_trains_takes_data_and_perhaps_a_model(network):
    assert [(port.name, port.type.name, port.required) for port in network.inputs] == [
        ("dataset", "dataset", True), ("model", "model", False),
    ]  # fmt: skip
    assert [(port.name, port.type.name) for port in network.outputs] == [
        ("model", "model"), ("prediction", "prediction"), ("report", "table"),
        ("Linear1", "activations"), ("ReLU1", "activations"), ("Linear2", "activations"),
        ("Sigmoid1", "activations"),
    ]  # fmt: skip
    assert network.output("ReLU1").shape == (None, 3)


def test_network_that_predicts_needs_a_model_and_gives_none(network):
    predicting = network.as_task("predict")
    assert [port.required for port in predicting.inputs] == [True, True]
    assert [port.name for port in predicting.outputs][:3] == ["prediction", "report", "Linear1"]
    assert network.mode == "train"  # the original stays as it was
    assert predicting != network


def test_mode_or_target_that_is_none_is_refused(network):
    with pytest.raises(NetworkError, match="expected 'train' or 'predict', got 'test'"):
        network.as_task("test")
    with pytest.raises(NetworkError, match="target: expected a name or None"):
        network.as_task(target="")


@pytest.mark.parametrize("mode", ["train", "predict"])
def test_parameters_go_through_json_and_come_back(network, mode):
    made = network.as_task(mode, target="cpu")
    parameters = json.loads(json.dumps(made.parameters))
    assert set(parameters) == {"network", "mode", "target"}
    assert "plan" not in parameters["network"]
    again = NNWorkflow.from_parameters(parameters)
    assert (again, again.mode, again.target) == (made, mode, "cpu")
    assert again.fingerprint() == made.fingerprint()
    assert kind_name(made) == "NNWorkflow"
    assert ready_task("NNWorkflow", parameters) == made


def test_parameters_that_are_none_are_told(network):
    with pytest.raises(FormatError):
        NNWorkflow.from_parameters({"network": {"layers": 3}})
    with pytest.raises(NetworkError, match="mode"):
        NNWorkflow.from_parameters({**network.parameters, "mode": "play"})
    with pytest.raises(GraphError, match="NNWorkflow"):
        ready_task("NNWorkflow", {})


def test_written_python_makes_the_network_again(network):
    for made in (network, network.as_task("predict", target="cpu").placed("Net1")):
        names = {"NNWorkflow": NNWorkflow, "Linear": Linear, "ReLU": ReLU, "Sigmoid": Sigmoid}
        again = eval(made.call(), names)  # noqa: S307 - what it writes of itself
        assert again == made.unplaced()


def test_placed_network_keeps_its_own_name_for_its_models(network, data):
    placed = network.placed("NNWorkflow1")
    assert (placed.name, network.name) == ("NNWorkflow1", "cancer")
    assert placed.unplaced() == network
    assert placed.replace(epochs=61).name == "cancer"
    assert placed.parameters == network.parameters
    assert placed.run(data)["model"].name == "cancer"


@pytest.mark.parametrize(
    "change", [lambda n: n.placed("Net7"), lambda n: n.replace(), lambda n: n.as_task("train")]
)
def test_fingerprint_of_the_same_network_is_the_same(network, change):
    assert change(network).fingerprint() == network.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.replace(epochs=61),
        lambda n: n.replace(hidden=4),
        lambda n: n.replace(name="other"),
        lambda n: n.as_task("predict"),
        lambda n: n.as_task(target="cpu"),
    ],
)
def test_fingerprint_follows_whatever_changes_the_result(network, change):
    assert change(network).fingerprint() != network.fingerprint()


def test_fingerprint_follows_the_kernels(network, monkeypatch):
    before = network.fingerprint()
    monkeypatch.setattr("dlaaw_nb.nn.task_code.kernels_digest", lambda: "0" * 64)
    assert network.fingerprint() != before


SCRIPT = """
from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid
layers = [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]
print(NNWorkflow(layers, epochs=60, cost_every=20, name="cancer").fingerprint())
"""


def test_fingerprint_is_the_same_in_another_process(network):
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert there.strip() == network.fingerprint()


@pytest.fixture
def own_layer():
    """Make layers of another package, whose kernels differ in a factor."""
    header = next(
        text
        for text in re.findall(r"```cuda\n(.*?)```", GUIDE.read_text(), re.DOTALL)
        if "struct Swish" in text
    )
    places = (reference.LAYERS, resources._ADDED, registry._KINDS)
    before = [dict(place) for place in places]

    def make(factor):
        @dataclass(frozen=True, repr=False)
        class Swish(ElementwiseLayer):
            cuda_source: ClassVar[str] = header.replace("return x /", f"return {factor}f * x /")
            reference: ClassVar = reference.Elementwise(
                lambda x, _: factor * x / (1 + np.exp(-x)),
                lambda x, dy, _: factor * dy / (1 + np.exp(-x)),
                from_output=False,
            )

        for place, known in zip(places, before, strict=True):
            place.clear()
            place.update(known)
        return register_layer(Swish)

    yield make
    for place, known in zip(places, before, strict=True):
        place.clear()
        place.update(known)


def test_fingerprint_follows_the_code_of_own_layers(own_layer):
    def of(factor):
        return NNWorkflow([Linear(5, 3), own_layer(factor)(), Linear(3, 1), Sigmoid()])

    first, second, again = of("1.0").fingerprint(), of("2.0").fingerprint(), of("1.0").fingerprint()
    assert first != second
    assert first == again
    assert of("1.0").call() is None  # dlaaw_nb has no Swish to write


def test_network_travels_by_cloudpickle(network, data, model):
    again = cloudpickle.loads(cloudpickle.dumps(network.as_task("predict").placed("Net1")))
    assert (again.name, again.mode) == ("Net1", "predict")
    assert again.unplaced() == network.as_task("predict")
    found = again.run(data, model)["prediction"]
    assert np.array_equal(found.probabilities, model.predict(data).probabilities)


# Training and predicting


def test_training_gives_what_train_gives(network, data, model):
    made, told = surroundings()
    with use_context(made):
        outputs = network.run(data)
    result = network.train(data)
    assert list(outputs) == [port.name for port in network.outputs]
    assert same_weights(outputs["model"], model)
    assert np.array_equal(outputs["prediction"].probabilities, result.test_probabilities)
    assert np.array_equal(outputs["prediction"].true_labels, result.test_labels)
    assert value_of(outputs["report"], "accuracy") == result.accuracy
    assert "seconds" not in set(outputs["report"]["measure"])
    assert made.costs == [[epoch, cost] for epoch, cost in result.costs]
    costs = [event for event in told if event["event"] == "cost"]
    assert [event["epoch"] for event in costs] == [0, 20, 40, 59]
    assert costs[-1]["score"] == result.accuracy


def test_training_notes_how_it_ran_in_plain_values(network, data):
    made, _ = surroundings()
    with use_context(made):
        network.run(data)
    assert json.loads(json.dumps(made.facts)) == made.facts
    assert made.facts["kernel_hash"] == resources.kernels_digest()
    assert made.facts["device"]["kind"] == "cpu"
    assert made.facts["target"] == "cpu"


def test_layers_outputs_are_those_of_the_model_on_all_rows(network, data, model):
    names = ["Linear1", "ReLU1", "Linear2", "Sigmoid1"]
    wanted = model.predict(data, outputs=names).outputs
    for found in (network.run(data), network.as_task("predict").run(data, model)):
        for name, width in zip(names, (3, 3, 1, 1), strict=True):
            assert found[name].dtype == np.float32
            assert found[name].shape == (data.rows, width)
            assert np.array_equal(found[name], wanted[name])


@pytest.mark.parametrize("mode", ["train", "predict"])
def test_layers_that_nobody_takes_are_left_out(network, data, model, mode):
    made, _ = surroundings(wanted=frozenset(("prediction", "ReLU1")))
    with use_context(made):
        outputs = network.as_task(mode).run(data, model)
    assert "ReLU1" in outputs
    assert not {"Linear1", "Linear2", "Sigmoid1"} & set(outputs)


def test_training_starts_from_the_model_that_is_given(network, data, model):
    short = network.replace(epochs=1)
    found = short.run(data, model)["model"]
    assert same_weights(found, short.train(data, initial=model.parameters).model)
    assert not same_weights(found, short.run(data)["model"])


def test_predicting_measures_where_labels_are_known(network, data, model):
    predicting = network.as_task("predict")
    outputs = predicting.run(data, model)
    assert outputs["prediction"].accuracy == model.predict(data).accuracy
    assert outputs["prediction"].outputs == {}
    assert value_of(outputs["report"], "rows") == data.rows
    assert value_of(outputs["report"], "accuracy") == outputs["prediction"].accuracy
    bare = type(data)(np.array(data.features), None, data.feature_names)
    outputs = predicting.run(bare, model)
    assert outputs["report"]["measure"].tolist() == ["rows"]


def test_model_of_other_layers_is_refused(network, data, model):
    other = network.replace(hidden=4)
    for mode in ("train", "predict"):
        with pytest.raises(NetworkError, match=r"expected a model of its layers .* NNExecutor"):
            other.as_task(mode).run(data, model)
    with pytest.raises(NetworkError, match="expected a model to predict with"):
        network.as_task("predict").run(data)


def test_own_target_goes_before_that_of_the_run(network, data, model):
    made, _ = surroundings(target="nowhere")
    with use_context(made):
        assert same_weights(network.as_task(target="cpu").run(data)["model"], model)
        assert made.facts["target"] == "cpu"
        for mode in ("train", "predict"):
            with pytest.raises(TargetError, match="nowhere"):
                network.as_task(mode).run(data, model)


# Live, and ended before the end


def test_layer_that_is_listened_to_is_told_at_every_cost(network, data):
    made, told = surroundings(listened=frozenset(("ReLU1", "elsewhere")))
    with use_context(made):
        outputs = network.run(data)
    live = [event for event in told if event["event"] == "live"]
    assert [(event["port"], event["step"]) for event in live] == [
        ("ReLU1", epoch) for epoch in (0, 20, 40, 59)
    ]
    assert all(event["value"].shape[1] == 3 for event in live)
    assert len({event["value"].tobytes() for event in live}) == 4  # it goes on learning
    assert same_weights(outputs["model"], network.train(data).model)


def test_training_that_is_cancelled_is_no_result(network, data):
    begun, ended = threading.Event(), threading.Event()

    def send(event):
        if event["event"] == "cost":
            begun.set()

    made = TaskContext("net", send=send, stopped=ended.is_set)
    threading.Thread(target=lambda: begun.wait(60) and ended.set(), daemon=True).start()
    endless = network.replace(epochs=100_000_000, cost_every=1000)
    with (
        use_context(made),
        pytest.raises(TaskError, match="net: it was stopped before the end") as caught,
    ):
        endless.run(data)
    assert begun.is_set()
    assert caught.value.task == "net"


def test_training_cancelled_before_it_begins_is_no_result(network, data):
    made = TaskContext("net", stopped=lambda: True)
    with use_context(made), pytest.raises(TaskError, match="Run it again"):
        network.replace(epochs=100_000_000).run(data)


# In workflows


@task
def width_of(values: np.ndarray) -> int:
    return int(values.shape[1])


def study(network, rows):
    """Train, go on from there with fewer steps, and predict with that."""
    workflow = Workflow("study")
    given = workflow.input("rows", rows, type="dataset")
    first = workflow.add(network, given)
    second = workflow.add(network.replace(epochs=5), given, first["model"])
    asked = workflow.add(network.as_task("predict"), given, second["model"])
    workflow.output("prediction", asked["prediction"])
    workflow.output("width", workflow.add(width_of, first["ReLU1"]))
    return workflow


@EXECUTORS
def test_networks_in_a_run_train_go_on_and_predict(network, data, model, store, executor):
    run = study(network, data).run(store=store, executor=executor)
    longer = network.replace(epochs=5).train(data, initial=model.parameters).model
    wanted = longer.predict(data)
    assert np.array_equal(run.outputs["prediction"].probabilities, wanted.probabilities)
    assert run.outputs["prediction"].model.provenance["data"]["fingerprint"] == data.fingerprint
    assert run.outputs["width"] == 3
    first = run.tasks["NNWorkflow1"]
    assert [list(pair) for pair in first.costs] == [list(p) for p in model.provenance["costs"]]
    assert set(first.outputs) == {"model", "prediction", "report", "ReLU1"}


def test_networks_in_a_second_run_are_not_trained_again(network, data, store):
    first = study(network, data).run(store=store, executor="serial")
    again = study(network, data).run(store=store, executor="serial")
    assert {one.state for one in again.tasks.values()} == {"cached"}
    forced = study(network, data).run(store=store, executor="serial", force=True)
    assert {one.state for one in forced.tasks.values()} == {"finished"}
    for name, one in forced.tasks.items():
        assert {port: product.hash for port, product in one.outputs.items()} == {
            port: product.hash for port, product in first.tasks[name].outputs.items()
        }
    other = study(network.replace(seed=1), data).run(store=store, executor="serial")
    assert other.tasks["NNWorkflow1"].state == "finished"


def test_network_s_model_is_kept_as_a_file_that_load_reads(network, data, model, store, tmp_path):
    workflow = Workflow("one")
    workflow.output("model", workflow.add(network, data)["model"])
    run = workflow.run(store=store, executor="serial")
    product = run.tasks["NNWorkflow1"].outputs["model"]
    assert (product.type, product.codec) == ("model", MODEL.name)
    path = tmp_path / "copy.json"
    path.write_bytes(b"".join(MODEL.encode(model)))
    from dlaaw_nb import Model

    assert same_weights(Model.load(path), run.outputs["model"])


@EXECUTORS
def test_layer_s_output_is_seen_live_in_a_run(network, data, store, executor):
    workflow, events = Workflow("live"), []
    net = workflow.add(network, data)
    shown = workflow.add(width_of, name="shown")
    workflow.connect(net["ReLU1"], shown, live=True)
    workflow.output("width", shown)
    run = workflow.run(store=store, executor=executor, callback=events.append)
    assert run.outputs["width"] == 3
    live = [event for event in events if event["event"] == "live"]
    assert live
    assert {event["outputs"]["output"] for event in live} == {3}


@EXECUTORS
def test_run_that_is_cancelled_ends_its_training(network, data, store, executor):
    workflow = Workflow("endless")
    endless = network.replace(epochs=100_000_000, cost_every=1000)
    workflow.output("model", workflow.add(endless, data)["model"])
    run = workflow.start(store=store, executor=executor)
    deadline = time.monotonic() + 60
    while run.tasks["NNWorkflow1"].state != "running" and time.monotonic() < deadline:
        time.sleep(0.02)
    run.cancel()
    assert run.wait(60)
    assert run.state == "cancelled"
    assert run.tasks["NNWorkflow1"].state == "cancelled"
    with pytest.raises(RunError):
        run.outputs["model"]
    again = Workflow("short")
    again.output("model", again.add(network, data)["model"])
    assert again.run(store=store, executor=executor).state == "finished"


def test_output_of_a_layer_does_not_fit_an_input_of_another_width(network):
    workflow = Workflow("refused")
    with pytest.raises(GraphError, match="expected dataset"):
        workflow.add(network, dataset=workflow.add(width_of)["output"])
