import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from workflow_runs import counts, run, start
from workflow_tasks import (
    add,
    boom,
    column_sum,
    draw,
    hang,
    leave,
    make_box,
    nap,
    open_box,
    pid,
    print_from_child,
    read_file,
    square,
    steps,
    table,
    total,
    write_file,
    zeros,
)

from dlaaw_nb.errors import GraphError, RunError
from dlaaw_nb.store import Store
from dlaaw_nb.workflow import Workflow, task
from dlaaw_nb.workflow.executors import SerialExecutor, find_crew
from dlaaw_nb.workflow.processes import ProcessPool, warm_pool


def everything():
    """Values of every kind pass between tasks."""
    workflow = Workflow("everything")
    workflow.output("table", workflow.add(column_sum, data=workflow.add(table, n=1000)))
    workflow.output("array", workflow.add(total, values=workflow.add(zeros, n=5000)))
    workflow.output("file", workflow.add(read_file, path=workflow.add(write_file, text="t" * 3000)))
    workflow.output("box", workflow.add(open_box, box=workflow.add(make_box, x=3)))
    each = workflow.map(square, {"x": workflow.input("x", [1, 2, 3])})
    workflow.output("map", each)
    workflow.output("sum", workflow.add(add, workflow.add(square, x=1), workflow.add(square, x=4)))
    return workflow


EXPECTED = {
    "table": 249750.0, "array": 0.0, "file": "notes.txt: " + "t" * 3000, "box": 3,
    "map": [1, 4, 9], "sum": 17,
}  # fmt: skip


@pytest.fixture(params=["ThreadPoolExecutor", "ProcessPoolExecutor", "SerialExecutor", "own pool"])
def given(request):
    if request.param == "SerialExecutor":
        yield SerialExecutor()
    elif request.param == "own pool":
        pool = ProcessPool(2)
        yield pool
        pool.shutdown(cancel_futures=True)
    elif request.param == "ThreadPoolExecutor":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    else:
        import multiprocessing

        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            yield pool


def test_executor_that_was_given_runs_everything(store, given):
    made = run(everything(), store, executor=given)
    assert dict(made.outputs) == EXPECTED
    assert given.submit(int, "3").result(10) == 3
    assert counts(run(everything(), store, executor="serial"))["cached"] == 10


def test_executor_by_name_runs_everything(store, executor):
    assert dict(run(everything(), store, executor=executor).outputs) == EXPECTED


@pytest.mark.parametrize("name", ["threads", "processes", "serial"])
def test_executor_with_a_store_in_memory_runs_everything(name):
    store = Store(f"memory://store-{name}-{os.getpid()}")
    assert dict(run(everything(), store, executor=name).outputs) == EXPECTED
    assert "cached" in counts(run(everything(), store, executor=name))


def test_executor_process_pool_of_a_person_runs_with_a_store_in_memory(tmp_path):
    import multiprocessing

    store = Store(f"memory://foreign-{os.getpid()}")
    path = tmp_path / "given.txt"
    path.write_text("given")
    workflow = everything()
    workflow.output("given", workflow.add(read_file, path=workflow.input("path", path)))
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        made = run(workflow, store, executor=pool)
    assert dict(made.outputs) == {**EXPECTED, "given": "given.txt: given"}


def test_executor_foreign_processes_give_logs_errors_and_events(store):
    import multiprocessing

    workflow, events = Workflow("w"), []
    workflow.add(boom, x=1)
    workflow.output("y", workflow.add(steps, n=3))
    workflow.output("drawn", workflow.add(draw, n=2))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        made = run(workflow, store, executor=pool, check=False, callback=events.append)
    assert made.tasks["boom1"].log == "before the boom\n"
    assert made.tasks["boom1"].error == "ValueError: no 1"
    assert [event["done"] for event in events if event["event"] == "progress"] == [0, 1, 2]
    assert made.outputs["drawn"] == run(workflow, store, check=False, force=True).outputs["drawn"]


