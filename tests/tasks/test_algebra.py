"""Relational algebra: each task against the same written by hand in plain Python."""

from __future__ import annotations

import operator

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlaaw_nb.errors import DataError, GraphError
from dlaaw_nb.tasks.columns import AddColumn, Rename, Select
from dlaaw_nb.tasks.groups import GroupBy
from dlaaw_nb.tasks.joins import Join, Product
from dlaaw_nb.tasks.rows import Distinct, DropMissing, Filter, Head, Sort
from dlaaw_nb.tasks.sets import Difference, Intersection, Union

ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-2, 3), st.none() | st.sampled_from("xyz"), st.integers(0, 9)
    ),
    max_size=8,
)  # fmt: skip
examples = settings(max_examples=60, deadline=None)


def table_of(rows, names=("a", "b", "c")):
    kinds = ("Int64", "str" if pd.__version__ >= "3" else object, "int64")
    return pd.DataFrame(
        {
            names[at]: pd.Series([row[at] for row in rows], dtype=kind)
            for at, kind in enumerate(kinds)
        }
    )


def rows_of(table):
    plain = table.astype(object).where(table.notna(), None)
    return [tuple(row) for row in plain.itertuples(index=False)]


@examples
@given(ROWS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.integers(-2, 3))
def test_filter_compares_and_leaves_gaps_out(rows, sign, value):
    by_hand = {"==": operator.eq, "!=": operator.ne, "<": operator.lt,
               "<=": operator.le, ">": operator.gt, ">=": operator.ge}[sign]  # fmt: skip
    found = Filter("a", sign, value).run(table_of(rows))
    assert rows_of(found) == [row for row in rows if row[0] is not None and by_hand(row[0], value)]


@examples
@given(ROWS, st.sampled_from(["and", "or"]))
def test_filter_conditions_are_joined(rows, joined_by):
    task = Filter("a", "in", [1, 2], conditions=[["b", "contains", "x"], ["b", "present"]],
                  joined_by=joined_by)  # fmt: skip
    join = all if joined_by == "and" else any
    by_hand = [
        row
        for row in rows
        if join([row[0] in (1, 2), row[1] is not None and "x" in row[1], row[1] is not None])
    ]
    assert rows_of(task.run(table_of(rows))) == by_hand


@examples
@given(ROWS)
def test_filter_missing_is_the_rest_of_drop_missing(rows):
    table = table_of(rows)
    assert rows_of(Filter("a", "missing").run(table)) == [row for row in rows if row[0] is None]
    assert rows_of(DropMissing(["a"]).run(table)) == [row for row in rows if row[0] is not None]
    assert rows_of(DropMissing().run(table)) == [row for row in rows if None not in row]


@examples
@given(ROWS, ROWS, st.sampled_from(["inner", "left", "right", "outer"]))
def test_join_finds_all_partners(left, right, how):
    made = Join(["a", "b"], how=how).run(table_of(left), table_of(right, ("a", "b", "d")))
    by_hand = []
    met = set()
    for row in left:
        partners = [
            at for at, other in enumerate(right) if None not in row[:2] and other[:2] == row[:2]
        ]
        met.update(partners)
        by_hand += [(*row, right[at][2]) for at in partners]
        if not partners and how in ("left", "outer"):
            by_hand.append((*row, None))
    if how in ("right", "outer"):
        by_hand += [(a, b, None, d) for at, (a, b, d) in enumerate(right) if at not in met]
    assert rows_of(made) == by_hand


def test_join_names_that_meet_get_a_suffix():
    left, right = table_of([(1, "x", 1)]), table_of([(1, "y", 2)])
    made = Join("a", right_on="a").run(left, right)
    assert list(made.columns) == ["a", "b", "c", "b (right)", "c (right)"]
    other = Join("a", right_on="c").run(left, table_of([(7, "y", 1)]))
    assert rows_of(other) == [(1, "x", 1, 7, "y", 1)]


def test_join_keys_whole_and_broken_numbers_are_compared():
    right = pd.DataFrame({"a": [1.0, 2.5]})
    assert Join("a", how="outer").run(pd.DataFrame({"a": [1, 3]}), right)["a"].tolist() == [
        1,
        3,
        2.5,
    ]


def test_join_keys_of_two_kinds_are_refused():
    with pytest.raises(DataError, match="number in 'a' of the left table and text in 'a'"):
        Join("a").run(pd.DataFrame({"a": [1]}), pd.DataFrame({"a": ["1"]}))


