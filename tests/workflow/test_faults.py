import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from workflow_runs import lines, run, start, states
from workflow_tasks import (
    CannotTravelError,
    add,
    boom,
    crash,
    half_a_file,
    hang,
    hang_with_child,
    leave,
    leave_once,
    make_lock,
    nap_with_child,
    no_file,
    plus,
    quit_program,
    raise_oddly,
    square,
    total,
    use_lock,
    wait_for,
    wrong,
    zeros,
)

from dlaaw_nb.errors import GraphError, RunError, TaskError, TaskTimeoutError
from dlaaw_nb.workflow import Workflow, task


def with_bad(bad):
    workflow = Workflow("w")
    workflow.add(bad, x=1, name="bad")
    workflow.output("good", workflow.add(square, x=3, name="good"))
    return workflow


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (boom, "bad: ValueError: no 1"),
        (quit_program, r"bad: it called sys.exit\(4\)"),
        (wrong, r"bad: output output: expected int \(a whole number\), got str"),
        (hang, "bad: it took longer than its time limit of 0.5 s"),
        (no_file, "bad: output output: expected the path of a file, found nothing at"),
    ],
)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_fault_of_a_task_is_told_and_others_finish(store, executor, bad, message):
    with pytest.raises(RunError, match=message) as caught:
        run(with_bad(bad), store, executor=executor)
    assert caught.value.run.outputs["good"] == 9


@pytest.mark.parametrize("bad", [leave, crash, half_a_file])
def test_fault_process_that_dies_fails_its_task_alone(store, bad):
    code = {leave: r"EXIT\(3\)", crash: "SIGSEGV", half_a_file: r"EXIT\(9\)"}[bad]
    with pytest.raises(RunError, match=f"bad: the process that ran it ended .*{code}") as caught:
        run(with_bad(bad), store, executor="processes")
    assert caught.value.run.outputs["good"] == 9
    assert isinstance(caught.value.__cause__, TaskError)
    assert run(with_bad(square), store, executor="processes").state == "finished"


@task(timeout_s=0.5)
def prints_and_hangs() -> int:
    print("last words")
    while True:
        time.sleep(0.05)


@task
def prints_and_leaves() -> int:
    import os

    print("last words")
    os._exit(1)


@pytest.mark.parametrize(
    ("executor", "kind"),
    [
        ("threads", prints_and_hangs),
        ("processes", prints_and_hangs),
        ("processes", prints_and_leaves),
    ],
)
def test_fault_log_of_a_task_that_was_ended_is_kept(store, executor, kind):
    workflow = Workflow("w")
    workflow.add(kind, name="bad")
    made = run(workflow, store, executor=executor, check=False)
    assert made.tasks["bad"].log == "last words\n"


def test_fault_output_of_any_type_that_does_not_fit_is_told_to_followers_too(store):
    @task
    def anything(x):
        return x + 1 if x != 40 else "forty"

    @task
    def number(x: int) -> int:
        return x

    workflow = Workflow("w")
    for start_at in range(80):
        workflow.add(number, x=workflow.add(anything, x=start_at), name=f"n{start_at}")
    for one in ("threads", "processes"):
        made = run(workflow, store, executor=one, force=True, check=False)
        failed = [name for name, state in states(made).items() if state == "failed"]
        assert failed == ["n40"]
        assert "input x: expected int" in made.tasks["n40"].error


def test_fault_timeout_is_an_error_of_its_own(store):
    with pytest.raises(RunError) as caught:
        run(with_bad(hang), store, executor="threads")
    assert isinstance(caught.value.__cause__, TaskTimeoutError)


def test_fault_one_of_many_quick_tasks_that_dies_takes_no_other_with_it(store, tmp_path):
    @task
    def quick(x: int) -> int:
        import os

        return os._exit(1) if x == 150 else x

    workflow = Workflow("many")
    for number in range(300):
        workflow.add(quick, x=number, name=f"t{number}")
    made = run(workflow, store, executor="processes", workers=2, check=False)
    failed = [name for name, state in states(made).items() if state != "finished"]
    assert failed == ["t150"]


def test_fault_process_that_dies_once_is_survived_by_a_retry(store, tmp_path):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(leave_once, path=str(tmp_path / "left")))
    made = run(workflow, store, executor="processes")
    assert (made.outputs["y"], made.tasks["leave_once1"].attempts) == (7, 2)


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_fault_error_that_cannot_travel_is_told_all_the_same(store, executor):
    with pytest.raises(RunError, match="bad: CannotTravelError: 1 2") as caught:
        run(with_bad(raise_oddly), store, executor=executor)
    assert isinstance(
        caught.value.__cause__, CannotTravelError if executor == "threads" else TaskError
    )
    assert "raise CannotTravelError(x, 2)" in caught.value.run.tasks["bad"].trace


