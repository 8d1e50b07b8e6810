"""A store as a whole: where it is, its products, what it removes, how it shows itself."""

from __future__ import annotations

import os
import pickle
import shutil
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dlaaw_nb.errors import CodecError, SaveError, StoreError
from dlaaw_nb.store import Codec, DataProduct, Picture, Store
from dlaaw_nb.store.codecs import ARRAY, FIGURE, TABLE

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert('1')</script>"


def keep(store: Store, codec: Codec, value: Any, **facts: Any) -> DataProduct:
    """Keep a value as the engine does, with its record."""
    stored = store.objects.put(codec.encode(codec.settle(value)))
    known = {"type": "value", "preview": codec.preview(value), "suffix": codec.suffix, **facts}
    product = DataProduct(
        hash=stored.hash, codec=codec.name, size_bytes=stored.size, store=store, **known
    )
    recorder = store.provenance.recorder()
    recorder.product(product)
    assert recorder.close()
    return product


def keep_file(store: Store, path: Path, **facts: Any) -> DataProduct:
    stored = store.objects.put_file(path)
    return DataProduct(
        stored.hash, "file", "file-1", stored.size, path.name, path.suffix, path.name,
        store=store, **facts,
    )  # fmt: skip


def texts(html: str) -> str:
    """Read HTML as a person does, and check that its tags fit."""
    found: list[str] = []
    open_tags: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag not in ("img", "br"):
                open_tags.append(tag)
            found.extend(value for name, value in attrs if name == "alt")

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

        def handle_data(self, data: str) -> None:
            found.append(data)

    Reader().feed(html)
    assert open_tags == []
    assert "<script" not in html
    return " ".join(found)


