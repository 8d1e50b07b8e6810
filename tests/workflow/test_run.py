import threading
import time

import numpy as np
import pandas as pd
import pytest
from workflow_runs import run, start, states
from workflow_tasks import (
    Scale,
    Shift,
    add,
    address,
    array_and_address,
    boom,
    by_name,
    column_sum,
    divide,
    draw,
    flaky,
    nap,
    order,
    plus,
    print_from_child,
    print_much,
    read_file,
    seeded,
    show,
    square,
    stop_politely,
    table,
    total,
    wait_for,
    write_file,
    zeros,
)

from dlaaw_nb.errors import GraphError, RunError
from dlaaw_nb.workflow import Workflow, task
from dlaaw_nb.workflow.threads import ThreadPool


def squares():
    workflow = Workflow("squares")
    first = workflow.add(square, x=workflow.input("x", 3))
    second = workflow.add(square, x=first)
    workflow.output("sum", workflow.add(add, first, second))
    return workflow


def test_run_small_graph_gives_its_outputs(store, executor):
    made = run(squares(), store, executor=executor)
    assert made.state == "finished"
    assert dict(made.outputs) == {"sum": 90}
    assert set(states(made).values()) == {"finished"}
    assert made.tasks["square1"].log == "squaring 3\n"
    assert made.tasks["square2"].output() == 81
    assert made.tasks["add1"].attempts == 1
    assert made.tasks["add1"].seconds >= 0
    assert ":" in made.tasks["add1"].worker


def test_run_is_written_down(store):
    made = run(squares(), store, executor="threads", inputs={"x": 4})
    record = store.provenance.run(made.id)
    assert (record.state, record.workflow, record.executor) == ("finished", "squares", "threads")
    assert record.arguments == {"x": 4}
    assert set(record.outputs) == {"sum"}
    tasks = {one.name: one for one in store.provenance.tasks(made.id)}
    assert set(tasks) == {"square1", "square2", "add1"}
    assert tasks["square1"].log == "squaring 4\n"
    assert [port for port, _, _ in tasks["add1"].inputs] == ["parts", "parts"]


def test_run_events_come_in_order(store, executor):
    events = []
    run(squares(), store, executor=executor, callback=events.append)
    assert events[0] == {"event": "run", "state": "running"}
    assert events[-1] == {"event": "run", "state": "finished"}
    for name in ("square1", "square2", "add1"):
        told = [event["state"] for event in events if event.get("task") == name]
        assert told == ["running", "finished"]


def test_run_progress_and_cost_are_told_and_kept(store, executor):
    from workflow_tasks import steps

    workflow, events = Workflow(), []
    workflow.output("y", workflow.add(steps, n=3))
    made = run(workflow, store, executor=executor, callback=events.append)
    assert [e["done"] for e in events if e["event"] == "progress"] == [0, 1, 2]
    assert [e["epoch"] for e in events if e["event"] == "cost"] == [0, 1, 2]
    assert made.tasks["steps1"].costs == ((0, 1.0), (1, 0.5), (2, 1 / 3))
    assert made.tasks["steps1"].progress["total"] == 3


def test_run_input_given_instead_of_default(store):
    assert run(squares(), store, executor="serial", inputs={"x": 2}).outputs["sum"] == 20


@pytest.mark.parametrize(
    ("inputs", "message"),
    [({}, "missing: x"), ({"x": 1, "z": 2}, "'z': the workflow has none")],
)
def test_run_inputs_missing_or_unknown_are_refused_before_it_begins(store, inputs, message):
    workflow = Workflow()
    workflow.add(square, x=workflow.input("x"))
    with pytest.raises(GraphError, match=message):
        start(workflow, store, inputs=inputs, executor="serial")


def test_run_input_of_wrong_type_is_refused(store):
    workflow = Workflow()
    workflow.add(square, x=workflow.input("x"))
    with pytest.raises(GraphError, match="input x: expected int"):
        run(workflow, store, executor="serial", inputs={"x": [1]})


def test_run_seed_that_is_no_number_is_refused(store):
    with pytest.raises(GraphError, match="seed: expected a whole number, got 'a'"):
        run(squares(), store, executor="serial", seed="a")