def test_fault_value_that_cannot_travel_is_refused_between_processes(store):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(use_lock, lock=workflow.add(make_lock, x=1)))
    assert run(workflow, store, executor="threads").outputs["y"] == 1
    with pytest.raises(RunError, match="make_lock1: output output: a lock cannot travel between"):
        run(workflow, store, executor="processes")


def test_fault_task_that_cannot_travel_is_refused_and_others_finish(store):
    lock = threading.Lock()

    @task
    def locked(x: int) -> int:
        with lock:
            return x

    made = run(with_bad(locked), store, executor="processes", check=False)
    assert made.outputs["good"] == 9
    assert made.tasks["bad"].error.startswith("locked cannot travel to another process (")
    assert run(with_bad(locked), store, executor="threads").state == "finished"


def test_fault_timeout_ends_the_child_processes_too(store, tmp_path):
    workflow = Workflow("w")
    workflow.add(hang_with_child, pid_file=str(tmp_path / "pids"))
    made = run(workflow, store, executor="processes", check=False)
    assert "time limit of 1.5 s" in made.tasks["hang_with_child1"].error
    assert_gone(tmp_path / "pids")


def test_fault_cancel_ends_the_child_processes_too(store, tmp_path):
    workflow = Workflow("w")
    workflow.add(nap_with_child, pid_file=str(tmp_path / "pids"))
    made = start(workflow, store, executor="processes")
    wait_until(lambda: lines(tmp_path / "pids"))
    made.cancel()
    assert made.wait(10)
    assert made.state == "cancelled"
    assert_gone(tmp_path / "pids")


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def assert_gone(path: Path):
    for number in map(int, lines(path)):
        wait_until(lambda number=number: not is_alive(number), 5.0)


