"""Objects on other machines: in memory, over HTTP, and over SSH to a server of one's own."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import Objects, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = b"data" * 1000
HASH = sha256(DATA).hexdigest()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Objects]:
    import fsspec

    system = fsspec.filesystem("memory")
    yield Objects("memory://dlaaw-test", tmp_path / "near")
    system.rm("/dlaaw-test", recursive=True)


def test_memory_keeps_and_gives_bytes(memory: Objects, tmp_path: Path) -> None:
    stored = memory.put([DATA[:5], DATA[5:]])
    assert stored.hash == HASH
    shutil.rmtree(tmp_path / "near")  # it must come from there
    assert memory.get(HASH).bytes() == DATA
    assert memory.has(HASH, len(DATA))
    assert not memory.has(HASH, 1)
    assert memory.verify(HASH)
    assert [item[:2] for item in memory.everything()] == [(HASH, len(DATA))]
    memory.delete(HASH)
    assert not memory.has(HASH)
    with pytest.raises(StoreError, match="there is no object"):
        memory.get(HASH)


def test_memory_object_that_was_cut_off_is_refused_then_replaced(
    memory: Objects, tmp_path: Path
) -> None:
    import fsspec

    memory.put([DATA])
    system = fsspec.filesystem("memory")
    system.pipe_file(f"/dlaaw-test/objects/{HASH[:2]}/{HASH[2:]}", DATA[:10])
    shutil.rmtree(tmp_path / "near")
    assert not memory.has(HASH, len(DATA))
    with pytest.raises(StoreError, match="has changed or was cut off"):
        memory.get(HASH)
    assert not list((tmp_path / "near").rglob("*.fetch*"))
    memory.put([DATA])
    shutil.rmtree(tmp_path / "near")
    assert memory.get(HASH).bytes() == DATA


def test_http_store_can_be_read_but_not_written(
    http_server: tuple[str, Path], tmp_path: Path
) -> None:
    pytest.importorskip("aiohttp", reason="http needs aiohttp: pip install 'dlaaw-nb[http]'")
    url, folder = http_server
    Objects(folder / "store").put([DATA])
    objects = Objects(f"{url}/store", tmp_path / "near")
    assert objects.get(HASH).bytes() == DATA
    assert objects.has(HASH, len(DATA))
    assert not objects.has(sha256(b"other").hexdigest())
    with pytest.raises(StoreError, match="can only be read"):
        objects.put([b"new"])
    with pytest.raises(StoreError, match="can only be read"):
        objects.delete(HASH)


def test_http_object_with_other_bytes_is_refused(
    http_server: tuple[str, Path], tmp_path: Path
) -> None:
    pytest.importorskip("aiohttp", reason="http needs aiohttp: pip install 'dlaaw-nb[http]'")
    url, folder = http_server
    path = folder / "store" / "objects" / HASH[:2] / HASH[2:]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"hostile")
    with pytest.raises(StoreError, match="has changed or was cut off"):
        Objects(f"{url}/store", tmp_path / "near").get(HASH)


def test_http_server_that_is_gone_raises_with_a_mend(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="http needs aiohttp: pip install 'dlaaw-nb[http]'")
    objects = Objects("http://127.0.0.1:9/store", tmp_path / "near")
    with pytest.raises(StoreError, match="Check the network"):
        objects.get(HASH)


def test_fetch_over_http_brings_the_file_under_its_name(
    http_server: tuple[str, Path], tmp_path: Path
) -> None:
    pytest.importorskip("aiohttp", reason="http needs aiohttp: pip install 'dlaaw-nb[http]'")
    url, folder = http_server
    (folder / "votes 1.csv").write_bytes(DATA)
    target = tmp_path / "new" / "folder"
    path = fetch(f"{url}/votes%201.csv", target)
    assert path == target / "votes 1.csv"
    assert path.read_bytes() == DATA
    with pytest.raises(StoreError, match="there is no such file"):
        fetch(f"{url}/missing.csv", target)
    with pytest.raises(StoreError, match="at most 100 bytes"):
        fetch(f"{url}/votes%201.csv", target, limit_bytes=100)
    assert [path.name for path in target.iterdir()] == ["votes 1.csv"]


def test_fetch_from_memory_and_file_urls(tmp_path: Path) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe_file("/dlaaw-fetch/a.csv", b"1,2")
    assert fetch("memory://dlaaw-fetch/a.csv", tmp_path).read_bytes() == b"1,2"
    fsspec.filesystem("memory").rm("/dlaaw-fetch", recursive=True)
    (tmp_path / "b.csv").write_bytes(b"3")
    assert fetch(f"file://{tmp_path}/b.csv", tmp_path / "to").read_bytes() == b"3"


@pytest.mark.parametrize("url", ["nonsense://a/b", "memory://a::file://b", "plain.csv"])
def test_fetch_from_a_url_of_no_kind_raises(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        fetch(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_fetch_to_a_full_disk_raises_with_a_mend(small_disk: Path, tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(3 << 20))
    with pytest.raises(StoreError, match="disk is full"):
        fetch(f"file://{big}", small_disk / "to")
    assert list((small_disk / "to").iterdir()) == []


def test_sftp_keeps_and_gives_bytes(sftp: Any, tmp_path: Path) -> None:
    objects = Objects(f"{sftp.url}{sftp.home}/store", tmp_path / "near")
    assert objects.put([DATA]).hash == HASH
    there = sftp.home / "store" / "objects" / HASH[:2] / HASH[2:]
    assert there.read_bytes() == DATA
    assert [path.name for path in there.parent.iterdir()] == [HASH[2:]]
    shutil.rmtree(tmp_path / "near")
    assert objects.get(HASH).bytes() == DATA
    there.chmod(0o644)
    there.write_bytes(DATA[:7])
    assert not objects.has(HASH, len(DATA))
    objects.put([DATA])
    assert there.read_bytes() == DATA
    path = fetch(f"{sftp.url}{there}", tmp_path / "fetched")
    assert path.read_bytes() == DATA
    objects.delete(HASH)
    assert not there.exists()
    assert not objects.has(HASH)


def test_sftp_connection_that_broke_is_made_again(sftp: Any, tmp_path: Path) -> None:
    objects = Objects(f"{sftp.url}{sftp.home}/store", tmp_path / "near")
    objects.put([DATA])
    objects._kept._system[1].client.close()
    assert objects.has(HASH, len(DATA))
    sftp.end()
    objects._kept._system[1].client.close()
    with pytest.raises(StoreError, match="Check host, port and network"):
        objects.has(HASH)


def test_sftp_machine_that_is_not_known_is_refused(sftp: Any, tmp_path: Path) -> None:
    (sftp.home / ".ssh" / "known_hosts").write_text("")
    with pytest.raises(StoreError, match="not known"):
        Objects(f"{sftp.url}{sftp.home}/store", tmp_path / "near").put([DATA])


def test_sftp_machine_with_another_key_is_refused(sftp: Any, tmp_path: Path) -> None:
    known = sftp.home / ".ssh" / "known_hosts"
    where = known.read_text().split()[0]
    other = (sftp.home / ".ssh" / "user.pub").read_text().split()[:2]
    known.write_text(" ".join([where, *other]) + "\n")
    with pytest.raises(StoreError, match="shows another key"):
        Objects(f"{sftp.url}{sftp.home}/store", tmp_path / "near").put([DATA])


def test_sftp_key_that_nobody_accepts_is_told(sftp: Any, tmp_path: Path) -> None:
    (sftp.home / ".ssh" / "authorized_keys").write_text("")
    with pytest.raises(StoreError, match="nobody was let in"):
        Objects(f"{sftp.url}{sftp.home}/store", tmp_path / "near").put([DATA])
