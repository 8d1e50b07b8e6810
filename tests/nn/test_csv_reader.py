"""The CSV reader: layouts it takes, and what it says of files that it does not take."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dlaaw_nb.errors import DataError, DownloadError, MissingDataError
from dlaaw_nb.nn.columns import choose_label
from dlaaw_nb.nn.csv_reader import BLOCK_ROWS, read_csv, read_stream
from dlaaw_nb.nn.data import as_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from dlaaw_nb.nn.columns import Table
    from dlaaw_nb.nn.data import Dataset


@pytest.fixture
def write(tmp_path: Path):
    """Return a function that writes a file and gives its path."""

    def write_file(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def table(content: str | bytes, label: int | str | None = -1, **options: object) -> Table:
    body = content.encode() if isinstance(content, str) else content
    return read_stream(io.BytesIO(body), "t.csv", choose_label(label), **options)


def check_plain(dataset: Dataset) -> None:
    np.testing.assert_array_equal(dataset.features, [[1.5, 2.0], [3.0, -4e2]])
    np.testing.assert_array_equal(dataset.labels, [1.0, 0.0])
    assert dataset.features.flags.c_contiguous
    assert dataset.dropped_rows == 0


@pytest.mark.parametrize(
    "content",
    [
        "1.5,2,1\n3,-4e2,0\n",
        "1.5,2,1\n3,-4e2,0",
        "1.5,2,1\r\n3,-4e2,0\r\n",
        "1.5,2,1\r3,-4e2,0\r",
        "\n1.5,2,1\n\n  \n3,-4e2,0\n\n",
        "\ufeff1.5,2,1\n3,-4e2,0\n",
        '"1.5","2","1"\n"3","-4e2","0"\n',
        " 1.5, 2 , 1\n3,\t-4e2 ,0\n",
        "1.5;2;1\n3;-4e2;0\n",
        "1.5\t2\t1\n3\t-4e2\t0\n",
        "a,b,y\n1.5,2,1\n3,-4e2,0\n",
        '\ufeff"a","b","y"\n1.5,2,1\n3,-4e2,0\n',
        '"a;x";b;y\n1.5;2;1\n3;-4e2;0\n',
        "1.5,2,yes\n3,-4e2,no\n",
        "a,b,y\n1.5,2,M\n3,-4e2,B\n",
    ],
)
def test_read_layouts_give_the_same_table(write, content: str) -> None:
    check_plain(as_dataset(write(content)))


def test_header_detected_names_columns(write) -> None:
    dataset = as_dataset(write('a, b ,"y, the label"\n1,2,1\n3,4,0\n'))
    assert dataset.feature_names == ("a", "b")
    assert dataset.label_name == "y, the label"
    assert dataset.source == "t.csv"


def test_header_label_words_in_first_row_are_no_header() -> None:
    read = table("17.9,10.3,M\n20.5,17.7,B\n")
    assert len(read.features) == 2
    assert not read.headed
    assert read.feature_names == ("column 0", "column 1")


def test_header_above_word_labels_is_detected() -> None:
    assert table("a,y\n1,M\n2,B\n").headed


def test_header_above_column_with_gaps_is_detected() -> None:
    read = table("a,b,y\n?,1,0\n2,,1\n3,4,0\n")
    assert read.headed
    assert read.dropped_rows == 2


def test_header_ambiguous_first_row_raises() -> None:
    with pytest.raises(DataError, match=r"line 1, column 1 .*'missing'.*header=True") as caught:
        table("1.0,missing,3,0\n2,3,4,1\n")
    assert (caught.value.line, caught.value.column) == (1, 1)


def test_header_of_numbers_needs_header_true() -> None:
    content = "0,1,2\n5,6,1\n7,8,0\n"
    assert len(table(content).features) == 3
    assert table(content, header=True).feature_names == ("0", "1")


def test_header_false_keeps_the_first_row_as_data() -> None:
    with pytest.raises(DataError, match=r"line 1, column 0 .*got 'a'"):
        table("a,b,y\n1,2,0\n", header=False)


def test_header_unknown_option_raises() -> None:
    with pytest.raises(DataError, match="header='auto', True or False, got 'yes'"):
        table("1,2,0\n", header="yes")


def test_header_duplicate_names_raise() -> None:
    with pytest.raises(DataError, match="'a' at positions 0 and 1"):
        table("a,a,y\n1,2,0\n3,4,1\n")


@pytest.mark.parametrize("label", [1, -2, "y", "1"])
def test_label_by_name_or_position(label: int | str) -> None:
    read = table("a,y,b\n1,0,3\n4,1,6\n", label)
    np.testing.assert_array_equal(read.features, [[1, 3], [4, 6]])
    assert read.feature_names == ("a", "b")
    assert read.label_name == "y"


@pytest.mark.parametrize(
    ("label", "hint"), [("diagnosys", "Did you mean 'diagnosis'"), (7, "0 to 2"), (-4, "0 to 2")]
)
def test_label_absent_lists_the_columns(label: int | str, hint: str) -> None:
    with pytest.raises(DataError, match=rf"'a', 'b', 'diagnosis'.*{hint}") as caught:
        table("a,b,diagnosis\n1,2,0\n3,4,1\n", label)
    assert caught.value.column == label
    assert caught.value.source == "t.csv"


def test_label_by_name_without_header_says_so() -> None:
    with pytest.raises(DataError, match="no names of their own"):
        table("1,2,0\n3,4,1\n", "diagnosis")


@pytest.mark.parametrize("gap", ["", " ", "NA", "N/A", "null", "?", '""'])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_gap_anywhere_drops_and_counts_the_row(gap: str, column: int) -> None:
    cells = ["5", "6", "1"]
    cells[column] = gap
    read = table(f"1,2,0\n{','.join(cells)}\n3,4,1\n")
    np.testing.assert_array_equal(read.features, [[1, 2], [3, 4]])
    assert read.dropped_rows == 1


def test_gap_row_with_a_third_label_is_no_class(write) -> None:
    dataset = as_dataset(write("1,2,0\n,2,7\n3,4,1\n"))
    assert dataset.classes == (0, 1)
    assert dataset.dropped_rows == 1


def test_gaps_in_every_row_names_the_worst_column() -> None:
    with pytest.raises(DataError, match=r"2 rows that all have gaps, most of them \(2\).*'b'"):
        table("a,b,y\n1,,0\n,,1\n", header=True)


@pytest.mark.parametrize("cell", ["nan", "NaN", "inf", "-Infinity", "1e999"])
@pytest.mark.parametrize("column", [0, 1])
def test_not_finite_cell_names_line_and_column(cell: str, column: int) -> None:
    row = ["5", "1"]
    row[column] = cell
    with pytest.raises(
        DataError, match=rf"line 4, column '{'ay'[column]}'.*got '{cell}'"
    ) as caught:
        table(f"a,y\n1,0\n\n{','.join(row)}\n")
    assert caught.value.line == 4
    assert caught.value.column == "ay"[column]


def test_text_feature_is_refused_by_name_with_the_mend() -> None:
    with pytest.raises(DataError) as caught:
        table("age,job,home,y\n58,management,own,no\n44,technician,own,yes\n")
    text = str(caught.value)
    assert "line 2, column 'job': expected a number, got 'management'" in text
    assert "get_dummies" in text
    assert "label='job'" in text
    assert "The same goes for column 'home'" in text
    assert (caught.value.line, caught.value.column) == (2, "job")


def test_text_after_many_blocks_names_its_line() -> None:
    rows = BLOCK_ROWS * 2 + 7
    content = "1,2,0\n3,4,1\n" * (rows // 2) + '"5\n",x,1\n'
    with pytest.raises(DataError, match=f"line {rows // 2 * 2 + 1}, column 1 "):
        table(content)


def test_decimal_comma_says_write_a_point() -> None:
    with pytest.raises(DataError, match="decimals with a point"):
        table("1,5;2,5;0\n3,5;4,5;1\n")


@pytest.mark.parametrize("row", ["1,2", "1,2,3,4", "1"])
def test_ragged_row_names_its_line(row: str) -> None:
    with pytest.raises(
        DataError, match=rf"line 4: expected 3 cells.*got {row.count(',') + 1}"
    ) as e:
        table(f"a,b,y\n1,2,0\n\n{row}\n3,4,1\n")
    assert e.value.line == 4


@pytest.mark.parametrize("content", ["", "\n\n", "  \n", "\ufeff"])
def test_empty_file_raises(content: str) -> None:
    with pytest.raises(DataError, match="empty file"):
        table(content)


def test_header_only_raises() -> None:
    with pytest.raises(DataError, match="header only"):
        table("a,b,y\n", header=True)


def test_one_column_raises() -> None:
    with pytest.raises(DataError, match="one column"):
        table("1 2 0\n3 4 1\n")


def test_unclosed_quote_raises() -> None:
    with pytest.raises(DataError, match="quote"):
        table('1,2,0\n"3,4,1\n5,6,0\n')


def test_not_utf8_names_line_and_byte() -> None:
    with pytest.raises(
        DataError, match=r"line 3: expected UTF-8 text, got the byte 0xe9"
    ) as caught:
        table(b"1,2,0\n3,4,1\n5,\xe9,1\n")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04....", "ZIP"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        ("1,2,0\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_other_format_is_named(content: bytes, kind: str) -> None:
    with pytest.raises(DataError, match=kind):
        table(content)


def test_missing_file_suggests_a_close_name(write) -> None:
    path = write("1,2,0\n", "banknote.csv")
    with pytest.raises(MissingDataError, match=r"Did you mean 'banknote.csv'") as caught:
        read_csv(path.with_name("bancnote.csv"), choose_label(-1))
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(MissingDataError, match="no folder"):
        read_csv(path.parent / "no" / "such.csv", choose_label(-1))


def test_directory_raises_and_lists_tables(write) -> None:
    folder = write("1,2,0\n").parent
    with pytest.raises(DataError, match=r"directory.*t\.csv"):
        read_csv(folder, choose_label(-1))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_unreadable_file_raises(write) -> None:
    path = write("1,2,0\n")
    path.chmod(0)
    with pytest.raises(DataError, match="permissions"):
        read_csv(path, choose_label(-1))


def test_name_no_file_can_have_raises() -> None:
    with pytest.raises(DataError, match="null"):
        read_csv("a\0b.csv", choose_label(-1))
    with pytest.raises(DataError):
        read_csv("x" * 5000, choose_label(-1))
    with pytest.raises(MissingDataError):
        read_csv("~no-such-user/t.csv", choose_label(-1))


def test_url_of_another_scheme_raises() -> None:
    with pytest.raises(DownloadError, match="http://"):
        read_csv("ftp://example.invalid/t.csv", choose_label(-1))


numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(numbers, min_size=n, max_size=n), min_size=2, max_size=20)
    ),
    delimiter=st.sampled_from(",;\t"),
    headed=st.booleans(),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    bom=st.booleans(),
)
def test_round_trip_of_random_tables(rows, delimiter, headed, quoting, bom) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    width = len(rows[0]) + 1
    if headed:
        writer.writerow([f"name {j}" for j in range(width)])
    for i, row in enumerate(rows):
        writer.writerow([*map(repr, row), "MB"[i % 2]])
    read = table(text.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    np.testing.assert_array_equal(read.features, rows)
    assert read.headed is headed
    assert [read.labels.values[code] for code in read.labels.codes] == [
        "MB"[i % 2] for i in range(len(rows))
    ]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text('0123456789.,;"\n\r\t eE-naif?\0', max_size=80)))
@example(b"\x00")
@example(b"1,2\n3,4\n")
def test_random_bytes_give_a_table_or_a_data_error(content: bytes | str) -> None:
    body = content.encode() if isinstance(content, str) else content
    for label in (-1, None):
        with contextlib.suppress(DataError):
            read = read_stream(io.BytesIO(body), "random", choose_label(label))
            assert np.isfinite(read.features).all()
            assert len(read.features) > 0
