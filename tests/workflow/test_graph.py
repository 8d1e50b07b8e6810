import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow import ARRAY, TABLE, Edge, Port, Task, Workflow, task


class Step(Task):
    """Many optional inputs, one required, one output."""

    inputs = (
        Port("input", ARRAY, "input"),
        *(Port(f"more{i}", ARRAY, "input", required=False) for i in range(8)),
    )
    outputs = (Port("output", ARRAY, "output"),)


class Source(Task):
    outputs = (Port("output", ARRAY, "output", (None, 3)),)


class Sink(Task):
    inputs = (Port("input", ARRAY, "input", (None, 4)),)


class Report(Task):
    inputs = (Port("table", TABLE, "input"),)


def chain(length):
    workflow = Workflow("long")
    tasks = [workflow.add(Step()) for _ in range(length)]
    for before, after in itertools.pairwise(tasks):
        workflow.connect(before, after, target_port="input")
    return workflow, tasks


def test_add_same_task_twice_places_two_named_copies():
    workflow, task = Workflow(), Step()
    first, second = workflow.add(task), workflow.add(task)
    assert list(workflow.tasks) == ["Step1", "Step2"]
    assert first is not second
    assert task.name == ""


def test_add_counted_name_skips_a_taken_one():
    workflow = Workflow()
    workflow.add(Step(), name="Step1")
    assert workflow.add(Step()).name == "Step2"


@pytest.mark.parametrize("name", ["", "a"])
def test_add_taken_or_empty_name_is_refused(name):
    workflow = Workflow()
    workflow.add(Step(), name="a")
    with pytest.raises(GraphError, match="not taken"):
        workflow.add(Step(), name=name)


def test_add_something_else_is_refused():
    with pytest.raises(GraphError, match="expected a Task, got 'Step'"):
        Workflow().add("Step")


def test_tasks_cannot_be_changed_from_outside():
    with pytest.raises(TypeError):
        Workflow().tasks["x"] = Step()


def test_connect_by_name_or_object_gives_the_edge():
    workflow = Workflow()
    source, step = workflow.add(Source()), workflow.add(Step())
    edge = workflow.connect("Source1", step, target_port="input")
    assert edge == Edge("Source1", "output", "Step1", "input")
    assert str(edge) == "Source1.output -> Step1.input"
    assert workflow.edges == (edge,)
    assert workflow.order() == (source, step)


def test_connect_other_type_names_both_ports():
    workflow = Workflow()
    workflow.add(Source())
    workflow.add(Report())
    with pytest.raises(
        GraphError, match=r"Source1\.output -> Report1\.table: expected table .*, got array"
    ):
        workflow.connect("Source1", "Report1")
    assert workflow.edges == ()


def test_connect_other_shape_names_both_ports():
    workflow = Workflow()
    workflow.add(Source())
    workflow.add(Sink())
    with pytest.raises(
        GraphError, match=r"Source1\.output -> Sink1\.input: expected shape \(any, 4\), got"
    ):
        workflow.connect("Source1", "Sink1")


def test_connect_second_writer_is_refused():
    workflow = Workflow()
    for made in (Source(), Source(), Step()):
        workflow.add(made)
    workflow.connect("Source1", "Step1", target_port="input")
    with pytest.raises(GraphError, match=r"fed already \(Source1\.output -> Step1\.input\)"):
        workflow.connect("Source2", "Step1", target_port="input")


def test_connect_task_of_another_workflow_is_refused():
    workflow, other = Workflow(), Workflow()
    workflow.add(Source())
    stranger = other.add(Source())
    step = workflow.add(Step())
    with pytest.raises(GraphError, match="is not placed here"):
        workflow.connect(stranger, step, target_port="input")


def test_order_chain_of_ten_thousand_is_sorted():
    workflow, tasks = chain(10_000)
    assert workflow.order() == tuple(tasks)


def test_order_cycle_is_named():
    workflow, tasks = chain(3)
    workflow.connect(tasks[2], tasks[1], target_port="more0")
    with pytest.raises(GraphError, match=r"each other: Step\d -> Step\d -> Step\d\.") as caught:
        workflow.check()
    assert "Step1" not in str(caught.value)


def test_order_task_that_feeds_itself_is_named():
    workflow = Workflow()
    step = workflow.add(Step())
    workflow.connect(step, step, target_port="input")
    with pytest.raises(GraphError, match="Step1 -> Step1"):
        workflow.order()


def test_order_huge_cycle_is_cut_in_the_message():
    workflow, tasks = chain(10_000)
    workflow.connect(tasks[-1], tasks[0], target_port="input")
    with pytest.raises(GraphError, match="more") as caught:
        workflow.order()
    assert len(str(caught.value)) < 300


def test_dangling_names_required_inputs_only():
    workflow, _ = chain(2)
    assert workflow.dangling() == (("Step1", "input"),)
    with pytest.raises(GraphError, match=r"nothing feeds Step1\.input\."):
        workflow.check()


def test_check_whole_graph_passes():
    workflow, tasks = chain(2)
    workflow.connect(workflow.add(Source()), tasks[0], target_port="input")
    workflow.check()


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), unique=True, max_size=25))
def test_order_random_graph_is_valid_or_a_real_cycle_is_named(pairs):
    workflow = Workflow()
    tasks = [workflow.add(Step()) for _ in range(8)]
    for source, target in pairs:
        workflow.connect(tasks[source], tasks[target], target_port=f"more{source}")
    try:
        names = [task.name for task in workflow.order()]
    except GraphError as error:
        circle = str(error).split("other: ")[1].split(". ")[0].split(" -> ")
        edges = {(edge.source, edge.target) for edge in workflow.edges}
        assert circle[0] == circle[-1]
        assert all(step in edges for step in itertools.pairwise(circle))
    else:
        assert sorted(names) == sorted(workflow.tasks)
        assert all(names.index(e.source) < names.index(e.target) for e in workflow.edges)


def test_add_values_behind_many_go_to_it_and_keywords_to_others():
    @task
    def joined(*parts: int, factor: int = 1) -> int:
        return factor * sum(parts)

    workflow = Workflow()
    sources = [workflow.input(name, 1) for name in ("a", "b")]
    placed = workflow.add(joined, *sources, factor=3)
    assert len(workflow.edges_into(placed.name, "parts")) == 2
    assert workflow.values(placed) == {"factor": 3}
    with pytest.raises(GraphError, match="has a plain value already"):
        workflow.add(joined, 1, 2)
    with pytest.raises(GraphError, match="fed already"):
        workflow.add(joined, sources[0], 2)


def test_replace_keeps_edges_and_refuses_what_does_not_fit():
    workflow = Workflow()
    source, step = workflow.add(Source()), workflow.add(Step())
    workflow.connect(source, step, target_port="input")
    workflow.replace(source, Source())
    assert len(workflow.edges) == 1
    with pytest.raises(GraphError, match="no output port"):
        workflow.replace("Source1", Report())
    assert isinstance(workflow.tasks["Source1"], Source)
