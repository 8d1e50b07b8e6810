"""Tables become Arrow files and come back as they were."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlaaw_nb.store.codecs import (
    TABLE,
    Blob,
)

if TYPE_CHECKING:
    from pathlib import Path


quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

COLUMNS = {
    "i": [1, 2, 3], "f": [0.5, math.nan, math.inf], "b": [True, False, True],
    "w": ["a", "", "\u00e9\n"], "missing": ["a", None, "c"],
}  # fmt: skip


TABLES = {
    "plain": pd.DataFrame(COLUMNS),
    "empty": pd.DataFrame(),
    "rowless": pd.DataFrame({"a": np.array([], "i2")}),
    "columnless": pd.DataFrame(index=range(3)),
    "twice": pd.DataFrame([[1, 2.0]], columns=["a", "a"]),
    "numbered": pd.DataFrame(np.arange(6).reshape(2, 3)),
    "index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="row")),
    "levels": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["n", None])
    ),
    "column levels": pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
    ),
    "dates": pd.DataFrame({"d": pd.to_datetime(["2026-11-25", None])}),
    "zones": pd.DataFrame({"d": pd.to_datetime(["2026-11-25"]).tz_localize("Europe/Berlin")}),
    "spans": pd.DataFrame({"s": pd.to_timedelta([1, None], unit="s")}),
    "categories": pd.DataFrame({"c": pd.Categorical(["b", None, "a"], ["b", "a"], ordered=True)}),
    "nullable": pd.DataFrame({"n": pd.array([1, None], "Int64"), "b": pd.array([True, None])}),
    "periods": pd.DataFrame({"p": pd.period_range("2026-01", periods=2, freq="M")}),
    "intervals": pd.DataFrame({"i": pd.interval_range(0, 2)}),
    "small": pd.DataFrame({"a": np.arange(3, dtype="u1"), "b": np.arange(3, dtype="f4")}),
    "attrs": pd.DataFrame({"a": [1]}),
}


TABLES["attrs"].attrs = {"unit": "m", "n": [1, None]}


@pytest.mark.parametrize("name", TABLES)
def test_tables_come_back_as_they_are(through: Any, name: str) -> None:
    table = TABLES[name]
    found = through(TABLE, table)
    pd.testing.assert_frame_equal(found, table, check_freq=False)
    assert found.attrs == table.attrs
    assert list(found.dtypes) == list(table.dtypes)


@quick
@given(st.data())
def test_tables_of_any_numbers_and_words_come_back(through: Any, data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 5))
    labels = data.draw(st.sampled_from([st.text(max_size=4), st.integers(0, 9)]))
    names = data.draw(st.lists(labels, max_size=4, unique=True))
    kinds = st.sampled_from(
        [st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), st.text(max_size=20)]
    )
    table = pd.DataFrame(
        {n: data.draw(st.lists(data.draw(kinds), min_size=rows, max_size=rows)) for n in names},
        index=range(rows),
    )
    pd.testing.assert_frame_equal(through(TABLE, table), table)


def test_table_is_an_arrow_file_that_others_read(tmp_path: Path) -> None:
    import pyarrow as pa

    path = tmp_path / "t.arrow"
    path.write_bytes(b"".join(TABLE.encode(TABLES["plain"])))
    with pa.OSFile(str(path)) as file:
        read = pa.ipc.open_file(file).read_all()
    assert read.column("i").to_pylist() == [1, 2, 3]
    assert read.column("missing").to_pylist() == ["a", None, "c"]


def test_table_written_to_by_a_reader_stays_the_same_for_others(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2]})
    settled = TABLE.settle(table)
    settled.loc[0, "a"] = 9
    assert table["a"].tolist() == [1, 2]
    path = tmp_path / "t.arrow"
    data = b"".join(TABLE.encode(table))
    path.write_bytes(data)
    found = TABLE.decode(Blob(path=path))
    found.loc[0, "a"] = 9
    assert path.read_bytes() == data