def test_run_outputs_asked_for_skips_the_rest(store, executor):
    workflow = squares()
    workflow.output("first", "square1")
    made = run(workflow, store, executor=executor, outputs=["first"])
    assert states(made) == {"square1": "finished", "square2": "skipped", "add1": "skipped"}
    assert made.outputs["first"] == 9
    with pytest.raises(RunError, match="output sum: not there, for add1 has not finished: it is"):
        made.outputs["sum"]
    again = run(workflow, store, executor=executor)
    assert states(again) == {"square1": "cached", "square2": "finished", "add1": "finished"}


def test_run_output_unknown_is_refused(store):
    with pytest.raises(GraphError, match=r"no output 'total'\. It has: sum"):
        run(squares(), store, executor="serial", outputs=["total"])


def test_run_several_outputs_named_tuple_tuple_and_mapping(store, executor):
    workflow = Workflow()
    both = workflow.add(divide, x=17, by=5)
    ordered = workflow.add(order, both["quotient"], both["rest"])
    named = workflow.add(by_name, x=ordered["large"])
    workflow.output("small", ordered, "small")
    workflow.output("second", named, "second")
    made = run(workflow, store, executor=executor)
    assert dict(made.outputs) == {"small": 2, "second": "3"}
    assert made.tasks["by_name1"].log == "wanted ['second']\n"


def test_run_output_that_may_be_none_is_passed_on(store, executor):
    @task
    def small(x: int) -> int | None:
        return x if x < 10 else None

    @task
    def shown(x: int | None) -> str:
        return f"{x}"

    workflow = Workflow()
    for number in (3, 30):
        given = workflow.add(small, x=number)
        workflow.output(f"y{number}", workflow.add(shown, x=given))
        workflow.output(f"x{number}", given)
    expected = {"y3": "3", "x3": 3, "y30": "None", "x30": None}
    assert dict(run(workflow, store, executor=executor).outputs) == expected


def test_run_optional_input_left_open_takes_the_default(store, executor):
    workflow = Workflow()
    workflow.output("a", workflow.add(plus, x=1))
    workflow.output("b", workflow.add(plus, x=1, y=2))
    assert dict(run(workflow, store, executor=executor).outputs) == {"a": 11, "b": 3}


def test_run_input_that_takes_many_gets_them_in_order(store, executor):
    @task
    def join(first: str, *rest: str, sep: str = "-") -> str:
        return sep.join((first, *rest))

    workflow = Workflow()
    parts = [workflow.add(show, value=i) for i in range(3)]
    workflow.output("y", workflow.add(join, "a", rest=parts, sep="+"))
    workflow.output("z", workflow.add(join, "alone"))
    assert dict(run(workflow, store, executor=executor).outputs) == {"y": "a+0+1+2", "z": "alone"}


def test_run_tasks_of_classes_keep_their_parameters_apart(store, executor):
    workflow = Workflow()
    for number, one in enumerate((Scale(2), Scale(3), Shift(1), Shift(5))):
        workflow.output(f"y{number}", workflow.add(one, x=10))
    for _ in range(2):
        made = run(workflow, store, executor=executor)
        assert list(made.outputs.values()) == [20, 30, 11, 15]
    assert set(states(made).values()) == {"cached"}


def test_run_function_in_two_guises_keeps_them_apart(store, executor):
    def both(x):
        return x, -x

    workflow = Workflow()
    one = workflow.add(task(outputs=("a", "b"))(both), x=1)
    other = workflow.add(task(outputs=("c", "d"))(both), x=1)
    workflow.output("b", one, "b")
    workflow.output("d", other, "d")
    assert dict(run(workflow, store, executor=executor).outputs) == {"b": -1, "d": -1}


def test_run_sub_workflows_three_deep_with_defaults_and_constants(store, executor):
    inner = Workflow("inner")
    inner.output("y", inner.add(plus, x=inner.input("x"), y=inner.input("step", 100)))
    middle = Workflow("middle")
    part = middle.add(inner, x=middle.input("x"), step=1)
    middle.output("y", middle.add(inner, x=part))
    outer = Workflow("outer")
    outer.output("y", outer.add(middle, x=outer.input("x", 5)))
    outer.output("z", outer.add(middle, x=7))
    made = run(outer, store, executor=executor)
    assert dict(made.outputs) == {"y": 106, "z": 108}
    assert "Middle1/Inner2/plus1" in made.tasks


def test_run_arrays_pass_in_threads_without_a_copy(store):
    workflow = Workflow()
    given = workflow.add(array_and_address, n=100_000)
    workflow.output("there", workflow.add(address, values=given["values"]))
    workflow.output("here", given, "where")
    workflow.output("values", given, "values")
    made = run(workflow, store, executor="threads")
    assert made.outputs["there"] == made.outputs["here"]


