"""Files as text: unpacked where gzip packed them, and decoded with errors that name the line."""

from __future__ import annotations

import codecs
import gzip
import io
from typing import IO, TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError

if TYPE_CHECKING:
    import os

__all__ = [
    "decoding_fault",
    "is_encoding",
    "open_file",
    "packing_fault",
    "python_encoding",
    "read_text",
]

_GZIP = b"\x1f\x8b"


class _Unpacked(gzip.GzipFile):
    """Closes the file below it too."""

    def close(self) -> None:
        below: Any = self.fileobj
        super().close()
        if below is not None:
            below.close()


def is_encoding(name: object) -> bool:
    """Whether Python knows a text encoding of that name."""
    try:
        return isinstance(name, str) and codecs.lookup(name)._is_text_encoding  # noqa: SLF001
    except (LookupError, ValueError):
        return False


def python_encoding(name: str) -> str:
    """Give the encoding that also takes a byte order mark away, which spreadsheets write."""
    return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name


def open_file(source: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file or URL as a seekable stream of bytes; the caller closes it.

    Parameters
    ----------
    source : str or path
        A file; one that gzip packed is unpacked as it is read.

    Returns
    -------
    stream of bytes
        At its start.

    Raises
    ------
    MissingDataError
        There is no such file.
    DataError
        A folder, no permission, or packed badly.
    """
    from dlaaw_nb.nn.sources import open_source

    stream = open_source(source)
    packed = stream.read(2) == _GZIP
    stream.seek(0)
    if not packed:
        return stream
    unpacked = io.BufferedReader(_Unpacked(fileobj=stream))
    try:
        unpacked.peek(1)
    except (OSError, EOFError) as error:
        stream.close()
        raise packing_fault(str(source), error) from error
    return unpacked


def read_text(source: str | os.PathLike[str], encoding: str) -> str:
    """Read a whole text file.

    Parameters
    ----------
    source : str or path
        A file or URL.
    encoding : str
        Name of its encoding.

    Returns
    -------
    str
        Its text; lines end in a line feed, whatever the system that wrote them.

    Raises
    ------
    DataError
        When it cannot be read, or is no text of that encoding.
    """
    with open_file(source) as stream:
        try:
            content = stream.read()
        except (OSError, EOFError) as error:
            raise packing_fault(str(source), error) from error
    try:
        text = content.decode(python_encoding(encoding))
    except UnicodeError:
        raise decoding_fault(io.BytesIO(content), str(source), encoding) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoding_fault(stream: IO[bytes], place: str, encoding: str) -> DataError:
    """Make the error for a file that is no text of an encoding.

    Parameters
    ----------
    stream : stream of bytes
        The file; it is read again from its start.
    place : str
        The file, for the message.
    encoding : str
        What was expected.

    Returns
    -------
    DataError
        It names the line of the first byte that does not fit.
    """
    stream.seek(0)
    content = stream.read()
    try:
        content.decode(encoding)
        start = 0
    except UnicodeDecodeError as error:
        start = error.start
    except UnicodeError:  # UTF-16 without its mark
        start = 0
    line = content.count(b"\n", 0, start) + 1
    got = f"the byte 0x{content[start]:02x}" if content else "nothing"
    mend = "Save it as UTF-8, or name its encoding (encoding='cp1252' is usual on Windows)."
    return DataError(
        f"{place}, line {line}: expected text in {encoding}, got {got}. {mend}",
        source=place,
        line=line,
    )


def packing_fault(place: str, error: Exception) -> DataError:
    """Make the error for a file that gzip began and did not end well."""
    return DataError(
        f"{place}: expected a whole gzip archive, got one that cannot be unpacked ({error}). "
        "Fetch or pack it again.",
        source=place,
    )
