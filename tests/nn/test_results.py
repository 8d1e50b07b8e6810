import base64
import json
import math
import re
import time
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest

from dlaaw_nb.errors import PlanError
from dlaaw_nb.nn.placements import Placement
from dlaaw_nb.nn.results import (
    CrossValidation,
    Prediction,
    Sweep,
    SweepPoint,
    TrainingResult,
    compare,
)

LABELS = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
PROBABILITIES = np.array([0.1, 0.6, 0.5, 0.4, 0.9], np.float32)
RIGHT = np.array([0.1, 0.2, 0.8, 0.9, 0.7], np.float32)
EVIL = '<script>alert("x")</script>'


def stand_in_model(name="network"):
    network = SimpleNamespace(loss=SimpleNamespace(task="binary"))
    return SimpleNamespace(name=name, classes=("B", "M"), network=network, label_name="label")


def stand_in_data(source="rows.csv"):
    return SimpleNamespace(
        source=source, rows=30, dropped_rows=2, fingerprint="abc", classes=("B", "M")
    )


def training(probabilities=PROBABILITIES, name="network", source="rows.csv", **changes):
    values = {
        "model": stand_in_model(name),
        "dataset": stand_in_data(source),
        "costs": ((0, 0.6931), (100, 0.4), (200, 0.2012)),
        "test_rows": np.arange(5),
        "test_labels": LABELS,
        "test_probabilities": probabilities,
        "seconds": 0.0021,
        "device": {"kind": "cpu", "name": "Some CPU", "cores": 2},
        "epochs_done": 201,
        "settings": {"epochs": 201, "learning_rate": 0.1},
    }
    return TrainingResult(**{**values, **changes})


def diverged(**changes):
    lost = np.full(5, np.nan, np.float32)
    costs = ((0, 0.7), (100, math.nan))
    return training(lost, costs=costs, diverged_at=57, epochs_done=57, **changes)


def folds(count=5, **changes):
    trials = tuple(training(RIGHT if i % 2 else PROBABILITIES, fold=i) for i in range(count))
    return CrossValidation(trials, **{"seconds": 0.01, "settings": {"folds": count}, **changes})


def sweep(count=4, trials=1):
    points = tuple(
        SweepPoint({"learning_rate": 0.1 * (i + 1)}, (training(),) * trials) for i in range(count)
    )
    return Sweep(points, 0.2)


def prediction(**changes):
    labels = np.where(PROBABILITIES >= 0.5, "M", "B")
    return Prediction(PROBABILITIES, labels, **{"model": stand_in_model(), **changes})


def picture_of(html):
    return base64.b64decode(re.search(r"base64,([^\"]+)", html).group(1)).decode()


# ---- TrainingResult


def test_training_measures_are_of_the_test_rows():
    result = training()
    assert result.accuracy == pytest.approx(3 / 5)
    assert result.precision == pytest.approx(2 / 3)
    assert result.recall == pytest.approx(2 / 3)
    assert result.auc == pytest.approx(4 / 6)
    assert result.confusion.tolist() == [[1, 1], [1, 2]]
    assert result.cost == 0.2012


def test_training_repr_is_one_line_with_the_numbers():
    expected = "TrainingResult(accuracy 0.600, cost 0.2012 after 201 epochs, 2.1 ms on cpu)"
    assert repr(training()) == expected


def test_training_stopped_says_so_everywhere():
    result = training(stopped=True, epochs_done=50)
    assert repr(result).startswith("TrainingResult(stopped, accuracy 0.600")
    assert "after 50 of 201 epochs" in repr(result)
    assert "Stopped after 50 of 201 epochs." in result._repr_html_()
    assert json.loads(result.to_json())["stopped"] is True


def test_training_diverged_has_no_measures_and_says_so():
    result = diverged()
    assert all(math.isnan(getattr(result, n)) for n in ("accuracy", "precision", "recall", "auc"))
    assert result.confusion.tolist() == [[0, 0], [0, 0]]
    assert repr(result) == "TrainingResult(diverged at epoch 57, 2.1 ms on cpu)"
    assert "Diverged at epoch 57" in result._repr_html_()
    assert "learning_rate" in result._repr_html_()


