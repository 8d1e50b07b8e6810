import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlaaw_nb import (
    FormatError,
    Linear,
    MissingDataError,
    Model,
    NetworkError,
    NNWorkflow,
    ReLU,
    SaveError,
    Sigmoid,
    VersionError,
)
from dlaaw_nb.nn.weights import array_text, checked_parameters

NAMES = ["a", "b", "c", "d", "e"]


def network(**given):
    return NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], **given)


def parameters(net, seed=0):
    random = np.random.default_rng(seed)
    return {
        name: random.normal(size=shape).astype(np.float32)
        for name, shape in net.parameter_shapes.items()
    }


def model(**changes):
    net = changes.pop("spec", network())
    values = {
        "spec": net,
        "parameters": parameters(network()),
        "offset": [0.1, 0.2, 0.3, 0.4, 0.5],
        "scale": 1 / np.arange(1.0, 6.0),
        "classes": ("B", "M"),
        "feature_names": NAMES,
        "label_name": "diagnosis",
        "provenance": {"created": "2026-01-01", "data": {"source": "cancer.csv", "rows": 569}},
        **changes,
    }
    return Model(**values)


def bits(array):
    return array.view(f"u{array.itemsize}").tolist()


# ---- in memory ----


def test_model_from_network_or_spec_is_the_same():
    for spec in (
        network(),
        network().spec(),
        {k: v for k, v in network().spec().items() if k != "plan"},
    ):
        made = model(spec=spec)
        assert made.network == network()
        assert "plan" not in made.spec
    assert (made.name, made.normalization, made.classes) == ("network", "minmax", ("B", "M"))
    assert [layer.name for layer in made.layers] == ["Linear1", "ReLU1", "Linear2", "Sigmoid1"]


def test_model_owns_its_arrays():
    given = parameters(network())
    made = model(parameters=given)
    given["Linear1.weight"][:] = 0
    assert (made.parameters["Linear1.weight"] != 0).all()
    assert list(made.parameters) == [
        "Linear1.weight",
        "Linear1.bias",
        "Linear2.weight",
        "Linear2.bias",
    ]


def test_model_takes_other_number_types_and_layouts():
    given = {
        name: np.asfortranarray(v.astype(np.float64)) for name, v in parameters(network()).items()
    }
    made = model(parameters=given, classes=np.array([0.0, 1.0]))
    assert all(v.dtype == np.float32 and v.flags.c_contiguous for v in made.parameters.values())
    assert made.classes == (0.0, 1.0)
    assert type(made.classes[0]) is float


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": {}}, "'Linear1.weight' is missing. Expected Linear1.weight, Linear1.bias"),
        ({"offset": [1, 2]}, "offset: expected 5 numbers"),
        ({"scale": "words"}, "scale: expected 5 numbers"),
        ({"classes": ("B",)}, "classes: expected two different"),
        ({"classes": (1, 1)}, "classes: expected two different"),
        ({"feature_names": ["a"]}, "feature_names: expected 5 names"),
    ],
)
def test_model_parts_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(NetworkError, match=message):
        model(**changes)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Linear1.weight", np.zeros((5, 3)), r"Linear1.weight: .* shape \(3, 5\), got .* \(5, 3\)"),
        ("Linear1.bias", np.zeros(3, bool), "Linear1.bias: expected numbers"),
        ("Linear1.bias", ["1", "2", "3"], "Linear1.bias: expected numbers"),
        ("Linear1.bias", [[1], [1, 2]], "Linear1.bias: expected an array"),
        ("Linear9.bias", np.zeros(3), "'Linear9.bias' is not known"),
    ],
)
def test_model_array_that_does_not_fit_is_refused(name, value, message):
    with pytest.raises(NetworkError, match=message):
        model(parameters={**parameters(network()), name: value})


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_checked_parameters_finite_refuses_others(value):
    shapes = {"bias": (2,)}
    with pytest.raises(NetworkError, match="bias: expected finite float32"):
        checked_parameters(shapes, {"bias": np.array([0.0, value])}, finite=True)


