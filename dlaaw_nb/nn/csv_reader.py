"""CSV files to numbers, a block of rows at a time.

A file is read once, with about one copy of its numbers beside the result. Rows with an empty
cell are dropped and counted; whatever else is not a number is an error that names its place.
"""

from __future__ import annotations

import contextlib
import csv
import io
import math
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.nn import csv_faults
from dlaaw_nb.nn.columns import GAPS, Choice, Choose, Header, Table
from dlaaw_nb.nn.csv_labels import LabelReader
from dlaaw_nb.nn.csv_layout import (
    detect_delimiter,
    encoding_error,
    read_header,
    refuse_other_formats,
)
from dlaaw_nb.nn.labels import is_finite_label
from dlaaw_nb.nn.sources import open_source

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dlaaw_nb.nn.csv_labels import LabelBlock

__all__ = ["read_csv", "read_stream"]

BLOCK_ROWS = 512


def read_csv(
    source: str | os.PathLike[str], choose: Choose, *, header: bool | str = "auto"
) -> Table:
    """Read a CSV file or URL.

    Parameters
    ----------
    source : str or path
        File name, or text that starts with ``http://`` or ``https://``.
    choose : callable
        Says which columns are features and which is the label, given the header.
    header : bool or "auto"
        Whether the first row names the columns.

    Returns
    -------
    Table
        With at least one row.

    Raises
    ------
    DataError
        The file is missing, empty, ragged, not UTF-8, or holds text where numbers belong.
    """
    with open_source(source) as stream:
        return read_stream(stream, str(source), choose, header=header)


def read_stream(
    stream: IO[bytes], place: str, choose: Choose, *, header: bool | str = "auto"
) -> Table:
    """Read CSV from a seekable stream of bytes; `place` names it in messages.

    Parameters, result and errors are those of `read_csv`.
    """
    refuse_other_formats(stream, place)
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        reader = csv.reader(text, delimiter=detect_delimiter(text), **_DIALECT)
        try:
            return _read_rows(reader, place, choose, header)
        except csv.Error as error:
            raise csv_faults.malformed(place, reader.line_num, error) from error
    except UnicodeDecodeError:
        raise encoding_error(stream, place) from None
    finally:
        text.detach()


_DIALECT: dict[str, Any] = {"skipinitialspace": True, "strict": True}


@dataclass(slots=True)
class _Block:
    """Rows of cells, and the line on which each begins."""

    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def _blocks(reader: Any) -> Iterator[_Block]:
    """Yield the rows of a csv.reader without the blank ones, `BLOCK_ROWS` at a time."""
    block = _Block()
    line = reader.line_num + 1
    for row in reader:
        if len(row) > 1 or (row and row[0].strip()):
            block.lines.append(line)
            block.rows.append(row)
            if len(block.rows) == BLOCK_ROWS:
                yield block
                block = _Block()
        line = reader.line_num + 1
    if block.rows:
        yield block


def _read_rows(reader: Any, place: str, choose: Choose, header: bool | str) -> Table:
    blocks = _blocks(reader)
    first = next(blocks, None)
    if first is None:
        raise csv_faults.empty(place)
    columns = read_header(first.rows, header, place, first.lines[0])
    choice = choose(columns)
    if columns.headed:
        del first.rows[0], first.lines[0]
    converter = _Converter(columns, choice)
    for block in chain((first,), blocks):
        converter.add(block)
    return converter.table()


class _Converter:
    """Collects the numbers of one file, block by block."""

    def __init__(self, header: Header, choice: Choice) -> None:
        self.header = header
        self.choice = choice
        self.width = len(header.names)
        self.dropped_rows = 0
        self.gaps = [0] * self.width
        self.features: list[NDArray[np.float64]] = []
        self.labels = LabelReader()

    def add(self, block: _Block) -> None:
        """Convert a block of rows: all at once, or row by row where that fails."""
        if set(map(len, block.rows)) - {self.width}:
            line, cells = next(
                (n, len(r))
                for n, r in zip(block.lines, block.rows, strict=True)
                if len(r) != self.width
            )
            raise csv_faults.ragged(self.header, line, cells)
        converted, kept = self._convert(block), None
        if converted is None:
            kept = _Block()
            for line, row in zip(block.lines, block.rows, strict=True):
                if self._check(line, row):
                    kept.lines.append(line)
                    kept.rows.append(row)
            converted = self._convert(kept)
        if converted is None:
            raise csv_faults.malformed(self.header.place, block.lines[0], "unreadable numbers")
        self.features.append(converted[0])
        self.labels.add(converted[1], block.lines if kept is None else kept.lines)

    def _convert(self, block: _Block) -> tuple[NDArray[np.float64], LabelBlock] | None:
        """Return features and labels of rows that are all good; None if one is not."""
        label, width = self.choice.label, len(self.choice.features)
        rows = block.rows
        # The labels are taken out of the rows, which is faster than to step over them.
        words = [] if label is None else [row.pop(label) for row in rows]
        numbers, labels = None, self.labels.convert(words)
        with contextlib.suppress(ValueError):
            cells = map(float, chain.from_iterable(rows))
            numbers = np.fromiter(cells, np.float64, len(rows) * width)
        if labels is None or numbers is None or not np.isfinite(numbers).all():
            if label is not None:
                for row, word in zip(rows, words, strict=True):
                    row.insert(label, word)
            return None
        return numbers.reshape(len(rows), width), labels

    def _check(self, line: int, row: list[str]) -> bool:
        """Whether a row is kept; counts its gaps if not, and raises where it holds no number."""
        gaps = [j for j, cell in enumerate(row) if cell.strip() in GAPS]
        if gaps:
            self.dropped_rows += 1
            for j in gaps:
                self.gaps[j] += 1
            return False
        for j, cell in enumerate(row):
            if j == self.choice.label:
                if not is_finite_label(cell):
                    raise csv_faults.not_finite(self.header, line, j, cell)
            elif (number := csv_faults.number(cell)) is None:
                raise csv_faults.not_a_number(self.header, self.choice.label, line, j, row)
            elif not math.isfinite(number):
                raise csv_faults.not_finite(self.header, line, j, cell)
        return True

    def table(self) -> Table:
        """Return what was read; the blocks are let go one by one as they are copied."""
        rows = sum(map(len, self.features))
        if not rows:
            raise csv_faults.nothing_left(self.header, self.dropped_rows, self.gaps)
        order, names = self.choice.features, self.header.names
        features = np.empty((rows, len(order)))
        ranks = np.argsort(np.argsort(order)) if list(order) != sorted(order) else None
        start = 0
        self.features.reverse()
        while self.features:
            block = self.features.pop()
            stop = start + len(block)
            features[start:stop] = block if ranks is None else block[:, ranks]
            start = stop
        label = self.choice.label
        return Table(
            features=features,
            labels=None if label is None else self.labels.labels(),
            feature_names=tuple(names[j] for j in order),
            label_name="label" if label is None else names[label],
            headed=self.header.headed,
            place=self.header.place,
            dropped_rows=self.dropped_rows,
        )
