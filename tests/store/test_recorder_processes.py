"""Processes that write at once, are killed, end early, or fork."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dlaaw_nb.store import Provenance


def names(provenance: Provenance, run: str = "r") -> list[str]:
    return sorted(task.name for task in provenance.tasks(run))


_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def test_database_locked_by_a_process_that_is_killed_is_written(
    provenance: Provenance, make: Any, python: Any
) -> None:
    make.write(provenance, make.run("r"))
    holder = python(_HOLD, provenance.path)
    assert holder.stdout.readline() == "held\n"
    recorder = provenance.recorder()
    recorder.task(make.task("r", "t"))
    assert not recorder.flush(0.8)
    holder.kill()
    holder.communicate()
    assert recorder.close(10.0)
    assert names(provenance) == ["t"]


_WRITE = """
import sys, time
from pathlib import Path
from dlaaw_nb.store import DataProduct, Provenance, RunRecord, TaskRecord
path, run, count, pause = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
recorder = Provenance(path).recorder()
recorder.run(RunRecord(run, started=1.0))
for at in range(count):
    product = DataProduct(f"{hash(run) % 2**32 + at:064x}", "int", "int-1", 1, "1", ".json")
    recorder.product(product)
    recorder.task(TaskRecord(run, f"t{at:05}", key=f"{run} {at}", outputs=[("y", 0, product.hash)]))
    if pause:
        time.sleep(pause)
    if at == 100:
        print("idle" if recorder.flush() else "trouble", flush=True)
print("done", recorder.close(30), flush=True)
"""


def test_two_processes_writing_at_once_lose_nothing(
    provenance: Provenance, python: Any, make: Any
) -> None:
    writers = [python(_WRITE, provenance.path, run, 2000, 0) for run in ("a", "b")]
    recorder = provenance.recorder()
    for at in range(50):
        recorder.task(make.task("c", f"t{at:05}"))
        time.sleep(0.01)
    for writer in writers:
        output, _ = writer.communicate(timeout=60)
        assert output.split("\n")[:2] == ["idle", "done True"]
    assert recorder.close()
    for run, count in (("a", 2000), ("b", 2000), ("c", 50)):
        assert names(provenance, run) == [f"t{at:05}" for at in range(count)]
    keys = [f"{run} {at}" for run in "ab" for at in range(2000)]
    assert len(provenance.lookup(keys)) == 4000


def test_writer_that_is_killed_leaves_what_was_put_before_it_idled(
    provenance: Provenance, python: Any, make: Any
) -> None:
    writer = python(_WRITE, provenance.path, "k", 100_000, 0.001)
    assert writer.stdout.readline() == "idle\n"
    time.sleep(0.3)
    writer.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    writer.communicate()
    found = names(provenance, "k")
    assert len(found) > 101
    assert found == [f"t{at:05}" for at in range(len(found))]
    with contextlib.closing(sqlite3.connect(provenance.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    make.write(provenance, make.task("k", "after"))
    assert "after" in names(provenance, "k")


_EXIT = """
import sys
from pathlib import Path
from dlaaw_nb.store import Provenance, RunRecord
Provenance(Path(sys.argv[1])).recorder().run(RunRecord("left", started=1.0))
"""


def test_process_that_ends_without_closing_writes_what_waits(
    provenance: Provenance, python: Any
) -> None:
    python(_EXIT, provenance.path).communicate(timeout=30)
    assert provenance.run("left").id == "left"


_FORK = """
import os, sys
from pathlib import Path
from dlaaw_nb.store import Provenance, RunRecord, TaskRecord
provenance = Provenance(Path(sys.argv[1]))
recorder = provenance.recorder()
recorder.run(RunRecord("r", started=1.0))
recorder.task(TaskRecord("r", "parent before"))
recorder.flush()
provenance.runs()
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    found = [task.name for task in provenance.tasks("r")]
    os.write(writing, b"x")
    recorder.task(TaskRecord("r", "child"))
    ok = recorder.close() and found == ["parent before"]
    os._exit(0 if ok else 1)
os.read(reading, 1)
recorder.task(TaskRecord("r", "parent after"))
_, status = os.waitpid(child, 0)
recorder.task(TaskRecord("r", "parent last"))
print(status, recorder.close(), len(provenance.tasks("r")), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")
def test_fork_leaves_both_processes_writing(provenance: Provenance, python: Any) -> None:
    output, _ = python(_FORK, provenance.path).communicate(timeout=60)
    assert output == "0 True 4\n"
    assert names(provenance) == ["child", "parent after", "parent before", "parent last"]
