"""Tasks that write files; a run keeps them, and `Run.outputs` or an export hands them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError, SaveError
from dlaaw_nb.tasks.json_values import json_text
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.workflow.context import context

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "WriteCSV",
    "WriteFigure",
    "WriteJSON",
    "WriteParquet",
    "WriteText",
    "written",
]


def written(where: str, file_name: str, content: bytes) -> Path:
    """Write a file into the folder of this try.

    Parameters
    ----------
    where : str
        The task, for messages.
    file_name : str
        A bare name.
    content : bytes
        What is in it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SaveError
        When it cannot be written.
    """
    path = context().folder / file_name
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SaveError(
            f"{where}: {path}: could not be written ({error.strerror}). Free some space, or choose "
            "another file name."
        ) from error
    return path


@dataclass(frozen=True)
class WriteCSV(ReadyTask):
    """Write a table to a CSV file (UTF-8).

    Parameters
    ----------
    file_name : str
        Name of the file, without folders.
    separator : str
        The character between cells.
    header : bool
        Whether the first row names the columns.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    Missing cells are empty; numbers have all their digits.
    """

    palette_group = "Files"
    file_name: str = "table.csv"
    separator: str = ","
    header: bool = True

    def __post_init__(self) -> None:
        self._check_file_name()
        mark: Any = self.separator
        if not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n':
            raise self._refuse("separator", "one character")
        self._check_flag("header")

    def run(self, table: pd.DataFrame) -> Path:
        """Write the file."""
        text = table.to_csv(
            index=False, header=self.header, sep=self.separator, lineterminator="\n"
        )
        return written(self.where, self.file_name, text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class WriteJSON(ReadyTask):
    """Write a value to a JSON file: a mapping, a list, a table (as a list of rows), an array.

    Parameters
    ----------
    file_name : str
        Name of the file, without folders.
    indent : int
        Spaces for each level, from 0 (one line) to 8.

    Raises
    ------
    GraphError
        When a parameter is out of its range.
    """

    palette_group = "Files"
    file_name: str = "value.json"
    indent: int = 2

    def __post_init__(self) -> None:
        self._check_file_name()
        self._check_count("indent", 0, 8)

    def run(self, value: object) -> Path:
        """Write the file."""
        text = json_text(self.where, value, self.indent or None)
        return written(self.where, self.file_name, text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class WriteParquet(ReadyTask):
    """Write a table to a Parquet file.

    Parameters
    ----------
    file_name : str
        Name of the file, without folders.

    Raises
    ------
    GraphError
        When the name is no bare file name.
    """

    palette_group = "Files"
    file_name: str = "table.parquet"

    def __post_init__(self) -> None:
        self._check_file_name()

    def run(self, table: pd.DataFrame) -> Path:
        """Write the file."""
        import io

        import pyarrow as pa

        buffer = io.BytesIO()
        try:
            table.to_parquet(buffer, engine="pyarrow", index=False)
        except (pa.ArrowException, ValueError, TypeError) as error:
            first = str(error).partition("\n")[0]
            raise DataError(
                f"{self.where}: expected columns of one kind each, with different names that are "
                f"text, got a table that Parquet cannot hold ({first:.300}). Change the column, or "
                "WriteCSV."
            ) from error
        return written(self.where, self.file_name, buffer.getvalue())


@dataclass(frozen=True)
class WriteText(ReadyTask):
    """Write text to a file (UTF-8), as it is.

    Parameters
    ----------
    file_name : str
        Name of the file, without folders.

    Raises
    ------
    GraphError
        When the name is no bare file name.
    """

    palette_group = "Files"
    file_name: str = "text.txt"

    def __post_init__(self) -> None:
        self._check_file_name()

    def run(self, text: str) -> Path:
        """Write the file."""
        try:
            content = text.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"{self.where}: expected text that UTF-8 can hold, got a lone surrogate at "
                f"character {error.start}. Look at where the text was read."
            ) from error
        return written(self.where, self.file_name, content)


@dataclass(frozen=True)
class WriteFigure(ReadyTask):
    """Write a picture to a PNG file.

    Parameters
    ----------
    file_name : str
        Name of the file, without folders; it ends in ``.png``.

    Raises
    ------
    GraphError
        When the name is no bare file name, or ends in something else.
    """

    palette_group = "Files"
    file_name: str = "figure.png"

    def __post_init__(self) -> None:
        self._check_file_name(suffixes=(".png",))

    def run(self, figure: Figure) -> Path:
        """Write the file."""
        from dlaaw_nb.store.codecs import FIGURE

        return written(self.where, self.file_name, b"".join(FIGURE.encode(figure)))
