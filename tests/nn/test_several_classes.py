"""Several classes and numbers, from the data to results, models and predictions."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import datasets as bundled
from sklearn import metrics as oracle

from dlaaw_nb import (
    DataError,
    Huber,
    Linear,
    Model,
    NNWorkflow,
    PlanError,
    Prediction,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from dlaaw_nb.nn import metrics, regression
from dlaaw_nb.nn.results import compare

IRIS = bundled.load_iris()
WORDS = IRIS.target_names[IRIS.target]
DIABETES = bundled.load_diabetes()


def classifier(**settings):
    settings = {"optimizer": "Adam", "learning_rate": 0.01, "epochs": 300, **settings}
    return NNWorkflow([Linear(4, 8), Tanh(), Linear(8, 3), Softmax()], **settings)


def regressor(**settings):
    usual = {"loss": "MeanSquaredError", "normalize": "standard", "optimizer": "Adam"}
    settings = {**usual, "learning_rate": 0.01, "epochs": 200, **settings}
    return NNWorkflow([Linear(10, 6), ReLU(), Linear(6, 1)], **settings)


@pytest.fixture(scope="module")
def iris():
    return classifier().train((IRIS.data, WORDS))


@pytest.fixture(scope="module")
def diabetes():
    return regressor().train((DIABETES.data, DIABETES.target))


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_class_measures_equal_scikit_learns(classes):
    rng = np.random.default_rng(classes)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, 300)]).astype(float)
    scores = rng.dirichlet(np.ones(classes), len(truth)).astype(np.float32)
    scores[np.arange(len(truth)), truth.astype(int)] += 0.3
    scores /= scores.sum(axis=1, keepdims=True)
    chosen, average = scores.argmax(axis=1), "macro" if classes > 2 else "binary"
    given = scores if classes > 2 else scores[:, 1]
    assert metrics.accuracy(truth, given) == pytest.approx(oracle.accuracy_score(truth, chosen))
    for ours, theirs in (
        (metrics.precision, oracle.precision_score),
        (metrics.recall, oracle.recall_score),
        (metrics.f1, oracle.f1_score),
    ):
        assert ours(truth, given) == pytest.approx(theirs(truth, chosen, average=average))
    expected = oracle.roc_auc_score(truth, given, multi_class="ovr")
    assert metrics.auc(truth, given) == pytest.approx(expected, rel=1e-6)
    assert (metrics.confusion_matrix(truth, given) == oracle.confusion_matrix(truth, chosen)).all()


def test_number_measures_equal_scikit_learns():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=99) * 50
    values = truth + rng.normal(size=99)
    assert regression.r2(truth, values) == pytest.approx(oracle.r2_score(truth, values))
    rmse = oracle.root_mean_squared_error(truth, values)
    assert regression.rmse(truth, values) == pytest.approx(rmse)
    assert regression.mae(truth, values) == pytest.approx(oracle.mean_absolute_error(truth, values))
    for size in (1e-200, 1e200):
        assert regression.r2(truth * size, values * size) == pytest.approx(
            regression.r2(truth, values)
        )
        assert regression.rmse(truth * size, values * size) == pytest.approx(rmse * size)
    assert math.isnan(regression.r2([0.1] * 10, np.arange(10.0)))
    assert regression.rmse([1.0, 2.0], [1.0, 2.0]) == 0.0
    assert math.isnan(regression.rmse([], []))


def test_words_of_three_classes_are_learned(iris):
    assert iris.accuracy >= 0.9
    assert iris.score == iris.accuracy
    assert iris.score_name == "accuracy"
    assert iris.test_probabilities.shape == (25, 3)
    np.testing.assert_allclose(iris.test_probabilities.sum(axis=1), 1, rtol=1e-5)
    assert iris.confusion.shape == (3, 3)
    assert iris.confusion.sum() == 25
    assert iris.model.classes == ("setosa", "versicolor", "virginica")
    assert math.isnan(iris.r2)
    assert iris.residuals is None


def test_result_of_several_classes_shows_itself_everywhere(iris):
    html = iris._repr_html_()
    assert "f1" in html
    assert html.count("<svg") + html.count("data:image/svg") >= 2
    assert "accuracy" in repr(iris)
    content = json.loads(iris.to_json())
    assert content["task"] == "multiclass"
    assert np.sum(content["confusion"]) == 25
    assert "true_positives" not in iris.report().index
    assert iris.plot_confusion().to_png()[:4] == b"\x89PNG"
    with pytest.raises(PlanError, match="plot_confusion"):
        iris.plot_residuals()


def test_model_of_several_classes_predicts_words_and_is_saved(iris, tmp_path):
    model = Model.load(iris.model.save(tmp_path / "iris.json"))
    assert model.classes == iris.model.classes
    found = model.predict((IRIS.data, WORDS))
    assert found.task == "multiclass"
    assert set(found.labels) == set(WORDS)
    assert found.accuracy > 0.9
    frame = found.to_frame()
    assert list(frame.columns[:4]) == ["probability", "label", "true_label", "right"]
    assert frame["probability of setosa"].between(0, 1).all()
    assert "3" in repr(model.predict(IRIS.data[:3]))
    assert model.predict(IRIS.data).plot().to_png()[:4] == b"\x89PNG"
    assert json.loads(found.to_json())["classes"] == list(model.classes)


def test_cross_validation_and_sweep_of_several_classes_have_scores():
    net = classifier(epochs=100)
    found = net.cross_validate((IRIS.data, WORDS), 5, stratified=True)
    assert found.mean > 0.85
    assert list(found.table().columns[1:6]) == ["accuracy", "precision", "recall", "f1", "auc"]
    swept = net.sweep((IRIS.data, WORDS), optimizer=["SGD", "Adam"], hidden=[4, 8], folds=3)
    assert len(swept.points) == 4
    assert swept.table()["optimizer"].tolist() == ["SGD", "SGD", "Adam", "Adam"]
    assert swept._repr_html_()


def test_numbers_are_learned_in_their_own_unit(diabetes):
    assert diabetes.r2 > 0.3
    assert diabetes.score_name == "R2"
    assert 30 < diabetes.rmse < 75
    assert diabetes.mae < diabetes.rmse
    assert diabetes.test_probabilities is None
    assert diabetes.test_values.mean() == pytest.approx(DIABETES.target.mean(), rel=0.2)
    assert diabetes.residuals.shape == diabetes.test_labels.shape
    assert math.isnan(diabetes.accuracy)
    assert diabetes.confusion.shape == (0, 0)
    assert diabetes.costs[-1][1] < 1  # of a target with deviation 1, so below always the mean


def test_result_of_numbers_shows_itself_everywhere(diabetes):
    html = diabetes._repr_html_()
    assert "rmse" in html
    assert html.count("<svg") + html.count("data:image/svg") >= 2
    assert "R2" in repr(diabetes)
    assert json.loads(diabetes.to_json())["accuracy"] is None
    assert "r2" in diabetes.report().index
    assert diabetes.plot_residuals().to_png()[:4] == b"\x89PNG"
    with pytest.raises(PlanError, match="plot_residuals"):
        diabetes.plot_confusion()


def test_model_of_numbers_predicts_numbers_and_is_saved(diabetes, tmp_path):
    model = Model.load(diabetes.model.save(tmp_path / "diabetes.json"))
    assert model.classes == ()
    assert model.target == diabetes.model.target
    found = model.predict((DIABETES.data, DIABETES.target))
    assert found.task == "regression"
    assert found.r2 > 0.3
    assert found.probabilities is None
    assert list(found.to_frame().columns) == ["value", "true_value", "residual"]
    again = diabetes.model.predict(DIABETES.data).labels
    np.testing.assert_array_equal(found.labels, again)
    assert found.plot().to_png()[:4] == b"\x89PNG"
    assert model.predict(DIABETES.data[:4])._repr_html_()
    assert "predicts" in repr(model)


def test_target_without_scaling_gives_costs_in_its_own_unit():
    net = regressor(normalize_target="none", loss=Huber(delta=20.0), learning_rate=0.5)
    result = net.replace(epochs=50).train((DIABETES.data, DIABETES.target))
    assert result.model.target == (0.0, 1.0)
    assert result.costs[0][1] > 100


def test_sweep_of_numbers_takes_the_largest_r2():
    swept = regressor(epochs=30).sweep((DIABETES.data, DIABETES.target), learning_rate=[1e-5, 0.02])
    assert swept.best.settings == {"learning_rate": 0.02}
    assert swept.points[0].mean < 0
    assert swept.plot().axes[0].get_ylim()[0] < swept.points[0].mean
    assert "R2" in swept.table()


def test_separate_test_set_of_numbers_is_judged_in_its_unit():
    x, y = DIABETES.data, DIABETES.target
    result = regressor().train((x[:300], y[:300]), test=(x[300:], y[300:]))
    assert len(result.test_values) == 142
    assert result.r2 > 0.2


def test_early_stopping_is_told_by_the_result():
    net = classifier(epochs=5000, early_stopping=20, learning_rate=0.05)
    result = net.train((IRIS.data, WORDS))
    assert result.early_stopped
    assert not result.stopped
    assert result.best_epoch == result.epochs_done - 21
    assert [epoch for epoch, _ in result.validation_costs] == [epoch for epoch, _ in result.costs]
    assert "Ended early" in result._repr_html_()
    assert "validation" in [text.get_text() for text in result.plot().axes[0].get_legend().texts]
    assert result.model.provenance["best_epoch"] == result.best_epoch


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (NNWorkflow([Linear(4, 1), Sigmoid()]), r"3 classes \('setosa'.*Linear\(n, 3\), Softmax"),
        (NNWorkflow([Linear(4, 4), Softmax()]), r"3 classes.*a Softmax of 4.*Write Linear\(n, 3\)"),
        (NNWorkflow([Linear(4, 1)], loss="Huber"), "expected a number in every row.*'setosa'"),
    ],
)
def test_labels_that_do_not_fit_the_network_are_refused_with_the_mend(net, message):
    with pytest.raises(DataError, match=message):
        net.train((IRIS.data, WORDS))


def test_two_classes_against_a_softmax_of_three_are_refused():
    with pytest.raises(DataError, match=r"2 classes.*Linear\(n, 1\), Sigmoid"):
        classifier().train((IRIS.data[:100], WORDS[:100]))


def test_numbers_against_a_sigmoid_are_refused_in_words():
    net = NNWorkflow([Linear(10, 1), Sigmoid()])
    with pytest.raises(DataError, match=r"214 classes .*loss='MeanSquaredError'"):
        net.train((DIABETES.data, DIABETES.target))


def test_label_never_seen_in_training_is_refused(iris):
    with pytest.raises(DataError, match=r"one of the 3 classes that are known.*got 'rose'"):
        iris.model.predict((IRIS.data[:2], ["setosa", "rose"]))
    with pytest.raises(DataError, match="got 'rose'"):
        classifier().train((IRIS.data, WORDS), test=(IRIS.data[:2], ["setosa", "rose"]))


def test_stratified_folds_of_numbers_are_refused():
    with pytest.raises(PlanError, match="stratified"):
        regressor().cross_validate((DIABETES.data, DIABETES.target), 5, stratified=True)


def test_sweep_over_unlike_losses_is_refused():
    net = NNWorkflow([Linear(10, 1), Sigmoid()])
    with pytest.raises(PlanError, match="predict the same thing"):
        net.sweep((DIABETES.data, DIABETES.target), loss=["BinaryCrossEntropy", "Huber"])


@pytest.mark.parametrize("size", [1e-200, 1e-3, 1e250])
def test_target_of_any_size_is_scaled_and_predicted_back(size):
    y = DIABETES.target * size
    result = regressor(epochs=20, learning_rate=0.05).train((DIABETES.data, y))
    assert result.model.target[1] == pytest.approx(1 / (DIABETES.target.std() * size))
    assert result.test_values.mean() == pytest.approx(y.mean(), rel=0.3)


def test_classes_are_tabulated_one_by_one(iris):
    table = iris.by_class()
    assert list(table["class"]) == ["setosa", "versicolor", "virginica"]
    assert table["rows"].sum() == table["predicted"].sum() == 25
    assert table["f1"].mean() == pytest.approx(iris.f1)
    assert json.loads(iris.to_json())["by_class"]["rows"] == table["rows"].tolist()
    assert iris.log_loss < 0.5


def test_classes_of_numbers_are_none(diabetes):
    assert len(diabetes.by_class()) == 0
    content = json.loads(diabetes.to_json())
    assert (content["by_class"], content["log_loss"]) == (None, None)
    assert content["score_name"] == "R2"
    assert content["score"] == pytest.approx(diabetes.r2)


def test_folds_are_judged_together_each_row_once(iris):
    found = classifier(epochs=60).cross_validate((IRIS.data, WORDS), 5)
    assert found.pooled.by_class()["rows"].tolist() == [50, 50, 50]
    assert found.pooled.accuracy == pytest.approx(found.mean)
    assert found.accuracies.tolist() == found.scores.tolist()
    assert "all folds" in found.pooled.plot_confusion().label
    assert found._repr_html_().count("data:image/svg") == 2


def test_folds_of_numbers_are_judged_together(diabetes):
    found = regressor(epochs=60).cross_validate((DIABETES.data, DIABETES.target), 4)
    assert len(found.pooled.residuals) == 442
    assert found.pooled.rmse == pytest.approx(
        math.sqrt(np.mean([t.rmse**2 * len(t.test_labels) for t in found.trials]) * 4 / 442)
    )
    assert np.isnan(found.accuracies).all()
    assert found._repr_html_().count("data:image/svg") == 2
    assert json.loads(found.to_json())["score_name"] == "R2"


def test_values_of_a_prediction_are_numbers_or_none(iris, diabetes):
    found = diabetes.model.predict(DIABETES.data[:7])
    assert found.values is found.labels
    assert json.loads(found.to_json())["values"] == found.values.tolist()
    assert iris.model.predict(IRIS.data[:2]).values is None


def test_prediction_of_words_and_numbers_keeps_their_kinds():
    labels = np.array(["x", 10, 2.5], dtype=object)[IRIS.target]
    model = classifier(epochs=200).train((IRIS.data, labels)).model
    assert model.classes == (10, 2.5, "x")
    found = model.predict((IRIS.data, labels))
    assert set(found.labels) == {"x", 10, 2.5}
    assert {type(value) for value in found.to_frame()["true_label"]} == {str, int, float}


def test_result_of_many_classes_shows_those_most_often_wrong():
    rng = np.random.default_rng(0)
    truth = np.tile(np.arange(300), 3)
    taken = np.where((truth < 5) & (rng.random(900) < 0.9), 299, truth)
    scores = np.eye(300, dtype=np.float32)[taken]
    found = Prediction(scores, taken, true_labels=truth.astype(float), model=many_model(300))
    view = found.plot()
    assert "the 40 of 300 classes most often wrong" in view.label
    names = [label.get_text() for label in view.axes[0].get_yticklabels()]
    assert names[:5] == ["0", "1", "2", "3", "4"]
    assert names[-1] == "299"
    shares = view.axes[0].images[0].get_array()
    assert shares[0, 0] == pytest.approx(100 * found.by_class()["recall"][0])
    assert json.loads(found.to_json())["confusion"] is None
    assert len(found._repr_html_()) < 300_000
    assert len(replace(found, true_labels=None).plot().axes[0].patches) == 30


def many_model(count):
    return SimpleNamespace(name="many", classes=tuple(range(count)), label_name="kind")


def test_comparison_of_numbers_draws_r2_below_zero_too(diabetes, iris):
    bad = regressor(epochs=1, learning_rate=1e-5).train((DIABETES.data, DIABETES.target))
    assert bad.r2 < 0
    axes = compare({"good": diabetes, "bad": bad}, seconds=False).axes[0]
    assert "R2" in axes.get_ylabel()
    assert axes.get_title() == "Test R2"
    assert axes.get_ylim()[0] < bad.r2
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([diabetes.r2, bad.r2])
    with pytest.raises(PlanError, match=r"R2 and accuracy|accuracy and R2"):
        compare({"one": diabetes, "other": iris})


def test_events_carry_the_score_and_of_classes_the_accuracy():
    for net, data, name in (
        (classifier(epochs=20), (IRIS.data, WORDS), "accuracy"),
        (regressor(epochs=20), (DIABETES.data, DIABETES.target), "R2"),
    ):
        events = []
        result = net.train(data, callback=events.append)
        last = [event for event in events if event["event"] == "trial"][-1]
        assert last["score"] == pytest.approx(result.score)
        assert ("accuracy" in last) == (name == "accuracy")
        assert result.model.provenance[name] == pytest.approx(result.score)


@pytest.mark.filterwarnings("ignore:no C")
def test_numpy_alone_learns_several_classes_too(monkeypatch):
    monkeypatch.setenv("DLAAW_CPU", "numpy")
    result = classifier(epochs=100).train((IRIS.data, WORDS))
    assert result.device["program"] == "numpy"
    assert result.accuracy >= 0.85
