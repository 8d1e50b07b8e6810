import importlib.metadata
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from property_tasks import numbers_of, total_of
from workflow_runs import run
from workflow_tasks import add, nap, plus

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow import Workflow
from dlaaw_nb.workflow.planners import InOrder, LongestPath, find_planner, planner_names


def test_find_planner_by_name_or_as_it_is():
    assert isinstance(find_planner("in_order"), InOrder)
    assert isinstance(find_planner("longest_path"), LongestPath)
    own = Backwards()
    assert find_planner(own) is own
    assert {"in_order", "longest_path"} <= set(planner_names())


def test_find_planner_unknown_is_refused():
    with pytest.raises(GraphError, match=r"planner: expected one of .*longest_path.*, got 'best'"):
        find_planner("best")


def test_find_planner_by_entry_point(monkeypatch):
    point = importlib.metadata.EntryPoint("backwards", f"{__name__}:Backwards", "dlaaw_nb.planners")
    before = importlib.metadata.entry_points
    monkeypatch.setattr(
        importlib.metadata, "entry_points",
        lambda **kw: [point] if kw == {"group": "dlaaw_nb.planners"} else before(**kw),
    )  # fmt: skip
    import sys

    sys.modules.setdefault(__name__, sys.modules[Backwards.__module__])
    assert "backwards" in planner_names()
    assert type(find_planner("backwards")).__name__ == "Backwards"


class Backwards:
    """Starts the task first that was added last."""

    def ranks(self, consumers, seconds):
        return {name: float(number) for number, name in enumerate(consumers)}


def started(events):
    return [e["task"] for e in events if e["event"] == "task" and e["state"] == "running"]


def row(*seconds):
    workflow = Workflow("w")
    for number, one in enumerate(seconds):
        workflow.add(nap, seconds=one, name=f"t{number}")
    return workflow


def test_planner_in_order_starts_what_is_ready_first(store):
    events = []
    run(row(0.01, 0.02, 0.03), store, executor="serial", callback=events.append)
    assert started(events) == ["t0", "t1", "t2"]


def test_planner_of_a_person_decides(store):
    events = []
    run(row(0.01, 0.02, 0.03), store, executor="serial", planner=Backwards(),
        callback=events.append)  # fmt: skip
    assert started(events) == ["t2", "t1", "t0"]
    assert store.provenance.runs()[0].planner == "Backwards"


def test_planner_longest_path_starts_the_longest_way_first(store):
    workflow = Workflow("w")
    short = workflow.add(plus, x=1, name="short")
    first = workflow.add(plus, x=2, name="long1")
    second = workflow.add(plus, x=first, name="long2")
    workflow.add(add, workflow.add(plus, x=second, name="long3"), short, name="end")
    events = []
    run(workflow, store, executor="serial", planner="longest_path", callback=events.append)
    assert started(events)[0] == "long1"


def test_planner_longest_path_uses_the_durations_of_earlier_runs(store):
    slow, quick = Workflow("a"), Workflow("b")
    slow.add(nap, seconds=0.3)
    quick.add(plus, x=1)
    run(slow, store, executor="serial")
    run(quick, store, executor="serial")
    both, events = Workflow("both"), []
    both.add(plus, x=2)
    both.add(nap, seconds=0.01)
    run(both, store, executor="serial", planner="longest_path", callback=events.append)
    assert started(events) == ["nap1", "plus1"]


def test_planner_longest_path_items_of_a_map_have_its_rank(store):
    workflow = Workflow("w")
    each = workflow.map(plus, {"x": workflow.input("x", [1, 2])}, name="each")
    workflow.add(total_of, values=workflow.add(numbers_of, values=each))
    for number in range(3):
        workflow.add(plus, x=number, y=50, name=f"single{number}")
    events = []
    run(workflow, store, executor="serial", planner="longest_path", callback=events.append)
    order = started(events)
    assert order.index("each[1]") < order.index("single0")


@given(st.data())
def test_longest_path_ranks_each_task_before_what_follows(data):
    count = data.draw(st.integers(1, 12))
    consumers = {
        f"t{n}": [f"t{m}" for m in data.draw(st.sets(st.integers(n + 1, count), max_size=4))
                  if m < count]
        for n in range(count)
    }  # fmt: skip
    seconds = {name: data.draw(st.none() | st.floats(0.001, 10)) for name in consumers}
    ranks = LongestPath().ranks(consumers, seconds)
    assert set(ranks) == set(consumers)
    for name, others in consumers.items():
        assert all(ranks[name] > ranks[other] for other in others)


def test_longest_path_of_a_chain_of_ten_thousand_is_ranked():
    consumers = {f"t{n}": [f"t{n + 1}"] for n in range(10_000)} | {"t10000": []}
    begun = time.monotonic()
    ranks = LongestPath().ranks(consumers, dict.fromkeys(consumers))
    assert ranks["t0"] == 10_001
    assert time.monotonic() - begun < 30
