"""Values of one type turned into another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlaaw_nb.errors import DataError
from dlaaw_nb.tasks.conversions import (
    ArrayToTable,
    ListToArray,
    ListToTable,
    MappingToTable,
    TableToArray,
    TableToMapping,
    TextToFloat,
    TextToInt,
)


def test_table_to_array_whole_numbers_stay_whole():
    table = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    array = TableToArray(["b", "a"]).run(table)
    assert array.dtype == np.int64
    assert array.tolist() == [[3, 1], [4, 2]]
    gaps = TableToArray().run(table.astype("Int64").where(table != 2))
    assert np.isnan(gaps[1, 0])
    assert TableToArray().run(table > 1).dtype == bool


def test_table_to_array_text_is_refused():
    with pytest.raises(DataError, match="column 't': expected numbers, got text"):
        TableToArray().run(pd.DataFrame({"t": ["x"]}))


def test_array_to_table_names_columns():
    array = np.arange(4).reshape(2, 2)
    assert list(ArrayToTable().run(array).columns) == ["column 0", "column 1"]
    table = ArrayToTable(["a", "b"]).run(array)
    np.testing.assert_array_equal(TableToArray().run(table), array)
    with pytest.raises(DataError, match="expected 1 columns"):
        ArrayToTable(["a"]).run(array)
    with pytest.raises(DataError, match=r"\(2, 2, 1\)"):
        ArrayToTable().run(array[..., None])


def test_array_to_table_shares_no_memory():
    array = np.zeros(3)
    table = ArrayToTable().run(array)
    table.iloc[0, 0] = 7
    assert array[0] == 0


def test_table_to_mapping_and_back_is_the_same():
    table = pd.DataFrame({"a": pd.array([1, None], "Int64"), "t": ["x", "y"]})
    mapping = TableToMapping().run(table)
    assert mapping == {"a": [1, None], "t": ["x", "y"]}
    pd.testing.assert_frame_equal(MappingToTable().run(mapping), table)


def test_table_to_mapping_row_needs_one_row():
    assert TableToMapping("row").run(pd.DataFrame({"a": [3]})) == {"a": 3}
    with pytest.raises(DataError, match="a table of one row, got 2"):
        TableToMapping("row").run(pd.DataFrame({"a": [3, 4]}))


def test_mapping_to_table_plain_values_are_a_row():
    assert MappingToTable().run({"rate": 0.1, "name": "x"}).to_dict("list") == {
        "rate": [0.1],
        "name": ["x"],
    }
    with pytest.raises(DataError, match="columns of one length"):
        MappingToTable().run({"a": [1, 2], "b": [1]})


def test_list_to_table_takes_rows_of_each_kind():
    assert ListToTable().run([{"a": 1}, {"b": 2}])["a"].tolist() == [1, pd.NA]
    assert ListToTable(["a", "b"]).run([[1, 2], [3, 4]]).to_dict("list") == {
        "a": [1, 3],
        "b": [2, 4],
    }
    assert ListToTable().run([1, 2])["value"].tolist() == [1, 2]
    assert list(ListToTable(["a"]).run([]).columns) == ["a"]
    with pytest.raises(DataError, match=r"row 1 \(from 0\)"):
        ListToTable().run([1, [2]])
    with pytest.raises(DataError, match="Concat"):
        ListToTable().run([pd.DataFrame()])


def test_list_to_array_ragged_and_mixed_are_refused():
    assert ListToArray().run([[1, 2], [3, 4]]).shape == (2, 2)
    assert ListToArray().run([np.zeros(2), np.ones(2)]).shape == (2, 2)
    with pytest.raises(DataError, match="lists of one length"):
        ListToArray().run([[1, 2], [3]])
    for mixed in ([1, "x"], [1, None], [{}]):
        with pytest.raises(DataError, match="expected numbers"):
            ListToArray().run(mixed)


@given(st.integers(), st.floats(allow_nan=False))
def test_text_to_number_reads_what_python_writes(whole, number):
    assert TextToInt().run(f" {whole}\n") == whole
    assert TextToFloat().run(str(number)) == number


@pytest.mark.parametrize("text", ["", "1.5", "1_000", "0x1", "one", "9" * 5000])
def test_text_to_int_other_text_is_refused(text):
    with pytest.raises(DataError, match="expected a whole number"):
        TextToInt().run(text)


@pytest.mark.parametrize("text", ["", "1,5", "1_0", "e5", "."])
def test_text_to_float_other_text_is_refused(text):
    with pytest.raises(DataError, match="decimal point"):
        TextToFloat().run(text)