def test_training_diverged_with_finite_outputs_counts_as_nan_too():
    assert math.isnan(training(diverged_at=3).accuracy)


def test_training_with_nan_outputs_has_no_accuracy():
    assert math.isnan(training(np.full(5, np.nan, np.float32)).accuracy)


@pytest.mark.parametrize("costs", [(), ((0, 0.7),), ((0, math.nan),), ((0, math.inf), (1, 0.5))])
def test_training_with_few_costs_still_shows(costs):
    result = training(costs=costs)
    data, _ = result._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert len(result.costs_frame()) == len(costs)
    json.loads(result.to_json())


def test_training_without_test_rows_shows_dashes():
    none = np.empty(0)
    result = training(none, test_labels=none, test_rows=None)
    assert math.isnan(result.accuracy)
    assert "accuracy \N{EN DASH}" in repr(result)
    result._repr_html_()


def test_training_report_tabulates_the_measures():
    report = training().report()["value"]
    assert report["accuracy"] == pytest.approx(0.6)
    assert report["true_positives"] == 2
    assert report["false_positives"] == 1
    assert report["test_rows"] == 5


def test_training_costs_frame_has_epochs_and_costs():
    frame = training().costs_frame()
    assert frame["epoch"].tolist() == [0, 100, 200]
    assert frame["cost"].tolist() == [0.6931, 0.4, 0.2012]


def test_training_json_has_its_documented_shape():
    content = json.loads(training().to_json())
    assert list(content) == [
        "format", "version", "kind", "network", "data", "settings", "fold", "accuracy",
        "precision", "recall", "auc", "confusion", "test_rows", "cost", "costs", "seconds",
        "device", "epochs_done", "stopped", "diverged_at", "task", "f1", "r2", "rmse", "mae",
        "validation_costs", "best_epoch", "early_stopped", "score_name", "score", "log_loss",
        "by_class",
    ]  # fmt: skip
    assert content["format"] == "dlaaw-nb/result"
    assert content["kind"] == "training"
    assert content["costs"] == [[0, 0.6931], [100, 0.4], [200, 0.2012]]
    assert content["data"]["fingerprint"] == "abc"


def test_training_json_of_diverged_has_null_for_nan():
    content = json.loads(diverged().to_json())
    assert content["accuracy"] is None
    assert content["costs"] == [[0, 0.7], [100, None]]
    assert content["diverged_at"] == 57


def test_training_constructed_costs_little():
    result = training()
    values = [getattr(result, name) for name in TrainingResult.__slots__]
    best = math.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(1000):
            TrainingResult(*values)
        best = min(best, (time.perf_counter() - start) / 1000)
    # Some 3 microseconds; the bound only catches work that was to be put off.
    assert best < 1e-3


def test_training_plot_draws_costs_by_epoch():
    axes = training().plot().axes[0]
    assert axes.get_xlabel() == "epoch"
    assert axes.lines[0].get_ydata().tolist() == [0.6931, 0.4, 0.2012]


# ---- CrossValidation


def test_cross_validation_mean_and_variance_are_over_folds():
    result = folds(4)
    assert result.scores == pytest.approx([0.6, 1.0, 0.6, 1.0])
    assert result.mean == pytest.approx(0.8)
    assert result.variance == pytest.approx(0.04)
    assert len(result.models) == 4


def test_cross_validation_of_one_fold_has_no_variance():
    result = folds(1)
    assert result.mean == pytest.approx(0.6)
    assert result.variance == 0.0
    assert "over 1 fold," in repr(result)
    result._repr_html_()