@pytest.mark.parametrize("spec", [{}, {"layers": 5}, {"layers": {"nodes": [], "edges": 1}}])
def test_model_of_no_specification_is_refused(spec):
    with pytest.raises(FormatError):
        model(spec=spec)


def test_model_shows_itself_escaped():
    made = model(spec=network(name="<b>x</b>"), classes=("<i>", "M"))
    assert repr(made) == (
        "<Model '<b>x</b>': [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], classes '<i>', 'M'>"
    )
    html = made._repr_html_()
    assert "<b>x" not in html
    assert "<i>" not in html
    assert "Trained on cancer.csv" in html


def test_model_survives_pickle():
    again = pickle.loads(pickle.dumps(model()))  # noqa: S301 - our own bytes
    assert again.network == model().network
    assert bits(again.parameters["Linear2.bias"]) == bits(model().parameters["Linear2.bias"])


# ---- files ----


def test_save_and_load_give_everything_back(tmp_path):
    made = model(spec=network(epochs=7, normalize="standard", name="grün"))
    path = made.save(tmp_path / "model.json")
    again = Model.load(path)
    assert again.network == made.network
    for name, array in made.parameters.items():
        assert again.parameters[name].dtype == np.float32
        assert bits(again.parameters[name]) == bits(array)
    assert (bits(again.offset), bits(again.scale)) == (bits(made.offset), bits(made.scale))
    assert (again.classes, again.feature_names) == (("B", "M"), tuple(NAMES))
    assert (again.label_name, again.provenance) == ("diagnosis", made.provenance)
    assert again.save(tmp_path / "again.json").read_text() == path.read_text()


def test_save_is_plain_json_without_numpy_values(tmp_path):
    provenance = {
        "costs": ((np.int64(0), np.float32(0.5)), (1, float("nan"))),
        "taps": np.zeros(2),
        "path": tmp_path,
    }
    path = model(provenance=provenance).save(tmp_path / "m.json")
    assert json.loads(path.read_text())["made"] == {
        "costs": [[0, 0.5], [1, None]],
        "taps": [0.0, 0.0],
        "path": str(tmp_path),
    }


def test_save_not_finite_is_refused_and_keeps_the_old_file(tmp_path):
    model().save(tmp_path / "m.json")
    old = (tmp_path / "m.json").read_text()
    wrong = parameters(network())
    wrong["Linear2.bias"][0] = np.nan
    with pytest.raises(SaveError, match=r"m\.json: not written, for Linear2\.bias .* diverged"):
        model(parameters=wrong).save(tmp_path / "m.json")
    assert (tmp_path / "m.json").read_text() == old


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=50))
def test_array_text_gives_every_bit_of_finite_float32_back(patterns):
    array = np.array(patterns, dtype=np.uint32).view(np.float32)
    array = array[np.isfinite(array)]
    back = np.array(json.loads(array_text(array)) if array.size else [], np.float64)
    assert bits(back.astype(np.float32)) == bits(array)


def test_array_text_of_corner_values_is_exact_and_short():
    corners = [0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 1.17549435e-38, 3.4028235e38, 0.1, 16777216]
    array = np.array(corners, np.float32)
    text = array_text(array)
    assert bits(np.array(json.loads(text)).astype(np.float32)) == bits(array)
    assert "-0.0, 1e-45" in text
    assert " 0.1," in text


def test_array_text_is_exact_when_numpy_prints_too_few_digits():
    array = np.array([1 / 3, 16777217.0, 1e-45, 1.23456789e-5], np.float32)
    with np.printoptions(legacy="1.13"):
        text = array_text(array)
    assert bits(np.array(json.loads(text)).astype(np.float32)) == bits(array)


def test_array_text_many_random_bits_are_exact():
    patterns = np.random.default_rng(1).integers(0, 2**32, 200_000, dtype=np.uint32)
    array = patterns.view(np.float32)
    array = array[np.isfinite(array)]
    assert bits(np.array(json.loads(array_text(array))).astype(np.float32)) == bits(array)


