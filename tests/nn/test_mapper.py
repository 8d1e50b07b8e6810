import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dlaaw_nb
from dlaaw_nb import (
    Adam,
    EarlyStopping,
    FormatError,
    Huber,
    Linear,
    NNWorkflow,
    ReLU,
    Sigmoid,
    StepDecay,
    Tanh,
)
from dlaaw_nb.nn.mapper import default_plan
from dlaaw_nb.nn.schema import check_schema


def network(**settings):
    return NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], **settings)


@st.composite
def networks(draw):
    widths = draw(st.lists(st.integers(1, 50), min_size=1, max_size=4))
    layers = []
    for before, after in zip(widths, [*widths[1:], 1], strict=True):
        layers.append(Linear(before, after))
        layers += draw(st.lists(st.sampled_from([ReLU(), Tanh(), Sigmoid()]), max_size=2))
    return NNWorkflow(
        [*layers, Sigmoid()],
        batches=draw(st.integers(2, 10**9)),
        epochs=draw(st.integers(1, 10**9)),
        learning_rate=draw(st.floats(0, exclude_min=True, allow_infinity=False, allow_nan=False)),
        momentum=draw(st.floats(0, 1, exclude_max=True)),
        seed=draw(st.integers(0, 2**64 - 1)),
        shuffle=draw(st.booleans()),
        normalize=draw(st.sampled_from(["minmax", "standard", "none"])),
        normalize_on=draw(st.sampled_from(["train", "all"])),
        cost_every=draw(st.integers(1, 10**9)),
        name=draw(st.text(min_size=1, max_size=50).filter(str.isprintable)),
    )


def node(name, kind, in_features, out_features):
    return {
        "id": name,
        "kind": kind,
        "in_features": in_features,
        "out_features": out_features,
        "parameters": {},
    }


def test_spec_has_the_agreed_form():
    assert network(name="n").spec() == {
        "format": "dlaaw-nb/spec",
        "version": 1,
        "name": "n",
        "layers": {
            "nodes": [
                node("Linear1", "Linear", 5, 3),
                node("ReLU1", "ReLU", 3, 3),
                node("Linear2", "Linear", 3, 1),
                node("Sigmoid1", "Sigmoid", 1, 1),
            ],
            "edges": [["Linear1", "ReLU1"], ["ReLU1", "Linear2"], ["Linear2", "Sigmoid1"]],
        },
        "loss": {"kind": "BinaryCrossEntropy", "parameters": {}},
        "optimizer": {
            "kind": "SGD",
            "parameters": {"learning_rate": 0.1, "weight_decay": 0.0, "momentum": 0.9},
        },
        "schedule": {"kind": "Constant", "parameters": {}},
        "preprocessing": {
            "normalize": "minmax", "normalize_on": "train", "normalize_target": "standard",
        },
        "training": {
            "batches": 6, "epochs": 1000, "seed": 0, "shuffle": True, "cost_every": 100,
            "clip_norm": None, "early_stopping": None,
        },
        "plan": {
            "kind": "train", "folds": None, "stratified": False, "test": "last_batch", "taps": [],
            "variants": [{}],
        },
    }  # fmt: skip


@settings(deadline=None)  # the first one imports
@given(networks())
def test_spec_and_back_is_the_same_network(made):
    text = json.dumps(made.spec())
    assert NNWorkflow.from_spec(text) == made
    assert NNWorkflow.from_spec(made.spec()).spec() == made.spec()


def test_spec_shares_nothing_with_the_network():
    made = network()
    made.spec()["layers"]["nodes"][0]["in_features"] = 99
    made.spec()["plan"]["taps"].append("ReLU1")
    assert made.spec() == network().spec()


@pytest.mark.parametrize(
    "plan",
    [
        default_plan(),
        {"kind": "predict", "outputs": ["ReLU1"]},
        {**default_plan(), "kind": "cross_validate", "folds": 5, "stratified": True},
        {**default_plan(), "test": {"fraction": 0.2}, "taps": ["ReLU1"]},
        {
            **default_plan(),
            "kind": "sweep",
            "variants": [
                {"optimizer": {"parameters": {"momentum": 0.5}}, "training": {"epochs": 5}},
                {"layers": network().replace(hidden=9).spec()["layers"]},
            ],
        },
    ],
)
def test_spec_with_any_plan_obeys_the_schema(plan):
    spec = network().spec(plan)
    assert spec["plan"] == plan
    check_schema(spec, "spec")
    assert NNWorkflow.from_spec(spec) == network()


def test_from_spec_without_a_plan_is_read():
    spec = network().spec()
    del spec["plan"]
    assert NNWorkflow.from_spec(spec) == network()


def test_from_spec_nodes_in_any_order_follow_the_edges():
    spec = network().spec()
    spec["layers"]["nodes"].reverse()
    spec["layers"]["edges"].reverse()
    assert NNWorkflow.from_spec(spec) == network()


def change(spec, path, value):
    *way, last = path
    place = spec
    for key in way:
        place = place[key]
    place[last] = value