def test_cross_validation_with_diverged_fold_counts_it_in_no_mean():
    result = CrossValidation((training(RIGHT), diverged(fold=1), training()), 0.1, {})
    assert result.mean == pytest.approx(0.8)
    assert result.diverged == 1
    assert "1 diverged" in repr(result)
    assert "1 of 3 trainings diverged" in result._repr_html_()
    table = result.table()
    assert table["diverged"].isna().tolist() == [True, False, True]
    assert table["diverged"][1] == 57
    assert math.isnan(table["accuracy"][1])
    content = json.loads(result.to_json())
    assert content["diverged"] == 1
    assert content["trials"][1]["accuracy"] is None


def test_cross_validation_all_diverged_has_nan_mean_without_warning():
    result = CrossValidation((diverged(), diverged()), 0.1, {})
    assert math.isnan(result.mean)
    assert math.isnan(result.variance)
    result._repr_html_()


def test_cross_validation_cut_short_is_stopped():
    result = CrossValidation((training(fold=0),), 0.1, {"folds": 5})
    assert result.stopped
    assert repr(result).startswith("CrossValidation(stopped, ")
    assert "Stopped before the end" in result._repr_html_()
    assert not folds(5).stopped


def test_cross_validation_of_nothing_still_shows():
    result = CrossValidation((), 0.0, {"folds": 5})
    assert math.isnan(result.mean)
    result._repr_mimebundle_()
    assert json.loads(result.to_json())["trials"] == []
    assert len(result.table()) == 0


def test_cross_validation_table_has_a_row_for_each_fold():
    table = folds(5).table()
    assert list(table.columns) == [
        "fold", "accuracy", "precision", "recall", "f1", "auc", "cost", "seconds", "epochs",
        "diverged", "stopped",
    ]  # fmt: skip
    assert table["fold"].tolist() == [0, 1, 2, 3, 4]


def test_cross_validation_plot_draws_every_fold_and_the_mean():
    axes = folds(5).plot().axes[0]
    assert axes.get_legend_handles_labels()[1] == [*(f"fold {i}" for i in range(5)), "mean"]


def test_cross_validation_json_has_its_documented_shape():
    content = json.loads(folds(3).to_json())
    assert list(content) == [
        "format", "version", "kind", "network", "data", "settings", "mean", "variance",
        "diverged", "stopped", "seconds", "trials", "score_name", "placements",
    ]  # fmt: skip
    assert [trial["fold"] for trial in content["trials"]] == [0, 1, 2]
    assert "data" not in content["trials"][0]


# ---- Sweep


def on_nodes(*names):
    """Devices and placements of trials that ran one after the other, the last still under way."""
    devices = [{"kind": "cpu", "name": "Some CPU", "cores": 2, "node": name} for name in names]
    placed = [Placement(k, name, float(k), k + 1.0, "finished") for k, name in enumerate(names)]
    placed[-1] = placed[-1]._replace(end_s=math.nan, state="running")
    return devices, tuple(placed)


@pytest.mark.parametrize("kind", ["folds", "settings"])
def test_result_of_several_nodes_shows_what_ran_where(kind):
    devices, placements = on_nodes("xavier", "nano", EVIL)
    trials = tuple(training(device=device) for device in devices)
    if kind == "folds":
        result = CrossValidation(trials, 3.0, {"folds": 5}, placements)
    else:
        points = tuple(SweepPoint({"epochs": k}, (t,)) for k, t in enumerate(trials))
        result = Sweep(points, 3.0, placements)
    html = result._repr_html_()
    assert f"3 nodes ({escape(EVIL)}, nano, xavier)" in html
    assert EVIL not in html
    assert escape(result.schedule().label) in html
    assert "nano" in result.schedule().to_svg()
    content = json.loads(result.to_json())["placements"]
    assert content[1] == {
        "trial": 1, "node": "nano", "start_s": 1.0, "end_s": 2.0, "state": "finished"
    }  # fmt: skip
    assert content[2]["end_s"] is None


