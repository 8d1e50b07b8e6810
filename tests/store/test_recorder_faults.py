"""What may befall the database while runs are written down: nothing is lost, and it is told."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dlaaw_nb.store import Provenance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def until(happens: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until something happens."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def names(provenance: Provenance, run: str = "r") -> list[str]:
    return sorted(task.name for task in provenance.tasks(run))


def test_locked_database_keeps_records_and_tells_why(provenance: Provenance, make: Any) -> None:
    make.write(provenance, make.run("r"))
    other = sqlite3.connect(provenance.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    recorder = provenance.recorder()
    recorder.task(make.task("r", "waits"))
    assert recorder.flush(1.0) is False
    assert "locked" in recorder.trouble
    assert "Another process is writing" in recorder.trouble
    recorder.task(make.task("r", "waits too"))
    assert provenance.lookup([make.task("r", "waits").key]) == {}
    other.execute("ROLLBACK")
    other.close()
    assert recorder.flush(10.0)
    assert recorder.trouble == ""
    assert names(provenance) == ["waits", "waits too"]


@pytest.mark.parametrize("what", ["database", "folder", "replaced"])
def test_database_deleted_under_way_gets_all_records_again(
    provenance: Provenance, make: Any, what: str
) -> None:
    recorder = provenance.recorder()
    recorder.run(make.run("r"))
    recorder.product(make.product("a"))
    recorder.product(make.product("loose"))
    recorder.task(make.task("r", "early", makes=("a",)))
    recorder.export("somewhere", make.product("a").hash)
    assert recorder.flush()
    assert names(provenance) == ["early"]
    if what == "folder":
        shutil.rmtree(provenance.path.parent)
    else:
        for path in provenance.path.parent.glob("provenance.sqlite*"):
            path.unlink()
    if what == "replaced":
        make.write(Provenance(provenance.path), make.run("another"))
    recorder.task(make.task("r", "late"))
    assert recorder.close()
    assert names(provenance) == ["early", "late"]
    assert provenance.product(make.product("a").hash) == make.product("a")
    assert provenance.product(make.product("loose").hash) == make.product("loose")
    assert provenance.hash_of("somewhere") == make.product("a").hash
    ids = {run.id for run in provenance.runs()}
    assert ids == ({"r", "another"} if what == "replaced" else {"r"})


def test_folder_deleted_before_a_question_is_noticed(provenance: Provenance, make: Any) -> None:
    task = make.task("r", "t")
    make.write(provenance, make.run("r"), task)
    assert provenance.lookup([task.key])
    shutil.rmtree(provenance.path.parent)
    until(lambda: provenance.lookup([task.key]) == {}, 1.0)
    assert provenance.runs() == []


def test_transaction_that_fails_in_its_midst_is_tried_again_and_takes_nobodys_place(
    provenance: Provenance, make: Any
) -> None:
    recorder = provenance.recorder()
    recorder.run(make.run("r"))
    assert recorder.flush()
    other = sqlite3.connect(provenance.path, isolation_level=None)
    refuse = "BEGIN SELECT RAISE(ABORT, 'not now'); END"
    other.execute(f"CREATE TRIGGER refuse BEFORE INSERT ON makers {refuse}")
    recorder.task(make.task("r", "t", makes=("a",)))
    until(lambda: "not now" in recorder.trouble)
    make.write(provenance, make.run("s"), make.task("s", "u"))
    other.execute("DROP TRIGGER refuse")
    other.close()
    assert recorder.close()
    assert (names(provenance, "r"), names(provenance, "s")) == (["t"], ["u"])


def test_disk_full_keeps_records_and_tells_why(small_disk: Path, make: Any) -> None:
    provenance = Provenance(small_disk / "p.sqlite")
    recorder = provenance.recorder()
    recorder.run(make.run("r"))
    assert recorder.flush()
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    for at in range(300):
        recorder.task(make.task("r", f"t{at:03}", log="x" * 500))
    assert recorder.flush(1.0) is False
    assert "Free some space" in recorder.trouble
    ballast.unlink()
    assert recorder.close(10.0), recorder.trouble
    assert len(names(provenance)) == 300
    provenance.close()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written_is_told(provenance: Provenance, make: Any) -> None:
    provenance.path.parent.mkdir(mode=0o500)
    recorder = provenance.recorder()
    recorder.run(make.run("r"))
    assert recorder.flush(0.5) is False
    assert "permission" in recorder.trouble
    provenance.path.parent.chmod(0o700)
    assert recorder.close(10.0)


def test_threads_that_put_and_ask_at_once_lose_nothing(provenance: Provenance, make: Any) -> None:
    recorder = provenance.recorder()

    def work(thread: int) -> None:
        for at in range(200):
            recorder.task(make.task("r", f"{thread}-{at:03}"))
            if at % 50 == 0:
                provenance.tasks("r")
                provenance.lookup([make.task("r", f"{thread}-{at:03}").key])

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.close()
    assert len(names(provenance)) == 800


def test_writer_beside_a_busy_thread_comes_to_an_end(provenance: Provenance, make: Any) -> None:
    """See test_inserting for why it does."""
    make.write(provenance, make.run("r"))
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            sum(range(100))

    with contextlib.closing(sqlite3.connect(provenance.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # all has to be written later, beside the busy thread
        recorder = provenance.recorder()
        for at in range(3000):
            recorder.task(make.task("r", f"t{at}"))
        thread = threading.Thread(target=compute)
        thread.start()
        other.execute("ROLLBACK")
    try:
        assert recorder.close(7.0)  # 3000 times 5 ms are 15 s
    finally:
        over.set()
        thread.join()


def test_recorder_closed_can_be_used_again(provenance: Provenance, make: Any) -> None:
    recorder = provenance.recorder()
    assert recorder.flush()  # nothing was put, no thread was started
    assert not provenance.path.exists()
    for name in ("one", "two"):
        recorder.task(make.task("r", name))
        assert recorder.close()
    assert names(provenance) == ["one", "two"]
    assert recorder._thread is None
