"""Tasks that read tables from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.csv_tables import MISSING, CSVForm, read_csv_table
from dlaaw_nb.tasks.json_tables import table_of_value
from dlaaw_nb.tasks.json_values import read_json, read_json_lines
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.tasks.text_streams import is_encoding, open_file

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["ReadCSV", "ReadJSON", "ReadParquet", "ReadTable"]

_FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".txt": "csv", ".data": "csv", ".json": "json",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet",
    ".feather": "feather", ".arrow": "feather",
}  # fmt: skip
_STARTS = {b"PAR1": "parquet", b"ARROW1": "feather"}
_OTHERS = (".xls", ".xlsx", ".ods", ".pkl", ".pickle", ".h5", ".hdf5", ".mat", ".zip", ".npy")


@dataclass(frozen=True)
class ReadCSV(ReadyTask):
    """Read a table from a CSV file.

    Every row must have as many cells as the first; a byte order mark, blank lines and gzip are no
    matter. Whole numbers stay whole, also in columns with empty cells.

    Parameters
    ----------
    header : {True, False, "auto"}
        Whether the first row names the columns. ``"auto"`` takes it for names where it is words
        above a column of numbers, or nothing but different words that do not come again below.
        Columns without a name are called ``column 0``, ``column 1``, ...
    separator : str
        The character between cells; ``"auto"`` finds tabs, semicolons or commas.
    decimal : {".", ","}
        What stands before the decimals.
    encoding : str
        Of the text, such as ``"utf-8"`` or ``"cp1252"``.
    missing : list of str
        Cells that stand for "no value".
    text : list of str
        Columns that stay text though they hold digits, such as postal codes.

    Raises
    ------
    GraphError
        When a parameter is out of its range.
    """

    palette_group = "Files"
    header: bool | str = "auto"
    separator: str = "auto"
    decimal: str = "."
    encoding: str = "utf-8"
    missing: tuple[str, ...] = MISSING
    text: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_choice("header", (True, False, "auto"))
        mark: Any = self.separator
        lone = isinstance(mark, str) and len(mark) == 1 and mark not in '"\r\n'
        if mark != "auto" and not lone:
            raise self._refuse("separator", "one character, or 'auto'")
        self._check_choice("decimal", (".", ","))
        if self.decimal == self.separator:
            raise self._refuse("decimal", "another character than the separator")
        if not is_encoding(self.encoding):
            raise self._refuse("encoding", "the name of a text encoding, such as 'utf-8'")
        self._check_words_list("missing")
        self._check_names("text")

    def _check_words_list(self, field: str) -> None:
        value: Any = getattr(self, field)
        if not isinstance(value, (list, tuple)) or not all(isinstance(w, str) for w in value):
            raise self._refuse(field, "a list of text")
        self._keep(field, tuple(value))

    def run(self, file: Path) -> pd.DataFrame:
        """Read the file."""
        return read_csv_table(
            file,
            CSVForm(
                self.header, self.separator, self.decimal, self.encoding, self.missing, self.text
            ),
        )


@dataclass(frozen=True)
class ReadJSON(ReadyTask):
    """Read a table from a JSON file: a list of rows, or columns by name.

    Rows are mappings or lists; a file of one row a line (JSON Lines) is read too.

    Parameters
    ----------
    lines : {True, False, "auto"}
        Whether each line holds a row. ``"auto"`` goes by the name (``.jsonl``, ``.ndjson``).
    encoding : str
        Of the text.

    Raises
    ------
    GraphError
        When a parameter is out of its range.
    """

    palette_group = "Files"
    lines: bool | str = "auto"
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        self._check_choice("lines", (True, False, "auto"))
        if not is_encoding(self.encoding):
            raise self._refuse("encoding", "the name of a text encoding, such as 'utf-8'")

    def run(self, file: Path) -> pd.DataFrame:
        """Read the file."""
        by_name = _format_by_name(str(file)) == "jsonl"
        lines = by_name if self.lines == "auto" else self.lines
        read = read_json_lines if lines else read_json
        return table_of_value(str(file), read(file, self.encoding))


@dataclass(frozen=True)
class ReadParquet(ReadyTask):
    """Read a table from a Parquet file.

    Parameters
    ----------
    columns : list of str
        The columns to read, in this order; empty reads all.

    Raises
    ------
    GraphError
        When `columns` is no list of names.
    """

    palette_group = "Files"
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_names("columns")

    def run(self, file: Path) -> pd.DataFrame:
        """Read the file."""
        return _read_arrow(str(file), "parquet", self.columns)


@dataclass(frozen=True)
class ReadTable(ReadyTask):
    """Read a table from a file of any known format.

    Parameters
    ----------
    format : {"auto", "csv", "tsv", "json", "jsonl", "parquet", "feather"}
        ``"feather"`` is also Arrow IPC; ``"auto"`` goes by how the file begins and by its name. The
        tasks ReadCSV, ReadJSON and ReadParquet can be told more.

    Raises
    ------
    GraphError
        When the format is not known.
    """

    palette_group = "Files"
    format: str = "auto"

    def __post_init__(self) -> None:
        self._check_choice("format", ("auto", *dict.fromkeys(_FORMATS.values())))

    def run(self, file: Path) -> pd.DataFrame:
        """Read the file."""
        found = _format(str(file)) if self.format == "auto" else self.format
        if found in ("parquet", "feather"):
            return _read_arrow(str(file), found, ())
        if found in ("json", "jsonl"):
            return ReadJSON(lines=found == "jsonl").run(file)
        return ReadCSV(separator="\t" if found == "tsv" else "auto").run(file)


def _format_by_name(place: str) -> str | None:
    name = PurePath(place.partition("?")[0]).name.lower().removesuffix(".gz")
    return _FORMATS.get(PurePath(name).suffix)


def _format(place: str) -> str:
    with open_file(place) as stream:
        start = stream.read(8)
    for signature, kind in _STARTS.items():
        if start.startswith(signature):
            return kind
    found = _format_by_name(place)
    suffix = PurePath(place).suffix.lower()
    if found is None and suffix in _OTHERS:
        raise DataError(
            f"{place}: expected a table as CSV, JSON, Parquet or Feather, got a {suffix} file. "
            "Save it as one of these, or name its format.",
            source=place,
        )
    if found is None:
        return "json" if start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"[") else "csv"
    return found


def _read_arrow(place: str, kind: str, columns: tuple[str, ...]) -> pd.DataFrame:
    import pyarrow as pa

    with open_file(place) as stream:
        try:
            table = _parquet(stream) if kind == "parquet" else _feather(stream)
        except (pa.ArrowException, OSError) as error:
            first = str(error).partition("\n")[0]
            raise DataError(
                f"{place}: expected a {kind.capitalize()} file, got one that cannot be read "
                f"({first:.200}). Check its format, and that it was written to its end.",
                source=place,
            ) from error
    frame = _frame(table)
    if columns:
        from dlaaw_nb.tasks.frames import require_columns

        require_columns(place, frame, columns)
        return frame[list(columns)]
    return frame


def _parquet(stream: IO[bytes]) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetFile(stream).read()


def _feather(stream: IO[bytes]) -> Any:
    from pyarrow import feather

    return feather.read_table(stream)


def _frame(table: Any) -> pd.DataFrame:
    """Make a DataFrame; whole numbers and truths with gaps keep their kind."""
    import pandas as pd
    import pyarrow as pa

    frame = table.to_pandas()
    for at, name in enumerate(table.column_names):
        column = table.column(at)
        whole = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
        if whole and column.null_count and name in frame.columns:
            kind = pd.Series(column.slice(0, 0).to_pandas()).convert_dtypes().dtype
            frame[name] = pd.array(column.to_pylist(), dtype=kind)
    named = [name for name in frame.index.names if name is not None]
    flat: pd.DataFrame = frame.reset_index(level=named) if named else frame
    return flat.reset_index(drop=True)