def test_executor_of_a_person_that_breaks_fails_what_it_ran(store):
    import multiprocessing

    workflow = Workflow("w")
    workflow.add(leave, x=1)
    with (
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
        pytest.raises(RunError, match="leave1: the process that ran it ended"),
    ):
        run(workflow, store, executor=pool)


def test_executor_that_is_shut_down_fails_the_tasks(store):
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RunError, match="cannot schedule new futures after shutdown"):
        run(everything(), store, executor=pool)


def test_executor_thread_pool_of_a_person_with_a_hung_task_is_not_waited_for(store):
    over, ended = threading.Event(), threading.Event()

    @task(timeout_s=0.2)
    def hangs() -> int:
        over.wait(30)
        ended.set()
        return 1

    workflow = Workflow("w")
    workflow.add(hangs, name="slow")
    with ThreadPoolExecutor(1) as pool:
        made = run(workflow, store, executor=pool, check=False)
        waited = ended.is_set()
        over.set()
    assert not waited
    assert "time limit of 0.2 s" in made.tasks["slow"].error


def test_executor_processes_run_elsewhere_and_stay_warm(store):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(pid))
    first = run(workflow, store, executor="processes", workers=1).outputs["y"]
    again = run(workflow, store, executor="processes", workers=1, force=True).outputs["y"]
    assert first == again != os.getpid()


def test_executor_workers_run_at_once(store):
    all_four = threading.Barrier(4, timeout=30)

    @task
    def meets(x: int) -> int:
        all_four.wait()
        return x

    workflow = Workflow("w")
    for number in range(4):
        workflow.add(meets, number)
    assert run(workflow, store, executor="threads", workers=4).state == "finished"


@pytest.mark.parametrize("executor", ["clouds", 3, object()])
def test_executor_that_is_none_is_refused(executor):
    with pytest.raises(GraphError, match="executor: expected one of processes, threads, serial"):
        find_crew(executor)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_executor_workers_that_are_no_count_are_refused(workers):
    with pytest.raises(GraphError, match="workers: expected a whole number from 1"):
        find_crew("threads", workers)


def test_executor_mpi_outside_of_mpiexec_is_refused():
    pytest.importorskip("mpi4py.MPI", exc_type=ImportError)
    with pytest.raises(GraphError, match="mpiexec -n 4"):
        find_crew("mpi")


def test_executor_serial_runs_in_the_calling_thread(store):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(pid))
    assert run(workflow, store, executor="serial").outputs["y"] == os.getpid()


def test_executor_hung_task_gets_its_limit_only_once_it_runs(store):
    """A task that waits for a worker, which another run has, does not use up its time."""
    busy = Workflow("busy")
    busy.add(nap, seconds=2.0)
    other = Workflow("other")
    other.output("y", other.add(quick_with_limit()))
    pool = warm_pool(1)
    first = start(busy, store, executor=pool)
    time.sleep(0.3)
    made = run(other, store, executor=pool)
    assert first.wait(20)
    assert made.outputs["y"] == 1


def quick_with_limit():
    from dlaaw_nb.workflow import task

    @task(timeout_s=1.0)
    def quick() -> int:
        return 1

    return quick


def test_executor_kill_in_one_run_spares_the_other(store):
    pool = warm_pool(1)
    first_workflow, second_workflow = Workflow("a"), Workflow("b")
    first_workflow.add(hang, x=1)
    second_workflow.output("y", second_workflow.add(nap, seconds=0.1))
    first = start(first_workflow, store, executor=pool)
    time.sleep(0.2)
    second = run(second_workflow, store, executor=pool)
    assert first.wait(20)
    assert first.state == "failed"
    assert second.outputs["y"] == 0.1


def test_executor_child_output_goes_to_the_right_log(store):
    workflow = Workflow("w")
    for number in range(4):
        workflow.add(print_from_child, name=f"t{number}")
    made = run(workflow, store, executor="processes", workers=2)
    assert {one.log.count("from a child") for one in made.tasks.values()} == {1}