def test_run_array_that_was_given_passes_in_threads_without_a_copy(store):
    values = np.arange(100_000.0)
    workflow = Workflow()
    workflow.output("where", workflow.add(address, values=workflow.input("values")))
    made = run(workflow, store, executor="threads", inputs={"values": values})
    assert made.outputs["where"] == values.__array_interface__["data"][0]


def test_run_array_output_is_mapped_and_read_only(store, executor):
    workflow = Workflow()
    workflow.output("y", workflow.add(zeros, n=100_000))
    made = run(workflow, store, executor=executor)
    first, second = made.outputs["y"], made.outputs["y"]
    assert np.shares_memory(first, second)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0


def test_run_tables_pass_between_tasks(store, executor):
    workflow = Workflow()
    made_table = workflow.add(table, n=1000)
    workflow.output("sum", workflow.add(column_sum, data=made_table))
    workflow.output("table", made_table)
    made = run(workflow, store, executor=executor)
    assert made.outputs["sum"] == 249750.0
    assert isinstance(made.outputs["table"], pd.DataFrame)


def test_run_file_output_is_kept_and_read_under_its_own_name(store, executor):
    workflow = Workflow()
    written = workflow.add(write_file, text="hello")
    workflow.output("text", workflow.add(read_file, path=written))
    workflow.output("file", written)
    made = run(workflow, store, executor=executor)
    assert made.outputs["text"] == "notes.txt: hello"
    assert made.outputs["file"].name == "notes.txt"
    assert made.outputs["file"].read_text() == "hello"
    assert not list((store.folder / "scratch").glob("*"))


def test_run_same_seed_same_data_hashes_and_twins_differ(store, tmp_path):
    workflow = Workflow()
    for maker in (draw, draw, seeded, seeded):
        workflow.output(f"y{len(workflow.outputs)}", workflow.add(maker, n=3))
    made = run(workflow, store, executor="processes")
    again = run(workflow, tmp_path / "other", executor="processes")
    values = dict(made.outputs)
    assert values == dict(again.outputs)
    assert values["y0"] != values["y1"]
    assert values["y2"] != values["y3"]
    hashes = [made.product(name).hash for name in values]
    assert hashes == [again.product(name).hash for name in values]
    other = run(workflow, tmp_path / "third", executor="processes", seed=1)
    assert other.outputs["y0"] != values["y0"]


def test_run_task_is_tried_again_until_it_goes_well(store, executor, tmp_path):
    workflow = Workflow()
    workflow.output("y", workflow.add(flaky, path=str(tmp_path / "tries"), failures=2))
    made = run(workflow, store, executor=executor)
    one = made.tasks["flaky1"]
    assert (made.outputs["y"], one.attempts, one.error) == (2, 3, "")
    assert one.notes == tuple(f"try {n} failed: RuntimeError: not yet" for n in (1, 2))
    assert one.log.startswith("try 0\n")
    assert one.log.endswith("try 2\n")


def test_run_task_that_never_goes_well_fails_after_its_tries(store, tmp_path):
    workflow = Workflow()
    workflow.add(flaky, path=str(tmp_path / "tries"), failures=9)
    made = run(workflow, store, executor="threads", check=False)
    assert made.tasks["flaky1"].attempts == 4
    assert made.tasks["flaky1"].state == "failed"


def test_run_failed_task_fails_what_hangs_on_it_and_nothing_else(store, executor):
    workflow = Workflow("broken")
    first = workflow.add(plus, x=1, name="first")
    bad = workflow.add(boom, x=first, name="bad")
    middle = workflow.add(square, x=bad, name="middle")
    workflow.output("far", workflow.add(square, x=middle, name="far"))
    workflow.output("good", workflow.add(square, x=first, name="good"))
    with pytest.raises(RunError, match=r"broken: bad: ValueError: no 11\. 2 more hang") as caught:
        run(workflow, store, executor=executor)
    made = caught.value.run
    assert states(made) == {
        "first": "finished", "bad": "failed", "middle": "failed", "far": "failed",
        "good": "finished",
    }  # fmt: skip
    assert made.tasks["far"].chain == ("far", "middle", "bad")
    assert made.tasks["far"].error == (
        "not run, for bad failed (far <- middle <- bad): ValueError: no 11"
    )
    assert "workflow_tasks.py" in made.tasks["bad"].trace
    assert made.tasks["bad"].log == "before the boom\n"
    assert isinstance(caught.value.__cause__, ValueError)
    assert made.outputs["good"] == 121