def test_folds_are_tabulated_with_their_nodes():
    devices, placements = on_nodes("xavier", EVIL)
    trials = tuple(training(device=device) for device in devices)
    result = CrossValidation(trials, 3.0, {"folds": 2}, placements)
    assert result.table()["node"].tolist() == ["xavier", EVIL]
    assert re.findall(r"<td[^>]*>xavier</td>", result._repr_html_())
    assert EVIL not in result._repr_html_()
    assert "node" not in folds(2).table()


def test_result_of_one_machine_elsewhere_names_it_and_draws_no_schedule():
    (device, _), placements = on_nodes("nano", "nano")
    result = CrossValidation((training(device=device),) * 2, 3.0, {"folds": 2}, placements)
    assert "nano: cpu (Some CPU, 2 cores)" in result._repr_html_()
    assert result._repr_html_().count("<img") == CrossValidation(
        (training(),) * 2, 3.0, {"folds": 2}
    )._repr_html_().count("<img")
    assert "nano: cpu (Some CPU, 2 cores)" in training(device=device)._repr_html_()


def test_sweep_best_is_the_highest_mean():
    points = (
        SweepPoint({"seed": 0}, (training(),)),
        SweepPoint({"seed": 1}, (training(RIGHT),)),
        SweepPoint({"seed": 2}, (diverged(),)),
    )
    result = Sweep(points, 0.1)
    assert result.best is points[1]
    assert result.best.model is points[1].trials[0].model
    assert "best accuracy 1.000 at seed 1" in repr(result)
    assert "1 diverged" in repr(result)


def test_sweep_best_of_equals_has_the_least_variance_then_comes_first():
    wide = SweepPoint({"seed": 0}, (training(RIGHT), training(1 - RIGHT)))
    even = np.array([0.1, 0.9, 0.9, 0.1, 0.1], np.float32)
    other = np.array([0.9, 0.9, 0.9, 0.9, 0.9], np.float32)
    half = tuple(training(p) for p in (even, other))
    assert [t.accuracy for t in half] == pytest.approx([0.4, 0.6])
    narrow, twin = SweepPoint({"seed": 1}, half), SweepPoint({"seed": 2}, half)
    assert wide.mean == narrow.mean == pytest.approx(0.5)
    assert Sweep((wide, narrow, twin), 0.1).best is narrow


def test_sweep_all_diverged_has_no_best():
    result = Sweep((SweepPoint({"seed": 0}, (diverged(),)),), 0.1)
    with pytest.raises(PlanError, match="smaller learning rates"):
        _ = result.best
    assert "best" not in repr(result)
    result._repr_mimebundle_()
    assert json.loads(result.to_json())["best"] is None


def test_sweep_point_model_of_several_folds_names_the_mend():
    with pytest.raises(PlanError, match=r"got 2, one for each fold.*\.trials\[0\]\.model"):
        _ = sweep(1, trials=2).points[0].model


def test_sweep_table_is_in_the_order_of_the_run():
    table = sweep(4, trials=2).table()
    assert list(table.columns) == [
        "learning_rate", "accuracy", "variance", "cost", "seconds", "trials", "diverged",
    ]  # fmt: skip
    assert table["learning_rate"].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert table["seconds"].tolist() == pytest.approx([0.0042] * 4)


def test_sweep_table_of_widths_keeps_the_tuples():
    points = tuple(SweepPoint({"hidden": h}, (training(),)) for h in ((8, 4), (3,)))
    result = Sweep(points, 0.1)
    assert result.table()["hidden"].tolist() == [(8, 4), (3,)]
    assert "hidden 8-4" in result._repr_html_()
    assert json.loads(result.to_json())["points"][0]["settings"] == {"hidden": [8, 4]}


def test_sweep_over_two_hyperparameters_draws_a_heat_map():
    points = tuple(
        SweepPoint({"learning_rate": rate, "momentum": m, "epochs": 10}, (training(),))
        for rate in (0.1, 0.01)
        for m in (0.0, 0.5, 0.9)
    )
    result = Sweep(points, 0.1)
    assert result.varied == ("learning_rate", "momentum")
    axes = result.plot().axes[0]
    assert axes.get_xlabel() == "momentum"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.01", "0.1"]


