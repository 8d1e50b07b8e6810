"""Cost curves of a run's networks, as pages get them."""

from __future__ import annotations

import threading
import xml.etree.ElementTree as ET

import pytest

from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow, datasets
from dlaaw_nb.notebook.bench_runs import WatchedRun
from dlaaw_nb.workflow import task


class Listener:
    """Keeps the messages of a run, and knows when it has ended."""

    def __init__(self):
        self.messages = []
        self.ended = threading.Event()

    def __call__(self, message):
        self.messages.append(message)
        if message["type"] == "ended":
            self.ended.set()

    def curves(self):
        return [message for message in self.messages if message["type"] == "costs"]


@pytest.fixture
def trained(tmp_path):
    """A run of two networks and a task, watched to its end."""

    @task
    def rows(dataset: str) -> int:
        return len(datasets.load(dataset).features)

    flow = Workflow("two")
    data = flow.input("data", datasets.load("breast_cancer"), type="dataset")
    for name, epochs in (("short", 300), ("<b>long</b>", 900)):
        network = NNWorkflow([Linear(5, 1), Sigmoid()], epochs=epochs, cost_every=100)
        flow.add(network, data, name=name)
    flow.add(rows, "breast_cancer", name="rows")
    listener = Listener()
    run = flow.start(store=tmp_path / "store", executor="threads")
    watched = WatchedRun(run, listener)
    assert listener.ended.wait(60)
    assert run.state == "finished"
    return watched, listener


def test_costs_of_each_network_end_with_its_last_epoch(trained):
    watched, listener = trained
    last = {curve["task"]: curve for curve in listener.curves()}
    assert set(last) == {"short", "<b>long</b>"}
    for name, curve in last.items():
        costs = watched.run.tasks[name].costs
        assert f"after epoch {costs[-1][0]}" in curve["text"]
        drawn = ET.fromstring(curve["svg"])  # noqa: S314 - ours; a name in it is text, no markup
        assert len(drawn.find("{*}polyline").get("points").split()) == len(costs)
    assert len(watched.run.tasks["<b>long</b>"].costs) > len(watched.run.tasks["short"].costs) > 2


def test_costs_come_before_the_end_and_are_not_sent_twice(trained):
    _, listener = trained
    assert listener.messages[-1]["type"] == "ended"
    texts = [(curve["task"], curve["text"]) for curve in listener.curves()]
    assert len(set(texts)) == len(texts)


def test_costs_are_told_to_a_page_that_comes_later(trained):
    watched, first = trained
    later = Listener()
    watched.follow(later)
    assert later.ended.is_set()
    last = {curve["task"]: curve for curve in first.curves()}
    assert {curve["task"]: curve for curve in later.curves()} == last
