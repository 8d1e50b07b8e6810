"""How a CSV file is laid out: encoding, delimiter, and whether its first row is a header."""

from __future__ import annotations

import csv
from typing import IO, TYPE_CHECKING

from dlaaw_nb.errors import DataError
from dlaaw_nb.nn.columns import GAPS, Header

if TYPE_CHECKING:
    import io
    from collections.abc import Sequence

__all__ = ["detect_delimiter", "encoding_error", "read_header", "refuse_other_formats"]

SAMPLE_BYTES = 1 << 16
SAMPLE_ROWS = 50
_FORMATS = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"\x1f\x8b": "a gzip archive",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
    b"PAR1": "a Parquet file",
}


def refuse_other_formats(stream: IO[bytes], place: str) -> None:
    """Raise DataError where the first bytes are those of a well-known other format."""
    start = stream.read(4)
    stream.seek(0)
    for signature, kind in _FORMATS.items():
        if start.startswith(signature):
            raise DataError(
                f"{place}: expected a CSV file in UTF-8, got {kind}. Unpack it, or save it as "
                "CSV (UTF-8).",
                source=place,
            )


def detect_delimiter(text: io.TextIOWrapper) -> str:
    """Return tab or semicolon if every row near the top has one, else the comma.

    A file of numbers with decimal commas has semicolons too, so that these go first; the
    stream is back at its start afterwards.
    """
    lines = text.read(SAMPLE_BYTES).splitlines()[: SAMPLE_ROWS + 1]
    text.seek(0)
    lines = [line for line in lines if line.strip()][:SAMPLE_ROWS]
    for delimiter in "\t;":
        try:
            rows = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
        except csv.Error:
            continue
        if rows and min(map(len, rows)) > 1:
            return delimiter
    return ","


def read_header(rows: Sequence[Sequence[str]], header: bool | str, place: str, line: int) -> Header:
    """Return the header of a file, given its first rows.

    The first row is a header when it has a word above a column of numbers.

    Parameters
    ----------
    rows : sequence of rows of text
        The first rows of the file, at least one.
    header : bool or "auto"
        True and False overrule the detection.
    place : str
        The file, for messages.
    line : int
        Line of the first row.

    Raises
    ------
    DataError
        The first row mixes numbers and words so that it could be either.
    """
    if header is True or (header == "auto" and _looks_headed(rows, place, line)):
        return Header.named(rows[0], place)
    if header is not False and header != "auto":
        raise DataError(
            f"{place}: expected header='auto', True or False, got {header!r}. Leave it out to "
            "have the header detected.",
            source=place,
        )
    return Header.unnamed(len(rows[0]), place)


def _looks_headed(rows: Sequence[Sequence[str]], place: str, line: int) -> bool:
    first, below = rows[0], rows[1 : SAMPLE_ROWS + 1]
    words = [j for j, cell in enumerate(first) if _is_word(cell)]
    above_numbers = [j for j in words if _is_numeric([row[j] for row in below if j < len(row)])]
    numbers = sum(not _is_word(cell) and cell.strip() not in GAPS for cell in first)
    if above_numbers and numbers >= len(words):
        column = above_numbers[0]
        raise DataError(
            f"{place}, line {line}, column {column} (from 0): expected a row of numbers or a row "
            f"of names, got {first[column]!r} among {numbers} numbers. Mend the cell, or pass "
            "header=True if this row names the columns.",
            source=place,
            line=line,
            column=column,
        )
    return bool(above_numbers)


def _is_word(cell: str) -> bool:
    if cell.strip() in GAPS:
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers only, and at least one (gaps aside)."""
    filled = [cell for cell in cells if cell.strip() not in GAPS]
    return bool(filled) and not any(map(_is_word, filled))


def encoding_error(stream: IO[bytes], place: str) -> DataError:
    """Return the error for a file that is not UTF-8, with the line of the first bad byte."""
    stream.seek(0)
    content = stream.read()
    try:
        content.decode("utf-8")
        start = 0
    except UnicodeDecodeError as error:
        start = error.start
    line = content.count(b"\n", 0, start) + 1
    bad = f"0x{content[start]:02x}"
    return DataError(
        f"{place}, line {line}: expected UTF-8 text, got the byte {bad}. Save the file as "
        "CSV (UTF-8).",
        source=place,
        line=line,
    )
