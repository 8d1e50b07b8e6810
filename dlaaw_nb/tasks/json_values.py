"""JSON files: read with errors that name the line, and written from values of libraries too."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.text_streams import read_text

if TYPE_CHECKING:
    import os

__all__ = ["json_text", "plain", "read_json", "read_json_lines"]

_DEEPEST = 100


def read_json(source: str | os.PathLike[str], encoding: str = "utf-8") -> Any:
    """Read a JSON file.

    Parameters
    ----------
    source : str or path
        The file, plain or packed by gzip.
    encoding : str
        Of the text.

    Returns
    -------
    object
        The value in it.

    Raises
    ------
    DataError
        When it is no JSON; the message names the line.
    """
    return _parsed(read_text(source, encoding), str(source), 1)


def read_json_lines(source: str | os.PathLike[str], encoding: str = "utf-8") -> list[Any]:
    """Read a file with a JSON value on each line; blank lines are left out.

    Parameters and errors are those of `read_json`.
    """
    lines = read_text(source, encoding).split("\n")
    numbered = enumerate(lines, 1)
    return [_parsed(line, str(source), number) for number, line in numbered if line.strip()]


def _parsed(text: str, place: str, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line += error.lineno - 1
        got = repr(text[error.pos : error.pos + 20]) if text[error.pos :].strip() else "its end"
        raise DataError(
            f"{place}, line {line}, character {error.colno}: expected JSON, got {got} "
            f"({error.msg}). Mend the file, or read it as what it is.",
            source=place,
            line=line,
        ) from error
    except (RecursionError, ValueError) as error:  # nested too deep, or digits without end
        raise DataError(
            f"{place}: expected JSON of plain values, got what cannot be read ({error}).",
            source=place,
        ) from error


def json_text(where: str, value: Any, indent: int | None = None) -> str:
    """Write a value as JSON text.

    Parameters
    ----------
    where : str
        The task, for messages.
    value : object
        See `plain`.
    indent : int or None
        Spaces for each level; None for one line.

    Returns
    -------
    str
        JSON, with a line feed at its end.

    Raises
    ------
    DataError
        When something in it is no JSON.
    """
    return json.dumps(plain(where, value), ensure_ascii=False, indent=indent) + "\n"


def plain(where: str, value: Any, path: str = "value", depth: int = 0) -> Any:
    """Bring a value to what JSON knows.

    Parameters
    ----------
    where : str
        The task, for messages.
    value : object
        Numbers, text, None, lists, mappings; NumPy's arrays and numbers; tables, which become a
        list of rows; times, which become ISO 8601 text; paths.
    path : str
        Where it stands in the whole, for messages.
    depth : int
        How deep that is.

    Returns
    -------
    object
        Missing numbers are None.

    Raises
    ------
    DataError
        When it is something else, infinite, or nested too deep.
    """
    if depth > _DEEPEST:
        raise DataError(f"{where}: {path}: expected at most {_DEEPEST} levels, got more.")
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return _number(where, value, path)
    if isinstance(value, Mapping):
        return {
            _key(where, key, path): plain(where, item, f"{path}[{key!r}]", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain(where, item, f"{path}[{at}]", depth + 1) for at, item in enumerate(value)]
    if isinstance(value, PurePath):
        return str(value)
    return _of_library(where, value, path, depth)


def _of_library(where: str, value: Any, path: str, depth: int) -> Any:
    """Bring values of NumPy, pandas and datetime to JSON, by what they can do."""
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        names = [str(name) for name in value.columns]
        columns = [value.iloc[:, at].tolist() for at in range(len(names))]
        rows = [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
        return plain(where, rows, path, depth)
    if isinstance(value, (pd.Series, pd.Index, np.ndarray)):
        return plain(where, value.tolist(), path, depth + 1)
    if isinstance(value, np.generic) and not isinstance(value, (np.datetime64, np.timedelta64)):
        return plain(where, value.item(), path, depth + 1)
    if value is pd.NA or value is pd.NaT:
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise DataError(
        f"{where}: {path}: expected numbers, text, lists, mappings, arrays or tables, got "
        f"{type(value).__name__}. Leave it out, or make it one of these before."
    )


def _number(where: str, value: float, path: str) -> Any:
    if isinstance(value, int):
        return int(value)
    if math.isinf(value):
        raise DataError(
            f"{where}: {path}: expected finite numbers, for JSON has no others, got {value}. "
            "Replace it before."
        )
    return None if math.isnan(value) else float(value)


def _key(where: str, key: Any, path: str) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, (int, float)):
        return str(key)
    raise DataError(f"{where}: {path}: expected text as names, got {key!r:.80}.")
