"""Tasks that read text, arrays and mappings from files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.csv_tables import CSVForm, read_csv_table
from dlaaw_nb.tasks.json_values import read_json
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.tasks.table_arrays import array_of_table
from dlaaw_nb.tasks.text_streams import is_encoding, open_file, read_text

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

__all__ = ["ReadArray", "ReadMapping", "ReadText"]

_NPY = b"\x93NUMPY"
_LONGEST_HEADER = 100_000


@dataclass(frozen=True)
class ReadText(ReadyTask):
    """Read the text of a file, plain or packed by gzip.

    Parameters
    ----------
    encoding : str
        Of the text, such as ``"utf-8"`` or ``"cp1252"``. A byte order mark is taken away, and lines
        end in a line feed whatever the file has.

    Raises
    ------
    GraphError
        When there is no such encoding.
    """

    palette_group = "Files"
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        if not is_encoding(self.encoding):
            raise self._refuse("encoding", "the name of a text encoding, such as 'utf-8'")

    def run(self, file: Path) -> str:
        """Read the file."""
        return read_text(file, self.encoding)


@dataclass(frozen=True)
class ReadMapping(ReadyTask):
    """Read values by name from a JSON file, such as the settings of an experiment.

    Parameters
    ----------
    encoding : str
        Of the text.

    Raises
    ------
    GraphError
        When there is no such encoding.
    """

    palette_group = "Files"
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        if not is_encoding(self.encoding):
            raise self._refuse("encoding", "the name of a text encoding, such as 'utf-8'")

    def run(self, file: Path) -> dict[str, Any]:
        """Read the file."""
        value = read_json(file, self.encoding)
        if not isinstance(value, dict):
            raise DataError(
                f"{file}: expected a JSON object (values by name), got {type(value).__name__}. "
                "ReadJSON reads tables.",
                source=str(file),
            )
        return value


@dataclass(frozen=True)
class ReadArray(ReadyTask):
    """Read an array from a file: NumPy's ``.npy``, or CSV with numbers only.

    Parameters
    ----------
    header : {True, False, "auto"}
        Of a CSV file, whether its first row names the columns.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    Arrays of Python objects are refused, for reading them would run code. An empty cell of a CSV
    file becomes NaN.
    """

    palette_group = "Files"
    header: bool | str = "auto"

    def __post_init__(self) -> None:
        self._check_choice("header", (True, False, "auto"))

    def run(self, file: Path) -> np.ndarray[Any, Any]:
        """Read the file."""
        with open_file(file) as stream:
            packed_by_numpy = stream.read(len(_NPY)) == _NPY
            stream.seek(0)
            if packed_by_numpy:
                return _read_npy(stream, str(file))
        return array_of_table(str(file), read_csv_table(file, CSVForm(header=self.header)))


def _read_npy(stream: IO[bytes], place: str) -> np.ndarray[Any, Any]:
    import numpy as np

    try:
        return np.lib.format.read_array(stream, allow_pickle=False, max_header_size=_LONGEST_HEADER)
    except (ValueError, OSError, EOFError, MemoryError, TypeError, SyntaxError) as error:
        pickled = "allow_pickle" in str(error)
        got = "Python objects" if pickled else f"what cannot be read ({str(error)[:200]})"
        raise DataError(
            f"{place}: expected an array of numbers or text, got {got}. Save it again with "
            "numpy.save, as plain numbers.",
            source=place,
        ) from error