def test_run_log_takes_what_children_print(store):
    workflow = Workflow()
    workflow.add(print_from_child)
    made = run(workflow, store, executor="processes")
    assert sorted(made.tasks["print_from_child1"].log.splitlines()) == [
        "a word: größer", "from a child",
    ]  # fmt: skip


@pytest.mark.slow
def test_run_task_that_prints_a_gigabyte_keeps_beginning_and_end(store):
    workflow = Workflow()
    workflow.output("y", workflow.add(print_much, megabytes=1024))
    made = run(workflow, store, executor="processes")
    log = made.tasks["print_much1"].log
    assert len(log) < 2_000_000
    assert "characters left out" in log


def test_run_cancel_ends_it_and_keeps_what_was_finished(store, executor, tmp_path):
    if executor == "serial":
        pytest.skip("a task in the caller's own thread cannot be ended")
    workflow = Workflow()
    workflow.add(square, x=2)
    workflow.add(nap, seconds=60.0)
    workflow.add(nap, seconds=61.0, name="later")
    workflow.add(nap, seconds=62.0, name="last")
    made = start(workflow, store, executor=executor, workers=2)
    while made.tasks["square1"].state != "finished":
        time.sleep(0.01)
    made.cancel()
    assert made.wait(10)
    assert made.state == "cancelled"
    assert states(made)["square1"] == "finished"
    assert set(states(made).values()) == {"finished", "cancelled"}
    with pytest.raises(RunError, match="was cancelled"):
        made.check()
    assert store.provenance.run(made.id).state == "cancelled"


def test_run_cancel_is_heard_by_a_task_that_listens(store, tmp_path):
    workflow = Workflow()
    workflow.add(stop_politely, note=str(tmp_path / "begun"))
    made = start(workflow, store, executor="serial")
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    made.cancel()
    assert made.wait(5)


def test_run_watchers_of_stop_end_with_their_task(store):
    from dlaaw_nb.workflow.context import context

    @task
    def listens(x: int) -> int:
        assert not context().stop.is_set()
        return x

    workflow = Workflow()
    workflow.add(listens, x=1)
    run(workflow, store, executor="threads")
    end = time.monotonic() + 5
    while any(thread.name == "dlaaw-stop" for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_run_callback_that_raises_ends_the_run_with_its_error(store, executor):
    def callback(event):
        if event.get("state") == "finished":
            raise KeyError("mine")

    workflow = squares()
    workflow.add(nap, seconds=30.0) if executor != "serial" else None
    begun = time.monotonic()
    with pytest.raises(KeyError, match="mine"):
        run(workflow, store, executor=executor, callback=callback)
    assert time.monotonic() - begun < 20


def test_run_listener_that_raises_harms_nothing(store, tmp_path):
    workflow = squares()
    gate, seen = tmp_path / "gate", []
    workflow.add(wait_for, path=str(gate))
    made = start(workflow, store, executor="threads")
    made.listen(lambda event: (seen.append(event), 1 / 0))
    gate.touch()
    assert made.wait(10)
    assert made.state == "finished"
    assert seen


def test_run_two_at_once_share_the_pool(store):
    workflow = Workflow()
    workflow.output("y", workflow.add(total, values=workflow.add(zeros, n=10)))
    slow = Workflow("slow")
    for i in range(6):
        slow.output(f"y{i}", slow.add(nap, seconds=0.1 + i / 1000))
    first = start(slow, store, executor="processes")
    second = start(workflow, store, executor="processes")
    assert first.wait(30)
    assert second.wait(30)
    assert (first.state, second.state) == ("finished", "finished")


def test_run_own_thread_pool_is_used_and_left_open(store):
    pool = ThreadPool(2)
    try:
        assert run(squares(), store, executor=pool).outputs["sum"] == 90
        assert pool.submit(int, "3").result(5) == 3
    finally:
        pool.shutdown()


def test_run_name_that_stands_for_two_tasks_is_refused(store):
    inner = Workflow("inner")
    inner.output("y", inner.add(plus, x=1))
    outer = Workflow("outer")
    outer.add(inner)
    outer.add(plus, x=1, name="Inner1/plus1")
    with pytest.raises(GraphError, match="Inner1/plus1: two tasks have that name"):
        run(outer, store, executor="serial")
