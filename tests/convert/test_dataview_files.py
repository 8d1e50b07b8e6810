"""DATAVIEW's files, read and written; the real ones where they are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlaaw_nb import (
    DataError,
    FormatError,
    Linear,
    Model,
    NNWorkflow,
    ReLU,
    SaveError,
    Sigmoid,
    Tanh,
    convert,
)
from dlaaw_nb.convert import dataview_files
from dlaaw_nb.convert.dataview_model import DataviewModel

DATA = Path(os.environ.get("DLAAW_DATA") or "nowhere")
needs_data = pytest.mark.skipif(not (DATA / "dataview").is_dir(), reason="DLAAW_DATA is not set")
SPEC = {
    "wIpt": "rows.csv",
    "wOpt": "output.txt",
    "numOfBatches": "5",
    "numOfEpochs": "1000",
    "LayerArc": {"0": "0,2,3", "1": "1", "2": "0,3,1", "3": "2"},
}
MODEL = {
    "DeviceInfo": "CUDA Device0",
    "LayerArc": SPEC["LayerArc"],
    "SavedModel": {
        "0": {"bias": "[1, 2, 3]", "weight": "[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]"},
        "2": {"bias": "[0.5]", "weight": "[7, 8, 9]"},
    },
    "TestingAccuracy": 0.75,
    "TrainingCostAtEpoch": {"0": 0.7, "100": 0.5},
}


def written(folder, document):
    path = folder / "file.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def changed(document, path, value):
    copy = json.loads(json.dumps(document))
    place = copy
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


def test_spec_becomes_a_network_and_back(tmp_path):
    network = convert.load(written(tmp_path, SPEC))
    layers = [Linear(2, 3), ReLU(), Linear(3, 1), Sigmoid()]
    assert network == NNWorkflow(layers, batches=5, normalize_on="all")
    spec = dataview_files.read_spec(SPEC)
    assert (spec.data, spec.output) == ("rows.csv", "output.txt")
    assert json.loads(spec.to_text()) == SPEC


def test_model_has_its_weights_the_other_way_round(tmp_path):
    model = convert.load(written(tmp_path, MODEL))
    assert isinstance(model, DataviewModel)
    expected = np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], np.float32)
    assert (model.parameters["Linear1.weight"] == expected).all()
    assert model.parameters["Linear2.weight"].tolist() == [[7.0, 8.0, 9.0]]
    assert model.provenance["accuracy"] == 0.75
    assert model.provenance["costs"] == [[0, 0.7], [100, 0.5]]


def test_model_predicts_by_the_new_files_range_and_says_so(tmp_path):
    model = convert.load(written(tmp_path, MODEL))
    rows = np.array([[0.0, 10.0], [4.0, 30.0], [2.0, 20.0]])
    with pytest.warns(RuntimeWarning, match="no minimum and maximum.*3 rows"):
        found = model.predict(rows)
    x = np.array([[0, 0], [1, 1], [0.5, 0.5]])
    hidden = np.maximum(x @ np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]) + [1, 2, 3], 0)
    expected = 1 / (1 + np.exp(-(hidden @ [7, 8, 9] + 0.5)))
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-5)
    assert found.model is model
    fixed = model.fixed(rows)
    assert fixed.predict(rows[:1]).probabilities[0] == found.probabilities[0]
    with pytest.raises(SaveError, match="fixed"):
        model.save(tmp_path / "own.json")
    again = Model.load(fixed.save(tmp_path / "own.json"))
    assert (again.offset == [0.0, 10.0]).all()


def test_model_of_ours_survives_dataviews_file_to_the_bit(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 3)), np.arange(90) % 2
    layers = [Linear(3, 4), ReLU(), Linear(4, 1), Sigmoid()]
    model = NNWorkflow(layers, epochs=20).train((x, y)).model
    with pytest.warns(UserWarning, match="does not hold the minimum"):
        back = convert.load(convert.save(tmp_path / "d.json", model, "dataview"))
    for name, array in model.parameters.items():
        assert back.parameters[name].tobytes() == array.tobytes()
    document = json.loads((tmp_path / "d.json").read_text())
    assert document["LayerArc"] == {"0": "0,3,4", "1": "1", "2": "0,4,1", "3": "2"}
    assert isinstance(document["SavedModel"]["2"]["weight"], str)
    assert document["TestingAccuracy"] == model.provenance["accuracy"]


def test_own_files_are_read_by_the_same_call(tmp_path):
    network = NNWorkflow([Linear(3, 1), Sigmoid()])
    assert convert.load(network.save(tmp_path / "n.json")) == network
    assert convert.load(convert.save(tmp_path / "m.json", network)) == network
    assert convert.mapper_names() == ("dataview", "dlaaw")


def test_network_that_dataview_has_no_words_for_is_refused(tmp_path):
    network = NNWorkflow([Linear(3, 2), Tanh(), Linear(2, 1), Sigmoid()])
    with pytest.raises(FormatError, match="Tanh1: DATAVIEW has no Tanh"):
        convert.save(tmp_path / "x.json", network, "dataview")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (changed(MODEL, ("LayerArc", "1"), None), "LayerArc.1: missing"),
        (changed(MODEL, ("LayerArc",), {}), "1 to 1000 layers"),
        (changed(MODEL, ("LayerArc", "0"), "0,1000000000,3"), "widths from 1 to"),
        (changed(MODEL, ("LayerArc", "0"), "0,16000000,16000000"), "parameters together"),
        (changed(MODEL, ("LayerArc", "0"), "0,-2,3"), "widths"),
        (changed(MODEL, ("LayerArc", "0"), "7"), r"'1' \(ReLU\)"),
        (changed(MODEL, ("LayerArc", "0"), True), "expected '0,IN,OUT'"),
        (changed(MODEL, ("LayerArc", "2"), "0,4,1"), "LayerArc: .*expected 4 input features"),
        (changed(MODEL, ("SavedModel", "2"), None), "SavedModel.2: layer 2 is Linear"),
        (changed(MODEL, ("SavedModel", "1"), {}), "'1' is no Linear layer"),
        (changed(MODEL, ("SavedModel", "0", "bias"), "[1, NaN, 3]"), "finite numbers.*diverged"),
        (changed(MODEL, ("SavedModel", "0", "bias"), "[1, 2]"), "expected 3 numbers, got 2"),
        (
            changed(MODEL, ("SavedModel", "0", "weight"), "[[1, 2, 3]]"),
            "expected 2 x 3 numbers, got 3",
        ),
        (
            changed(MODEL, ("SavedModel", "0", "weight"), "[[1], [2, 3, 4, 5, 6]]"),
            "axis 1 is not 3 long",
        ),
        (changed(MODEL, ("SavedModel", "0", "weight"), "[[true, 1, 1], [1, 1, 1]]"), "numbers"),
        (changed(MODEL, ("SavedModel", "0", "weight"), '[1,2,3,4,5],"list":6'), "twice"),
        (changed(MODEL, ("SavedModel", "0", "weight"), '[1,2,3,4,5],"x":6'), "one JSON list"),
        (
            changed(MODEL, ("SavedModel", "0", "weight"), "[" * 100 + "1,2,3,4,5,6" + "]" * 90),
            "no JSON|levels|expected 2 x 3",
        ),
        (changed(MODEL, ("SavedModel", "0", "weight"), [[1]]), "as text"),
        (
            changed(MODEL, ("SavedModel", "0", "weight"), "[]," * 2_000_000),
            "expected 2 x 3 numbers",
        ),
        (changed(MODEL, ("SavedModel", "0", "bias"), "[1e39, 2, 3]"), "float32 can hold"),
        (changed(MODEL, ("SavedModel", "0", "bias"), "[1, -nan(ind), 3]"), "diverged"),
        (changed(MODEL, ("TestingAccuracy",), True), "TestingAccuracy: expected a number"),
        (changed(MODEL, ("TrainingCostAtEpoch",), {"9" * 5000: 1}), "whole number"),
        (changed(MODEL, ("TrainingCostAtEpoch",), {"0": 10**400}), "too many digits|a number"),
        (changed(SPEC, ("numOfEpochs",), "1_000"), "whole number"),
        (changed(SPEC, ("numOfEpochs",), "many"), "numOfEpochs: expected a whole number"),
        (changed(SPEC, ("numOfBatches",), "1"), "batches: expected a whole number from 2"),
        (changed(SPEC, ("wIpt",), None), "wIpt: expected a path, got nothing"),
        ({"LayerArc": 5, "SavedModel": {}}, "LayerArc: expected an object"),
        ({"some": "thing"}, "expected a network or model of dataview, dlaaw"),
        ("{]", "no JSON"),
    ],
)
def test_broken_file_is_refused_with_place_and_mend(document, message, tmp_path):
    with pytest.raises(FormatError, match=message) as caught:
        convert.load(written(tmp_path, document))
    assert "file.json" in str(caught.value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["LayerArc", "SavedModel", "0", "1", "bias", "weight"]), inner, max_size=4
    ), max_leaves=12))  # fmt: skip
def test_any_document_is_read_or_refused(document):
    for read in (dataview_files.read_model, dataview_files.read_spec):
        if isinstance(document, dict):
            with pytest.raises(FormatError):
                read(document)


@needs_data
def test_real_model_is_read_faithfully_and_predicts():
    path = DATA / "dataview" / "model_749070052.json"
    model, document = convert.load(path), json.loads(path.read_text())
    again = json.loads(dataview_files.model_text(model))
    assert again["LayerArc"] == document["LayerArc"]
    for key, saved in document["SavedModel"].items():
        for name, text in saved.items():
            theirs = np.array(json.loads(text), np.float32)
            ours = np.array(json.loads(again["SavedModel"][key][name]), np.float32)
            assert (ours == theirs).all()
    assert again["TestingAccuracy"] == document["TestingAccuracy"]
    costs = {int(k): v for k, v in document["TrainingCostAtEpoch"].items()}
    assert {int(k): v for k, v in again["TrainingCostAtEpoch"].items()} == costs
    with pytest.warns(RuntimeWarning, match="569 rows"):
        found = model.predict(DATA / "breast_cancer.csv")
    # What its executor printed for it could not be reproduced from this file.
    assert np.isfinite(found.probabilities).all()
    assert found.confusion.sum() == 569


@needs_data
def test_executors_output_has_the_keys_of_the_real_one():
    real = json.loads((DATA / "dataview" / "nnexecutor_output.json").read_text())
    ours = json.loads(dataview_files.executor_output(0.86, {"kind": "cpu", "cores": 2}))
    assert set(ours) == set(real)
    assert ours["Accuracy"] == 0.86


def test_model_that_dataviews_file_cannot_hold_is_refused(tmp_path):
    layers = [Linear(2, 1), Sigmoid()]
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    model = NNWorkflow(layers, epochs=2, batches=2, normalize="standard").train((x, y)).model
    with pytest.raises(SaveError, match="normalize='minmax'"):
        convert.save(tmp_path / "m.json", model, "dataview")
    broken = convert.load(written(tmp_path, MODEL))
    broken.parameters["Linear1.bias"][0] = np.nan
    with pytest.raises(SaveError, match="diverged"):
        convert.save(tmp_path / "m.json", broken, "dataview")


def test_single_row_without_a_range_is_refused(tmp_path):
    model = convert.load(written(tmp_path, MODEL))
    with pytest.raises(DataError, match="two rows or more"):
        model.predict(np.ones((1, 2)))


def test_key_that_stands_twice_among_many_is_found_at_once(tmp_path):
    text = "{" + ",".join(f'"{k}": 0' for k in [*range(60_000), 7]) + "}"
    with pytest.raises(FormatError, match="twice"):
        convert.load(written(tmp_path, text))


def test_neuron_graph_scales_as_the_prediction_does(tmp_path):
    from dlaaw_nb import neuron_graph

    model = convert.load(written(tmp_path, MODEL))
    rows = np.array([[0.0, 10.0], [4.0, 30.0], [2.0, 20.0]])
    with pytest.warns(RuntimeWarning):
        found = model.predict(rows, outputs=["ReLU1"])
    graph = neuron_graph(model, (rows, [0, 1, 0]), row=1)
    outputs = graph._state.outputs(model.parameters)
    np.testing.assert_allclose(outputs[2], found.outputs["ReLU1"][1], rtol=1e-5)