def test_store_without_a_place_takes_the_environment_then_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "own"))
    assert Store().url == str(tmp_path / "own")
    monkeypatch.delenv("DLAAW_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert Store().folder.name == "store"
    assert list(tmp_path.iterdir()) == []  # nothing is made before it is needed


def test_store_elsewhere_keeps_its_records_in_a_folder_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    monkeypatch.setattr("dlaaw_nb.store.store._user_folder", lambda: tmp_path)
    store = Store("memory://dlaaw-store-test")
    other = Store("memory://dlaaw-store-other")
    assert store.folder.is_relative_to(tmp_path)
    assert store.folder != other.folder
    make.write(store.provenance, make.run("r"))
    assert [run.id for run in Store("memory://dlaaw-store-test").runs()] == ["r"]
    assert store.runs() != other.runs()


def test_store_pickled_is_the_same_store(store: Store) -> None:
    product = keep(store, ARRAY, np.arange(5000.0))
    copy = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own
    assert copy.url == store.url
    np.testing.assert_array_equal(copy.load(product), np.arange(5000.0))


def test_product_by_its_hash_loads(store: Store) -> None:
    product = keep(store, ARRAY, np.arange(5000.0))
    for hash_ in (product.hash, product.hash[:8]):
        np.testing.assert_array_equal(store.product(hash_).load(), np.arange(5000.0))
    with pytest.raises(StoreError, match="no product begins"):
        store.product("0" * 64)


def test_runs_and_tasks_by_the_beginning_of_an_id(store: Store, make: Any) -> None:
    make.write(store.provenance, make.run("20261125-1"), make.task("20261125-1", "t"))
    assert store.run("2026").id == "20261125-1"
    assert [task.name for task in store.tasks("2026")] == ["t"]
    assert [run.id for run in store.runs()] == ["20261125-1"]
    assert not store.diff("2026", "2026")
    with pytest.raises(StoreError, match="no such run"):
        store.tasks("2027")


def test_product_whose_object_is_gone_says_what_to_do(store: Store) -> None:
    product = keep(store, ARRAY, np.arange(5000.0))
    shutil.rmtree(store.objects.local / "objects")
    with pytest.raises(StoreError, match="Run again what made it"):
        product.load()
    lost = keep(store, TABLE, _table())
    store.objects.delete(lost.hash)
    assert "not in the store" in texts(lost._repr_html_())


def test_product_cut_off_on_the_disk_is_not_read(store: Store) -> None:
    product = keep(store, ARRAY, np.arange(5000.0))
    path = store.objects.path(product.hash)
    path.chmod(0o644)
    os.truncate(path, 1000)
    with pytest.raises(StoreError, match="not in the store"):
        product.load()


def test_product_outside_of_the_store_is_read_while_it_is_the_same(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "votes.csv"
    path.write_text("a,b\n" * 1000)
    product = keep_file(store, path, location=str(path))
    store.objects.delete(product.hash)
    assert product.load() == path
    path.write_text("changed")
    with pytest.raises(StoreError, match="has changed"):
        product.load()


def test_file_product_has_its_own_name(store: Store, tmp_path: Path) -> None:
    (tmp_path / "votes.csv").write_text("a,b\n")
    product = keep_file(store, tmp_path / "votes.csv")
    assert product.load().name == "votes.csv"
    folder = tmp_path / "out"
    folder.mkdir()
    assert product.save(folder) == folder / "votes.csv"
    assert (folder / "votes.csv").read_text() == "a,b\n"
    assert product.save(folder / "other").name == "other.csv"


def test_product_in_the_database_is_read_from_there(store: Store, make: Any) -> None:
    make.write(store.provenance, make.product("few"))
    assert store.product(make.product("few").hash).load() == "few"
    assert not list(store.folder.glob("objects/*"))
    assert make.product("few").load() == "few"  # without any store
    with pytest.raises(StoreError, match="belongs to no store"):
        make.product("few", inline=None).load()
    with pytest.raises(StoreError, match="belongs to no store"):
        make.product("few").lineage()


def test_product_of_an_unknown_codec_says_so(make: Any) -> None:
    with pytest.raises(CodecError, match="Install the package whose task made the value"):
        make.product("x", codec="unheard-of-1").load()


def test_save_to_a_place_that_cannot_be_written_keeps_what_was_there(
    store: Store, make: Any, tmp_path: Path
) -> None:
    make.write(store.provenance, make.product("few"))
    product = store.product(make.product("few").hash)
    with pytest.raises(SaveError, match="no such folder"):
        product.save(tmp_path / "missing" / "x.json")
    with pytest.raises(SaveError, match="is a folder"):
        product.save(tmp_path)


def test_save_of_packed_values_says_that_they_are_zip_files(store: Store, tmp_path: Path) -> None:
    from dlaaw_nb.store.codecs import MAPPING

    product = keep(store, MAPPING, {"a": np.arange(3)})
    assert product.save(tmp_path / "packed").name == "packed.zip"
    assert keep(store, MAPPING, {"a": 1}).save(tmp_path / "plain").name == "plain.json"


def _table() -> Any:
    import pandas as pd

    return pd.DataFrame({HOSTILE: [HOSTILE] * 30, "n": np.arange(30)})


def test_table_shows_its_first_rows_escaped(store: Store) -> None:
    product = keep(store, TABLE, _table())
    text = texts(product._repr_html_())
    assert text.count(HOSTILE) >= 11
    assert "30 rows x 2 columns" in text
    assert "9" in text
    assert product.hash in text
    bundle = product._repr_mimebundle_()
    assert bundle["text/plain"] == repr(product)
    assert bundle["text/html"] == product._repr_html_()


def test_picture_shows_itself_with_its_text(store: Store) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.add_subplot().set_title(HOSTILE)
    product = keep(store, FIGURE, figure)
    html = product._repr_html_()
    assert HOSTILE in texts(html)
    assert 'src="data:image/png;base64,' in html
    assert isinstance(product.load(), Picture)
    assert product.load().alt == HOSTILE


def test_other_values_show_their_preview(store: Store, make: Any) -> None:
    product = make.product("x", preview=HOSTILE, location="sftp://me:secret@host/a?token=1")
    text = texts(product._repr_html_())
    assert HOSTILE in text
    assert "secret" not in text
    assert "token" not in text


def test_store_shows_its_newest_runs(store: Store, make: Any) -> None:
    assert "no runs yet" in texts(store._repr_html_())
    make.write(store.provenance, *(make.run(f"r{at:02}", workflow=HOSTILE) for at in range(20)))
    text = texts(store._repr_html_())
    assert HOSTILE in text
    assert "r19" in text
    assert "r05" not in text
    store.provenance.path.write_bytes(b"broken" * 1000)
    store.provenance.close()
    for end in ("-wal", "-shm"):
        store.provenance.path.with_name(store.provenance.path.name + end).unlink(missing_ok=True)
    assert "Move it away" in texts(store._repr_html_())


def test_collect_removes_only_what_no_run_needs(store: Store, make: Any) -> None:
    used, loose = store.objects.put([b"u" * 3000]), store.objects.put([b"l" * 2000])
    given, final = store.objects.put([b"g" * 100]), store.objects.put([b"f" * 100])
    task = make.task("r", "t")
    task.inputs = [("x", 0, used.hash)]
    make.write(
        store.provenance, make.product("loose"), task,
        make.run("r", inputs={"a": given.hash}, outputs={"b": final.hash}),
    )  # fmt: skip
    assert store.size_bytes() > 5200 + 4096
    assert store.collect(older_than_days=1) == 0
    assert store.collect() == 2000
    assert not store.objects.has(loose.hash)
    assert all(store.objects.has(kept.hash) for kept in (used, given, final))
    assert store.provenance.product(make.product("loose").hash) is None
    store.provenance.delete_run("r")
    assert store.collect() == 3200
    assert list(store.objects.everything()) == []


def test_collect_leaves_what_a_run_under_way_may_have_put(store: Store, make: Any) -> None:
    import platform

    from dlaaw_nb.store.processes import boot_id

    facts = {"host": platform.node(), "pid": os.getpid(), "boot_id": boot_id()}
    old = store.objects.put([b"old"])
    os.utime(store.objects.path(old.hash), (1, 1))
    make.write(
        store.provenance,
        make.run("r", state="running", finished=None, started=time.time(), **facts),
    )
    new = store.objects.put([b"new"])
    assert store.collect() == 3
    assert store.objects.has(new.hash)
    assert not store.objects.has(old.hash)