def is_alive(number):
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def program(*arguments, **more):
    place = Path(__file__).parents[1] / "support" / "killed_runs.py"
    return subprocess.Popen(
        [sys.executable, str(place), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def test_fault_interrupt_cancels_and_children_are_dead(store, tmp_path):
    import json
    import signal

    with program("child", tmp_path, "processes") as process:
        wait_until(lambda: len(lines(tmp_path / "pids")) == 2)
        process.send_signal(signal.SIGINT)
        told = json.loads(process.communicate(timeout=30)[0])
    assert told["state"] == "cancelled"
    assert_gone(tmp_path / "pids")
    record = store.provenance.run(told["id"])
    assert record.state == "cancelled"
    tasks = {one.name: one.state for one in store.provenance.tasks(told["id"])}
    assert tasks == {"quick": "finished", "nap_with_child1": "cancelled"}


def test_fault_interrupt_of_a_task_in_the_same_thread_cancels(store, tmp_path):
    import json
    import signal

    with program("child", tmp_path, "serial") as process:
        wait_until(lambda: len(lines(tmp_path / "pids")) == 2)
        process.send_signal(signal.SIGINT)
        told = json.loads(process.communicate(timeout=30)[0])
    assert told["state"] == "cancelled"
    psutil.Process(int(lines(tmp_path / "pids")[1])).kill()


def test_fault_workers_end_when_their_parent_is_killed(store, tmp_path):
    with program("child", tmp_path, "processes") as process:
        wait_until(lambda: len(lines(tmp_path / "pids")) == 2)
        process.kill()
    assert_gone(tmp_path / "pids")


def test_fault_hung_thread_blocks_neither_the_run_nor_the_end_of_the_program(tmp_path):
    begun = time.monotonic()
    with program("hang", tmp_path) as process:
        assert process.communicate(timeout=30)[0] == "failed [1]\n"
    assert process.returncode == 0
    assert time.monotonic() - begun < 25


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_fault_program_that_ends_with_a_run_under_way_cancels_it_and_waits_for_nobody(
    store, tmp_path, executor
):
    begun = time.monotonic()
    with program("leave", tmp_path, executor) as process:
        made = process.communicate(timeout=60)[0].strip()
    assert process.returncode == 0
    assert time.monotonic() - begun < 30
    assert store.provenance.run(made).state == "cancelled"
    tasks = {one.name: one.state for one in store.provenance.tasks(made)}
    assert tasks == {"quick": "finished", "nap_with_child1": "cancelled"}
    _own, child = map(int, lines(tmp_path / "pids"))
    if executor == "processes":
        assert_gone(tmp_path / "pids")
    else:
        psutil.Process(child).kill()


def test_fault_store_that_is_deleted_under_way_is_survived(store, executor, tmp_path):
    if executor == "serial":
        pytest.skip("nothing can be deleted between its tasks")
    gate = str(tmp_path / "gate")
    workflow = Workflow("w")
    given = workflow.input("given")
    made = workflow.add(zeros, n=5000)
    slow = workflow.add(wait_for, path=gate, then=5000)
    shaped = workflow.add(task(pick), made, given, slow)
    workflow.output("y", workflow.add(total, values=shaped))
    workflow.output("z", workflow.add(total, values=made))
    going = start(workflow, store, executor=executor, inputs={"given": np.ones(4000)}, workers=2)
    wait_until(lambda: going.tasks["total2"].state in ("finished", "failed"))
    shutil.rmtree(store.folder)
    Path(gate).touch()
    assert going.wait(60)
    going.check()
    assert dict(going.outputs) == {"y": 4000.0, "z": 0.0}


def pick(values: np.ndarray, given: np.ndarray, n: int) -> np.ndarray:
    return values[:4000] + given


def test_fault_lost_result_with_several_takers_is_made_once_for_all(store, tmp_path):
    gate, calls = str(tmp_path / "gate"), str(tmp_path / "calls")

    @task
    def many(calls: str) -> np.ndarray:
        with Path(calls).open("a") as file:
            file.write("x\n")
        return np.ones(5000)

    workflow = Workflow("w")
    given = workflow.add(many, calls=calls)
    for number in range(4):
        ready = workflow.add(wait_for, path=gate, then=number)
        workflow.output(f"y{number}", workflow.add(task(first_plus), given, ready))
    going = start(workflow, store, executor="processes", workers=6)
    wait_until(lambda: going.tasks["many1"].state == "finished")
    store.objects.delete(next(iter(going.tasks["many1"].outputs.values())).hash)
    Path(gate).touch()
    assert going.wait(60)
    going.check()
    assert [going.outputs[f"y{n}"] for n in range(4)] == [5000.0, 5001.0, 5002.0, 5003.0]
    assert len(lines(Path(calls))) <= 2


def first_plus(values: np.ndarray, more: int) -> float:
    return float(values.sum()) + more


@pytest.mark.parametrize("cached", [False, True])
def test_fault_lost_list_of_a_map_is_gathered_again(store, tmp_path, cached):
    gate = str(tmp_path / "gate")
    workflow = Workflow("w")
    arrays = workflow.map(zeros, {"n": workflow.add(task(sizes), x=1)})
    ready = workflow.add(wait_for, path=gate, then=1)
    workflow.output("y", workflow.add(task(lengths), arrays, ready))
    if cached:
        Path(gate).touch()
        run(workflow, store, executor="processes", workers=2)
        Path(gate).unlink()
    going = start(workflow, store, executor="processes", workers=2, force=["wait_for1", "lengths1"])
    wait_until(lambda: going.tasks["MapZeros1"].state in ("finished", "cached"))
    store.objects.delete(next(iter(going.tasks["MapZeros1"].outputs.values())).hash)
    Path(gate).touch()
    assert going.wait(60)
    going.check()
    assert going.outputs["y"] == [4000, 5000]


def sizes(x: int) -> list:
    return [4000, 5000]


def lengths(arrays: list, ready: int) -> list:
    return [len(one) for one in arrays]


def test_fault_lost_result_that_cannot_be_made_again_fails_with_the_cause(store, tmp_path):
    gate, once = str(tmp_path / "gate"), str(tmp_path / "once")

    @task
    def only_once(path: str) -> np.ndarray:
        if Path(path).exists():
            raise RuntimeError("only once")
        Path(path).touch()
        return np.ones(5000)

    workflow = Workflow("w")
    given = workflow.add(only_once, path=once)
    for number in range(2):
        ready = workflow.add(wait_for, path=gate, then=number)
        workflow.add(task(first_plus), given, ready)
    Path(gate).touch()
    run(workflow, store, executor="threads")
    Path(gate).unlink()
    again = ["wait_for1", "wait_for2", "first_plus1", "first_plus2"]
    going = start(workflow, store, executor="threads", workers=3, force=again)
    wait_until(lambda: going.tasks["only_once1"].state == "cached")
    store.objects.delete(next(iter(going.tasks["only_once1"].outputs.values())).hash)
    Path(gate).touch()
    assert going.wait(60)
    assert going.state == "failed"
    assert "RuntimeError: only once" in going.tasks["only_once1"].error
    assert {going.tasks[f"first_plus{n}"].state for n in (1, 2)} == {"failed"}


def test_fault_database_locked_by_another_process_is_waited_for(store):
    run(with_bad(square), store, executor="threads")
    script = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); time.sleep(2.5)"
    )
    place = str(store.provenance.path)
    with subprocess.Popen(
        [sys.executable, "-c", script, place], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "locked\n"
        made = run(with_bad(plus), store, executor="threads", force=True)
        other.wait()
    assert made.trouble == ""
    assert len(store.provenance.tasks(made.id)) == 2


@pytest.mark.slow
def test_fault_database_that_is_none_is_told_and_the_run_goes_on(store):
    run(with_bad(square), store, executor="threads")
    store.provenance.path.write_bytes(b"no database" * 1000)
    try:
        made = run(with_bad(square), store, executor="threads")
    except (RunError, sqlite3.Error) as error:
        pytest.fail(f"the run did not survive: {error}")
    assert made.outputs["good"] == 9
    assert "provenance.sqlite" in made.trouble


def test_fault_full_disk_fails_the_task_and_keeps_what_was_finished(tmp_path):
    script = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parents[1] / "support")!r})
