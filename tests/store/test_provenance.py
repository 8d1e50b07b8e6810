"""The records of runs, as they are written and asked for."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import Provenance, RunRecord, TaskRecord

if TYPE_CHECKING:
    from pathlib import Path


def test_provenance_of_nothing_answers_with_nothing(provenance: Provenance) -> None:
    assert provenance.lookup([]) == {}
    assert provenance.lookup(["key"]) == {}
    assert provenance.lookup(["key", "other"]) == {}
    assert provenance.runs() == []
    assert provenance.tasks("run") == []
    assert provenance.product("0" * 64) is None
    assert provenance.finished("run") == {}
    assert provenance.durations(["code"]) == {}
    assert provenance.interrupted() == []
    assert provenance.references() == set()
    assert not provenance.path.exists()  # asking makes no file


def test_run_and_tasks_come_back_as_they_were_put(provenance: Provenance, make: Any) -> None:
    run = RunRecord(
        "20261125-1", "ensemble", '{"tasks": []}', "finished", 1.5, 2.5, "threads", "Heft", "cpu",
        2**70, "host", 12, "boot", "3.11", {"numpy": "2"}, {"data": make.hash("a")},
        {"votes": make.hash("b")}, {"data": "/a/b.csv", "k": [1, None]},
    )  # fmt: skip
    task = TaskRecord(
        run.id, "Train \u2028 '1'", "train", "failed", "key", "code", "kernel",
        {"rate": 0.1, "layers": [3, 1]}, 7, "cuda", {"name": "H100"}, 2, 1.0, 2.0, 1.0, "host:1",
        "no \x00 luck \ud800", "log\n", "why", [[1, 0.5], [2, 0.25]],
        [("data", 0, make.hash("a")), ('po"rt', 1, "h")], [],
    )  # fmt: skip
    plain = TaskRecord(run.id, "plain")
    make.write(provenance, run, task, plain)
    assert provenance.run(run.id) == run
    found = {record.name: record for record in provenance.tasks(run.id)}
    assert found[plain.name] == plain
    assert found[task.name] == replace(task, error="no \x00 luck \\ud800")


def test_newest_record_of_a_run_and_a_task_counts(provenance: Provenance, make: Any) -> None:
    run, task = make.run("r", state="running", finished=None), make.task("r", "t", state="running")
    recorder = provenance.recorder()
    recorder.run(run)
    recorder.task(task)
    run.state, task.state = "failed", "failed"  # what was put is not changed by that
    assert recorder.flush()
    assert provenance.run("r").state == "running"
    assert provenance.tasks("r")[0].state == "running"
    recorder.run(run)
    recorder.task(task)
    assert provenance.run("r").state == "failed"  # asking waits for what was put
    assert [t.state for t in provenance.tasks("r")] == ["failed"]


def test_task_before_its_run_is_kept(provenance: Provenance, make: Any) -> None:
    make.write(provenance, make.task("r", "t"))
    assert provenance.runs() == []
    make.write(provenance, make.run("r"))
    assert [task.name for task in provenance.tasks("r")] == ["t"]
    assert [run.id for run in provenance.runs()] == ["r"]


def test_file_that_is_no_database_is_told_and_never_a_hit(provenance: Provenance) -> None:
    provenance.path.parent.mkdir()
    provenance.path.write_bytes(b"no database at all, but long enough to be one" * 50)
    with pytest.raises(StoreError, match="Move it away"):
        provenance.runs()
    assert provenance.lookup(["key"]) == {}
    assert provenance.lookup(["key", "other"]) == {}


def test_database_of_a_newer_version_is_refused(provenance: Provenance, make: Any) -> None:
    make.write(provenance, make.run("r"))
    provenance.close()
    with sqlite3.connect(provenance.path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(StoreError, match="newer version"):
        provenance.recorder()
    with pytest.raises(StoreError, match="pip install --upgrade"):
        provenance.runs()


def test_database_has_a_log_beside_it_and_a_version(provenance: Provenance, make: Any) -> None:
    make.write(provenance, make.run("r"))
    other = sqlite3.connect(provenance.path)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert other.execute("PRAGMA user_version").fetchone() == (1,)
    other.close()


def test_runs_are_listed_newest_first(provenance: Provenance, make: Any) -> None:
    runs = [make.run(f"r{at}", started=float(at), workflow="ab"[at % 2]) for at in range(5)]
    make.write(provenance, *runs)
    assert [run.id for run in provenance.runs()] == ["r4", "r3", "r2", "r1", "r0"]
    assert [run.id for run in provenance.runs(limit=2)] == ["r4", "r3"]
    assert [run.id for run in provenance.runs(limit=None, workflow="b")] == ["r3", "r1"]


def test_run_by_the_beginning_of_its_id(provenance: Provenance, make: Any) -> None:
    make.write(provenance, *(make.run(name) for name in ("20261125-1", "20261125-12", "20261126")))
    assert provenance.run("20261126").id == "20261126"
    assert provenance.run("202611251"[:8] + "-12").id == "20261125-12"
    assert provenance.run("20261125-1").id == "20261125-1"  # whole ids go first
    with pytest.raises(StoreError, match="several runs begin"):
        provenance.run("2026")
    with pytest.raises(StoreError, match=r"no such run.*20261126"):
        provenance.run("20261127")
    with pytest.raises(StoreError, match="no such run"):
        provenance.run("")


def test_durations_are_means_of_the_last_times(provenance: Provenance, make: Any) -> None:
    tasks = [
        make.task(f"r{at}", "t", seconds=float(at), finished=float(at), code_hash="code")
        for at in range(1, 8)
    ]
    cached = make.task("r9", "t", seconds=1e6, finished=99.0, code_hash="code", state="cached")
    make.write(provenance, *tasks, cached, make.task("r", "u", code_hash="b", seconds=None))
    assert provenance.durations(["code", "b", "c"]) == {"code": 5.0}  # of 3, 4, 5, 6 and 7


def test_interrupted_lists_runs_of_dead_processes_only(
    provenance: Provenance, make: Any, python: Any
) -> None:
    import os
    import platform

    from dlaaw_nb.store.processes import boot_id

    dead = python("pass")
    dead.communicate()
    here = {"host": platform.node(), "state": "running", "finished": None, "started": time.time()}
    make.write(
        provenance,
        make.run("dead", pid=dead.pid, boot_id=boot_id(), **here),
        make.run("alive", pid=os.getpid(), boot_id=boot_id(), **here),
        make.run("rebooted", pid=os.getpid(), boot_id="another", **here),
        make.run("elsewhere", pid=dead.pid, **{**here, "host": "elsewhere"}),
        make.run("reused", pid=os.getpid(), boot_id=boot_id(), **{**here, "started": 1.0}),
        make.run("over", pid=dead.pid, **{**here, "state": "finished"}),
    )
    gone = {run.id for run in provenance.interrupted()}
    assert gone == {"dead", "rebooted", "reused"} if boot_id() else gone >= {"dead", "reused"}


def test_delete_run_forgets_its_tasks_but_not_its_products(
    provenance: Provenance, make: Any
) -> None:
    make.write(
        provenance, make.run("r"), make.run("s"), make.product("a"), make.product("b"),
        make.task("r", "t", makes=("a",)), make.task("s", "u", makes=("b",)),
    )  # fmt: skip
    provenance.delete_run("r")
    assert [run.id for run in provenance.runs()] == ["s"]
    assert provenance.tasks("r") == []
    assert provenance.lookup([make.task("r", "t").key]) == {}
    assert provenance.product(make.product("a").hash) == make.product("a")
    assert [task.name for task in provenance.tasks("s")] == ["u"]
    assert provenance.references() == {make.product("b").hash}
    with pytest.raises(StoreError, match="no such run"):
        provenance.delete_run("r")


def test_run_deleted_under_way_takes_nobody_elses_place(provenance: Provenance, make: Any) -> None:
    make.write(provenance, make.run("s"))
    recorder = provenance.recorder()
    recorder.run(make.run("r"))
    recorder.task(make.task("r", "t"))
    assert recorder.flush()
    provenance.delete_run("r")
    make.write(provenance, make.task("s", "u"))
    recorder.task(make.task("r", "t", state="failed"))
    assert recorder.close()
    assert [task.state for task in provenance.tasks("s")] == ["finished"]
    assert [task.state for task in provenance.tasks("r")] == ["failed"]


def test_references_are_all_that_was_read_or_made(provenance: Provenance, make: Any) -> None:
    hashes = {text: make.product(text).hash for text in ("in", "out", "read", "made", "loose")}
    make.write(
        provenance, make.product("loose"),
        make.run("r", inputs={"x": hashes["in"]}, outputs={"y": hashes["out"]}),
        make.task("r", "t", reads=("read",), makes=("made",)),
    )  # fmt: skip
    assert provenance.references() == set(hashes.values()) - {hashes["loose"]}


def test_hash_of_an_export_is_found_when_the_file_is_gone(
    provenance: Provenance, make: Any, tmp_path: Path
) -> None:
    recorder = provenance.recorder()
    path = tmp_path / "saved.txt"
    path.write_text('"a"')
    recorder.product(make.product("a"))
    recorder.export(path, make.product("a").hash)
    assert provenance.hash_of(path) == make.product("a").hash
    path.unlink()
    assert provenance.hash_of(path) == make.product("a").hash
    for missing in (tmp_path / "other", "a\0b"):
        with pytest.raises(StoreError, match="no such file, and none was saved there"):
            provenance.hash_of(missing)


def test_values_that_sqlite_cannot_hold_become_text(provenance: Provenance, make: Any) -> None:
    class Strange:
        def __repr__(self) -> str:
            return "strange"

    task = make.task("r", "t", parameters={"a": Strange(), "b": float("nan")}, seed=2**80)
    strange = make.task("r", "\ud800", parameters={"loop": []}, worker=Strange())
    strange.parameters["loop"].append(strange.parameters["loop"])
    make.write(provenance, task, strange)
    found = {task.name: task for task in provenance.tasks("r")}
    assert found["t"].seed == 2**80
    assert found["t"].parameters["a"] == "strange"
    assert "unwritten" in found["\\ud800"].parameters
    assert found["\\ud800"].worker == "strange"
