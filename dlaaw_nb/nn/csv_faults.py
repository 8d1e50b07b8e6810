"""The errors of the CSV reader: each names the place, the rule, what came and the mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlaaw_nb.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.nn.columns import Header

__all__ = ["empty", "malformed", "not_a_number", "not_finite", "nothing_left", "number", "ragged"]


def number(cell: str) -> float | None:
    """Return the number a cell holds (NaN and infinities too), None if it holds text."""
    try:
        return float(cell)
    except ValueError:
        return None


def empty(place: str) -> DataError:
    """Return the error for a file without any row."""
    return DataError(
        f"{place}: expected rows of numbers, got an empty file. Check that it was written to "
        "its end.",
        source=place,
    )


def malformed(place: str, line: int, error: object) -> DataError:
    """Return the error for what the csv module refuses."""
    return DataError(
        f"{place}, line {line}: expected cells and delimiters, got: {error}. A quote that is not "
        "closed is the usual reason; mend the line.",
        source=place,
        line=line,
    )


def ragged(header: Header, line: int, cells: int) -> DataError:
    """Return the error for a row with more or fewer cells than the first."""
    standard = "the header" if header.headed else "the first row"
    return DataError(
        f"{header.place}, line {line}: expected {len(header.names)} cells, as many as {standard} "
        f"has, got {cells}. Mend the line; a cell that holds the delimiter needs quotes.",
        source=header.place,
        line=line,
    )


def not_a_number(
    header: Header, label: int | None, line: int, column: int, row: Sequence[str]
) -> DataError:
    """Return the error for text in a feature column."""
    name = _name(header, column)
    mend = (
        "Code its words as numbers (pandas.get_dummies) or leave the column out; if it is the "
        f"label, pass label={name!r}."
    )
    if "," in row[column] and number(row[column].replace(",", ".")) is not None:
        mend = "Write decimals with a point."
    others = [j for j, c in enumerate(row) if j not in (label, column) and number(c) is None]
    also = ", ".join(header.describe(j) for j in others)
    return DataError(
        f"{header.place}, line {line}, {header.describe(column)}: expected a number, got "
        f"{row[column]!r}. {mend}" + (f" The same goes for {also}." if also else ""),
        source=header.place,
        line=line,
        column=name,
    )


def not_finite(header: Header, line: int, column: int, cell: str) -> DataError:
    """Return the error for NaN or an infinity."""
    return DataError(
        f"{header.place}, line {line}, {header.describe(column)}: expected a finite number, got "
        f"{cell!r}. Leave the cell empty (its row is then dropped) or put a number there.",
        source=header.place,
        line=line,
        column=_name(header, column),
    )


def nothing_left(header: Header, dropped_rows: int, gaps: Sequence[int]) -> DataError:
    """Return the error for a file with a header only, or with gaps in every row."""
    if not dropped_rows:
        return DataError(
            f"{header.place}: expected rows below the header, got the header only "
            f"({header.listing()}). Add rows, or pass header=False.",
            source=header.place,
        )
    worst = max(range(len(gaps)), key=gaps.__getitem__)
    return DataError(
        f"{header.place}: expected rows without empty cells, got {dropped_rows} rows that all have "
        f"gaps, most of them ({gaps[worst]}) in {header.describe(worst)}. Fill the gaps or leave "
        "that column out.",
        source=header.place,
        column=_name(header, worst),
    )


def _name(header: Header, column: int) -> str | int:
    return header.names[column] if header.headed else column
