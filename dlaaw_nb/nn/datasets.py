"""The five public data sets of the paper, by name.

Breast cancer comes with the package. The others are looked for in the folder that the
environment variable ``DLAAW_DATA`` names, then in the user's cache (``DLAAW_CACHE`` moves it),
and are else downloaded from the UCI Machine Learning Repository into that cache. The real
download has not been run by the authors: it is tested against a local HTTP server that serves
files in UCI's formats, and what comes is checked against the known content of each set.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from dlaaw_nb.errors import DataError, MissingDataError
from dlaaw_nb.nn.columns import choose_label
from dlaaw_nb.nn.csv_reader import read_stream
from dlaaw_nb.nn.data import Dataset, as_dataset, build_dataset
from dlaaw_nb.nn.uci import BASE_URL, SETS, download

__all__ = ["cache_folder", "load", "names"]

_SHIPPED = "breast_cancer"


def names() -> tuple[str, ...]:
    """Return the names that `load` knows."""
    return (_SHIPPED, *SETS)


def load(name: str) -> Dataset:
    """Return one of the data sets.

    Parameters
    ----------
    name : str
        ``breast_cancer`` (569 x 5), ``pima_diabetes`` (768 x 8), ``banknote`` (1372 x 4),
        ``grid_stability`` (10000 x 13) or ``bank_marketing`` (45211 x 16).

    Returns
    -------
    Dataset
        With the columns named as their source names them.

    Raises
    ------
    MissingDataError
        There is no set of that name.
    DownloadError
        The set is not here and could not be fetched, or is not what was expected.
    DataError
        The file in the folder of ``DLAAW_DATA`` cannot be read.

    References
    ----------
    UCI Machine Learning Repository, https://archive.ics.uci.edu. Breast cancer: W. H. Wolberg,
    W. N. Street, O. L. Mangasarian (1993), five mean features of the copy in scikit-learn.
    Banknote: V. Lohweg (2012). Grid stability: V. Arzamasov (2018). Bank marketing: S. Moro,
    P. Cortez, P. Rita (2014), categories coded by position in the alphabet, ``unknown`` first.
    Pima: National Institute of Diabetes and Digestive and Kidney Diseases (1988).
    """
    if name == _SHIPPED:
        return _shipped()
    if name not in SETS:
        close = difflib.get_close_matches(str(name), names(), 1)
        hint = f"Did you mean {close[0]!r}?" if close else "For a file use as_dataset(path)."
        raise MissingDataError(
            f"datasets.load: expected one of {', '.join(names())}, got {name!r}. {hint}",
            source=str(name),
        )
    if (folder := os.environ.get("DLAAW_DATA")) and (Path(folder) / f"{name}.csv").is_file():
        return _named(name, Path(folder) / f"{name}.csv")
    return _cached(name)


def cache_folder() -> Path:
    """Return the folder that downloads go to; it need not exist."""
    root = os.environ.get("DLAAW_CACHE")
    if not root:
        import platformdirs

        root = platformdirs.user_cache_dir("dlaaw_nb")
    return Path(root) / "datasets"


def _cached(name: str) -> Dataset:
    """Return a set from the cache, fetching it first where it is missing or damaged."""
    path = cache_folder() / f"{name}.csv"
    checksum = SETS[name].fingerprint
    if path.is_file():
        try:
            dataset = _named(name, path)
        except DataError:
            pass
        else:
            if dataset.fingerprint == checksum:
                return dataset
    return download(name, path, os.environ.get("DLAAW_UCI_URL") or BASE_URL)


def _named(name: str, path: Path) -> Dataset:
    """Return a set from the user's folder, with its proper names if the file gives none."""
    dataset = as_dataset(path)
    columns = SETS[name].columns
    unnamed = dataset.feature_names[0] == "column 0"
    if not unnamed or dataset.n_features != len(columns) - 1:
        return dataset
    return Dataset(
        features=dataset.features,
        labels=dataset.column,
        feature_names=columns[:-1],
        label_name=columns[-1],
        source=dataset.source,
        dropped_rows=dataset.dropped_rows,
    )


def _shipped() -> Dataset:
    """Return the set in the package, be it a folder or a ZIP archive."""
    from importlib import resources

    file = resources.files("dlaaw_nb.nn").joinpath("data_files", f"{_SHIPPED}.csv")
    with file.open("rb") as stream:
        table = read_stream(stream, f"{_SHIPPED}.csv", choose_label(-1))
    return build_dataset(table)
