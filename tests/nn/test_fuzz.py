"""Any mutation of a file is read, or refused by an error of ours, and soon."""

import json
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlaaw_nb import FormatError, Linear, Model, NNWorkflow, ReLU, Sigmoid
from dlaaw_nb.nn.documents import check_document, parse_text

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(
        [0, -1, 10**400, 2**64, 2**31, 1e308, 5e-324, -0.0, "", "Linear1", "ReLU", "SGD"]
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=10),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, item in items:
        yield from places(item, (*path, key))


def mutate(draw, document):
    """Change, remove or add something at random places of a document."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([path for path in places(document) if path]))
        box = document
        for key in path[:-1]:
            box = box[key]
        action = draw(st.sampled_from(["set", "delete", "add", "double"]))
        if action == "set":
            box[path[-1]] = draw(VALUES)
        elif action == "delete":
            del box[path[-1]]
        elif isinstance(box, list):
            box.append(draw(VALUES) if action == "add" else box[path[-1]])
        else:
            box[draw(st.text(max_size=8))] = draw(VALUES)
        if not document:
            break
    return document


@pytest.fixture(scope="module")
def model():
    network = NNWorkflow([Linear(3, 2), ReLU(), Linear(2, 1), Sigmoid()])
    arrays = {name: np.ones(shape) for name, shape in network.parameter_shapes.items()}
    made = {"created": "2026-01-01", "costs": [[0, 0.7]], "data": {"rows": 9}}
    return Model(network, arrays, np.zeros(3), np.ones(3), (0, 1), list("abc"), "label", made)


def outcome(read):
    """What reading gave, or the error by which it was refused; any other error is a fault."""
    try:
        return read(), None
    except FormatError as error:
        return None, error


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_fuzz_mutated_spec_is_read_or_refused(data):
    made = NNWorkflow([Linear(5, 3), Sigmoid(), Linear(3, 1), Sigmoid()])
    text = json.dumps(mutate(data.draw, made.spec()))
    started = time.perf_counter()
    again, error = outcome(lambda: NNWorkflow.from_spec(text))
    assert time.perf_counter() - started < 5
    if error is None:
        assert NNWorkflow.from_spec(again.spec()) == again
    else:
        assert 0 < len(str(error)) < 1000


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_fuzz_damaged_text_is_read_or_refused(data):
    text = json.dumps(NNWorkflow([Linear(5, 1), Sigmoid()]).spec())
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 20))
    patch = data.draw(st.text(alphabet='{}[]",:0123456789.eE+-naNtruefls \\\x00\ud800', max_size=8))
    damaged = text[:start] + patch + text[start + length :]
    for candidate in (damaged, text[:start]):
        _, error = outcome(lambda text=candidate: check_document(parse_text(text, 10**6), "spec"))
        assert error is None or str(error)


@settings(
    deadline=None, max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_fuzz_mutated_model_is_read_or_refused(tmp_path, model, data):
    document = json.loads(model.save(tmp_path / "whole.json").read_text())
    (tmp_path / "changed.json").write_text(json.dumps(mutate(data.draw, document)))
    again, error = outcome(lambda: Model.load(tmp_path / "changed.json"))
    if error is None:
        again.save(tmp_path / "again.json")
    else:
        assert 0 < len(str(error)) < 1500
