import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlaaw_nb import FormatError, Linear, NNWorkflow, ReLU, Sigmoid, Tanh
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
        "optimizer": {"kind": "SGD", "parameters": {"learning_rate": 0.1, "momentum": 0.9}},
        "preprocessing": {"normalize": "minmax", "normalize_on": "train"},
        "training": {"batches": 6, "epochs": 1000, "seed": 0, "shuffle": True, "cost_every": 100},
        "plan": {
            "kind": "train", "folds": None, "stratified": False, "test": "last_batch", "taps": [],
            "variants": [{}],
        },
    }  # fmt: skip


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
        (("loss", "kind"), "MSE", "loss.kind", "expected 'BinaryCrossEntropy', got 'MSE'"),
        (("loss", "parameters"), {"a": 1}, "loss.parameters", "takes none, got a"),
        (("optimizer", "kind"), "Adam", "optimizer.kind", "expected 'SGD'"),
        (("optimizer", "parameters"), {}, "optimizer.parameters", "got none"),
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


@pytest.mark.parametrize(
    "path", list(paths({k: v for k, v in network().spec().items() if k != "plan"}))
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
