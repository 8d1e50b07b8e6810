"""Tables and arrays taken apart and put together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlaaw_nb.errors import DataError, GraphError
from dlaaw_nb.tasks.splits import Concat, SplitArray, SplitParts, SplitTrainTest


@given(st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 5))
def test_split_train_test_every_row_goes_to_one_part(rows, fraction, seed):
    table = pd.DataFrame({"n": range(rows)})
    parts = SplitTrainTest(fraction, seed).run(table)
    assert len(parts.test) == min(max(round(rows * fraction), 1), rows - 1)
    assert sorted([*parts.train["n"], *parts.test["n"]]) == list(range(rows))
    assert parts.test["n"].is_monotonic_increasing
    pd.testing.assert_frame_equal(parts.test, SplitTrainTest(fraction, seed).run(table).test)


def test_split_train_test_other_seed_draws_other_rows():
    table = pd.DataFrame({"n": range(100)})
    drawn = {tuple(SplitTrainTest(0.3, seed).run(table).test["n"]) for seed in range(5)}
    assert len(drawn) == 5


@given(st.lists(st.sampled_from("aabc"), min_size=4, max_size=60))
def test_split_train_test_stratified_keeps_shares(labels):
    table = pd.DataFrame({"y": labels})
    parts = SplitTrainTest(0.5, stratify="y").run(table)
    assert len(parts.test) + len(parts.train) == len(labels)
    for label in set(labels):
        count = labels.count(label)
        got = parts.test["y"].tolist().count(label)
        assert abs(got - count / 2) <= 1


def test_split_train_test_one_row_is_refused():
    with pytest.raises(DataError, match="at least 2 rows"):
        SplitTrainTest().run(pd.DataFrame({"n": [1]}))


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan"), "half", True])
def test_split_train_test_wrong_fraction_is_refused(fraction):
    with pytest.raises(GraphError, match="above 0 and below 1"):
        SplitTrainTest(fraction)


@given(st.integers(1, 40), st.integers(1, 12))
def test_split_parts_and_concat_are_inverse(rows, parts):
    table = pd.DataFrame({"n": range(rows), "t": ["x"] * rows})
    if parts > rows:
        with pytest.raises(DataError, match=f"at least {parts} rows"):
            SplitParts(parts).run(table)
        return
    split = SplitParts(parts).run(table)
    lengths = [len(part) for part in split]
    assert len(split) == parts
    assert max(lengths) - min(lengths) <= 1
    pd.testing.assert_frame_equal(Concat().run(split), table)


def test_split_array_along_an_axis():
    array = np.arange(12).reshape(2, 6)
    parts = SplitArray(3, axis=1).run(array)
    assert [part.shape for part in parts] == [(2, 2)] * 3
    np.testing.assert_array_equal(np.concatenate(parts, 1), array)
    with pytest.raises(DataError, match="an axis 2"):
        SplitArray(2, axis=2).run(array)


def test_concat_other_things_are_refused():
    with pytest.raises(DataError, match="got int at position 1"):
        Concat().run([pd.DataFrame({"a": [1]}), 3])
    with pytest.raises(DataError, match="empty list"):
        Concat().run([])
    with pytest.raises(DataError, match="in table 2"):
        Concat().run([pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})])