def test_join_too_many_pairs_are_refused_before_they_are_made():
    many = pd.DataFrame({"a": [1] * 100_000})
    with pytest.raises(DataError, match=r"10,000,000,000"):
        Join("a").run(many, many)


@examples
@given(ROWS, ROWS)
def test_product_makes_all_pairs(left, right):
    made = Product().run(table_of(left), table_of(right, ("d", "e", "f")))
    assert rows_of(made) == [(*row, *other) for row in left for other in right]


def test_product_too_large_is_refused():
    many = pd.DataFrame({"a": range(2000)})
    with pytest.raises(DataError, match="at most 1,000,000 rows"):
        Product().run(many, many)


@examples
@given(ROWS, ROWS)
def test_sets_of_rows_are_sets(left, right):
    ours, theirs = table_of(left), table_of(right)[["c", "a", "b"]]
    assert rows_of(Union().run(ours, theirs)) == list(dict.fromkeys(left + right))
    assert rows_of(Union(distinct=False).run(ours, theirs)) == left + right
    assert rows_of(Difference().run(ours, theirs)) == [
        row for row in dict.fromkeys(left) if row not in right
    ]
    assert rows_of(Intersection().run(ours, theirs)) == [
        row for row in dict.fromkeys(left) if row in right
    ]
    assert rows_of(Distinct().run(ours)) == list(dict.fromkeys(left))


@pytest.mark.parametrize("task", [Union(), Difference(), Intersection()])
def test_sets_other_columns_are_refused(task):
    with pytest.raises(DataError, match="'d'"):
        task.run(table_of([]), table_of([], ("a", "b", "d")))
    with pytest.raises(DataError, match="column 'c': expected number"):
        task.run(table_of([(1, "x", 1)]), table_of([(1, "x", 1)]).astype({"c": str}))


@examples
@given(ROWS)
def test_group_by_sums_up_each_group(rows):
    made = GroupBy("b", {"a": ["sum", "mean", "count", "max"], "c": "first"}, rows=True).run(
        table_of(rows)
    )
    by_hand = []
    for key in dict.fromkeys(row[1] for row in rows):
        group = [row for row in rows if row[1] == key]
        known = [row[0] for row in group if row[0] is not None]
        by_hand.append(
            (key, len(group), sum(known), sum(known) / len(known) if known else None, len(known),
             max(known, default=None), group[0][2])
        )  # fmt: skip
    assert [row[:3] for row in rows_of(made)] == [row[:3] for row in by_hand]
    assert [row[4:] for row in rows_of(made)] == [row[4:] for row in by_hand]
    for got, wanted in zip(rows_of(made), by_hand, strict=True):
        assert got[3] == (None if wanted[3] is None else pytest.approx(wanted[3]))


def test_group_by_nothing_is_one_group_even_of_no_rows():
    made = GroupBy(aggregations={"c": ["count", "mean"]}, rows=True).run(table_of([]))
    assert rows_of(made) == [(0, 0, None)]
    assert list(made.columns) == ["rows", "c_count", "c_mean"]


def test_group_by_mean_of_text_is_refused():
    with pytest.raises(DataError, match=r"\(mean\), column 'b': expected number, got text"):
        GroupBy("a", {"b": "mean"}).run(table_of([(1, "x", 1)]))


@examples
@given(ROWS, st.booleans())
def test_sort_is_stable_and_puts_gaps_last(rows, down):
    made = Sort(["b", "c"], descending=["c"] if down else False).run(table_of(rows))

    def order(row):
        return (row[1] is None, row[1] or "", -row[2] if down else row[2])

    assert rows_of(made) == sorted(rows, key=order)


@examples
@given(ROWS, st.sampled_from("+-*"))
def test_add_column_computes_each_row(rows, sign):
    by_hand = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
    made = AddColumn("d", "a", sign, "c").run(table_of(rows))
    wanted = [None if row[0] is None else by_hand(row[0], row[2]) for row in rows]
    assert [row[3] for row in rows_of(made)] == wanted


def test_add_column_division_by_zero_names_the_row():
    with pytest.raises(DataError, match=r"got 0 in row 1 \(from 0\) of 'c'"):
        AddColumn("d", "a", "/", "c").run(table_of([(1, "x", 2), (1, "x", 0)]))
    made = AddColumn("d", "c", "**", -1).run(table_of([(1, "x", 2)]))
    assert made["d"].tolist() == [0.5]


