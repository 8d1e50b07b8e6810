"""Mappers: what reads and writes the files of a system, found by name or by what a file holds."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from dlaaw_nb.errors import FormatError
from dlaaw_nb.nn.documents import MAX_BYTES, file_text, parse_text
from dlaaw_nb.nn.hyperparameters import shown
from dlaaw_nb.store.files import write_text

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["Mapper", "load", "mapper_names", "read_text", "save"]

ENTRY_POINTS = "dlaaw_nb.mappers"
"""Group of entry points by which other packages add mappers: name = "module:object"."""

_OWN = {
    "dlaaw": "dlaaw_nb.convert.own:MAPPER",
    "dataview": "dlaaw_nb.convert.dataview_files:MAPPER",
}


class Mapper(Protocol):
    """Reads and writes networks and models of one system, as JSON documents.

    An implementer must take every document for hostile, and execute nothing of it.
    """

    def knows(self, document: Mapping[str, Any]) -> bool:
        """Tell by its keys whether a document is of this system; must be cheap."""
        ...

    def read(self, document: Mapping[str, Any]) -> NNWorkflow | Model:
        """Make the network or model that a document describes.

        Raises
        ------
        FormatError
            When it is broken; the message names the place and the mend.
        """
        ...

    def write(self, thing: NNWorkflow | Model) -> str:
        """Write a network or model as text.

        Raises
        ------
        FormatError
            When the system has no words for it.
        """
        ...


def mapper_names() -> tuple[str, ...]:
    """Name the formats that can be read and written.

    Returns
    -------
    tuple of str
        Sorted.
    """
    return tuple(sorted({*_OWN, *_entry_points()}))


def load(path: str | os.PathLike[str], format: str | None = None) -> NNWorkflow | Model:  # noqa: A002
    """Read a network or a model from a file of any format that is known.

    Parameters
    ----------
    path : str or path
        The file.
    format : str or None
        One of `mapper_names`; None finds out by what the file holds.

    Returns
    -------
    NNWorkflow or Model
        What the file describes.

    Raises
    ------
    FormatError
        When no format fits, or the file is broken.
    MissingDataError
        When there is no such file.
    """
    try:
        return read_text(file_text(Path(path), MAX_BYTES["model"]), format)[0]
    except FormatError as error:
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}", error.path) from error


def read_text(
    text: str,
    format: str | None = None,  # noqa: A002
) -> tuple[NNWorkflow | Model, dict[str, Any]]:
    """Read a network or a model from the text of a file of any format that is known.

    Parameters
    ----------
    text : str
        What the file holds; nothing of it is executed.
    format : str or None
        One of `mapper_names`; None finds out by what the text holds.

    Returns
    -------
    NNWorkflow or Model
        What it describes.
    dict
        The document that it is.

    Raises
    ------
    FormatError
        When no format fits, or the text is broken.
    """
    document = parse_text(text, MAX_BYTES["model"])
    names = [format] if format is not None else ["dlaaw", "dataview", *sorted(_entry_points())]
    for name in names:
        mapper = _mapper(name)
        if format is not None or mapper.knows(document):
            return mapper.read(document), document
    raise FormatError(
        f"expected a network or model of {', '.join(mapper_names())}, got a document with "
        f"the keys {shown(list(document))}."
    )


def save(
    path: str | os.PathLike[str],
    thing: NNWorkflow | Model,
    format: str = "dlaaw",  # noqa: A002
) -> Path:
    """Write a network or a model to a file.

    Parameters
    ----------
    path : str or path
        The file; one that exists is replaced, at once or not at all.
    thing : NNWorkflow or Model
        What to write.
    format : str
        One of `mapper_names`.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    FormatError
        When there is no such format, or it has no words for the network.
    SaveError
        When the file cannot be written.
    """
    return write_text(path, _mapper(format).write(thing))


def _entry_points() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}


def _mapper(name: str) -> Mapper:
    place = _OWN.get(name) or _entry_points().get(name)
    if place is None:
        raise FormatError(
            f"format: expected one of {', '.join(mapper_names())}, got {shown(name)}."
        )
    module, _, attribute = place.partition(":")
    return cast("Mapper", getattr(import_module(module), attribute))
