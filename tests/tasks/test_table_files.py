"""Tables read from files, and written to them."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from task_support import in_folder

from dlaaw_nb.errors import DataError, GraphError, MissingDataError
from dlaaw_nb.tasks.table_files import ReadCSV, ReadJSON, ReadParquet, ReadTable
from dlaaw_nb.tasks.writing import WriteCSV, WriteJSON, WriteParquet


@pytest.fixture
def file(tmp_path):
    def write(content, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_read_csv_whole_numbers_with_gaps_stay_whole(file):
    table = ReadCSV().run(file("id,x\n9007199254740993,1.5\n,2\n3,\n"))
    assert str(table["id"].dtype) == "Int64"
    assert table["id"].tolist() == [9007199254740993, pd.NA, 3]
    assert np.isnan(table["x"][2])


def test_read_csv_numbers_only_has_no_header(file):
    table = ReadCSV().run(file("1,2\n3,4\n"))
    assert list(table.columns) == ["column 0", "column 1"]
    assert len(table) == 2


@pytest.mark.parametrize(("header", "rows"), [(True, 1), (False, 2)])
def test_read_csv_header_given_is_believed(file, header, rows):
    assert len(ReadCSV(header=header).run(file("1,2\n3,4\n"))) == rows


def test_read_csv_words_above_other_words_are_names(file):
    assert list(ReadCSV().run(file("name,town\nAda,London\nAlan,Bletchley\n")).columns) == [
        "name",
        "town",
    ]


@pytest.mark.parametrize("content", ["a;b\n1,5;2\n", "\ufeffa;b\n1,5;2\n"])
def test_read_csv_decimal_comma_and_mark_are_read(file, content):
    table = ReadCSV(decimal=",").run(file(content))
    assert table.to_dict("list") == {"a": [1.5], "b": [2]}


def test_read_csv_packed_file_is_unpacked(file):
    path = file(gzip.compress(b"a,b\n1,2\n"), "rows.csv.gz")
    assert ReadTable().run(path).to_dict("list") == {"a": [1], "b": [2]}


def test_read_csv_other_encoding_is_read_when_named(file):
    path = file("name,n\nMüller,1\n".encode("cp1252"))
    assert ReadCSV(encoding="cp1252").run(path)["name"][0] == "Müller"
    with pytest.raises(DataError, match=r"rows\.csv, line 2: expected text in utf-8") as caught:
        ReadCSV().run(path)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("content", "line", "text"),
    [
        ("a,b\n1,2\n3\n", 3, "expected 2 cells"),
        ("a,b\n1,2\n3,4,5\n", 3, "got 3"),
        ('a,b\n"1,2\n', 2, "quote"),
    ],
)
def test_read_csv_broken_line_is_named(file, content, line, text):
    with pytest.raises(DataError, match=text) as caught:
        ReadCSV().run(file(content))
    assert f"line {line}" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04rest", b"\0\1\2\3"])
def test_read_csv_other_file_is_refused(file, content):
    with pytest.raises(DataError, match="expected"):
        ReadCSV().run(file(content))


def test_read_csv_text_column_keeps_its_zeros(file):
    assert ReadCSV(text=["zip"]).run(file("zip,n\n01234,1\n"))["zip"][0] == "01234"
    with pytest.raises(DataError, match="'zap'"):
        ReadCSV(text=["zap"]).run(file("zip,n\n01234,1\n"))


def test_read_csv_missing_file_names_a_near_one(file):
    path = file("a\n1\n")
    with pytest.raises(MissingDataError, match=r"rows\.csv"):
        ReadCSV().run(path.with_name("row.csv"))


@pytest.mark.parametrize(
    "parameters",
    [{"header": "yes"}, {"separator": ",,"}, {"decimal": ","} | {"separator": ","},
     {"encoding": "utf-99"}, {"missing": "NA"}],
)  # fmt: skip
def test_read_csv_wrong_parameter_is_refused(parameters):
    with pytest.raises(GraphError, match="ReadCSV: "):
        ReadCSV(**parameters)


@pytest.mark.parametrize(
    "value",
    [[{"a": 1, "b": "x"}, {"a": None, "b": "y"}], {"a": [1, None], "b": ["x", "y"]}],
)
def test_read_json_rows_and_columns_are_the_same_table(file, value):
    table = ReadJSON().run(file(json.dumps(value), "rows.json"))
    assert table["a"].tolist() == [1, pd.NA]
    assert table["b"].tolist() == ["x", "y"]


def test_read_json_lines_names_the_broken_line(file):
    path = file('{"a": 1}\n\n{"a": 2}\n', "rows.jsonl")
    assert ReadTable().run(path)["a"].tolist() == [1, 2]
    with pytest.raises(DataError, match="line 2") as caught:
        ReadTable().run(file('{"a": 1}\n{"a": \n', "rows.jsonl"))
    assert caught.value.line == 2


def test_read_json_plain_value_is_refused(file):
    with pytest.raises(DataError, match="expected a list of rows"):
        ReadJSON().run(file("3", "rows.json"))


def test_read_parquet_columns_are_chosen_and_integers_kept(file, tmp_path):
    made = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": ["x", "y"], "c": [True, False]})
    with in_folder(tmp_path / "try"):
        path = WriteParquet().run(made)
    read = ReadParquet(columns=["b", "a"]).run(path)
    assert list(read.columns) == ["b", "a"]
    assert read["a"].tolist() == [1, pd.NA]
    with pytest.raises(DataError, match="'d'"):
        ReadParquet(columns=["d"]).run(path)


def test_read_parquet_file_cut_off_is_refused(file):
    with pytest.raises(DataError, match="Parquet"):
        ReadTable().run(file(b"PAR1 and no more", "rows.parquet"))


def test_read_table_feather_goes_by_its_content(file, tmp_path):
    path = tmp_path / "rows.bin"
    pd.DataFrame({"a": [1, 2]}).to_feather(path)
    assert ReadTable().run(path)["a"].tolist() == [1, 2]


def test_read_table_spreadsheet_is_refused(file):
    with pytest.raises(DataError, match=r"\.xlsx"):
        ReadTable().run(file(b"anything", "rows.xlsx"))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.text("abü, \"';\n", min_size=1).map(lambda text: f"t{text}t"),
        ),
        min_size=1,
    )
)
def test_write_csv_read_again_is_the_same(tmp_path_factory, rows):
    table = pd.DataFrame(
        {
            "n": pd.array([row[0] for row in rows], "Int64"),
            "x": pd.Series([row[1] for row in rows], dtype=float),
            "t": [row[2] for row in rows],
        }
    )
    with in_folder(tmp_path_factory.mktemp("try")):
        path = WriteCSV().run(table)
    read = ReadCSV(header=True, separator=",").run(path)
    assert [None if pd.isna(cell) else int(cell) for cell in read["n"]] == [row[0] for row in rows]
    np.testing.assert_array_equal(read["x"].to_numpy(float, na_value=np.nan), table["x"])
    assert read["t"].tolist() == table["t"].tolist()


@pytest.mark.parametrize("task", [WriteCSV, WriteJSON, WriteParquet])
@pytest.mark.parametrize("name", ["", "..", "a/b.csv", "/x", "a\\b", "x\0", " x", 3])
def test_write_folder_in_the_name_is_refused(task, name):
    with pytest.raises(GraphError, match="file_name: expected a bare file name"):
        task(file_name=name)


def test_write_parquet_mixed_column_is_refused(tmp_path):
    with in_folder(tmp_path), pytest.raises(DataError, match="Parquet cannot hold"):
        WriteParquet().run(pd.DataFrame({"a": [1, "x"]}))


def test_parameters_through_json_make_an_equal_task():
    task = ReadCSV(text=["a"], missing=["-"])
    again = ReadCSV.from_parameters(json.loads(json.dumps(task.parameters)))
    assert again == task
