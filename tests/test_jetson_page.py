"""The page for the owner of a Jetson: its commands exist, its file can be read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from dlaaw_nb.cli.app import build_parser
from dlaaw_nb.targets import targets_file
from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "JETSON.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_can_be_parsed():
    lines = re.findall(r"^ *\$ (dlaaw .*)$", PAGE, flags=re.MULTILINE)
    assert len(lines) >= 10
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])


def test_file_of_the_page_is_read_without_a_mistake(tmp_path, monkeypatch):
    (text,) = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    file = tmp_path / "targets.toml"
    file.write_text(text)
    monkeypatch.setenv("DLAAW_TARGETS", str(file))
    monkeypatch.chdir(tmp_path)
    found = targets_file.read()
    assert isinstance(found["jetson1"], BoardSettings)
    assert isinstance(found["lab"], ClusterSettings)
    assert found["lab"].head == found["jetson1"]


def test_files_that_the_page_names_are_linked_from_the_readme():
    assert "(JETSON.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
