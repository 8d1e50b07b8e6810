import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from killed_runs import HELD, build
from workflow_runs import lines, run, states

from dlaaw_nb.store import Store

PROGRAM = Path(__file__).parents[1] / "support" / "killed_runs.py"


def begun(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), "run", str(folder), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def kill_after(folder, count, *arguments):
    """Kill the program, and nothing else, once so many tasks have begun."""
    with begun(folder, *arguments) as process:
        end = time.monotonic() + 60
        while len(lines(folder / "calls.txt")) < count and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.005)
        time.sleep(random.random() * 0.1)
        process.send_signal(signal.SIGKILL)


def undisturbed(folder, **options):
    folder.mkdir()
    return dict(run(build(folder, seconds=0.0, uncached=True), folder / "store", **options).outputs)


@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize("count", [4, 11])
def test_killed_run_goes_on_from_what_was_finished(tmp_path, executor, count):
    (tmp_path / HELD).touch()
    kill_after(tmp_path, count, executor)
    (tmp_path / HELD).unlink()
    store = Store(tmp_path / "store")
    (record,) = store.provenance.runs()
    finished = {
        one.name: one.key for one in store.provenance.tasks(record.id) if one.state == "finished"
    }
    assert record.state == "running"
    assert [one.id for one in store.provenance.interrupted()] == [record.id]
    time.sleep(1.0)  # the workers end by themselves
    before = Counter(lines(tmp_path / "calls.txt"))
    with begun(tmp_path, executor, record.id) as process:
        told = json.loads(process.communicate(timeout=60)[0])
    ran = Counter(lines(tmp_path / "calls.txt")) - before
    assert not set(ran) & set(finished)
    assert told["outputs"] == undisturbed(tmp_path / "other", executor="threads")
    resumed = {one.name: one for one in store.provenance.tasks(told["id"])}
    assert {resumed[name].state for name in finished} <= {"cached"}
    whys = {resumed[name].why for name in finished}
    assert whys <= {"finished before the run was interrupted"}


@pytest.mark.slow
def test_killed_at_random_moments_again_and_again_ends_as_if_undisturbed(tmp_path):
    moments = random.Random(7)
    done = 0
    for _ in range(5):
        kill_after(tmp_path, done + moments.randint(1, 6), "processes")
        time.sleep(0.8)
        done = len(lines(tmp_path / "calls.txt"))
    store = Store(tmp_path / "store")
    keys = {
        one.name
        for record in store.provenance.runs()
        for one in store.provenance.tasks(record.id)
        if one.state == "finished" and not one.name.startswith("t1")
    }
    before = Counter(lines(tmp_path / "calls.txt"))
    with begun(tmp_path, "processes") as process:
        told = json.loads(process.communicate(timeout=60)[0])
    ran = Counter(lines(tmp_path / "calls.txt")) - before
    assert not set(ran) & keys
    assert told["outputs"] == undisturbed(tmp_path / "other", executor="threads")


def test_resume_takes_uncached_tasks_as_they_were(tmp_path):
    store = Store(tmp_path / "store")
    first = run(build(tmp_path, seconds=0.0, uncached=True), store, executor="threads")
    again = run(build(tmp_path, seconds=0.0, uncached=True), store, executor="threads")
    assert states(again)["t10"] == "finished"
    resumed = run(
        build(tmp_path, seconds=0.0, uncached=True), store, executor="threads", resume=first.id
    )
    assert set(states(resumed).values()) == {"cached"}
    assert dict(resumed.outputs) == dict(first.outputs)


def test_resume_with_another_seed_runs_again(tmp_path):
    store = Store(tmp_path / "store")
    first = run(build(tmp_path, seconds=0.0), store, executor="threads")
    again = run(build(tmp_path, seconds=0.0), store, executor="threads", resume=first.id, seed=3)
    assert set(states(again).values()) == {"finished"}


def test_resume_of_a_cancelled_run_runs_the_rest(tmp_path):
    store = Store(tmp_path / "store")
    made = build(tmp_path, seconds=0.1, uncached=True).start(
        store=store, executor="threads", workers=2
    )
    while len(lines(tmp_path / "calls.txt")) < 8:
        time.sleep(0.01)
    made.cancel()
    assert made.wait(10)
    finished = {name for name, state in states(made).items() if state == "finished"}
    assert finished
    again = run(
        build(tmp_path, seconds=0.1, uncached=True), store, executor="threads", resume=made.id
    )
    assert {states(again)[name] for name in finished} == {"cached"}
    assert again.state == "finished"
