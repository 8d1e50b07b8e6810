import os
import time

import pytest
from workflow_runs import lines, run, states
from workflow_tasks import (
    add,
    boom,
    column_sum,
    count,
    hang_for_a_while,
    leave,
    leave_once,
    make_box,
    nap,
    noted,
    open_box,
    pid,
    plus,
    read_file,
    square,
    steps,
    table,
    total,
    write_file,
    zeros,
)

from dlaaw_nb.errors import RunError
from dlaaw_nb.store import Store
from dlaaw_nb.workflow import Workflow

distributed = pytest.importorskip("distributed")

# A worker that is killed takes its sockets and its event loop with it, and leaves the closing of
# them to the collector: in this process and in no test's hands.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:.*:UserWarning:distributed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
]


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


def everything():
    workflow = Workflow("everything")
    workflow.output("table", workflow.add(column_sum, data=workflow.add(table, n=1000)))
    workflow.output("array", workflow.add(total, values=workflow.add(zeros, n=5000)))
    workflow.output("file", workflow.add(read_file, path=workflow.add(write_file, text="text")))
    workflow.output("box", workflow.add(open_box, box=workflow.add(make_box, x=3)))
    workflow.output("map", workflow.map(square, {"x": workflow.input("x", [1, 2, 3])}))
    return workflow


EXPECTED = {
    "table": 249750.0, "array": 0.0, "file": "notes.txt: text", "box": 3, "map": [1, 4, 9],
}  # fmt: skip


def test_dask_client_runs_everything(client, store):
    made = run(everything(), store, executor=client)
    assert dict(made.outputs) == EXPECTED
    assert store.provenance.run(made.id).executor == "dask"
    assert len({one.worker for one in made.tasks.values()} - {""}) >= 1


def test_dask_executor_of_a_client_runs_everything(client, store):
    assert dict(run(everything(), store, executor=client.get_executor()).outputs) == EXPECTED


def test_dask_runs_tasks_in_its_workers(client, store):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(pid))
    made = run(workflow, store, executor=client)
    assert made.outputs["y"] in client.run(os.getpid).values()


def test_dask_workers_that_do_not_see_the_store_get_and_give_bytes(client, tmp_path):
    store = Store(f"memory://dask-{os.getpid()}")
    path = tmp_path / "given.txt"
    path.write_text("given")
    workflow = everything()
    workflow.output("given", workflow.add(read_file, path=workflow.input("path", path)))
    made = run(workflow, store, executor=client)
    assert dict(made.outputs) == {**EXPECTED, "given": "given.txt: given"}


def test_dask_worker_that_sees_no_file_of_the_run_is_found_out_under_way(client, store):
    """What `reaches` says is the same in all workers here; one is told to say no from now on."""
    from dlaaw_nb.workflow.shipping import Shipping

    asked = []

    class Elsewhere(Shipping):
        def open(self, stopped):
            super().open(stopped)
            self.token = f"{self.token}-of-another-machine"
            asked.append(self._shared)

    from dlaaw_nb.workflow import dispatch

    before, dispatch.Shipping = dispatch.Shipping, Elsewhere
    try:
        made = run(everything(), store, executor=client)
    finally:
        dispatch.Shipping = before
    assert asked == [True]
    assert dict(made.outputs) == EXPECTED


def test_dask_errors_logs_and_events_come_back(client, store):
    workflow, events = Workflow("w"), []
    workflow.add(boom, x=1)
    workflow.output("y", workflow.add(steps, n=3))
    with pytest.raises(RunError, match="boom1: ValueError: no 1") as caught:
        run(workflow, store, executor=client, callback=events.append)
    made = caught.value.run
    assert made.tasks["boom1"].log == "before the boom\n"
    assert made.outputs["y"] == 30
    assert [event["done"] for event in events if event["event"] == "progress"] == [0, 1, 2]


def test_dask_task_that_hangs_is_given_up(client, store):
    workflow = Workflow("w")
    workflow.add(hang_for_a_while, name="slow")
    made = run(workflow, store, executor=client, check=False)
    assert "time limit of 0.5 s" in made.tasks["slow"].error


def test_dask_cancel_gives_up_what_runs(client, store):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(add, workflow.add(square, x=2)))
    workflow.add(nap, seconds=5.0)
    made = workflow.start(store=store, executor=client)
    end = time.monotonic() + 20
    while made.tasks["nap1"].state != "running" or made.tasks["add1"].state != "finished":
        assert time.monotonic() < end
        time.sleep(0.02)
    made.cancel()
    assert made.wait(4)
    assert made.state == "cancelled"
    assert states(made)["add1"] == "finished"


def test_dask_worker_killed_in_the_middle_of_a_run_is_survived(client, store, tmp_path):
    calls = str(tmp_path / "calls")
    workflow = Workflow("w")
    first = workflow.add(noted, x=1, note=calls)
    killer = workflow.add(leave_once, path=str(tmp_path / "left"))
    workflow.output("y", workflow.add(plus, x=killer, y=first))
    for number in range(6):
        workflow.add(nap, seconds=0.2 + number / 1000)
    made = run(workflow, store, executor=client)
    assert made.outputs["y"] == 9
    assert set(states(made).values()) == {"finished"}
    again = run(workflow, store, executor=client)
    assert set(states(again).values()) == {"cached"}
    assert lines(tmp_path / "calls")


@pytest.mark.slow
def test_dask_worker_killed_from_outside_is_survived(client, store):
    import signal

    workflow = Workflow("w")
    parts = [workflow.add(nap, seconds=0.3 + number / 1000) for number in range(8)]
    workflow.output("y", workflow.add(count, *parts))
    made = workflow.start(store=store, executor=client)
    time.sleep(0.6)
    os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
    assert made.wait(60)
    made.check()
    assert made.outputs["y"] == 8


@pytest.mark.slow
def test_dask_task_that_ends_its_worker_fails_alone(store):
    import dask

    workflow = Workflow("w")
    workflow.add(leave, x=1, name="bad")
    workflow.output("good", workflow.add(square, x=3))
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        made = run(workflow, store, executor=client, check=False)
    assert made.tasks["bad"].state == "failed"
    assert "KilledWorker" in made.tasks["bad"].error
    assert made.outputs["good"] == 9
