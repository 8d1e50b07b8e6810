"""How many columns feed the networks of a document, where a file tells that at once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fed_columns"]

_LARGEST: Final = 8 * 1024 * 1024  # bytes of a file that is read for it
_KEEP: Final = {  # tasks that give as many columns as they take, and the input they take them by
    "Distinct": "table", "DropMissing": "table", "Filter": "table", "Head": "table",
    "ReadCSV": "file", "ReadDataset": "file", "ReadTable": "file", "Sort": "table",
    "TableToDataset": "table",
}  # fmt: skip


def fed_columns(document: Mapping[str, Any]) -> dict[str, int]:
    """Say how many columns the data of each network have.

    Parameters
    ----------
    document : mapping
        Of a workflow; it must have been read.

    Returns
    -------
    dict of str to int
        Features by the name of the network's task; only of those that a file feeds, directly or
        over tasks that keep its columns.
    """
    found = {}
    for entry in document["tasks"]:
        if entry["kind"] == "NNWorkflow":
            columns = _columns(_file(document, entry["name"], "dataset"))
            if columns is not None:
                found[entry["name"]] = columns
    return found


def _file(document: Mapping[str, Any], task: str, port: str) -> Any:
    tasks = {entry["name"]: entry for entry in document["tasks"]}
    inputs = {entry["name"]: entry for entry in document["inputs"]}
    for _ in range(len(tasks) + 1):  # no way is longer, unless it is a circle
        values = tasks[task].get("values", {})
        if port in values:
            return values[port]
        into = [e for e in document["edges"] if (e["target"], e["input"]) == (task, port)]
        if not into:
            return None
        source = into[0]["source"]
        if not source:
            return inputs.get(into[0]["port"], {}).get("default")
        kind = tasks[source]["kind"] if source in tasks else ""
        if kind not in _KEEP:
            return None
        task, port = source, _KEEP[kind]
    return None


def _columns(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        path = Path(value).expanduser()
        facts = path.stat()
        fits = path.is_file() and facts.st_size <= _LARGEST
        return _features(str(path.resolve()), facts.st_mtime_ns, facts.st_size) if fits else None
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=32)
def _features(path: str, _changed: int, _size: int) -> int | None:
    from dlaaw_nb.nn.data import as_dataset

    try:
        return as_dataset(path).n_features
    except (DlaawError, OSError, ValueError):
        return None
