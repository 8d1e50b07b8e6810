"""The sweep explorer without a page: what it trains, keeps, refuses and says."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest

from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets, sweep_explorer
from dlaaw_nb.errors import DataError, NetworkError, PlanError


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


@pytest.fixture
def net():
    layers = [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]
    return NNWorkflow(layers, epochs=100, name="<b>net</b>")


@pytest.fixture
def explorer(net, data):
    made = sweep_explorer(
        net, data, folds=3, learning_rate=[0.1, 0.2, 0.3], momentum=[0.0, 0.9], epochs=[100]
    )
    assert made.widget is not None
    yield made
    made.close()


def tell(explorer, kind="train", number=1, **more):
    """Send what the page would send, and wait until the state answers it."""
    before = explorer.widget.state
    explorer._hear({"kind": kind, "number": number, **more})
    end = time.monotonic() + 20
    while explorer.widget.state == before:
        assert time.monotonic() < end, "no answer"
        time.sleep(0.005)
    return explorer.widget.state


def places(explorer, **values):
    start = dict(explorer._choices.start)
    return {**start, **{n: explorer._choices.values[n].index(v) for n, v in values.items()}}


def test_explorer_begins_with_the_networks_own_settings(explorer, net, data):
    settings, result = explorer.selected
    assert settings["learning_rate"] == 0.1
    assert result.mean == net.cross_validate(data, 3).mean
    assert len(explorer.widget.state["curves"]) == 3


def test_explorer_trains_where_the_sliders_stand(explorer, net, data):
    state = tell(explorer, places=places(explorer, learning_rate=0.3, momentum=0.0))
    wanted = net.replace(learning_rate=0.3, momentum=0.0).cross_validate(data, 3)
    assert state["mean"] == wanted.mean
    assert explorer.selected[0]["learning_rate"] == 0.3
    assert len(explorer.sweep.points) == 2
    assert explorer.model.network.learning_rate == 0.3


def test_explorer_trains_nothing_twice(explorer, monkeypatch):
    tell(explorer, places=places(explorer, learning_rate=0.2))
    known = dict(explorer._points.known)
    monkeypatch.setattr(NNWorkflow, "cross_validate", lambda *a, **k: pytest.fail("trained again"))
    tell(explorer, number=2, places=places(explorer, learning_rate=0.1))
    assert dict(explorer._points.known) == known


def test_explorer_drops_what_is_stale(explorer, net):
    slow = sweep_explorer(net, explorer.dataset, folds=3, epochs=[100, 2_000_000])
    assert slow.widget is not None
    slow._hear({"kind": "train", "number": 1, "places": places(slow, epochs=2_000_000)})
    time.sleep(0.1)
    began = time.monotonic()
    state = tell(slow, number=2, places=places(slow, momentum=0.5))
    assert time.monotonic() - began < 10
    assert state["number"] == 2
    assert [dict(key)["epochs"] for key in slow._points.known] == [100, 100]
    slow.close()


def test_explorer_fills_a_map(explorer):
    explorer._hear({"kind": "grid", "number": 1, "names": ["learning_rate", "momentum"]})
    end = time.monotonic() + 20
    while len(explorer.widget.state["points"]) < 6:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert {p.settings["momentum"] for p in explorer.sweep.points} == {0.0, 0.9}


def test_explorer_asks_before_it_trains_a_large_map(net, data):
    wide = sweep_explorer(net, data, seed=range(200), learning_rate=np.linspace(0.01, 1, 50))
    assert wide.widget is not None
    state = tell(wide, kind="grid", names=["seed", "learning_rate"])
    assert state["sure"] is True
    assert "trainings" in state["words"]
    assert len(wide._points.known) == 1
    wide.close()


@pytest.mark.parametrize(
    "names", [["seed"], ["seed", "seed"], ["seed", "nothing"], ["folds", "seed"]]
)
def test_explorer_map_of_the_wrong_axes_is_refused_in_words(explorer, names):
    assert "map" in tell(explorer, kind="grid", names=names)["words"]


def test_explorer_message_from_nowhere_is_refused_in_words(explorer):
    assert "expected a place" in tell(explorer, places={"momentum": 99})["words"]


def test_explorer_setting_that_diverges_is_said_in_words(net, data):
    wild = sweep_explorer(net, data, folds=3, learning_rate=[0.1, 1e39])
    assert wild.widget is not None
    state = tell(wild, places=places(wild, learning_rate=1e39))
    assert "diverged" in state["words"]
    assert state["mean"] is None
    json.dumps(state, allow_nan=False)
    wild.close()


def test_explorer_call_does_the_same(explorer, net, data):
    tell(explorer, places=places(explorer, learning_rate=0.3))
    space = {"net": net, "data": data}
    exec(explorer.call, space)  # noqa: S102 - what the person would run
    assert space["result"].mean == explorer.selected[1].mean


def test_explorer_twin_is_the_sweep(explorer):
    tell(explorer, places=places(explorer, learning_rate=0.2))
    data, metadata = explorer.twin()
    assert {"text/html", "image/png", "text/plain"} <= set(data)
    assert "<b>net" not in data["text/html"]
    assert "width" in metadata["image/png"]


def test_explorer_shows_the_neurons_of_its_model(explorer):
    assert tell(explorer, kind="neurons")["neurons"].startswith("data:image/svg+xml;base64,")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"speed": [1]}, PlanError),
        ({"momentum": []}, PlanError),
        ({"momentum": [2.0]}, NetworkError),
    ],
)
def test_explorer_of_wrong_values_is_refused_at_once(net, data, values, error):
    with pytest.raises(error):
        sweep_explorer(net, data, **values)


def test_explorer_of_wrong_data_is_refused_at_once(net):
    with pytest.raises(DataError):
        sweep_explorer(net, (np.zeros((20, 4)), np.arange(20) % 2))
    with pytest.raises(PlanError):
        sweep_explorer(net, (np.random.default_rng(0).random((4, 5)), np.arange(4) % 2), folds=9)


def test_explorer_closed_ends_its_thread(explorer):
    tell(explorer, places=places(explorer, learning_rate=0.2))
    thread = explorer._worker._thread
    explorer.close()
    thread.join(5)
    assert not thread.is_alive()
    assert thread not in threading.enumerate()


def test_explorer_offers_optimizers_where_they_are_asked_for(net, data):
    found = sweep_explorer(net, data, optimizer=["SGD", "Adam"], weight_decay=[0, 0.01])
    try:
        values = {item["name"]: item["values"] for item in found._choices.plain()}
        assert values["optimizer"] == ["SGD()", "Adam()"]
        assert values["weight_decay"] == ["0", "0.01"]
        assert "schedule" not in values
        assert "optimizer" not in sweep_explorer(net, data)._choices.values
    finally:
        found.close()
