"""CSV files to tables: every row is looked at before pandas reads them, so that faults have lines.

pandas fills short rows with gaps and guesses around broken quotes; here both are errors.
"""

from __future__ import annotations

import csv
import io
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.text_streams import (
    decoding_fault,
    open_file,
    packing_fault,
    python_encoding,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import pandas as pd

    from dlaaw_nb.nn.columns import Header

__all__ = ["MISSING", "CSVForm", "read_csv_table"]

MISSING = ("", "?", "N/A", "NA", "NULL", "NaN", "nan", "null")
"""Cells that stand for "no value"."""

_SAMPLE_ROWS = 51
_SAMPLE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class CSVForm:
    """How a CSV file is written.

    Attributes
    ----------
    header : bool or "auto"
        Whether the first row names the columns.
    separator : str
        The character between cells, or ``"auto"``.
    decimal : str
        ``"."`` or ``","``.
    encoding : str
        Of the text.
    missing : tuple of str
        Cells that stand for "no value".
    text : tuple of str
        Columns that stay text, though they hold digits.
    """

    header: bool | str = "auto"
    separator: str = "auto"
    decimal: str = "."
    encoding: str = "utf-8"
    missing: tuple[str, ...] = MISSING
    text: tuple[str, ...] = ()


def read_csv_table(source: str | os.PathLike[str], form: CSVForm) -> pd.DataFrame:
    """Read a CSV file, plain or packed by gzip.

    Parameters
    ----------
    source : str or path
        The file.
    form : CSVForm
        How it is written.

    Returns
    -------
    DataFrame
        Columns without a name are called ``column 0``, ``column 1``, ... Whole numbers stay whole,
        in columns with gaps too.

    Raises
    ------
    DataError
        When it is missing, empty, ragged, no text, or of another format; the message names the
        line.
    """
    place = str(source)
    with open_file(source) as stream:
        try:
            header, separator, empty = _scan(stream, place, form)
            stream.seek(0)
            return _parse(stream, header, separator, form, empty)
        except UnicodeError:
            raise decoding_fault(stream, place, form.encoding) from None
        except (EOFError, OSError, zlib.error) as error:
            raise packing_fault(place, error) from error


def _scan(stream: IO[bytes], place: str, form: CSVForm) -> tuple[Header, str, bool]:
    """Look at every row; return the columns, the separator, and whether there are no rows."""
    from dlaaw_nb.nn.csv_layout import detect_delimiter, refuse_other_formats

    encoding = python_encoding(form.encoding)
    if encoding == "utf-8-sig":
        refuse_other_formats(stream, place)
        if b"\0" in stream.read(_SAMPLE_BYTES):
            raise _no_table(place, "a file that is no text")
        stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        separator = detect_delimiter(text) if form.separator == "auto" else form.separator
        reader = csv.reader(text, delimiter=separator, skipinitialspace=True, strict=True)
        try:
            rows, line = _check_rows(reader, place)
        except csv.Error as error:
            raise _malformed(place, reader.line_num, error) from error
    finally:
        text.detach()
    header = _header(rows, form, place, line)
    _check_text_columns(header, form)
    return header, separator, header.headed and len(rows) == 1


def _check_rows(reader: Any, place: str) -> tuple[list[list[str]], int]:
    """Return the first rows and the line of the first one; refuse rows of another length."""
    sample: list[list[str]] = []
    width = first = before = 0
    for row in reader:
        if len(row) != width or len(sample) < _SAMPLE_ROWS:
            if len(row) < 2 and not (row and row[0].strip()):
                before = reader.line_num  # a blank line
                continue
            if not sample:
                width, first = len(row), before + 1
            if len(row) != width:
                raise _ragged(place, before + 1, width, len(row))
            sample.append(row)
        before = reader.line_num
    if not sample:
        raise _no_table(place, "an empty file")
    return sample[:_SAMPLE_ROWS], first


def _header(rows: Sequence[Sequence[str]], form: CSVForm, place: str, line: int) -> Header:
    from dlaaw_nb.nn.columns import Header
    from dlaaw_nb.nn.csv_layout import read_header

    if form.header == "auto" and _names_columns(rows):
        return Header.named(rows[0], place)
    return read_header(rows, form.header, place, line)


def _names_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is words that are all different, and come nowhere below themselves."""
    first = [cell.strip() for cell in rows[0]]
    words = all(cell[:1].isalpha() or cell[:1] == "_" for cell in first)
    if not words or len(set(first)) != len(first) or any(cell in MISSING for cell in first):
        return False
    return all(cell not in {row[at].strip() for row in rows[1:]} for at, cell in enumerate(first))


def _check_text_columns(header: Header, form: CSVForm) -> None:
    strange = [name for name in form.text if name not in header.names]
    if strange:
        raise DataError(
            f"{header.place}: expected a column {strange[0]!r} to keep as text, got only "
            f"{header.listing()}. Name one of them.",
            source=header.place,
            column=strange[0],
        )


def _parse(
    stream: IO[bytes], header: Header, separator: str, form: CSVForm, empty: bool
) -> pd.DataFrame:
    import pandas as pd

    names = list(header.names)
    if empty:
        return pd.DataFrame({name: pd.Series([], dtype=object) for name in names})
    options: dict[str, Any] = {
        "sep": separator,
        "header": 0 if header.headed else None,
        "names": names,
        "index_col": False,
        "skipinitialspace": True,
        "encoding": python_encoding(form.encoding),
        "decimal": form.decimal,
        "keep_default_na": False,
        "na_values": list(form.missing),
        "dtype": dict.fromkeys(form.text, str),
        "low_memory": False,
        **_exact_floats(pd.__version__),
    }
    try:
        frame = pd.read_csv(stream, **options)
        return _whole_numbers(frame, stream, options)
    except (pd.errors.ParserError, OverflowError) as error:
        raise _malformed(header.place, None, error) from error


def _exact_floats(version: str) -> dict[str, str]:
    """Ask for every digit; from 3.1 on pandas gives them anyway, and warns of the question."""
    release = tuple(int(part) for part in version.split(".")[:2])
    return {} if release >= (3, 1) else {"float_precision": "round_trip"}


def _whole_numbers(frame: pd.DataFrame, stream: IO[bytes], options: dict[str, Any]) -> pd.DataFrame:
    """Read columns of whole numbers with gaps again, for pandas made them floats."""
    import pandas as pd

    names = list(frame.columns)
    again = [name for name in names if _could_be_whole(frame[name])]
    if again:
        stream.seek(0)
        wanted = {**options, "usecols": again, "index_col": None}
        exact = pd.read_csv(stream, dtype_backend="numpy_nullable", **wanted)
        for name in again:
            if pd.api.types.is_integer_dtype(exact[name].dtype):
                frame[name] = exact[name]
    for name in names:
        if frame[name].dtype == object and pd.api.types.infer_dtype(frame[name]) == "boolean":
            frame[name] = frame[name].astype("boolean")
    return frame


def _could_be_whole(cells: Any) -> bool:
    if cells.dtype.kind != "f":
        return False
    known = cells.dropna().to_numpy()
    return 0 < len(known) < len(cells) and bool((known % 1 == 0).all())


def _no_table(place: str, got: str) -> DataError:
    return DataError(
        f"{place}: expected rows of cells, got {got}. Check that it is the right file, and that it "
        "was written to its end.",
        source=place,
    )


def _malformed(place: str, line: int | None, error: object) -> DataError:
    at = place if line is None else f"{place}, line {line}"
    return DataError(
        f"{at}: expected cells and separators, got: {error}. A quote that is not closed is the "
        "usual reason; mend the line.",
        source=place,
        line=line,
    )


def _ragged(place: str, line: int, width: int, got: int) -> DataError:
    return DataError(
        f"{place}, line {line}: expected {width} cells, as many as the first row has, got {got}. "
        "Mend the line (a cell that holds the separator needs quotes), or name the separator.",
        source=place,
        line=line,
    )
