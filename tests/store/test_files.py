import os
import stat
from pathlib import Path

import pytest

from dlaaw_nb import SaveError
from dlaaw_nb.store import files
from dlaaw_nb.store.files import write_text

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions and links")


def test_write_text_new_file_is_utf_8(tmp_path):
    assert write_text(tmp_path / "a.json", "grün\n") == tmp_path / "a.json"
    assert (tmp_path / "a.json").read_bytes() == "grün\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@posix
def test_write_text_new_file_has_ordinary_permissions(tmp_path):
    (tmp_path / "plain").touch()
    write_text(tmp_path / "a", "x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


@posix
def test_write_text_keeps_permissions_of_what_it_replaces(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o640)
    write_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@posix
def test_write_text_through_a_link_writes_its_target(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "real")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "real").read_text() == "new"


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("missing/a.json", "no such folder. Make it first"),
        (".", "Add the name of a file"),
        ("file/a.json", "not a folder|no such folder"),
        ("x" * 300, "Choose a shorter one"),
        ("a\0b", "Choose another path"),
    ],
)
def test_write_text_bad_path_says_the_mend(tmp_path, name, mend):
    (tmp_path / "file").touch()
    with pytest.raises(SaveError, match=mend):
        write_text(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_write_text_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")
    # The part file becomes a link to the kernel's always-full device: a real ENOSPC.
    monkeypatch.setattr(files.secrets, "token_hex", lambda _: "full")
    opened = Path.open

    def on_full_disk(self, mode="r", *args, **kwargs):
        if self.name == ".dlaaw-full.part":
            self.symlink_to("/dev/full")
            return opened(self, "wb", *args, **kwargs)
        return opened(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", on_full_disk)
    with pytest.raises(SaveError, match=r"The disk is full\. Free some space"):
        write_text(tmp_path / "a", "new" * 10_000)
    monkeypatch.undo()
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(not Path("/sys/kernel").exists(), reason="needs a folder nobody can write")
def test_write_text_read_only_folder_says_the_mend():
    with pytest.raises(SaveError, match=r"/sys/kernel/a\.json: could not be written"):
        write_text("/sys/kernel/a.json", "x")


def test_write_text_interrupted_leaves_old_file_and_no_part(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_save_error_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="could not be written"):
        write_text(tmp_path, "x")
