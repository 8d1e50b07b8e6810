"""The data sets by name: shipped, from DLAAW_DATA, from the cache, downloaded."""

from __future__ import annotations

import csv
import http.server
import io
import os
import socket
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dlaaw_nb.errors import DownloadError, MissingDataError, SaveError
from dlaaw_nb.nn import datasets, uci
from dlaaw_nb.nn.data import as_dataset

SHAPES = {
    "breast_cancer": (569, 5, 357),
    "pima_diabetes": (768, 8, 268),
    "banknote": (1372, 4, 610),
    "grid_stability": (10000, 13, 3620),
    "bank_marketing": (45211, 16, 5289),
}
DATA = Path(os.environ.get("DLAAW_DATA") or "/nonexistent")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="DLAAW_DATA names no folder")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test an empty cache and a UCI that is offline."""
    monkeypatch.setenv("DLAAW_CACHE", str(tmp_path / "cache"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("DLAAW_UCI_URL", f"http://127.0.0.1:{port}/")
    return tmp_path / "cache" / "datasets"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch):
    """Return a mapping path -> body that a local server serves in place of UCI."""
    bodies: dict[str, bytes] = {}
    cut: set[str] = set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            if path not in bodies:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Length", str(len(bodies[path])))
            self.end_headers()
            self.wfile.write(bodies[path][: len(bodies[path]) // (2 if path in cut else 1)])
            return None

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("DLAAW_UCI_URL", f"http://127.0.0.1:{running.server_address[1]}")
        yield bodies, cut
        running.shutdown()
        thread.join()


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DLAAW_DATA", raising=False)


def table(name: str) -> list[list[str]]:
    with (DATA / f"{name}.csv").open(newline="") as file:
        return list(csv.reader(file))


def uci_banknote() -> bytes:
    """Return banknote as UCI writes it, which is how it lies in the folder too."""
    return (DATA / "banknote.csv").read_bytes()


def uci_grid() -> bytes:
    """Return grid stability as UCI writes it: a header, more decimals, words for labels."""
    lines = [",".join(f'"{name}"' for name in uci.SETS["grid_stability"].columns)]
    for *cells, label in table("grid_stability"):
        more = [f"{float(c):.3E}" if "E" in c else f"{float(c):.9f}31" for c in cells]
        lines.append(",".join([*more, '"unstable"' if label == "0" else '"stable"']))
    return "\n".join(lines).encode()


def uci_bank() -> bytes:
    """Return bank marketing as UCI packs it: a ZIP of a file with semicolons and words."""
    names = uci.SETS["bank_marketing"].columns
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(names)
    for row in table("bank_marketing"):
        words = [uci._BANK_WORDS.get(name) for name in names]
        writer.writerow(
            [int(c) if w is None else w[int(c)] for c, w in zip(row, words, strict=True)]
        )
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bank.csv", "not this one")
        archive.writestr("bank-full.csv", text.getvalue())
    return body.getvalue()


def test_names_lists_the_five_sets() -> None:
    assert set(datasets.names()) == set(SHAPES)


def test_breast_cancer_ships_with_the_package(no_data: None) -> None:
    bundled = pytest.importorskip("sklearn.datasets").load_breast_cancer()
    dataset = datasets.load("breast_cancer")
    np.testing.assert_array_equal(dataset.features, bundled.data[:, :5])
    np.testing.assert_array_equal(dataset.labels, bundled.target)
    assert dataset.feature_names == tuple(bundled.feature_names[:5])
    assert (dataset.label_name, dataset.source) == ("diagnosis", "breast_cancer.csv")


@needs_data
@pytest.mark.parametrize("name", SHAPES)
def test_load_from_the_users_folder(name: str) -> None:
    dataset = datasets.load(name)
    assert (dataset.rows, dataset.n_features, dataset.labels.sum()) == SHAPES[name]
    assert dataset.dropped_rows == 0
    assert "column 0" not in dataset.feature_names
    if name in uci.SETS:
        assert (*dataset.feature_names, dataset.label_name) == uci.SETS[name].columns
        assert dataset.fingerprint == uci.SETS[name].fingerprint


def test_load_unknown_name_lists_the_known() -> None:
    with pytest.raises(MissingDataError, match=r"breast_cancer, .*Did you mean 'banknote'"):
        datasets.load("bank_note")


@needs_data
@pytest.mark.parametrize("name", ["banknote", "grid_stability", "bank_marketing"])
def test_download_converts_checks_and_caches(name: str, cache, serve, no_data, capfd) -> None:
    makers = {"banknote": uci_banknote, "grid_stability": uci_grid, "bank_marketing": uci_bank}
    serve[0][uci.SETS[name].path] = makers[name]()
    dataset = datasets.load(name)
    assert dataset.fingerprint == uci.SETS[name].fingerprint
    assert (*dataset.feature_names, dataset.label_name) == uci.SETS[name].columns
    assert name in capfd.readouterr().err
    assert [path.name for path in cache.iterdir()] == [f"{name}.csv"]
    serve[0].clear()
    again = datasets.load(name)
    assert again.fingerprint == dataset.fingerprint
    assert again.feature_names == dataset.feature_names


@needs_data
def test_damaged_cache_is_fetched_again(cache: Path, serve, no_data: None) -> None:
    serve[0][uci.SETS["banknote"].path] = uci_banknote()
    cache.mkdir(parents=True)
    for damage in ("1,2,3,4,0\n2,3,4,5,1\n", "", "x\0"):
        (cache / "banknote.csv").write_text(damage)
        assert datasets.load("banknote").rows == 1372


def test_download_of_other_content_raises_and_writes_nothing(cache, serve, no_data) -> None:
    serve[0][uci.SETS["banknote"].path] = b"1,2,3,4,0\n2,3,4,5,1\n"
    with pytest.raises(DownloadError, match=r"checksum.*2 rows x 4 features.*DLAAW_DATA"):
        datasets.load("banknote")
    assert not cache.exists()


@pytest.mark.parametrize("name", ["banknote", "grid_stability", "bank_marketing"])
@pytest.mark.parametrize("body", [b"<html>moved</html>", b"", b"\xff\xfe\x00", b"a,b\n1,2\n"])
def test_download_of_another_format_raises(name: str, body: bytes, serve, no_data) -> None:
    serve[0][uci.SETS[name].path] = body
    with pytest.raises(DownloadError, match="DLAAW_DATA"):
        datasets.load(name)


def test_download_cut_off_raises(cache: Path, serve, no_data: None) -> None:
    path = uci.SETS["banknote"].path
    serve[0][path] = b"1,2,3,4,0\n" * 1000
    serve[1].add(path)
    with pytest.raises(DownloadError, match="10000 bytes, got 5000"):
        datasets.load("banknote")
    assert not cache.exists()


def test_download_not_found_raises(serve, no_data: None) -> None:
    with pytest.raises(DownloadError, match="404"):
        datasets.load("banknote")


def test_download_offline_says_what_to_do(no_data: None) -> None:
    with pytest.raises(DownloadError, match=r"banknote.*[Rr]efused.*DLAAW_DATA") as caught:
        datasets.load("banknote")
    assert caught.value.source.endswith("00267/data_banknote_authentication.txt")


def test_withdrawn_set_says_so_without_a_download(no_data: None) -> None:
    with pytest.raises(DownloadError, match=r"withdrawn.*DLAAW_DATA"):
        datasets.load("pima_diabetes")


@needs_data
def test_cache_that_cannot_be_written_raises(tmp_path: Path, serve, no_data, monkeypatch) -> None:
    serve[0][uci.SETS["banknote"].path] = uci_banknote()
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("DLAAW_CACHE", str(blocked))
    with pytest.raises(SaveError, match="DLAAW_CACHE"):
        datasets.load("banknote")


def test_cache_folder_without_variable_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DLAAW_CACHE")
    assert "dlaaw_nb" in str(datasets.cache_folder())


def test_users_file_with_a_header_keeps_its_names(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "banknote.csv").write_text("p,q,r,s,t\n1,2,3,4,0\n2,3,4,5,1\n")
    monkeypatch.setenv("DLAAW_DATA", str(tmp_path))
    assert datasets.load("banknote").feature_names == ("p", "q", "r", "s")
    assert as_dataset(tmp_path / "banknote.csv").label_name == "t"