NODES = ("layers", "nodes")
EDGES = ("layers", "edges")


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        ((*NODES, 0, "kind"), "Conv", "layers.nodes[0].kind", "'Conv': not known"),
        ((*NODES, 2, "id"), "out", "layers.edges[1]", "no node has the id 'Linear2'"),
        ((*NODES, 2, "id"), "Linear1", "layers.nodes[2].id", "stands there twice"),
        ((*NODES, 2, "in_features"), 4, "layers", "Linear2: expected 4 input features, but ReLU1"),
        ((*NODES, 1, "in_features"), 4, "layers.nodes[1].in_features", "expected 3, got 4"),
        ((*NODES, 0, "in_features"), 5.0, "layers.nodes[0]", "whole number"),
        ((*NODES, 0, "in_features"), 10**400, "layers.nodes[0].in_features", "whole number"),
        ((*NODES, 0, "parameters"), {"a": 1}, "layers.nodes[0]", "unexpected keyword"),
        ((*NODES, 1, "parameters"), {"name": "x"}, "layers.nodes[1]", "unexpected keyword"),
        ((*EDGES, 0), ["Linear1", "Linear2"], "layers.edges[1]", "makes a branch"),
        (EDGES, [["Linear1", "ReLU1"], ["ReLU1", "Linear2"]], "layers.edges", "one chain"),
        ((*EDGES, 2), ["Linear2", "Linear1"], "layers.edges", "one chain"),
        ((*EDGES, 2), ["Linear2", "Linear2"], "layers.edges[2]", "makes a branch"),
        ((*EDGES, 2), ["Linear2"], "layers.edges[2]", "a pair of ids"),
        (("loss", "kind"), "MSE", "loss.kind", "or 'MeanSquaredError', got 'MSE'"),
        (("loss", "parameters"), {"a": 1}, "loss.parameters", "takes none, got a"),
        (("optimizer", "kind"), "Adagrad", "optimizer.kind", "or 'SGD', got 'Adagrad'"),
        (("optimizer", "parameters"), {}, "optimizer.parameters", "learning_rate is missing"),
        (("optimizer", "parameters", "momentum"), 1.5, "optimizer.parameters.momentum", "below 1"),
        (("training", "epochs"), 0, "training.epochs", "expected a whole number from 1"),
        (("training", "batches"), 6.0, "training.batches", "expected a whole number from 2"),
        (("training", "epoch"), 5, "training", "the key 'epoch' is not known. Known are batches"),
        (("preprocessing", "normalize"), "max", "preprocessing.normalize", "expected 'minmax'"),
        (("name",), "a\nb", "name", "printable"),
        (("plan", "test"), "never", "plan.test", "expected 'last_batch', 'separate' or"),
    ],
)
def test_from_spec_wrong_value_is_refused_at_its_place(path, value, place, message):
    spec = network().spec()
    change(spec, path, value)
    with pytest.raises(FormatError) as caught:
        NNWorkflow.from_spec(spec)
    assert caught.value.path == place
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


def paths(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from paths(item, (*path, key))


NEWER = {"schedule", "weight_decay", "normalize_target", "clip_norm", "early_stopping"}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in paths({k: v for k, v in network().spec().items() if k != "plan"})
        if not NEWER & set(path)
    ],
)
def test_from_spec_missing_key_is_named(path):
    spec = copy.deepcopy(network().spec())
    place = spec
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    with pytest.raises(FormatError, match=path[-1]) as caught:
        NNWorkflow.from_spec(spec)
    assert caught.value.path in (".".join(path[:-1]), path[-1])


def test_from_spec_without_newer_keys_is_the_same_network():
    spec = network().spec()
    del spec["schedule"], spec["optimizer"]["parameters"]["weight_decay"]
    del spec["preprocessing"]["normalize_target"]
    del spec["training"]["clip_norm"], spec["training"]["early_stopping"]
    assert NNWorkflow.from_spec(spec) == network()


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": Adam(beta1=0.8), "weight_decay": 0.1},
        {"optimizer": "AdamW", "schedule": StepDecay(every=30, factor=0.9)},
        {"optimizer": "nesterov", "schedule": "cosine_decay", "clip_norm": 1},
        {"schedule": "ReduceOnPlateau(patience=3)", "early_stopping": EarlyStopping(9, 0.1, 0.3)},
        {"shuffle": "every_epoch", "early_stopping": 7},
        {"loss": Huber(delta=0.5), "normalize_target": "none"},
    ],
)
def test_spec_of_every_part_and_back_is_the_same_network(changes):
    made = network().replace(**changes)
    assert NNWorkflow.from_spec(json.dumps(made.spec())) == made
    assert eval(repr(made), {n: getattr(dlaaw_nb, n) for n in dlaaw_nb.__all__}) == made  # noqa: S307 - what it shows makes it again


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        (
            ("schedule",),
            {"kind": "Constant", "parameters": {"x": 1}},
            "schedule.parameters",
            "none",
        ),
        (("schedule", "kind"), "Linear", "schedule.kind", "expected 'Constant' or"),
        (("training", "early_stopping"), {"patience": 1}, "training.early_stopping", "min_delta"),
        (("training", "shuffle"), "sometimes", "training.shuffle", "every_epoch"),
        (("training", "clip_norm"), 0, "training.clip_norm", "above 0"),
    ],
)
def test_from_spec_wrong_part_is_refused_at_its_place(path, value, place, message):
    spec = network().spec()
    change(spec, path, value)
    with pytest.raises(FormatError, match=message) as caught:
        NNWorkflow.from_spec(spec)
    assert caught.value.path == place
