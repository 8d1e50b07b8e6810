"""What a board keeps of ours; and the journal of a job that nobody listens to."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np

from dlaaw_nb.engine import keeping, wire
from dlaaw_nb.engine.detached import _Writer

DAY = 86400.0
NOW = 1.8e9


def put(path, age_days, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(str(path), (NOW - age_days * DAY,) * 2)
    return path


def age(folder, days):
    os.utime(str(folder), (NOW - days * DAY,) * 2)
    return folder


def left(root):
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_what_nobody_uses_goes_and_the_rest_stays(tmp_path):
    put(tmp_path / "data" / "new", 6)
    put(tmp_path / "data" / "old", 8)
    put(tmp_path / "worker" / "worker-1.pyz", 31)
    put(tmp_path / "worker" / "worker-2.pyz", 29)
    put(tmp_path / "sessions" / "a" / "job-1", 3)
    age(tmp_path / "sessions" / "a", 2)
    put(tmp_path / "sessions" / "b" / "job-1", 3)
    age(tmp_path / "sessions" / "b", 0.5)
    put(tmp_path / "jobs" / "gone" / "journal", 31)
    age(tmp_path / "jobs" / "gone", 40)
    put(tmp_path / "jobs" / "runs" / "journal", 0)  # for two months, and it still writes
    age(tmp_path / "jobs" / "runs", 60)
    put(tmp_path / "kernels" / "deadbeef.so", 400)  # not ours to judge
    keeping.keep(tmp_path, NOW)
    assert left(tmp_path) == [
        "data/new", "jobs/runs/journal", "kernels/deadbeef.so", "sessions/b/job-1",
        "worker/worker-2.pyz",
    ]  # fmt: skip
    assert not (tmp_path / "jobs" / "gone").exists()


def test_what_a_wrong_clock_has_dated_is_not_old(tmp_path):
    """A board without a battery begins in 1970, or when its system was built, and then jumps."""
    for name in ("data/d", "worker/w.pyz", "sessions/s/job-1", "jobs/j/journal"):
        put(tmp_path / name, NOW / DAY - 1)
    for folder in ("sessions/s", "jobs/j"):
        age(tmp_path / folder, NOW / DAY - 1)
    put(tmp_path / "data" / "tomorrow", -400)
    everything = left(tmp_path)
    keeping.keep(tmp_path, NOW)
    keeping.keep(tmp_path, NOW + 0.9 * DAY)
    assert left(tmp_path) == everything
    keeping.keep(tmp_path, NOW + 31 * DAY)
    assert left(tmp_path) == []


def test_oldest_data_goes_when_there_is_much(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "_MOST_DATA", 25)
    for days in range(4):
        put(tmp_path / "data" / str(days), days, b"x" * 10)
    keeping.keep(tmp_path, NOW)
    assert left(tmp_path) == ["data/0", "data/1"]


def test_journal_of_two_threads_is_whole(tmp_path):
    writer = _Writer(tmp_path / "journal")

    def write(kind):
        for number in range(200):
            writer.write({"kind": kind, "number": number, "rows": np.arange(5000.0)})

    threads = [threading.Thread(target=write, args=(kind,)) for kind in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.write({"end": None})
    writer.write({"too": "late"})
    writer.close()
    with (tmp_path / "journal").open("rb") as stream:
        found = list(iter(lambda: wire.read(stream), None))
    assert found.pop() == {"end": None}
    for kind in "ab":
        assert [f["number"] for f in found if f["kind"] == kind] == list(range(200))


def test_journal_on_a_full_disk_ends_and_says_so(capfd):
    writer = _Writer(Path("/dev/full"))
    writer.write({"event": "x"})
    assert writer.over
    writer.close()
    assert "No space left" in capfd.readouterr().err
