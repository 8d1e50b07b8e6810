"""Plans from end to end: data in, results out, by the real engine."""

from __future__ import annotations

import _thread
import math
import threading
import time
import warnings

import numpy as np
import pytest
from engine_support import make_data

from dlaaw_nb import Linear, Model, NNWorkflow, ReLU, Sigmoid, Tanh, datasets
from dlaaw_nb.engine import programs
from dlaaw_nb.errors import DataError, DivergenceError, NetworkError, PlanError, TargetError


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


@pytest.fixture
def net():
    return NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=200, name="paper")


def test_train_learns_and_reports(net, data):
    result = net.train(data)
    assert result.accuracy > 0.85
    assert [epoch for epoch, _ in result.costs] == [0, 100, 199]
    assert result.costs[-1][1] < result.costs[0][1]
    assert len(result.test_labels) == 94
    assert result.device["kind"] == "cpu"
    made = result.model.provenance
    assert made["data"]["fingerprint"] == data.fingerprint
    assert made["settings"]["learning_rate"] == 0.1
    assert len(made["kernels"]) == 64


def test_train_the_paper_network_reaches_the_papers_accuracy(data):
    net = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], normalize_on="all")
    accuracies = [point.mean for point in net.sweep(data, seed=range(10), folds=5).points]
    assert np.median(accuracies) > 0.9


def test_train_cost_is_the_mean_loss_of_the_epochs_own_passes(net, data):
    """One batch: the cost of epoch 0 is the loss of the initial weights over the training rows."""
    one = net.replace(batches=2, epochs=1, normalize="none")
    features = (data.features - data.features.min(0)) / np.ptp(data.features, axis=0)
    rng = np.random.default_rng(0)
    initial = {n: rng.normal(size=s).astype(np.float32) for n, s in one.parameter_shapes.items()}
    result = one.train((features, data.labels), initial=initial)
    train = np.setdiff1d(np.arange(569), result.test_rows)
    hidden = np.maximum(features[train] @ initial["Linear1.weight"].T + initial["Linear1.bias"], 0)
    p = 1 / (1 + np.exp(-(hidden @ initial["Linear2.weight"].T + initial["Linear2.bias"])[:, 0]))
    y = data.labels[train]
    assert result.cost == pytest.approx(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), rel=1e-5)


def test_train_warm_start_goes_on_where_the_model_was(net, data):
    first = net.train(data)
    second = net.train(data, initial=first.model.parameters)
    assert second.costs[0][1] < first.costs[1][1] + 0.01


@pytest.mark.parametrize(
    ("initial", "word"),
    [({}, "Linear1.weight"), ({"Linear1.weight": np.zeros((5, 3))}, "initial")],
)
def test_train_initial_that_does_not_fit_is_refused(net, data, initial, word):
    with pytest.raises(NetworkError, match=word):
        net.train(data, initial=initial)


def test_train_callback_gets_costs_and_weights(net, data):
    events = []
    result = net.train(data, callback=events.append)
    costs = [event for event in events if event["event"] == "cost"]
    assert [(event["epoch"], event["cost"]) for event in costs] == list(result.costs)
    last = costs[-1]["parameters"]["Linear1.weight"]
    assert (last == result.model.parameters["Linear1.weight"]).all()


def test_train_callback_changes_no_bit(net, data):
    alone, watched = net.train(data), net.train(data, callback=lambda event: None)
    assert alone.costs == watched.costs
    assert (alone.test_probabilities == watched.test_probabilities).all()


def test_train_callback_that_raises_ends_the_job(net, data):
    def fail(event):
        raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        net.replace(epochs=10_000_000).train(data, callback=fail)
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_train_taps_are_kept_by_layer_and_epoch(net, data):
    result = net.train(data, taps=["ReLU1"])
    assert sorted(result.taps["ReLU1"]) == [0, 100, 199]
    assert result.taps["ReLU1"][199].shape == (569, 3)


def test_train_separate_test_set_and_fraction(net, data):
    half = (data.features[::2], data.labels[::2]), (data.features[1::2], data.labels[1::2])
    result = net.train(half[0], test=half[1])
    assert result.test_rows is None
    assert len(result.test_labels) == 284
    assert len(net.train(data, test_fraction=0.3).test_labels) == 171
    with pytest.raises(PlanError, match="not both"):
        net.train(half[0], test=half[1], test_fraction=0.3)
    with pytest.raises(PlanError, match="between 0 and 1"):
        net.train(data, test_fraction=1.5)
    with pytest.raises(DataError, match="label"):
        net.train(half[0], test=half[1][0])


def test_train_interrupted_keeps_what_was_trained(net, data):
    timer = threading.Timer(1.0, _thread.interrupt_main)
    net.train(data)  # compiled before the clock runs
    timer.start()
    began = time.monotonic()
    result = net.replace(epochs=100_000_000).train(data)
    assert time.monotonic() - began < 5
    assert result.stopped
    assert 0 < result.epochs_done < 100_000_000
    assert "stopped" in repr(result)
    assert math.isfinite(result.accuracy)


def test_sweep_interrupted_keeps_the_finished_trials(net, data):
    net.sweep(data, learning_rate=[0.1])
    threading.Timer(3.0, _thread.interrupt_main).start()
    sweep = net.replace(epochs=20_000).sweep(data, seed=range(1000))
    assert 0 < len(sweep.points) < 1000
    assert all(point.trials[0].epochs_done > 0 for point in sweep.points)


