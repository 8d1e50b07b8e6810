"""Reading specification and model files: plain JSON, taken for hostile until it is checked.

Nothing in a document is executed. What is refused here: files that are too large, text that is no
JSON, NaN and infinities, a key given twice, deep nesting, other formats, newer versions, and what
does not obey the JSON Schema of the format.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

from dlaaw_nb.errors import FormatError, MissingDataError, VersionError
from dlaaw_nb.nn.hyperparameters import shown

__all__ = ["MAX_BYTES", "check_document", "file_text", "parse_text", "read_document"]

Kind = Literal["spec", "model"]

MAX_BYTES: dict[Kind, int] = {"spec": 2**24, "model": 2**30}
"""Largest file of each kind."""

MAX_DEPTH = 64
"""Deepest nesting of lists and objects."""

VERSION = 1
"""Version of both formats that this package writes; it reads no newer one."""


def read_document(source: Mapping[str, Any] | str | os.PathLike[str], kind: Kind) -> dict[str, Any]:
    """Read a document and check it.

    Parameters
    ----------
    source : mapping, str or path
        The document itself, its JSON text (which begins with a brace), or the path of a file.
    kind : {"spec", "model"}
        What it must be.

    Returns
    -------
    dict
        A copy that obeys the schema of its kind.

    Raises
    ------
    FormatError
        When it is not such a document; the message and ``path`` name the place.
    VersionError
        When a newer version of the package wrote it.
    MissingDataError
        When there is no such file.
    """
    try:
        document = parse_text(_text(source, kind), MAX_BYTES[kind])
        check_document(document, kind)
    except FormatError as error:
        where = "" if isinstance(source, Mapping) or _is_json(source) else f"{_name(source)}: "
        raise type(error)(f"{where}{error}", error.path) from error
    return document


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
    _check_depth(document)
    return document


def check_document(document: Mapping[str, Any], kind: Kind) -> None:
    """Check format, version and schema.

    Parameters
    ----------
    document : mapping
        Plain JSON values.
    kind : {"spec", "model"}
        What it must be.

    Raises
    ------
    FormatError
        When it is something else or breaks the schema.
    VersionError
        When its version is newer than this package knows.
    """
    wanted = f"dlaaw-nb/{kind}"
    if document.get("format") != wanted:
        other = {"dlaaw-nb/spec": "NNWorkflow", "dlaaw-nb/model": "Model"}
        found = document.get("format")
        reader = other.get(found) if isinstance(found, str) else None
        mend = f" Read it with {reader}.load." if reader else ""
        raise FormatError(f"format: expected {wanted!r}, got {shown(found)}.{mend}", "format")
    version = document.get("version")
    if type(version) is int and version > VERSION:
        raise VersionError(
            f"version: written by a newer dlaaw_nb (format {shown(version)}, this one reads "
            f"{VERSION}). Run: pip install -U dlaaw_nb",
            "version",
        )
    from dlaaw_nb.nn.schema import check_schema

    check_schema(document, kind)


_TOO_DEEP = f"expected at most {MAX_DEPTH} levels of lists and objects, got more."


def _is_json(source: object) -> bool:
    return isinstance(source, str) and source.lstrip()[:1] in ("{", "[")


def _name(source: object) -> str:
    name = str(source)
    return name if len(name) <= 300 and name.isprintable() else shown(name)


def _text(source: object, kind: Kind) -> str:
    if isinstance(source, Mapping):
        return _dumped(source)
    if isinstance(source, str) and _is_json(source):
        return source
    if isinstance(source, (str, os.PathLike)):
        return file_text(Path(source), MAX_BYTES[kind])
    raise FormatError("expected a dict, JSON text or the path of a file.")


def _dumped(source: Mapping[str, Any]) -> str:
    """Write a document to text, so that one given as a dict is checked like one from a file."""
    try:
        return json.dumps(dict(source), allow_nan=False)
    except RecursionError as error:
        raise FormatError(_TOO_DEEP) from error
    except (TypeError, ValueError) as error:
        raise FormatError(f"expected plain JSON values: {error}.") from error


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


def _check_depth(document: object) -> None:
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
