"""Data sets as the UCI Machine Learning Repository publishes them, and the way to ours.

The addresses and formats are those that public code used up to 2026; the download from UCI
itself has not been run. What is known of each set: `banknote` is UCI's file unchanged (public
copies of it state the same SHA-256). `bank_marketing` codes each word by its place in the
alphabet, ``unknown`` being 0 (the rows of each code are as many as public analyses of UCI's file
count for each word). `grid_stability` is UCI's table after a spreadsheet: nine decimals, numbers
under 0.0001 to three figures, ``unstable`` 0 and ``stable`` 1. Of these, only the nine decimals
and the words are verified, on UCI's first row; should UCI's file round otherwise, the checksum
refuses it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlaaw_nb.errors import DataError, DownloadError, SaveError
from dlaaw_nb.nn.columns import choose_label
from dlaaw_nb.nn.csv_reader import read_stream
from dlaaw_nb.nn.data import Dataset, build_dataset
from dlaaw_nb.nn.sources import LIMIT_BYTES, fetch

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BASE_URL", "SETS", "UciSet", "download"]

BASE_URL = "https://archive.ics.uci.edu/ml/machine-learning-databases/"

Rows = Iterator[list[str]]


@dataclass(frozen=True, slots=True)
class UciSet:
    """One data set.

    Attributes
    ----------
    columns : tuple of str
        Names of the features and, last, of the label.
    fingerprint : str
        `Dataset.fingerprint` of the right content.
    path : str or None
        Address below `BASE_URL`; None where UCI has withdrawn the set.
    convert : callable or None
        Turns the downloaded bytes into rows of cells, numbers as text, without a header.
    """

    columns: tuple[str, ...]
    fingerprint: str
    path: str | None = None
    convert: Callable[[bytes], Rows] | None = None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _plain_rows(body: bytes) -> Rows:
    return (row for row in csv.reader(io.StringIO(body.decode("utf-8"))) if row)


def _grid_rows(body: bytes) -> Rows:
    codes = {"unstable": "0", "stable": "1"}
    rows = _plain_rows(body)
    next(rows, None)
    for row in rows:
        yield [*(_as_in_spreadsheet(float(cell)) for cell in row[:-1]), codes[row[-1]]]


def _as_in_spreadsheet(number: float) -> str:
    return f"{number:.2E}" if 0 < abs(number) < 1e-4 else f"{number:.9f}"


_BANK_WORDS: dict[str, tuple[str, ...]] = {
    "job": _words(
        "unknown admin. blue-collar entrepreneur housemaid management retired self-employed "
        "services student technician unemployed"
    ),
    "marital": ("divorced", "married", "single"),
    "education": ("unknown", "primary", "secondary", "tertiary"),
    "default": ("no", "yes"),
    "housing": ("no", "yes"),
    "loan": ("no", "yes"),
    "contact": ("unknown", "cellular", "telephone"),
    "month": _words("jan feb mar apr may jun jul aug sep oct nov dec"),
    "poutcome": ("unknown", "failure", "other", "success"),
    "y": ("no", "yes"),
}


def _bank_rows(body: bytes) -> Rows:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        member = archive.getinfo("bank-full.csv")
        if member.file_size > LIMIT_BYTES:
            raise ValueError(f"bank-full.csv of {member.file_size} bytes")
        text = archive.read(member).decode("utf-8")
    rows = csv.reader(io.StringIO(text), delimiter=";")
    words = [_BANK_WORDS.get(name) for name in next(rows, [])]
    for row in rows:
        yield [
            cell if w is None else str(w.index(cell)) for cell, w in zip(row, words, strict=True)
        ]


SETS: dict[str, UciSet] = {
    "pima_diabetes": UciSet(
        _words(
            "pregnancies glucose blood_pressure skin_thickness insulin body_mass_index pedigree "
            "age diabetes"
        ),
        "22bfba334b61d01799faddcb819fd8a82b72d62f83e4985c0c054e1d8e491bca",
    ),
    "banknote": UciSet(
        ("variance", "skewness", "curtosis", "entropy", "class"),
        "13f52a0d90882ad01d961493687d3fc3009630463b41591a43675b9ef9b17ed0",
        "00267/data_banknote_authentication.txt",
        _plain_rows,
    ),
    "grid_stability": UciSet(
        _words("tau1 tau2 tau3 tau4 p1 p2 p3 p4 g1 g2 g3 g4 stab stabf"),
        "b94af71b6a9690140232b6c12024b683e661e9e365cdb9ecc3fee33b7a3c91f6",
        "00471/Data_for_UCI_named.csv",
        _grid_rows,
    ),
    "bank_marketing": UciSet(
        _words(
            "age job marital education default balance housing loan contact day month duration "
            "campaign pdays previous poutcome y"
        ),
        "8a9bbc2042c4babd8e68b4e1fd4c1d809c7ae4e22e4eed62bbb60a66e3c367ea",
        "00222/bank.zip",
        _bank_rows,
    ),
}


def download(name: str, path: Path, base_url: str = BASE_URL) -> Dataset:
    """Fetch a set, check it, write it to `path` as CSV with a header, and return it.

    Parameters
    ----------
    name : str
        A key of `SETS`.
    path : Path
        Where to write; folders are made, the file is replaced in one step.
    base_url : str
        Address of UCI or of a mirror with the same paths.

    Raises
    ------
    DownloadError
        Offline, withdrawn at UCI, or not the content that was expected; nothing is written.
    SaveError
        `path` cannot be written.
    """
    source = SETS[name]
    mend = f"Or put {name}.csv (no header, label last) into a folder and set DLAAW_DATA to it."
    if source.path is None or source.convert is None:
        raise DownloadError(
            f"datasets.load({name!r}): UCI has withdrawn this set, it cannot be downloaded. "
            f"Put {name}.csv (no header, label last) into a folder and set DLAAW_DATA to it.",
            source=name,
        )
    url = base_url.rstrip("/") + "/" + source.path
    try:
        body = _fetch_with_bar(name, url)
    except DownloadError as error:
        raise DownloadError(f"datasets.load({name!r}): {error} {mend}", source=url) from error
    try:
        content = _as_csv(source.columns, source.convert(body))
        dataset = build_dataset(read_stream(io.BytesIO(content), path.name, choose_label(-1)))
    except (DataError, ValueError, LookupError, zipfile.BadZipFile, csv.Error) as e:
        raise _not_the_set(name, url, f"a file in another format ({e})", mend) from e
    if dataset.fingerprint != source.fingerprint:
        text = f"{dataset.rows} rows x {dataset.n_features} features of checksum "
        raise _not_the_set(name, url, text + dataset.fingerprint[:12] + "...", mend)
    _write(path, content)
    return dataset


def _fetch_with_bar(name: str, url: str) -> bytes:
    from tqdm.auto import tqdm

    with tqdm(desc=name, unit="B", unit_scale=True) as bar:

        def advance(count: int, total: int | None) -> None:
            bar.total = total
            bar.update(count)

        return fetch(url, progress=advance)


def _as_csv(columns: tuple[str, ...], rows: Rows) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _not_the_set(name: str, url: str, got: str, mend: str) -> DownloadError:
    return DownloadError(
        f"datasets.load({name!r}): expected the set with checksum "
        f"{SETS[name].fingerprint[:12]}... from {url}, got {got}. Try again later. {mend}",
        source=url,
    )


def _write(path: Path, content: bytes) -> None:
    """Write to a temporary file beside `path`, then rename it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
    except OSError as error:
        raise SaveError(
            f"{path}: the data set could not be written: {error.strerror or error}. Set "
            "DLAAW_CACHE to a folder that can be written."
        ) from error