from workflow_runs import run
from workflow_tasks import square, zeros
from dlaaw_nb.workflow import Workflow
workflow = Workflow("w")
workflow.output("good", workflow.add(square, x=3))
workflow.output("large", workflow.add(zeros, n=1_000_000))
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
made = run(workflow, {str(tmp_path / "store")!r}, executor="threads", check=False)
print(made.outputs["good"], made.tasks["zeros1"].state, made.tasks["zeros1"].error, made.trouble)
"""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert told.startswith("9 failed StoreError: ")
    assert "could not be written" in told


def test_fault_chain_of_ten_thousand_fails_from_its_root(store):
    workflow = Workflow("deep")
    last = workflow.add(boom, x=1, name="root")
    for number in range(10_000):
        last = workflow.add(square, x=last, name=f"t{number}")
    made = run(workflow, store, executor="threads", check=False)
    end = made.tasks["t9999"]
    assert end.state == "failed"
    assert "t9999 <- t9998 <- t9997 <- t9996 <- 9994 more <- t1 <- t0 <- root" in end.error
    assert len(end.chain) == 10_001


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_fault_chain_of_ten_thousand_runs(store, executor):
    workflow = Workflow("deep")
    last = workflow.add(plus, x=0, y=1)
    for _ in range(9_999):
        last = workflow.add(plus, x=last, y=1)
    workflow.output("y", last)
    assert run(workflow, store, executor=executor).outputs["y"] == 10_000


@pytest.mark.slow
def test_fault_hundred_thousand_edges_are_checked(store):
    workflow = Workflow("wide")
    rows = [workflow.add(plus, x=number) for number in range(320)]
    for _ in range(320):
        workflow.add(add, *rows)
    workflow.check()
    assert len(workflow.edges) > 100_000


def test_fault_followers_of_a_task_that_is_tried_again_get_their_turn(store, tmp_path):
    path = str(tmp_path / "once")

    @task(retries=1, backoff_s=0.01)
    def sometimes(x: int, path: str) -> int:
        if x == 40 and not Path(path).exists():
            Path(path).touch()
            raise RuntimeError("once")
        return x + 1

    workflow = Workflow("w")
    last = workflow.add(sometimes, x=0, path=path)
    for _ in range(79):
        last = workflow.add(sometimes, x=last, path=path)
    workflow.output("y", last)
    for one in ("threads", "processes"):
        Path(path).unlink(missing_ok=True)
        made = run(workflow, store, executor=one, force=True)
        assert made.outputs["y"] == 80
        assert sum(task.attempts for task in made.tasks.values()) == 81


def test_fault_followers_of_a_task_that_fails_fail_with_it(store):
    @task
    def up_to(x: int) -> int:
        if x == 40:
            raise RuntimeError("forty")
        return x + 1

    workflow = Workflow("w")
    last = workflow.add(up_to, x=0)
    for _ in range(79):
        last = workflow.add(up_to, x=last)
    for one in ("threads", "processes"):
        made = run(workflow, store, executor=one, force=True, check=False)
        found = list(states(made).values())
        assert found == ["finished"] * 40 + ["failed"] * 40
        assert made.tasks["up_to80"].chain[-1] == "up_to41"


def test_fault_cycle_is_refused_before_anything_runs(store):
    workflow = Workflow("w")
    first = workflow.add(plus, x=1)
    second = workflow.add(plus, x=first)
    workflow.connect(second, first, target_port="y")
    with pytest.raises(GraphError, match="wait for each other"):
        run(workflow, store, executor="serial")


def test_fault_record_of_a_failed_task_has_its_trace(store):
    made = run(with_bad(boom), store, executor="threads", check=False)
    record = {one.name: one for one in store.provenance.tasks(made.id)}["bad"]
    assert record.state == "failed"
    assert record.error.startswith("ValueError: no 1")
    assert "in boom" in record.error
    assert record.log == "before the boom\n"