def test_train_that_diverges_says_when_and_keeps_the_result():
    made = make_data(60, 3)
    rows = (made["features"], made["labels"])
    net = NNWorkflow(
        [Linear(3, 2), Linear(2, 1), Sigmoid()], learning_rate=1e36, momentum=0.99, normalize="none"
    )
    with pytest.raises(DivergenceError, match=r"epoch \d+ .*learning_rate") as caught:
        net.train(rows)
    result = caught.value.result
    assert result.diverged_at == caught.value.epoch
    assert np.isfinite(result.model.parameters["Linear1.weight"]).all()
    sweep = net.sweep(rows, learning_rate=[1e-6, 1e36])
    assert sweep.best.settings == {"learning_rate": 1e-6}
    assert sweep.table()["diverged"].tolist() == [0, 1]


def test_cross_validate_tests_every_row_once(net, data):
    found = net.cross_validate(data, folds=5, stratified=True)
    rows = np.concatenate([trial.test_rows for trial in found.trials])
    assert sorted(rows) == list(range(569))
    assert found.mean == pytest.approx(np.mean([trial.accuracy for trial in found.trials]))
    assert found.mean > 0.85


@pytest.mark.parametrize("folds", [1, 2.5, True, "5"])
def test_cross_validate_wrong_folds_are_refused(net, data, folds):
    with pytest.raises(PlanError, match="folds"):
        net.cross_validate(data, folds=folds)


def test_cross_validate_more_folds_than_rows_is_refused(net, data):
    with pytest.raises(PlanError, match="at most 10"):
        net.cross_validate((data.features[:10], [0, 1] * 5), folds=11)


def test_sweep_grid_equals_training_each_by_itself(net, data):
    sweep = net.sweep(data, learning_rate=[0.1, 0.01], hidden=[2, 4], seed=[0, 3])
    assert len(sweep.points) == 8
    for point in sweep.points:
        alone = net.replace(**point.settings).train(data)
        assert alone.accuracy == point.mean
        assert alone.costs == point.trials[0].costs


def test_sweep_over_epochs_and_batches(net, data):
    sweep = net.sweep(data, epochs=[1, 50], batches=[3, 6], folds=3)
    assert [len(point.trials) for point in sweep.points] == [3] * 4
    assert [point.trials[0].epochs_done for point in sweep.points] == [1, 1, 50, 50]


def test_sweep_sample_is_part_of_the_grid_and_repeatable(net, data):
    grid = {"learning_rate": np.linspace(0.01, 0.3, 30), "momentum": [0.0, 0.5, 0.9]}
    first, again, other = (
        [p.settings for p in net.sweep(data, sample=5, sample_seed=s, **grid).points]
        for s in (1, 1, 2)
    )
    assert len(first) == 5
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({}, "nothing to vary"),
        ({"learning_rate": []}, "at least one"),
        ({"settings": []}, "empty"),
        ({"settings": [{"momentum": 0.1}], "seed": [1]}, "not both"),
        ({"seed": [1, 2], "sample": 3}, "sample"),
        ({"seed": range(10**4), "batches": range(2, 10**4)}, "at most"),
        ({"speed": [1]}, "speed"),
        ({"learning_rate": [-1]}, "learning_rate"),
    ],
)
def test_sweep_that_makes_no_sense_is_refused(net, data, arguments, word):
    with pytest.raises((PlanError, NetworkError), match=word):
        net.sweep(data, **arguments)


def test_predict_gives_what_the_training_tested(net, data, tmp_path):
    result = net.train(data)
    model = Model.load(result.model.save(tmp_path / "model.json"))
    prediction = model.predict(data, outputs=["ReLU1", "Linear2"])
    np.testing.assert_allclose(
        prediction.probabilities[result.test_rows], result.test_probabilities, rtol=1e-5
    )
    assert prediction.outputs["ReLU1"].shape == (569, 3)
    assert (prediction.outputs["ReLU1"] >= 0).all()
    logits = prediction.outputs["Linear2"][:, 0]
    np.testing.assert_allclose(prediction.probabilities, 1 / (1 + np.exp(-logits)), rtol=1e-5)
    assert prediction.accuracy > 0.85
    assert model.predict(data.features).accuracy is None
    with pytest.raises(PlanError, match="ReLU1"):
        model.predict(data, outputs=["ReLU9"])
    with pytest.raises(DataError, match="5"):
        model.predict(data.features[:, :3])


def test_train_other_feature_count_names_the_mend(data):
    net = NNWorkflow([Linear(4, 3), Tanh(), Linear(3, 1), Sigmoid()])
    with pytest.raises(DataError, match=r"expected 4 features.*got 5.*Linear\(5, 3\)"):
        net.train(data)


def test_train_unknown_target_lists_those_there_are(net, data):
    with pytest.raises(TargetError, match="cpu"):
        net.train(data, target="moon")


def test_train_batches_beyond_the_rows_is_refused(net, data):
    with pytest.raises(PlanError, match="batches"):
        net.train((data.features[:4], [0, 1, 0, 1]))


def test_without_a_compiler_train_warns_once_and_agrees(net, data, monkeypatch):
    usual = net.train(data)
    monkeypatch.setenv("DLAAW_CPU", "numpy")
    monkeypatch.setattr(programs, "_told", set())
    with pytest.warns(RuntimeWarning, match="no C\\+\\+ compiler"):
        slow = net.train(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.train(data)
    np.testing.assert_allclose(usual.test_probabilities, slow.test_probabilities, atol=1e-4)