def test_sweep_heat_map_places_each_mean_in_its_cell():
    good, bad = training(RIGHT), training()
    points = tuple(
        SweepPoint({"learning_rate": a, "momentum": b}, (good if (a, b) == (0.1, 0.5) else bad,))
        for a in (0.1, 0.01)
        for b in (0.0, 0.5, 0.9)
    )
    axes = Sweep(points, 0.1).plot().axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells[(1, 1)] == "1.000"
    assert sorted(cells.values()) == ["0.600"] * 5 + ["1.000"]


def test_sweep_over_random_pairs_draws_no_heat_map():
    random = np.random.default_rng(0)
    points = tuple(
        SweepPoint({"learning_rate": a, "momentum": b}, (training(),))
        for a, b in random.random((9, 2)).tolist()
    )
    assert "accuracy" in Sweep(points, 0.1).plot().axes[0].get_xlabel()


def test_sweep_over_one_number_draws_it_along_the_axis():
    assert sweep(4).plot().axes[0].get_xlabel() == "learning_rate"


def test_sweep_over_words_draws_a_row_for_each():
    points = tuple(SweepPoint({"normalize": n}, (training(),)) for n in ("minmax", "none"))
    axes = Sweep(points, 0.1).plot().axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["normalize minmax", "normalize none"]


def test_sweep_of_one_setting_names_all_of_it():
    result = Sweep((SweepPoint({"learning_rate": 0.1, "momentum": 0.9}, (training(),)),), 0.1)
    labels = result.plot().axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["learning_rate 0.1, momentum 0.9"]


def test_sweep_of_hundred_settings_numbers_them_and_shows_the_ten_best():
    points = tuple(
        SweepPoint(
            {"learning_rate": 0.001 * i, "momentum": 0.1 * (i % 7), "seed": i}, (training(),)
        )
        for i in range(100)
    )
    result = Sweep(points, 0.2)
    data, _ = result._repr_mimebundle_()
    assert "The best 10 of 100" in data["text/html"]
    assert data["text/html"].count("<tr>") == 3 + 10
    assert "order of the run" in result.plot().axes[0].get_xlabel()
    assert len(picture_of(data["text/html"])) < 60_000


def test_sweep_of_nothing_still_shows():
    result = Sweep((), 0.0)
    result._repr_mimebundle_()
    assert json.loads(result.to_json())["points"] == []
    assert len(result.table()) == 0
    with pytest.raises(PlanError, match="none was run"):
        _ = result.best


def test_sweep_json_has_its_documented_shape():
    content = json.loads(sweep(2, trials=2).to_json())
    assert list(content) == [
        "format", "version", "kind", "network", "data", "best", "stopped", "seconds", "points",
        "score_name", "placements",
    ]  # fmt: skip
    assert list(content["points"][0]) == ["settings", "mean", "variance", "diverged", "trials"]
    assert content["best"] == 0


# ---- Prediction


def test_prediction_without_truth_has_no_measures():
    result = prediction()
    assert result.accuracy is None
    assert result.confusion is None
    assert repr(result) == "Prediction(5 rows: 2 B, 3 M)"
    assert list(result.to_frame().columns) == ["probability", "label"]
    assert json.loads(result.to_json())["accuracy"] is None
    assert len(result.plot().axes) == 1


def test_prediction_with_truth_has_measures_and_confusion():
    result = prediction(true_labels=LABELS)
    assert result.accuracy == pytest.approx(0.6)
    assert result.auc == pytest.approx(4 / 6)
    assert repr(result) == "Prediction(5 rows, accuracy 0.600)"
    frame = result.to_frame()
    assert frame["true_label"].tolist() == ["B", "B", "M", "M", "M"]
    assert frame["right"].tolist() == [True, False, True, False, True]
    assert len(result.plot().axes) == 2


