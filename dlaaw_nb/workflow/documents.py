"""Reading JSON documents that may be hostile: nothing in them is executed.

What is refused here: files that are too large, text that is no JSON, NaN and infinities, a key
given twice, deep nesting, other formats, and newer versions. Each format says what else it wants by
a JSON Schema of its own.
"""

from __future__ import annotations

import json
import math
import os
import reprlib
import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from dlaaw_nb.errors import FormatError, MissingDataError, VersionError

__all__ = [
    "MAX_DEPTH",
    "check_depth",
    "check_header",
    "file_text",
    "is_json",
    "parse_text",
    "shown",
    "source_name",
    "source_text",
]

MAX_DEPTH = 64
"""Deepest nesting of lists and objects."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_TOO_DEEP = f"expected at most {MAX_DEPTH} levels of lists and objects, got more."


def parse_text(text: str, max_bytes: int) -> dict[str, Any]:
    """Read JSON text whose top is an object.

    Parameters
    ----------
    text : str
        The text.
    max_bytes : int
        Longest text to take.

    Returns
    -------
    dict
        The object; every number in it is finite.

    Raises
    ------
    FormatError
        When it is no JSON, too long, nested too deeply, or has NaN or a key twice.
    """
    if len(text) > max_bytes:
        raise FormatError(f"expected at most {max_bytes:,} bytes, got {len(text):,}.")
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_float,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise FormatError(
            f"line {error.lineno}, column {error.colno}: no JSON ({error.msg}). The file may be "
            "cut off; save it again."
        ) from error
    except RecursionError as error:
        raise FormatError(_TOO_DEEP) from error
    except ValueError as error:  # an integer of more digits than Python reads
        if isinstance(error, FormatError):
            raise
        raise FormatError("a number has too many digits.") from error
    if not isinstance(document, dict):
        raise FormatError(f"expected a JSON object, got {shown(document)}.")
    check_depth(document)
    return document


def check_header(
    document: Mapping[str, Any], wanted: str, version: int, readers: Mapping[str, str]
) -> None:
    """Check the format and the version of a document.

    Parameters
    ----------
    document : mapping
        Plain JSON values.
    wanted : str
        Name of the format, such as ``"dlaaw-nb/spec"``.
    version : int
        The newest that this package reads.
    readers : mapping of str to str
        By format, what reads it; named when another one came.

    Raises
    ------
    FormatError
        When it is something else.
    VersionError
        When its version is newer.
    """
    if document.get("format") != wanted:
        found = document.get("format")
        reader = readers.get(found) if isinstance(found, str) else None
        mend = f" Read it with {reader}.load." if reader else ""
        raise FormatError(f"format: expected {wanted!r}, got {shown(found)}.{mend}", "format")
    given = document.get("version")
    if type(given) is int and given > version:
        raise VersionError(
            f"version: written by a newer dlaaw_nb (format {shown(given)}, this one reads "
            f"{version}). Run: pip install -U dlaaw_nb",
            "version",
        )


def source_text(source: object, max_bytes: int) -> str:
    """Give the JSON text of a document.

    Parameters
    ----------
    source : mapping, str or path
        The document itself, its JSON text (which begins with a brace), or the path of a file.
    max_bytes : int
        Largest file to take.

    Returns
    -------
    str
        Its text; not checked yet.

    Raises
    ------
    FormatError
        When it cannot be read.
    MissingDataError
        When there is no such file.
    """
    if isinstance(source, Mapping):
        return _dumped(source)
    if isinstance(source, str) and is_json(source):
        return source
    if isinstance(source, (str, os.PathLike)):
        return file_text(Path(source), max_bytes)
    raise FormatError("expected a dict, JSON text or the path of a file.")


def source_name(source: object) -> str:
    """How messages name a source: a file by its path, with a colon; else nothing."""
    if isinstance(source, Mapping) or is_json(source):
        return ""
    name = str(source)
    return f"{name if len(name) <= 300 and name.isprintable() else shown(name)}: "


def is_json(source: object) -> bool:
    """Whether a source is JSON text, not a path."""
    return isinstance(source, str) and source.lstrip()[:1] in ("{", "[")


def file_text(path: Path, max_bytes: int) -> str:
    """Read a text file that may be hostile.

    Parameters
    ----------
    path : Path
        The file.
    max_bytes : int
        Largest file to take.

    Returns
    -------
    str
        Its text.

    Raises
    ------
    FormatError
        When it is too large, no file, or no UTF-8 text.
    MissingDataError
        When there is no such file.
    """
    try:
        _require_file(path.stat().st_mode)  # first, for opening a pipe would wait for a writer
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise MissingDataError(
            f"{path}: no such file in {Path.cwd()}. Check the name, or give the whole path.",
            source=str(path),
        ) from error
    except FormatError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"the file could not be read ({reason}).") from error
    if len(content) > max_bytes:
        raise FormatError(f"expected at most {max_bytes:,} bytes, got more.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"no UTF-8 text at byte {error.start}.") from error


def check_depth(document: object) -> None:
    """Require that lists and objects are not nested more than `MAX_DEPTH` times.

    Raises
    ------
    FormatError
        When they are.
    """
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for box in level
            for item in (box.values() if isinstance(box, dict) else box)  # type: ignore[attr-defined]
            if isinstance(item, (dict, list))
        ]
        if not level:
            return
    raise FormatError(_TOO_DEEP)


def shown(value: object) -> str:
    """Write a received value for a message, cut to about 60 characters.

    Parameters
    ----------
    value : object
        Anything, however large.

    Returns
    -------
    str
        Its repr, shortened.
    """
    try:
        text = _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - a foreign repr may raise anything; our message must come through
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 70 else f"{text[:67]}..."


def _dumped(source: Mapping[str, Any]) -> str:
    """Write a document to text, so that one given as a dict is checked like one from a file."""
    try:
        return json.dumps(dict(source), allow_nan=False)
    except RecursionError as error:
        raise FormatError(_TOO_DEEP) from error
    except (TypeError, ValueError) as error:
        raise FormatError(f"expected plain JSON values: {error}.") from error


def _require_file(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = "folder" if stat.S_ISDIR(mode) else "device or pipe"
        raise FormatError(f"expected a file, got a {kind}.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise FormatError(f"the key {shown(twice)} stands twice in one object. Take one away.")
    return result


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        _constant(text)
    return number


def _constant(text: str) -> NoReturn:
    raise FormatError(f"expected finite numbers, got {shown(text)}.")
