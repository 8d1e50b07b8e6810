"""Objects by the hash of their content, in a folder of this machine."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
import threading
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import Objects, digest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "store")


def test_put_bytes_in_pieces_are_found_by_their_hash(objects: Objects) -> None:
    stored = objects.put([b"one ", memoryview(b"two"), bytearray(b" three")])
    assert stored == (sha256(b"one two three").hexdigest(), 13)
    assert stored == digest([b"one two three"])
    assert objects.get(stored.hash).bytes() == b"one two three"
    assert objects.has(stored.hash)
    assert objects.has(stored.hash, 13)
    assert not objects.has(stored.hash, 12)
    assert objects.verify(stored.hash)


def test_put_empty_bytes_can_be_read(objects: Objects) -> None:
    stored = objects.put([])
    assert objects.get(stored.hash).bytes() == b""
    assert len(objects.get(stored.hash).buffer()) == 0


def test_put_the_same_twice_keeps_one_file_that_nobody_may_write(objects: Objects) -> None:
    first = objects.put([b"same"])
    path = objects.path(first.hash)
    number = path.stat().st_ino
    assert objects.put([b"sa", b"me"]) == first
    assert path.stat().st_ino == number
    assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert [path.name for path in path.parent.iterdir()] == [path.name]


def test_object_that_was_cut_off_is_not_there_and_is_written_again(objects: Objects) -> None:
    stored = objects.put([b"x" * 1000])
    path = objects.path(stored.hash)
    path.chmod(0o644)
    os.truncate(path, 500)
    assert not objects.has(stored.hash, 1000)
    assert not objects.verify(stored.hash)
    objects.put([b"x" * 1000])
    assert objects.verify(stored.hash)


def test_object_with_other_bytes_of_the_same_size_is_not_verified(objects: Objects) -> None:
    stored = objects.put([b"right"])
    path = objects.path(stored.hash)
    path.chmod(0o644)
    path.write_bytes(b"wrong")
    assert objects.has(stored.hash, 5)
    assert not objects.verify(stored.hash)


def test_object_that_is_missing_raises_with_a_mend(objects: Objects) -> None:
    missing = sha256(b"missing").hexdigest()
    with pytest.raises(StoreError, match="Run again what made it"):
        objects.get(missing)
    assert not objects.has(missing)
    assert not objects.verify(missing)
    objects.delete(missing)


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 65, "a/" * 32])
def test_hash_that_is_none_never_becomes_a_path(objects: Objects, text: str) -> None:
    for ask in (objects.get, objects.path, objects.has, objects.verify, objects.delete):
        with pytest.raises(StoreError, match="64 hexadecimal digits"):
            ask(text)


def test_delete_removes_the_object_and_its_other_names(objects: Objects) -> None:
    stored = objects.put([b"gone"])
    named = objects.named(stored.hash, "votes.csv")
    assert named.name == "votes.csv"
    assert named.read_bytes() == b"gone"
    objects.delete(stored.hash)
    assert not objects.has(stored.hash)
    assert not named.exists()


def test_named_with_a_hostile_name_stays_in_its_folder(objects: Objects) -> None:
    stored = objects.put([b"data"])
    for name in ("../../up.txt", "/etc/passwd", "..", "a\0b", "con", "x" * 500 + ".csv", ""):
        path = objects.named(stored.hash, name)
        assert path.read_bytes() == b"data"
        assert path.is_relative_to(objects.local / "named" / stored.hash[:2])


@pytest.mark.parametrize("move", [False, True])
def test_put_file_keeps_its_bytes(objects: Objects, tmp_path: Path, move: bool) -> None:
    path = tmp_path / "votes.csv"
    path.write_bytes(b"a,b\n1,2\n")
    stored = objects.put_file(path, move=move)
    assert stored.hash == sha256(b"a,b\n1,2\n").hexdigest()
    assert path.exists() is not move
    assert objects.verify(stored.hash)
    assert not objects.path(stored.hash).stat().st_mode & stat.S_IWUSR


def test_put_file_through_a_link_copies_what_it_leads_to(objects: Objects, tmp_path: Path) -> None:
    real, link, second = tmp_path / "real", tmp_path / "link", tmp_path / "second"
    real.write_bytes(b"data")
    link.symlink_to(real)
    second.hardlink_to(real)
    for path in (link, second):  # both could be changed later through the other name
        stored = objects.put_file(path, move=True)
        real.write_bytes(b"other")
        assert objects.verify(stored.hash)
        real.write_bytes(b"data")


def test_put_file_that_is_missing_or_a_folder_raises(objects: Objects, tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(StoreError, match="could not be read"):
            objects.put_file(path)


def test_store_folder_deleted_under_way_is_made_again(objects: Objects) -> None:
    first = objects.put([b"first"])
    shutil.rmtree(objects.local)
    assert not objects.has(first.hash)
    second = objects.put([b"second"])
    assert objects.verify(second.hash)
    assert objects.put([b"first"]) == first
    assert objects.verify(first.hash)


def test_store_folder_that_cannot_be_made_raises_with_a_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is a file, not a folder"):
        Objects(tmp_path / "file" / "store").put([b"data"])


def test_disk_full_raises_with_a_mend_and_leaves_no_part(small_disk: Path) -> None:
    objects = Objects(small_disk / "store")
    kept = objects.put([b"small"])
    with pytest.raises(StoreError, match=r"disk is full\. Free some space"):
        objects.put([os.urandom(1 << 20), os.urandom(1 << 20)])
    assert [hash_ for hash_, _, _ in objects.everything()] == [kept.hash]
    assert not list(small_disk.rglob(".part-*"))
    assert objects.verify(objects.put([b"fits again"]).hash)


def test_threads_that_put_the_same_at_once_all_find_it(objects: Objects) -> None:
    datas = [bytes([at]) * 50_000 for at in range(8)]
    hashes: list[str] = []

    def work() -> None:
        hashes.extend(objects.put([data]).hash for data in datas)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashes) == 64
    assert len(set(hashes)) == 8
    assert all(map(objects.verify, set(hashes)))


_PUT = """
import sys
from dlaaw_nb.store import Objects
objects = Objects(sys.argv[1])
for at in range(200):
    objects.put([b"%d" % at * 1000])
"""


def test_processes_that_put_the_same_at_once_leave_whole_objects(
    objects: Objects, python: Callable[..., subprocess.Popen[str]]
) -> None:
    processes = [python(_PUT, objects.local) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    hashes = [hash_ for hash_, _, _ in objects.everything()]
    assert len(hashes) == 200
    assert all(map(objects.verify, hashes))
    assert not list(objects.local.rglob(".part-*"))


def test_sweep_removes_only_old_parts(objects: Objects) -> None:
    folder = objects.path(objects.put([b"data"]).hash).parent
    old, new = folder / ".part-old", folder / ".part-new"
    old.write_bytes(b"12345")
    new.write_bytes(b"123")
    os.utime(old, (1, 1))
    assert objects.sweep() == 5
    assert not old.exists()
    assert new.exists()


def test_objects_pickled_reach_the_same_folder(objects: Objects) -> None:
    stored = objects.put([b"data"])
    copy = pickle.loads(pickle.dumps(objects))  # noqa: S301 - our own
    assert copy == objects
    assert copy.verify(stored.hash)


def test_url_of_a_folder_is_the_folder(tmp_path: Path) -> None:
    assert Objects(f"file://{tmp_path}/store") == Objects(tmp_path / "store")


def test_url_with_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(StoreError, match="no password") as caught:
        Objects("sftp://me:secret@host/path")
    assert "secret" not in str(caught.value)