def test_prediction_outputs_become_columns_when_asked_for():
    result = prediction(outputs={"ReLU1": np.arange(15, dtype=np.float32).reshape(5, 3)})
    frame = result.to_frame(outputs=True)
    assert frame["ReLU1.2"].tolist() == [2, 5, 8, 11, 14]
    assert json.loads(result.to_json())["outputs"]["ReLU1"][1] == [3, 4, 5]


def test_prediction_with_dropped_rows_says_so():
    assert "3 rows with empty cells left out." in prediction(dropped_rows=3)._repr_html_()


def test_prediction_json_keeps_float32_digits():
    content = json.loads(prediction(true_labels=LABELS).to_json())
    assert content["probabilities"] == [0.1, 0.6, 0.5, 0.4, 0.9]
    assert content["labels"] == ["B", "M", "M", "B", "M"]
    assert content["true_labels"] == [0, 0, 1, 1, 1]
    assert content["classes"] == ["B", "M"]


def test_prediction_of_nothing_still_shows():
    empty = np.empty(0, np.float32)
    result = Prediction(empty, empty, true_labels=np.empty(0), model=stand_in_model())
    result._repr_mimebundle_()
    assert math.isnan(result.accuracy)


# ---- All of them

SHOWN = {
    "training": training,
    "cross_validation": lambda **k: CrossValidation((training(**k),) * 2, 0.1, {"folds": 2}),
    "sweep": lambda **k: Sweep((SweepPoint({"seed": 1}, (training(**k),)),), 0.1),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_result_with_markup_in_names_escapes_it(kind):
    html = SHOWN[kind](name=EVIL, source=EVIL)._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<script" not in picture_of(html)


def test_prediction_with_markup_in_classes_escapes_it():
    model = SimpleNamespace(name=EVIL, classes=(EVIL, "a $\\frac$ b"), label_name=EVIL)
    labels = np.array([EVIL] * 5)
    result = Prediction(PROBABILITIES, labels, true_labels=LABELS, model=model)
    html = result._repr_html_()
    assert "<script" not in html
    assert "<script" not in picture_of(html)


def test_training_with_markup_in_device_and_settings_escapes_it():
    result = training(device={"kind": "cpu", "name": EVIL}, settings={"note": EVIL})
    assert "<script" not in result._repr_html_()


@pytest.mark.parametrize("make", [training, folds, sweep, prediction])
def test_result_bundle_has_text_html_and_png(make):
    result = make()
    data, metadata = result._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "image/png"}
    assert data["text/plain"] == repr(result)
    assert result._repr_png_().startswith(b"\x89PNG")
    assert metadata["image/png"]["width"] > 100
    assert "<style" not in data["text/html"]
    assert "<script" not in data["text/html"]
    assert re.search(r'<img role="img" alt="[^"]{10,}"', data["text/html"])


def test_result_bundle_gives_only_what_is_asked_for():
    data, metadata = training()._repr_mimebundle_(include={"text/plain", "text/html"})
    assert set(data) == {"text/plain", "text/html"}
    assert metadata == {}
    data, _ = training()._repr_mimebundle_(exclude={"text/html"})
    assert set(data) == {"text/plain", "image/png"}


def test_result_in_ipython_shows_every_form():
    formatters = pytest.importorskip("IPython.core.formatters")
    data, _ = formatters.DisplayFormatter().format(training())
    assert set(data) == {"text/plain", "text/html", "image/png"}


def test_compare_of_cross_validations_draws_accuracies_and_timespans():
    view = compare({"ours": {"one": folds(2), "two": folds(4)}, "theirs": {"one": folds(3)}})
    top, below = view.axes
    texts = [text.get_text() for text in top.texts]
    assert texts == ["0.800", "0.800", "0.733", "none"]
    assert "timespan" in below.get_ylabel()
    assert [label.get_text() for label in top.get_xticklabels()] == ["one", "two"]


def test_compare_of_trainings_without_times_is_one_panel():
    view = compare({"one": training(), "two": diverged()}, seconds=False)
    assert [text.get_text() for text in view.axes[0].texts] == ["0.600", "none"]
    assert len(view.axes) == 1