def test_add_column_text_is_refused():
    with pytest.raises(DataError, match="column 'b': expected number, got text such as 'x'"):
        AddColumn("d", "a", "+", "b").run(table_of([(1, "x", 2)]))
    with pytest.raises(DataError, match="a name that is not taken"):
        AddColumn("b", "a", "+", 1).run(table_of([(1, "x", 2)]))


def test_select_rename_and_head_choose():
    table = table_of([(1, "x", 1), (2, "y", 2)])
    assert list(Select(["c", "a"]).run(table).columns) == ["c", "a"]
    assert list(Select(["c"], drop=True).run(table).columns) == ["a", "b"]
    assert list(Rename({"a": "b", "b": "a"}).run(table).columns) == ["b", "a", "c"]
    assert rows_of(Head(1, skip=1).run(table)) == [(2, "y", 2)]
    with pytest.raises(DataError, match="Did you mean 'a'"):
        Select(["aa"]).run(table)
    with pytest.raises(DataError, match="got 'c' for two"):
        Rename({"a": "c"}).run(table)


def test_filter_times_are_compared_with_text():
    table = pd.DataFrame({"t": pd.to_datetime(["2026-01-01", "2026-02-01", None])})
    assert len(Filter("t", ">=", "2026-01-15").run(table)) == 1
    with pytest.raises(DataError, match="Times are written like"):
        Filter("t", ">=", "soon").run(table)


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (lambda: Filter("a", "~", 1), "operator: expected one of"),
        (lambda: Filter("a", "=="), "expected a number, text or truth value"),
        (lambda: Filter("a", "in", 3), "expected a list"),
        (lambda: Filter("a", "missing", 3), "expected no value"),
        (Filter, "got none"),
        (lambda: Filter(conditions=["a"]), "list of \\[column, operator, value\\]"),
        (Sort, "at least 1"),
        (lambda: Sort("a", descending=["b"]), "columns of by"),
        (lambda: Join("a", right_on=["a", "b"]), "as many columns"),
        (lambda: Join("a", how="cross"), "how: expected one of"),
        (lambda: GroupBy("a"), "at least one column"),
        (lambda: GroupBy("a", {"b": "mode"}), "mapping of columns"),
        (lambda: AddColumn("d", 1, "+", 2), "at least one column"),
        (lambda: AddColumn("d", "a", "and", "b"), "operator: expected one of"),
        (lambda: Rename({"a": "x", "b": "x"}), "different new name"),
        (lambda: Head(-1), "whole number from 0"),
    ],
)
def test_algebra_wrong_parameter_is_refused(task, text):
    with pytest.raises(GraphError, match=text):
        task()


def test_filter_value_of_another_kind_is_refused():
    with pytest.raises(DataError, match="column 'b': expected cells that answer '== number'"):
        Filter("b", "==", 3).run(table_of([(1, "x", 1)]))


def test_tables_that_come_in_stay_as_they_were():
    table = table_of([(2, "x", 1), (None, "y", 3)])
    before = table.copy(deep=True)
    for task in (Sort("a"), AddColumn("d", "a", "+", 1), Rename({"a": "z"}), Filter("a", ">", 0)):
        task.run(table)
    Join("a", how="outer").run(table, table)
    pd.testing.assert_frame_equal(table, before)


def test_add_column_whole_numbers_beyond_64_bits_are_refused():
    with pytest.raises(DataError, match="beyond 64 bits"):
        AddColumn("d", "n", "*", 4).run(pd.DataFrame({"n": [2**62, 1]}))
    made = AddColumn("d", "n", "+", 1).run(pd.DataFrame({"n": [2**62, 1]}))
    assert made["d"].tolist() == [2**62 + 1, 2]


def test_algebra_columns_of_one_name_are_refused():
    table = pd.DataFrame([[1, 2]], columns=["a", "a"])
    for task in (Select("a"), Distinct(), Union()):
        with pytest.raises(DataError, match="got 2 of that name"):
            task.run(table)


def test_group_by_column_without_a_value_gives_gaps():
    table = pd.DataFrame({"k": ["x"], "n": pd.Series([None], dtype=object)})
    made = GroupBy("k", {"n": ["mean", "sum", "max", "count"]}).run(table)
    assert rows_of(made) == [("x", None, 0, None, 0)]
