import threading
import time

import pytest
from workflow_runs import run
from workflow_tasks import boom, plus, show, steps

from dlaaw_nb.workflow import Workflow, task
from dlaaw_nb.workflow.context import TaskContext, context, use_context


def live_workflow(taker=show, **more):
    workflow = Workflow("live")
    source = workflow.add(steps, n=6)
    shown = workflow.add(taker, name="shown", **more)
    workflow.connect(source, shown, target_port="value", live=True)
    workflow.output("y", shown)
    return workflow


def shown_events(events):
    return [e for e in events if e["event"] == "live"]


def test_live_edge_shows_steps_as_they_come_and_runs_at_the_end(store, executor):
    events = []
    made = run(live_workflow(), store, executor=executor, callback=events.append)
    assert made.outputs["y"] == "60"
    shown = shown_events(events)
    assert shown
    assert {event["task"] for event in shown} == {"shown"}
    for event in shown:
        assert event["outputs"] == {"output": str(event["step"] * 10)}
    steps_seen = [event["step"] for event in shown]
    assert steps_seen == sorted(steps_seen)
    assert steps_seen[-1] == 5


def test_live_events_come_in_the_thread_of_the_run(store):
    threads = set()
    run(live_workflow(), store, executor="threads",
        callback=lambda _: threads.add(threading.current_thread()))  # fmt: skip
    assert threads == {threading.current_thread()}


def test_live_task_that_is_slower_sees_every_step_in_order(store):
    @task
    def quick(n: int) -> int:
        for step in range(n):
            context().emit("output", step, step)
        return n

    @task
    def slow(value: int) -> int:
        time.sleep(0.05)
        return value

    workflow, events = Workflow("w"), []
    source, shown = workflow.add(quick, n=10), workflow.add(slow)
    workflow.connect(source, shown, live=True)
    run(workflow, store, executor="threads", callback=events.append)
    seen = [event["step"] for event in shown_events(events)]
    assert seen == list(range(10))


def test_live_task_with_other_inputs_waits_for_them(store):
    workflow = live_workflow(scale=3)
    events = []
    made = run(workflow, store, executor="processes", callback=events.append)
    assert made.outputs["y"] == "180"
    assert {e["outputs"]["output"] for e in shown_events(events)} <= {str(30 * n) for n in range(6)}

    late = Workflow("late")
    source = late.add(steps, n=3)
    other = late.add(plus, x=late.add(steps, n=4), y=0)
    shown = late.add(show, scale=other, name="shown")
    late.connect(source, shown, target_port="value", live=True)
    events.clear()
    run(late, store, executor="threads", workers=1, callback=events.append)
    assert not [event for event in shown_events(events) if "error" in event]


def test_live_task_that_fails_is_told_and_harms_nothing(store):
    workflow = Workflow("live")
    source = workflow.add(steps, n=3)
    bad = workflow.add(boom, name="shown")
    workflow.connect(source, bad, target_port="x", live=True)
    workflow.output("y", source)
    events = []
    made = run(workflow, store, executor="threads", callback=events.append, check=False)
    assert made.outputs["y"] == 30
    assert shown_events(events)[0]["error"].startswith("ValueError: no ")


def test_live_values_that_are_not_listened_to_are_not_sent(store):
    workflow, events = Workflow("w"), []
    workflow.add(steps, n=2)
    run(workflow, store, executor="processes", callback=events.append)
    assert not shown_events(events)


def test_live_large_arrays_pass_between_processes(store):
    import numpy as np

    @task
    def arrays(n: int) -> np.ndarray:
        for step in range(2):
            context().emit("output", np.full(10_000, step), step)
            time.sleep(0.15)
        return np.zeros(1)

    @task
    def mean(value: np.ndarray) -> float:
        return float(value.mean())

    workflow, events = Workflow("w"), []
    source, shown = workflow.add(arrays, n=1), workflow.add(mean)
    workflow.connect(source, shown, live=True)
    run(workflow, store, executor="processes", callback=events.append)
    assert [e["outputs"]["output"] for e in shown_events(events)][-1] == 1.0


def test_context_outside_of_a_run_prints_and_has_a_folder(capsys):
    made = context()
    assert isinstance(made, TaskContext)
    made.log("hello\n")
    made.progress(1, 2)
    made.emit("output", 1, 0)
    assert capsys.readouterr().out == "hello\n"
    assert made.folder.is_dir()
    made.close()
    assert not made.folder.exists() or made.folder.is_dir()


def test_context_log_of_any_length_keeps_beginning_and_end():
    made = TaskContext("t")
    for number in range(200_000):
        made.log(f"{number:09d}\n")
    text = made.log_text
    assert text.startswith("000000000\n")
    assert text.endswith("000199999\n")
    assert len(text) < 900_000
    assert "characters left out" in text


def test_context_is_of_the_task_that_runs_here(store, executor):
    @task
    def who() -> str:
        context().note(device={"name": "abacus"}, kernel_hash="k1")
        return f"{context().task} {context().attempt} {context().target}"

    workflow = Workflow("w")
    workflow.output("y", workflow.add(who, name="me"))
    made = run(workflow, store, executor=executor, target="cpu")
    assert made.outputs["y"] == "me 1 cpu"
    record = store.provenance.tasks(made.id)[0]
    assert (record.device, record.kernel_hash) == ({"name": "abacus"}, "k1")


@pytest.mark.parametrize("made", [True, False])
def test_context_close_removes_the_folder_if_it_was_made(tmp_path, made):
    here = TaskContext("t", folder=tmp_path / "try")
    if made:
        (here.folder / "file").touch()
    with use_context(here):
        assert context() is here
    here.close()
    assert not (tmp_path / "try").exists()
