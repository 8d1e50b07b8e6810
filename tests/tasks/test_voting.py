"""Votes against examples counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlaaw_nb import DataError, GraphError
from dlaaw_nb.nn.prediction import Prediction
from dlaaw_nb.tasks import EnsembleVote


class Names:
    """What a prediction asks of its model: its name and its classes."""

    def __init__(self, name, classes):
        self.name, self.classes, self.label_name = name, classes, "label"


def member(chances, truth=None, name="", classes=(0, 1)):
    chances = np.asarray(chances, np.float32)
    codes = chances.argmax(axis=1) if chances.ndim == 2 else (chances >= 0.5).astype(int)
    labels = np.array(classes)[codes]
    true = None if truth is None else np.asarray(truth, np.float64)
    return Prediction(chances, labels, {}, true, 0, Names(name, classes))


def numbers(values, truth=None):
    return Prediction(None, np.asarray(values, np.float64), {}, truth, 0, None)


TRUTH = [1, 0, 1, 0]
A = [0.9, 0.2, 0.4, 0.1]  # 1 0 0 0
B = [0.6, 0.7, 0.8, 0.2]  # 1 1 1 0
C = [0.7, 0.1, 0.6, 0.9]  # 1 0 1 1


def test_majority_of_three_by_hand():
    table, summary = EnsembleVote().run(*(member(x, TRUTH) for x in (A, B, C)))
    assert table["label"].tolist() == [1, 0, 1, 0]
    assert table["vote1"].tolist() == [1, 0, 0, 0]
    assert table["vote3"].tolist() == [1, 0, 1, 1]
    assert table["disagreement"].tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])
    assert table["right"].tolist() == [True] * 4
    assert summary["accuracy"] == 1.0
    assert summary["members_accuracy"] == {"vote1": 0.75, "vote2": 0.75, "vote3": 0.75}
    assert summary["unanimous"] == 1
    assert summary["mean_disagreement"] == pytest.approx(0.25)


def test_weight_of_one_member_outvotes_two():
    table, _ = EnsembleVote(weights=[5, 1, 1]).run(*(member(x) for x in (A, B, C)))
    assert table["label"].tolist() == [1, 0, 0, 0]
    assert table["disagreement"].tolist() == pytest.approx([0, 1 / 7, 2 / 7, 1 / 7])
    assert "right" not in table


def test_soft_vote_counts_probabilities():
    table, _ = EnsembleVote(method="soft").run(*(member(x) for x in (A, B, C)))
    # Means: 0.73, 0.33, 0.6, 0.4.
    assert table["label"].tolist() == [1, 0, 1, 0]
    table, _ = EnsembleVote(method="soft").run(member([0.45]), member([0.45]), member([0.99]))
    assert table["label"].tolist() == [1]  # though two of three say 0


def test_tie_goes_to_the_class_that_comes_first():
    table, _ = EnsembleVote().run(member([0.9, 0.1]), member([0.1, 0.9]))
    assert table["label"].tolist() == [0, 0]
    assert table["disagreement"].tolist() == [0.5, 0.5]


def test_tie_but_for_rounding_goes_to_the_class_that_comes_first():
    members = member([0.9]), member([0.9]), member([0.1])
    table, _ = EnsembleVote(weights=[0.1, 0.2, 0.3]).run(*members)  # 0.1 + 0.2 > 0.3 in binary
    assert table["label"].tolist() == [0]
    table, _ = EnsembleVote("soft").run(member([0.7]), member([0.3]))
    assert table["label"].tolist() == [0]
    table, _ = EnsembleVote("soft").run(member([0.7]), member([0.3001]))
    assert table["label"].tolist() == [1]


def test_truth_that_only_a_later_member_knows_counts():
    other = member([[0.1, 0.9], [0.8, 0.2]], [1, 0], "b", ("y", "x"))
    table, summary = EnsembleVote().run(
        member([[0.9, 0.1], [0.2, 0.8]], None, "a", ("x", "y")), other
    )
    assert table["true_label"].tolist() == ["x", "y"]
    assert summary["accuracy"] == 1.0
    assert summary["members_accuracy"] == {"a": 1.0, "b": 1.0}


def test_columns_are_named_after_models_if_that_is_clear():
    one, other = member(A, name="deep"), member(B, name="wide")
    assert EnsembleVote().run(one, other)[0].columns.tolist() == [
        "label", "deep", "wide", "disagreement",
    ]  # fmt: skip
    same = EnsembleVote().run(one, one)[0].columns.tolist()
    assert same == ["label", "vote1", "vote2", "disagreement"]
    assert "vote1" in EnsembleVote().run(member(A, name="label"), other)[0]


def test_several_classes_as_words_in_another_order():
    first = member([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], [0, 2], "a", ("x", "y", "z"))
    second = member([[0.1, 0.2, 0.7], [0.9, 0.05, 0.05]], None, "b", ("z", "y", "x"))
    third = member([[0.2, 0.6, 0.2], [0.1, 0.1, 0.8]], None, "c", ("x", "y", "z"))
    table, summary = EnsembleVote().run(first, second, third)
    assert table["b"].tolist() == ["x", "z"]
    assert table["label"].tolist() == ["x", "z"]
    assert table["true_label"].tolist() == ["x", "z"]
    assert summary["accuracy"] == 1.0


def test_numbers_are_averaged_by_weight():
    table, summary = EnsembleVote(weights=[1, 3]).run(
        numbers([1.0, 2.0], np.array([3.0, 2.0])), numbers([5.0, 2.0])
    )
    assert table["label"].tolist() == [4.0, 2.0]
    assert table["disagreement"].tolist() == pytest.approx([np.sqrt((9 + 3) / 4), 0.0])
    assert table["residual"].tolist() == [-1.0, 0.0]
    assert summary["rmse"] == pytest.approx(np.sqrt(0.5))
    assert summary["unanimous"] == 1


@given(
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=9).filter(
        lambda rows: len(rows) % 2 == 1
    )
)
def test_majority_of_an_odd_count_is_the_median(votes):
    table, _ = EnsembleVote().run(*(member([0.9 if v else 0.1 for v in one]) for one in votes))
    assert table["label"].tolist() == np.median(np.array(votes, int), axis=0).tolist()


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([], "at least one member"),
        ([member(A), member(A[:2])], "member 2: expected 4 rows as of member 1, got 2"),
        (
            [member(A), member(A, classes=("a", "b"))],
            "member 2: expected the classes 0, 1 as of member 1, got the classes 'a', 'b'",
        ),
        ([member(A), numbers(A)], "member 2: expected the classes 0, 1 as of member 1, got numb"),
        ([numbers(A), member(A)], "member 2: expected numbers as of member 1, got the classes 0"),
        (
            [member(A, name="deep"), member(A[:2], name="wide")],
            r"member 2 \(wide\): expected 4 rows as of member 1 \(deep\), got 2",
        ),
        (
            [member(A), member(A, TRUTH), member(A, TRUTH[::-1])],
            "member 3: expected the true labels of member 2, got others",
        ),
    ],
)
def test_members_that_do_not_fit_are_named(members, told):
    with pytest.raises(DataError, match=told):
        EnsembleVote().run(*members)


def test_weights_must_be_as_many_as_members():
    with pytest.raises(DataError, match="as many weights as members, 1, got 2"):
        EnsembleVote(weights=[1, 2]).run(member(A))


@pytest.mark.parametrize("weights", [[], [0], [1, -1], ["1"], 3, [float("inf")]])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(GraphError, match="weights"):
        EnsembleVote(weights=weights)


def test_method_that_is_not_known_is_refused():
    with pytest.raises(GraphError, match="'majority', 'soft'"):
        EnsembleVote(method="loud")
