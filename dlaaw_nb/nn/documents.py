"""Reading specification and model files: plain JSON, taken for hostile until it is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from dlaaw_nb.errors import FormatError
from dlaaw_nb.workflow.documents import (
    check_header,
    file_text,
    parse_text,
    source_name,
    source_text,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["MAX_BYTES", "check_document", "file_text", "parse_text", "read_document"]

Kind = Literal["spec", "model"]

MAX_BYTES: dict[Kind, int] = {"spec": 2**24, "model": 2**30}
"""Largest file of each kind."""

VERSION: Final = 1
"""Version of both formats that this package writes; it reads no newer one."""

_READERS = {
    "dlaaw-nb/spec": "NNWorkflow",
    "dlaaw-nb/model": "Model",
    "dlaaw-nb/workflow": "Workflow",
}


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
        document = parse_text(source_text(source, MAX_BYTES[kind]), MAX_BYTES[kind])
        check_document(document, kind)
    except FormatError as error:
        raise type(error)(f"{source_name(source)}{error}", error.path) from error
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
    from dlaaw_nb.nn.schema import check_schema

    check_header(document, f"dlaaw-nb/{kind}", VERSION, _READERS)
    check_schema(document, kind)
