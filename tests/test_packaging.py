"""What is built carries all that runs; in wheel, sdist, zip and checkout."""

from __future__ import annotations

import gzip
import json
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipapp
import zipfile
from pathlib import Path

import pytest

import dlaaw_nb

ROOT = Path(__file__).parent.parent
QUICKSTART = "dlaaw_nb/notebooks/01_quickstart.ipynb"
SHARED = "share/jupyter/labextensions/dlaaw-nb/"
START_LIMIT, SIZE_LIMIT = 40_000, 700_000  # bytes: of the start-up chunks; of all, packed
TIMEOUT_S = 240


def build(source: Path, kind: str, folder: Path) -> Path:
    """Build a wheel or an sdist of the sources in a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=TIMEOUT_S)
    (built,) = folder.iterdir()
    return built


def kernels_of_checkout() -> dict[str, str]:
    folder = ROOT / "kernels_cu"
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.cu*")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the checkout."""
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.mark.slow
def test_wheel_carries_kernels_quickstart_data_and_types(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"dlaaw_nb/kernels_cu/{name}" for name in kernels_of_checkout()}
    wanted |= {QUICKSTART, "dlaaw_nb/py.typed", "dlaaw_nb/nn/data_files/breast_cancer.csv"}
    assert len(wanted) > 10
    assert wanted <= names
    assert not [name for name in names if name.startswith(("tests/", "kernels_cu/"))]


def extension_of(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.partition(SHARED)[2]: archive.read(name)
            for name in archive.namelist()
            if SHARED in name
        }


@pytest.mark.slow
def test_wheel_carries_the_extension_of_jupyterlab(wheel):
    files = extension_of(wheel)
    about = json.loads(files["package.json"])
    assert f"static/{Path(about['jupyterlab']['_build']['load']).name}" in files
    assert json.loads(files["install.json"])["packageName"] == "dlaaw_nb"
    assert "static/build_log.json" not in files  # it would be a development build
    assert not [name for name, content in files.items() if str(ROOT).encode() in content]
    names = zipfile.ZipFile(wheel).namelist()
    assert {"dlaaw_nb/static/canvas.js", "dlaaw_nb/static/canvas.css"} <= set(names)
    assert not [name for name in names if name.startswith(("dlaaw_nb/labextension", "labext"))]


@pytest.mark.slow
def test_extension_is_small_and_its_start_does_without_the_canvas(wheel):
    scripts = {n: c for n, c in extension_of(wheel).items() if n.endswith(".js")}
    assert sum(len(gzip.compress(content)) for content in scripts.values()) < SIZE_LIMIT
    start = {n: c for n, c in scripts.items() if b"dlaaw-nb:documents" in c or "remoteEntry" in n}
    assert len(start) == 2
    assert sum(map(len, start.values())) < START_LIMIT
    assert not [name for name, content in start.items() if b"react-flow" in content]


@pytest.mark.slow
def test_extension_is_of_the_version_of_the_package_and_of_these_sources(wheel):
    about = json.loads((ROOT / "labextension" / "package.json").read_text(encoding="utf-8"))
    assert about["version"] == dlaaw_nb.__version__
    assert f"'{about['version']}'" in (ROOT / "labextension/src/lab/version.ts").read_text()
    stamp = runpy.run_path(str(ROOT / "hatch_build.py"))["_stamp"]
    assert extension_of(wheel)["static/sources.sha256"].decode() == stamp("standard")


@pytest.mark.slow
def test_wheel_built_from_the_sdist_has_the_same_files(wheel, tmp_path):
    sdist = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = build(source, "wheel", tmp_path / "again")
    names = zipfile.ZipFile(wheel).namelist()
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(names)


LOADED = """
import json
import dlaaw_nb
from dlaaw_nb.cli.demo import NOTEBOOK, notebook_source
from dlaaw_nb.engine.resources import kernel_names, kernel_source
kernels = {name: kernel_source(name) for name in kernel_names()}
print(json.dumps([dlaaw_nb.__file__, kernels, notebook_source(NOTEBOOK)]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["checkout", "zip", "unpacked wheel"])
def test_loader_finds_kernels_and_quickstart_in(place, wheel, tmp_path):
    home = {"checkout": ROOT, "zip": wheel, "unpacked wheel": tmp_path / "site"}[place]
    if place == "unpacked wheel":
        shutil.unpack_archive(wheel, home, "zip")
    code = f"import sys; sys.path.insert(0, {str(home)!r}){LOADED}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=TIMEOUT_S,
    )
    where, kernels, quickstart = json.loads(done.stdout)
    assert Path(where).is_relative_to(home)
    assert kernels == kernels_of_checkout()
    assert quickstart == (ROOT / "notebooks" / "01_quickstart.ipynb").read_text(encoding="utf-8")


@pytest.mark.slow
def test_zipapp_trains_with_the_kernels_it_carries(wheel, tmp_path):
    shutil.unpack_archive(wheel, tmp_path / "app", "zip")
    app = tmp_path / "dlaaw.pyz"
    zipapp.create_archive(tmp_path / "app", app, main="dlaaw_nb.cli:main")
    for words in (
        ["spec", "5-4-1", "-o", "network.json"],
        ["train", "network.json", "breast_cancer", "--epochs", "50", "--json"],
    ):
        done = subprocess.run(
            [sys.executable, str(app), *words],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["epochs_done"] == 50
