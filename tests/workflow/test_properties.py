"""Random workflows: whatever the executor, the same as by hand, and in a valid order."""

import tempfile
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from property_tasks import affine, choose, divide_both, fails, items, summed, total_of
from workflow_runs import states

from dlaaw_nb.store import Store
from dlaaw_nb.workflow import Workflow

KINDS = ("affine", "summed", "both", "map", "choose")


@st.composite
def graphs(draw, most=14):
    """A list of (kind, numbers of the tasks that feed it, a constant)."""
    count = draw(st.integers(1, most))
    made = []
    for number in range(count):
        kind = draw(st.sampled_from(KINDS))
        feeds = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        made.append((kind, tuple(feeds), draw(st.integers(-5, 5))))
    return made


def by_hand(graph):
    values = []
    for kind, feeds, constant in graph:
        given_values = [values[feed] for feed in feeds]
        first = given_values[0] if given_values else constant
        if kind == "affine":
            value = affine.function(first, constant)
        elif kind == "summed":
            value = summed.function(*given_values)
        elif kind == "both":
            value = divide_both.function(first, constant)[1]
        elif kind == "map":
            value = sum(affine.function(item, constant) for item in items.function(first))
        else:
            value = choose.function(first, given_values[1] if len(feeds) > 1 else None)
        values.append(value)
    return values


def built(graph):
    workflow, ends = Workflow("random"), []
    for kind, feeds, constant in graph:
        sources = [ends[feed] for feed in feeds]
        first = sources[0] if sources else constant
        if kind == "affine":
            end = workflow.add(affine, x=first, k=constant)
        elif kind == "summed":
            end = workflow.add(summed, parts=sources)
        elif kind == "both":
            end = workflow.add(divide_both, x=first, k=constant)["rest"]
        elif kind == "map":
            each = workflow.map(affine, {"x": workflow.add(items, x=first)}, k=constant)
            end = workflow.add(total_of, values=each)
        else:
            more = {"y": sources[1]} if len(sources) > 1 else {}
            end = workflow.add(choose, x=first, **more)
        ends.append(end)
        workflow.output(f"y{len(ends)}", end)
    return workflow


def check(graph, executor, workers=2):
    expected = by_hand(graph)
    workflow = built(graph)
    order, lock = [], threading.Lock()

    def watch(event):
        if event["event"] == "task":
            with lock:
                order.append((event["task"], event["state"]))

    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        made = workflow.run(store=store, executor=executor, workers=workers, callback=watch)
        assert list(made.outputs.values()) == expected
        ended = {name: place for place, (name, state) in enumerate(order) if state == "finished"}
        begun = {}
        for place, (name, state) in enumerate(order):
            if state == "running":
                begun.setdefault(name, place)
        assert set(ended) == set(made.tasks)
        for edge in workflow.edges:
            if edge.source and executor == "serial" and workers == 1:
                assert begun[edge.source] < begun[edge.target]
            if edge.source:
                assert ended[edge.source] < ended[edge.target]
        again = workflow.run(store=store, executor="serial")
        assert list(again.outputs.values()) == expected
        assert {state for name, state in states(again).items() if "[" not in name} <= {"cached"}


SETTINGS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


@given(graphs())
@settings(max_examples=40, **SETTINGS)
def test_random_graph_serial_is_as_by_hand(graph):
    check(graph, "serial", 1)


@given(graphs())
@settings(max_examples=25, **SETTINGS)
def test_random_graph_threads_is_as_by_hand(graph):
    check(graph, "threads", 3)


@given(graphs())
@settings(max_examples=25, **SETTINGS)
def test_random_graph_processes_is_as_by_hand(graph):
    check(graph, "processes")


@given(graphs(most=10), st.data())
@settings(max_examples=25, **SETTINGS)
def test_random_graph_with_a_task_that_fails_fails_what_hangs_on_it_alone(graph, data):
    workflow = built(graph)
    names = [name for name, one in workflow.tasks.items() if one.kind in ("affine", "choose")]
    if not names:
        return
    bad = data.draw(st.sampled_from(names))
    with tempfile.TemporaryDirectory() as folder:
        workflow = failing(workflow, bad)
        made = workflow.run(store=Store(folder), executor="threads", check=False)
        hanging, order = {bad}, workflow.order()
        for one in order:
            if any(edge.target == one.name and edge.source in hanging for edge in workflow.edges):
                hanging.add(one.name)
        for name, state in states(made).items():
            if name in workflow.tasks:
                assert state == ("failed" if name in hanging else "finished"), name
        for name in hanging:
            assert made.tasks[name].chain[0] == name
            assert made.tasks[name].chain[-1] == bad


def failing(workflow, bad):
    """The same workflow, in which one task divides by zero."""
    changed = workflow.copy()
    changed._tasks[bad] = fails(changed.tasks[bad])
    return changed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*:UserWarning:distributed")
def test_random_graph_dask_is_as_by_hand():
    distributed = pytest.importorskip("distributed")

    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):

        @given(graphs(most=8))
        @settings(max_examples=5, **SETTINGS)
        def examples(graph):
            check(graph, client)

        examples()
