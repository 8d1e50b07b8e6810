"""Data sets, models and predictions as bytes: exact, the same each time, and safe to read."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlaaw_nb import (
    CodecError,
    Dataset,
    Linear,
    Model,
    NNWorkflow,
    ReLU,
    Sigmoid,
    Softmax,
    datasets,
)
from dlaaw_nb.nn.codecs import DATASET, MODEL, PREDICTION
from dlaaw_nb.nn.data import as_dataset
from dlaaw_nb.nn.label_column import Labels
from dlaaw_nb.nn.prediction import Prediction
from dlaaw_nb.store import Blob
from dlaaw_nb.store.codecs import ARRAY, codec, pack, unpack

CODECS = pytest.mark.parametrize("keeper", [DATASET, MODEL, PREDICTION], ids=lambda one: one.name)
DATA = Path(os.environ.get("DLAAW_DATA") or "/nonexistent")

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = WORDS | st.integers(-(2**53), 2**53) | NUMBERS | st.booleans()


def encoded(keeper, value):
    return b"".join(keeper.encode(value))


def decoded(keeper, data):
    return keeper.decode(Blob(data=data))


def same_bits(one, other):
    """Whether two arrays are equal to the bit, type and shape included; None is equal to None."""
    if one is None or other is None:
        return one is other
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def same_values(one, other):
    return [(type(v), repr(v)) for v in one] == [(type(v), repr(v)) for v in other]


def check_round_trip(keeper, value):
    """Encode and decode, and require the same bytes of whatever form the value is in."""
    data = encoded(keeper, value)
    again = decoded(keeper, data)
    assert encoded(keeper, again) == data
    assert encoded(keeper, keeper.settle(value)) == data
    assert keeper.preview(again) == keeper.preview(keeper.settle(value))
    return again


# Data sets


@st.composite
def columns(draw, rows):
    lines = np.arange(2, rows + 2) if draw(st.booleans()) else None
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["?", "u1", "i2", "<i8", ">i4", "u8", "<f8", ">f4"]))
        elements = {"allow_nan": False, "allow_infinity": False} if "f" in kind else {}
        numbers = draw(
            hnp.arrays(kind, rows, elements=hnp.from_dtype(np.dtype(kind), **elements))
        )  # fmt: skip
        return Labels(numbers, lines=lines)
    values = tuple(draw(st.lists(PLAIN, min_size=1, max_size=5, unique_by=lambda v: (type(v), v))))
    codes = draw(st.lists(st.integers(0, len(values) - 1), min_size=rows, max_size=rows))
    return Labels(values=values, codes=np.array(codes, np.intp), lines=lines)


@st.composite
def data_sets(draw):
    rows, width = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    features = draw(hnp.arrays(np.float64, (rows, width), elements=NUMBERS))
    names = draw(st.lists(WORDS, min_size=width, max_size=width))
    labels = draw(st.none() | columns(rows))
    return Dataset(
        np.asarray(features, order=draw(st.sampled_from("CF"))), labels, names, draw(WORDS),
        source=draw(WORDS), dropped_rows=draw(st.integers(0, 9)), place="/somewhere/else",
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(data_sets())
def test_dataset_of_any_kind_comes_back_exactly(data):
    again = check_round_trip(DATASET, data)
    assert same_bits(again.features, np.ascontiguousarray(data.features))
    assert again.fingerprint == data.fingerprint
    assert same_values(again.classes, data.classes)
    assert (again.feature_names, again.label_name) == (data.feature_names, data.label_name)
    assert (again.source, again.dropped_rows) == (data.source, data.dropped_rows)
    assert same_bits(again.labels, data.labels)
    if data.column is not None:
        assert same_bits(again.column.targets, data.column.targets)
        assert [again.label_of(row) for row in range(data.rows)] == [
            data.label_of(row) for row in range(data.rows)
        ]
        assert again.column.line(0) == data.column.line(0)


@pytest.mark.parametrize(
    "values",
    [["no", "yes"], [2.5, 0.125], [True, False], [7, -3], ["1", "2"], ["ä \n", "😀"]],
    ids=repr,
)
def test_dataset_with_label_values_of_any_kind_trains_to_the_same_bits(values):
    features = np.random.default_rng(1).normal(size=(40, 3))
    data = as_dataset((features, [values[row % 2] for row in range(40)]))
    network = NNWorkflow([Linear(3, 2), ReLU(), Linear(2, 1), Sigmoid()], epochs=30)
    one, other = network.train(data).model, network.train(check_round_trip(DATASET, data)).model
    assert encoded(MODEL, one) == encoded(MODEL, other)
    assert same_values(one.classes, other.classes)


def test_dataset_of_numbers_to_predict_trains_to_the_same_bits():
    draw = np.random.default_rng(1)
    data = as_dataset((draw.normal(size=(40, 3)), draw.normal(size=40)))
    network = NNWorkflow([Linear(3, 1)], epochs=30, loss="MeanSquaredError", learning_rate=0.01)
    again = check_round_trip(DATASET, data)
    assert same_bits(again.targets, data.targets)
    model = network.train(data).model
    assert encoded(MODEL, model) == encoded(MODEL, network.train(again).model)
    assert check_round_trip(MODEL, model).target == model.target


def test_dataset_without_labels_predicts_the_same(models):
    model, data = models["binary"]
    bare = as_dataset(np.array(data.features), label=None)
    again = check_round_trip(DATASET, bare)
    assert again.labels is None
    assert same_bits(model.predict(again).probabilities, model.predict(bare).probabilities)


def test_dataset_read_elsewhere_has_the_same_bytes(tmp_path):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rows.csv").write_text("a,b,kind\n1,2,x\n3,4,y\n5,,x\n")
    one, other = (as_dataset(tmp_path / folder / "rows.csv") for folder in ("one", "other"))
    assert encoded(DATASET, one) == encoded(DATASET, other)
    assert str(tmp_path).encode() not in encoded(DATASET, one)
    assert decoded(DATASET, encoded(DATASET, one)).dropped_rows == 1


@pytest.mark.skipif(not DATA.is_dir(), reason="DLAAW_DATA names no folder")
@pytest.mark.parametrize(
    "name", ["bank_marketing", "banknote", "breast_cancer", "grid_stability", "pima_diabetes"]
)
def test_real_dataset_comes_back_exactly(name):
    data = as_dataset(DATA / f"{name}.csv")
    again = check_round_trip(DATASET, data)
    assert again.fingerprint == data.fingerprint
    assert same_bits(again.features, data.features)
    assert again.to_frame().equals(data.to_frame())


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda m, p: m.update(format="dataset-9"), "another format"),
        (lambda m, p: m.update(feature_names=["a"]), "1 names for 2 features"),
        (lambda m, p: m.update(feature_names=[1, 2]), "no list of words"),
        (lambda m, p: m.update(dropped_rows=-1), "dropped rows"),
        (lambda m, p: m.update(dropped_rows=True), "dropped rows"),
        (lambda m, p: m.update(label_name=None), "no list of words"),
        (lambda m, p: m.update(labels={"values": ["x", "y"], "coded": 0}), "broken"),
        (lambda m, p: m.update(labels={"values": ["x"], "coded": False}), "codes from 0 to 1"),
        (lambda m, p: m.update(labels={"values": None, "coded": False}), "numbers.npy"),
        (lambda m, p: m.update(labels={"values": [None, []], "coded": False}), "expected words"),
        (lambda m, p: p.pop("features.npy"), "features.npy"),
        (lambda m, p: p.update({"features.npy": np.zeros(3)}), "features.npy: float64 with 1"),
        (lambda m, p: p.update({"features.npy": np.zeros((3, 2), "f4")}), "float32"),
        (lambda m, p: p.update({"features.npy": np.zeros((9, 2))}), "for 9 rows"),
        (lambda m, p: p.update({"codes.npy": np.array([0, 1, 0])}), "codes.npy: int64"),
        (lambda m, p: p.update({"lines.npy": np.array([1])}), "lines of shape"),
    ],
)
def test_dataset_with_parts_that_do_not_fit_is_refused(spoil, told):
    data = as_dataset((np.arange(6.0).reshape(3, 2), ["x", "y", "x"]))
    with pytest.raises(CodecError, match=told):
        DATASET.decode(spoiled(DATASET, data, spoil))


# Models


@pytest.fixture(scope="module")
def models():
    """Trained models of each task, each with data to predict."""
    draw = np.random.default_rng(3)
    features = draw.normal(size=(60, 5))
    kinds = np.array(["no", "may be", "yes"])[(features[:, 0] > -0.5).astype(int) + (
        features[:, 1] > 0
    )]  # fmt: skip
    several = as_dataset((features, kinds))
    numbers = as_dataset((features, features @ [1.0, 2, 0, 0, -1] + 50))
    cancer = datasets.load("breast_cancer")
    found = {
        "binary": (NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]), cancer),
        "multiclass": (NNWorkflow([Linear(5, 4), ReLU(), Linear(4, 3), Softmax()]), several),
        "regression": (
            NNWorkflow([Linear(5, 1)], loss="Huber", learning_rate=0.01, optimizer="Adam"),
            numbers,
        ),
    }
    return {
        task: (network.replace(epochs=20).train(data).model, data)
        for task, (network, data) in found.items()
    }


TASKS = pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])


@TASKS
def test_model_comes_back_to_the_bit(models, task, tmp_path):
    model, data = models[task]
    again = check_round_trip(MODEL, model)
    assert all(same_bits(again.parameters[key], model.parameters[key]) for key in model.parameters)
    assert same_bits(again.offset, model.offset)
    assert same_bits(again.scale, model.scale)
    assert same_values(again.classes, model.classes)
    assert (again.network, again.target) == (model.network, model.target)
    one, other = again.predict(data), model.predict(data)
    assert same_bits(one.probabilities, other.probabilities)
    assert same_bits(one.labels, other.labels)
    (tmp_path / f"model{MODEL.suffix}").write_bytes(encoded(MODEL, model))
    assert encoded(MODEL, Model.load(tmp_path / "model.json")) == encoded(MODEL, model)


@TASKS
def test_model_trained_again_has_the_same_bytes(models, task):
    model, data = models[task]
    again = model.network.train(data).model
    assert again.provenance["seconds"] != model.provenance["seconds"]
    assert encoded(MODEL, again) == encoded(MODEL, model)


def test_model_s_bytes_tell_what_it_was_made_of_and_not_when_or_where(models):
    model, data = models["binary"]
    made = decoded(MODEL, encoded(MODEL, model)).provenance
    assert not {"created", "seconds", "device"} & set(made)
    assert made["data"]["fingerprint"] == data.fingerprint
    assert made["kernels"] == model.provenance["kernels"]
    assert made["settings"]["epochs"] == 20
    assert made["costs"] == [list(pair) for pair in model.provenance["costs"]]


def test_model_of_other_data_or_settings_has_other_bytes(models):
    model, data = models["binary"]
    fewer = as_dataset((np.array(data.features[:-1]), np.array(data.labels[:-1])))
    for other in (model.network.replace(seed=1).train(data), model.network.train(fewer)):
        assert encoded(MODEL, other.model) != encoded(MODEL, model)


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=80, deadline=None)
@given(
    hnp.arrays(np.float32, (2, 3), elements=FLOATS),
    hnp.arrays(np.float32, 2, elements=FLOATS),
    hnp.arrays(np.float64, 3, elements=NUMBERS),
    st.lists(PLAIN, min_size=2, max_size=2, unique=True),
    st.lists(WORDS, min_size=4, max_size=4),
)
def test_model_of_any_weights_classes_and_names_comes_back_exactly(
    weight, bias, offset, classes, names
):
    model = Model(
        NNWorkflow([Linear(3, 2), Softmax()], name="mine"),
        {"Linear1.weight": weight, "Linear1.bias": bias},
        offset, np.ones(3), classes, names[:3], names[3],
    )  # fmt: skip
    again = check_round_trip(MODEL, model)
    assert same_bits(again.parameters["Linear1.weight"], weight)
    assert same_bits(again.parameters["Linear1.bias"], bias)
    assert same_bits(again.offset, offset)
    assert same_values(again.classes, model.classes)
    assert again.feature_names == tuple(names[:3])
    assert again.label_name == names[3]


def test_model_whose_training_diverged_is_not_kept(models):
    model, _ = models["binary"]
    broken = {**model.parameters, "Linear1.bias": np.full(3, np.nan, np.float32)}
    bad = Model(model.network, broken, model.offset, model.scale, (0, 1), list("abcde"), "y")
    with pytest.raises(CodecError, match=r"Linear1\.bias holds NaN"):
        MODEL.encode(bad)


def test_model_of_a_class_of_its_own_becomes_a_plain_network(models):
    class Mine(NNWorkflow):
        def design(self):
            self.sequential([Linear(5, 1), Sigmoid()], 5, 10)

    model = Mine().train(models["binary"][1]).model
    assert type(MODEL.settle(model).network) is NNWorkflow
    assert type(check_round_trip(MODEL, model).network) is NNWorkflow


# Predictions


@TASKS
@pytest.mark.parametrize("labelled", [True, False])
def test_prediction_comes_back_exactly(models, task, labelled):
    model, data = models[task]
    rows = data if labelled else as_dataset(np.array(data.features), label=None)
    made = model.predict(rows, outputs=["Linear1"])
    again = check_round_trip(PREDICTION, made)
    assert again.task == made.task
    assert same_bits(again.probabilities, made.probabilities)
    assert again.labels.tolist() == made.labels.tolist()
    assert same_bits(again.true_labels, made.true_labels)
    assert same_bits(again.outputs["Linear1"], made.outputs["Linear1"])
    assert encoded(MODEL, again.model) == encoded(MODEL, model)
    pd.testing.assert_frame_equal(again.to_frame(outputs=True), made.to_frame(outputs=True))


@st.composite
def predictions(draw):
    rows = draw(st.integers(1, 8))
    outputs = {
        name: draw(hnp.arrays(np.float32, (rows, 2)))
        for name in draw(st.lists(WORDS, max_size=3, unique=True))
    }
    if draw(st.booleans()):
        values = draw(hnp.arrays(np.float64, rows))
        return Prediction(None, values, outputs, draw(st.none() | hnp.arrays(np.float64, rows)))
    width = draw(st.sampled_from([1, 3]))
    chances = draw(hnp.arrays(np.float32, (rows, width) if width > 1 else rows))
    kinds = draw(st.lists(PLAIN, min_size=3, max_size=3))
    chosen = draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))
    labels = np.empty(rows, object)
    labels[:] = [kinds[code] for code in chosen]
    if all(isinstance(kind, str) for kind in kinds) and draw(st.booleans()):
        labels = labels.astype(str)
    truth = draw(st.none() | hnp.arrays(np.float64, rows, elements=st.sampled_from([0.0, 1.0])))
    return Prediction(chances, labels, outputs, truth, draw(st.integers(0, 5)))


@settings(max_examples=150, deadline=None)
@given(predictions())
def test_prediction_of_any_values_comes_back_exactly(made):
    again = check_round_trip(PREDICTION, made)
    assert same_bits(again.probabilities, made.probabilities)
    assert same_values(again.labels.tolist(), made.labels.tolist())
    assert list(again.outputs) == list(made.outputs)
    assert all(same_bits(again.outputs[name], array) for name, array in made.outputs.items())
    assert same_bits(again.true_labels, made.true_labels)
    assert again.dropped_rows == made.dropped_rows
    assert again.model is None


@pytest.mark.parametrize("value", [1e154, 1e308, np.inf, np.nan])
@pytest.mark.parametrize("truth", [[0.0, 1.0], [np.inf, 2.0]])
def test_prediction_of_huge_numbers_is_shown_without_a_warning(value, truth):
    made = Prediction(None, np.array([value, value]), {}, np.array(truth))
    assert PREDICTION.preview(made).startswith("Prediction(2 rows, R2 ")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda m, p: m.update(format="dataset-1"), "another format"),
        (lambda m, p: m.update(dropped_rows="3"), "another format"),
        (lambda m, p: m.update(outputs=["ReLU1", "ReLU2"]), r"outputs/2\.npy"),
        (lambda m, p: m.update(labels=["x"]), r"label_codes\.npy"),
        (lambda m, p: p.pop("labels.npy"), r"labels\.npy"),
        (lambda m, p: p.update({"labels.npy": np.zeros((3, 2))}), "2 axes"),
        (lambda m, p: p.update({"labels.npy": np.zeros(2)}), "for 2 rows"),
        (lambda m, p: p.update({"probabilities.npy": np.zeros(2, "f4")}), "for 569 rows"),
        (lambda m, p: p.update({"probabilities.npy": np.zeros(569)}), "float64"),
        (
            lambda m, p: p.update({"probabilities.npy": np.zeros((569, 3), "f4")}),
            "for other classes",
        ),
        (lambda m, p: p.update({"true_labels.npy": np.full(569, 2.0)}), "none of 2 classes"),
        (lambda m, p: p.update({"true_labels.npy": np.full(569, np.nan)}), "none of 2 classes"),
        (lambda m, p: p.update({"outputs/1.npy": np.zeros((569, 3))}), "float64"),
        (lambda m, p: p.update({"outputs/1.npy": np.zeros((5, 3), "f4")}), "for 569 rows"),
    ],
)
def test_prediction_with_parts_that_do_not_fit_is_refused(models, spoil, told):
    model, data = models["binary"]
    with pytest.raises(CodecError, match=told):
        PREDICTION.decode(
            spoiled(PREDICTION, model.predict(data, outputs=["ReLU1"]), spoil)
        )  # fmt: skip


# All of them


def spoiled(keeper, value, spoil):
    """Encode a value, and change its manifest or some of its arrays."""
    manifest, parts = unpack(Blob(data=encoded(keeper, value)))
    arrays = {name: ARRAY.decode(part) for name, part in parts.items() if name.endswith(".npy")}
    others = {name: [part.buffer()] for name, part in parts.items() if name not in arrays}
    spoil(manifest, arrays)
    found = {name: ARRAY.encode(array) for name, array in arrays.items()}
    return Blob(data=b"".join(pack(manifest, {**found, **others})))


@pytest.fixture(scope="module")
def samples(models):
    """Good bytes of each codec."""
    model, data = models["binary"]
    small = as_dataset((np.arange(6.0).reshape(3, 2), ["x", "y", "x"]))
    plain = as_dataset((np.arange(6.0).reshape(3, 2), [0.5, 1.5, 2.5]))
    few = as_dataset(np.array(data.features[:4]), label=None)
    return {
        DATASET.name: [encoded(DATASET, small), encoded(DATASET, plain)],
        MODEL.name: [encoded(MODEL, model), encoded(MODEL, models["regression"][0])],
        PREDICTION.name: [encoded(PREDICTION, model.predict(few, outputs=["ReLU1"]))],
    }


@CODECS
def test_hostile_bytes_give_a_value_or_a_codec_error(keeper, samples):
    def spoil(case):
        data, at, cut, new = case
        at %= len(data) + 1
        return data[:at] + new + data[at + cut :]

    good = st.sampled_from(samples[keeper.name])
    cases = st.tuples(good, st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=8))

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200) | cases.map(spoil))
    def tried(data):
        try:
            value = decoded(keeper, data)
        except CodecError:
            return
        assert isinstance(value, keeper.kind)
        keeper.preview(value)
        encoded(keeper, value)

    tried()


@CODECS
def test_bytes_of_the_other_codecs_are_refused(keeper, samples):
    for name, others in samples.items():
        if name != keeper.name:
            for data in others:
                with pytest.raises(CodecError, match="Run again what made them"):
                    decoded(keeper, data)


@CODECS
def test_value_of_another_kind_is_refused_and_shown(keeper):
    class Strange:
        def __repr__(self):
            raise RuntimeError("no")

    for value in (None, 3, [], object(), np.zeros(3)):
        with pytest.raises(CodecError, match="expected"):
            keeper.encode(value)
        assert keeper.settle(value) is value
        assert "\n" not in keeper.preview(value)
    assert len(keeper.preview(Strange())) <= 200


def test_dataset_whose_labels_are_dates_is_not_kept():
    column = Labels.of_objects([dt.date(2026, 1, 1), dt.date(2026, 1, 2)])
    data = Dataset(np.zeros((2, 1)), column, ["a"])
    with pytest.raises(CodecError, match="expected words, numbers or truth values"):
        DATASET.encode(data)


@CODECS
def test_codec_is_found_by_its_name(keeper):
    assert type(codec(keeper.name)) is type(keeper)


SCRIPT = """
import hashlib
from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets
from dlaaw_nb.nn.codecs import DATASET, MODEL, PREDICTION
data = datasets.load("breast_cancer")
model = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=20).train(data).model
made = model.predict(data, outputs=["ReLU1"])
for keeper, value in ((DATASET, data), (MODEL, model), (PREDICTION, made)):
    print(hashlib.sha256(b"".join(keeper.encode(value))).hexdigest())
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_bytes_made_in_another_process_are_the_same(models, seed):
    model, data = models["binary"]
    made = model.predict(data, outputs=["ReLU1"])
    here = [
        hashlib.sha256(encoded(keeper, value)).hexdigest()
        for keeper, value in ((DATASET, data), (MODEL, model), (PREDICTION, made))
    ]
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": seed},
        check=True, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    assert there.split() == here
