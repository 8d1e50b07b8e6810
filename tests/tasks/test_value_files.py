"""Text, arrays, mappings and figures in files."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from task_support import in_folder

from dlaaw_nb.errors import DataError, GraphError
from dlaaw_nb.tasks.plots import Plot
from dlaaw_nb.tasks.value_files import ReadArray, ReadMapping, ReadText
from dlaaw_nb.tasks.writing import WriteFigure, WriteJSON, WriteText


def test_read_text_mark_and_line_ends_are_taken_away(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffgrün\r\nx".encode())
    assert ReadText().run(path) == "grün\nx"


def test_write_text_is_read_again(tmp_path):
    with in_folder(tmp_path):
        assert ReadText().run(WriteText("b.txt").run("ü\n")) == "ü\n"


def test_read_mapping_list_is_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"rate": 0.1}')
    assert ReadMapping().run(path) == {"rate": 0.1}
    path.write_text("[1]")
    with pytest.raises(DataError, match="expected a JSON object"):
        ReadMapping().run(path)


def test_write_json_values_of_libraries_become_json(tmp_path):
    value = {"a": np.arange(3), "t": pd.DataFrame({"x": [1, None]}), "n": np.float32(0.5)}
    with in_folder(tmp_path):
        path = WriteJSON().run(value)
    assert json.loads(path.read_text()) == {
        "a": [0, 1, 2],
        "t": [{"x": 1.0}, {"x": None}],
        "n": 0.5,
    }


def test_write_json_infinity_is_named(tmp_path):
    with in_folder(tmp_path), pytest.raises(DataError, match=r"value\['a'\]\[1\].*finite"):
        WriteJSON().run({"a": [1.0, float("inf")]})


def test_read_array_npy_and_csv_are_read(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(ReadArray().run(tmp_path / "a.npy"), [[0, 1, 2], [3, 4, 5]])
    (tmp_path / "a.csv").write_text("1,2\n3,\n")
    np.testing.assert_array_equal(ReadArray().run(tmp_path / "a.csv"), [[1, 2], [3, np.nan]])


class _Bomb:
    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


def test_read_array_python_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([_Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="Python objects"):
        ReadArray().run(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "content", [b"\x93NUMPY", b"\x93NUMPY\x01\x00\x02\x00{}", b"\x93NUMPY\x09\x09rest of it"]
)
def test_read_array_broken_file_is_refused(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(DataError, match="expected an array"):
        ReadArray().run(tmp_path / "a.npy")


def test_read_array_text_column_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("x,name\n1,Ada\n")
    with pytest.raises(DataError, match="column 'name': expected numbers, got text"):
        ReadArray().run(tmp_path / "a.csv")


def test_write_figure_is_a_png(tmp_path):
    figure = Plot("line").run(pd.DataFrame({"a": [1.0, 2.0]}))
    with in_folder(tmp_path):
        assert WriteFigure().run(figure).read_bytes().startswith(b"\x89PNG")
    with pytest.raises(GraphError, match=r"ends in \.png"):
        WriteFigure("figure.svg")