@pytest.fixture
def document(tmp_path):
    return json.loads(model().save(tmp_path / "whole.json").read_text())


def load(tmp_path, document):
    path = tmp_path / "changed.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return Model.load(path)


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        (("parameters", "Linear1.weight"), [[1.0] * 5] * 2, "parameters.Linear1.weight", "axis 0"),
        (("parameters", "Linear1.weight", 1), [1.0] * 4, "parameters.Linear1.weight", "axis 1"),
        (("parameters", "Linear1.weight", 1), 5, "parameters.Linear1.weight", "axis 1"),
        (("parameters", "Linear1.bias", 1), "1", "parameters.Linear1.bias", "got '1'"),
        (("parameters", "Linear1.bias", 1), True, "parameters.Linear1.bias", "got True"),
        (("parameters", "Linear1.bias", 1), None, "parameters.Linear1.bias", "got None"),
        (("parameters", "Linear1.bias", 1), 10**400, "parameters.Linear1.bias", "too large"),
        (("parameters", "Linear1.bias", 1), 1e300, "parameters", "finite float32"),
        (("parameters", "Linear1.bias"), {}, "parameters.Linear1.bias", "a list"),
        (("parameters", "Linear7.bias"), [0.0], "parameters", "'Linear7.bias' is not known"),
        (("normalization", "offset"), [1.0], "normalization.offset", "axis 0 is not 5 long"),
        (("normalization", "kind"), "none", "normalization.kind", "expected 'minmax'"),
        (("classes",), ["a"], "", "expected two different"),
        (("classes",), ["a", []], "classes[1]", "a word, number or boolean"),
        (("classes",), ["a", "a"], "", "two different"),
        (("feature_names",), ["a"], "", "expected 5 names"),
        (("network", "training", "epochs"), 0, "network.training.epochs", "from 1"),
        (("network", "layers", "nodes", 0, "kind"), "X", "network.layers.nodes[0].kind", "'X'"),
        (("network", "version"), 2, "network.version", "version 1"),
        (("made",), [], "made", "how the model was made"),
    ],
)
def test_load_wrong_value_is_refused_at_its_place(tmp_path, document, path, value, place, message):
    box = document
    for key in path[:-1]:
        box = box[key]
    box[path[-1]] = value
    with pytest.raises(FormatError) as caught:
        load(tmp_path, document)
    assert caught.value.path == place
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "changed.json"))
    assert len(str(caught.value)) < 600


def test_load_missing_array_is_named(tmp_path, document):
    del document["parameters"]["Linear2.bias"]
    with pytest.raises(FormatError, match=r"'Linear2\.bias' is missing"):
        load(tmp_path, document)


def test_load_terabytes_are_refused_before_they_are_made(tmp_path, document):
    nodes = document["network"]["layers"]["nodes"]
    nodes[0]["out_features"] = nodes[1]["in_features"] = nodes[1]["out_features"] = 2**24
    nodes[2]["in_features"] = 2**24
    nodes[0]["in_features"] = 2**24
    with pytest.raises(FormatError, match="at most 33,554,432 parameters"):
        load(tmp_path, document)


def test_load_newer_version_says_how_to_update(tmp_path, document):
    with pytest.raises(VersionError, match="pip install -U dlaaw_nb"):
        load(tmp_path, {**document, "version": 2})


def test_load_spec_file_names_its_reader(tmp_path):
    with pytest.raises(FormatError, match=r"Read it with NNWorkflow\.load"):
        Model.load(network().save(tmp_path / "spec.json"))


def test_load_missing_file_is_named():
    with pytest.raises(MissingDataError, match=r"no_model\.json: no such file"):
        Model.load("no_model.json")


def test_load_file_cut_anywhere_is_refused(tmp_path, document):
    text = (tmp_path / "whole.json").read_text().rstrip()
    for end in range(0, len(text), 97):
        with pytest.raises(FormatError):
            load(tmp_path, text[:end])
