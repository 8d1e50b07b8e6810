import importlib
import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import BrokenExecutor

import psutil
import pytest
from workflow_runs import run

from dlaaw_nb.workflow import Workflow, processes
from dlaaw_nb.workflow.processes import ProcessPool, end_tree, warm_pool


@pytest.fixture
def pool():
    made = ProcessPool(2)
    yield made
    made.shutdown(wait=False, cancel_futures=True)


def test_pool_gives_results_and_errors(pool):
    assert pool.submit(pow, 2, 5).result(30) == 32
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result(30)


def test_pool_calls_wait_for_a_free_process(pool):
    begun = time.monotonic()
    futures = [pool.submit(time.sleep, 0.3) for _ in range(4)]
    for future in futures:
        future.result(30)
    assert time.monotonic() - begun > 0.5


def test_pool_kill_fails_its_call_alone(pool):
    doomed, other = pool.submit(time.sleep, 60), pool.submit(time.sleep, 0.5)
    time.sleep(0.2)
    assert pool.kill(doomed)
    with pytest.raises(BrokenExecutor):
        doomed.result(30)
    assert other.result(30) is None
    assert pool.submit(os.getpid).result(30) != os.getpid()


def test_pool_kill_at_the_very_end_of_a_call_leaves_no_dying_process_to_the_next(pool, monkeypatch):
    def end_late(slot):
        threading.Timer(0.6, end_slot, (slot,)).start()

    for future in [pool.submit(time.sleep, 0.1) for _ in range(2)]:
        future.result(30)  # the processes are there
    end_slot = processes._end_slot
    monkeypatch.setattr(processes, "_end_slot", end_late)
    ending = [pool.submit(time.sleep, 0.1) for _ in range(2)]
    assert [pool.kill(future) for future in ending] == [True, True]
    assert [future.result(30) for future in ending] == [None, None]  # they came to their own end
    for future in [pool.submit(time.sleep, 1.5) for _ in range(2)]:
        assert future.result(30) is None
    monkeypatch.setattr(processes, "_end_slot", end_slot)


def test_pool_kill_of_a_call_that_waits_cancels_it(pool):
    running = [pool.submit(time.sleep, 0.5) for _ in range(2)]
    waiting = pool.submit(time.sleep, 60)
    assert pool.kill(waiting)
    assert waiting.cancelled()
    for future in running:
        future.result(30)
    assert not pool.kill(running[0])


def test_pool_that_is_renewed_has_new_processes(pool):
    first = pool.submit(os.getpid).result(30)
    assert pool.submit(os.getpid).result(30) == first
    pool.renew()
    assert pool.submit(os.getpid).result(30) != first


def test_pool_that_is_shut_down_takes_nothing(pool):
    pool.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(os.getpid)


def test_end_tree_ends_what_has_lost_its_parent(pool, tmp_path):
    place = tmp_path / "pid"
    command = f"(sleep 600 & echo $! > {place}) &"
    pool.submit(os.system, command).result(30)
    while not place.exists() or not place.read_text().strip():
        time.sleep(0.02)
    orphan = int(place.read_text())
    worker = pool.submit(os.getpid)
    end_tree(worker.result(30))
    end = time.monotonic() + 5
    while psutil.pid_exists(orphan) and psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_end_tree_of_a_process_that_is_gone_does_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    end_tree(process.pid)


def test_warm_pool_module_edited_after_it_was_started_runs_the_new_code(
    store, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(str(tmp_path))
    place = tmp_path / "edited_module.py"
    text = """
        from dlaaw_nb.workflow import task

        def helper(x):
            return x + {number}

        @task
        def edited(x: int) -> int:
            return helper(x)
    """
    got = []
    for number in (1, 20, 300):
        place.write_text(textwrap.dedent(text.format(number=number)))
        os.utime(place, (time.time() + number, time.time() + number))
        importlib.invalidate_caches()
        if "edited_module" in sys.modules:
            module = importlib.reload(sys.modules["edited_module"])
        else:
            module = importlib.import_module("edited_module")
        workflow = Workflow("w")
        workflow.output("y", workflow.add(module.edited, x=0))
        got.append(run(workflow, store, executor="processes").outputs["y"])
    assert got == [1, 20, 300]


def test_warm_pool_is_the_same_for_the_same_size():
    assert warm_pool(3) is warm_pool(3)
    assert warm_pool(3) is not warm_pool(4)


SCRIPT = """
import sys
from dlaaw_nb.workflow import Workflow, Task, task
from dataclasses import dataclass
step = 5
def helper(x):
    return x + step
@task
def first(x: int) -> int:
    return helper(x)
class Own:
    def __init__(self, x):
        self.x = x
@task
def second(x: int) -> Own:
    return Own(x)
@task
def third(own: Own) -> int:
    return own.x * 2
@dataclass(frozen=True)
class Times(Task):
    by: int = 3
    def run(self, x: int) -> int:
        return self.by * x
workflow = Workflow("script")
a = workflow.add(first, x=1)
b = workflow.add(third, own=workflow.add(second, x=a))
workflow.output("y", workflow.add(Times(4), x=b))
print(workflow.run(store=sys.argv[1], executor="processes").outputs["y"])
"""


def test_warm_pool_script_without_main_guard_runs_functions_and_classes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    told = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "store")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert told.stdout == "48\n", told.stderr


def test_warm_pool_cells_with_functions_and_classes_run(tmp_path):
    code = f"""
import sys
sys.argv = ["x", {str(tmp_path / "store")!r}]
space = {{"__name__": "__main__"}}
source = {SCRIPT!r}
exec(compile(source, "<cell 1>", "exec"), space)
"""
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.stdout == "48\n", told.stderr
