import math
import tracemalloc

import numpy as np
import pytest

from dlaaw_nb.errors import DataError
from dlaaw_nb.nn import metrics

LABELS = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
PROBABILITIES = np.array([0.1, 0.6, 0.5, 0.4, 0.9], np.float32)


def test_accuracy_by_hand_is_share_of_right_rows():
    assert metrics.accuracy(LABELS, PROBABILITIES) == pytest.approx(3 / 5)


def test_confusion_matrix_by_hand_has_true_classes_in_rows():
    counts = metrics.confusion_matrix(LABELS, PROBABILITIES)
    assert counts.tolist() == [[1, 1], [1, 2]]
    assert counts.dtype == np.int64


def test_precision_and_recall_by_hand_agree():
    assert metrics.precision(LABELS, PROBABILITIES) == pytest.approx(2 / 3)
    assert metrics.recall([0, 1, 1, 1], [0.9, 0.9, 0.1, 0.2]) == pytest.approx(1 / 3)


def test_auc_by_hand_counts_pairs():
    # Pairs (1, 0): 0.5 > 0.1, 0.5 < 0.6, 0.4 > 0.1, 0.4 < 0.6, 0.9 > both.
    assert metrics.auc(LABELS, PROBABILITIES) == pytest.approx(4 / 6)


def test_auc_of_ties_counts_half():
    assert metrics.auc([0, 1], [0.5, 0.5]) == pytest.approx(0.5)


def test_accuracy_at_threshold_counts_as_class_one():
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert metrics.accuracy([1.0], np.array([0.5], np.float32)) == 1.0
    assert metrics.accuracy([1.0], np.array([below], np.float32)) == 0.0


def test_precision_without_predicted_ones_is_nan():
    assert math.isnan(metrics.precision([0, 1], [0.1, 0.2]))


def test_recall_without_ones_is_nan():
    assert math.isnan(metrics.recall([0, 0], [0.1, 0.9]))


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_auc_of_one_class_is_nan(label):
    assert math.isnan(metrics.auc([label, label], [0.1, 0.9]))


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "auc"])
def test_measure_without_rows_is_nan(name):
    assert math.isnan(getattr(metrics, name)([], []))


def test_measure_of_unequal_lengths_names_both_shapes():
    with pytest.raises(DataError, match=r"\(2,\) and \(3,\)"):
        metrics.accuracy([0, 1], [0.1, 0.2, 0.3])


def test_measure_of_two_dimensions_is_refused():
    with pytest.raises(DataError, match="one label and one probability"):
        metrics.auc([[0, 1]], [[0.1, 0.2]])


def test_measure_of_other_labels_names_the_value():
    with pytest.raises(DataError, match="got -1"):
        metrics.confusion_matrix([-1.0, 1.0], [0.1, 0.2])


def test_measure_of_nan_probability_names_the_row():
    with pytest.raises(DataError, match="row 1 is NaN"):
        metrics.accuracy([0.0, 1.0], [0.1, math.nan])


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("seed", range(5))
def test_measures_of_random_rows_agree_with_scikit_learn(seed, decimals):
    sklearn = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    labels = (random.random(200) < 0.3).astype(float)
    # Few decimals make many ties.
    scores = np.round(np.clip(0.4 * labels + 0.6 * random.random(200), 0, 1), decimals)
    predicted = scores >= 0.5
    assert metrics.accuracy(labels, scores) == pytest.approx(
        sklearn.accuracy_score(labels, predicted)
    )
    assert metrics.precision(labels, scores) == pytest.approx(
        sklearn.precision_score(labels, predicted)
    )
    assert metrics.recall(labels, scores) == pytest.approx(sklearn.recall_score(labels, predicted))
    assert metrics.auc(labels, scores) == pytest.approx(sklearn.roc_auc_score(labels, scores))
    expected = sklearn.confusion_matrix(labels, predicted)
    assert metrics.confusion_matrix(labels, scores).tolist() == expected.tolist()


def test_finished_mean_leaves_out_diverged():
    assert metrics.finished_mean([0.8, math.nan, 0.9]) == pytest.approx(0.85)


def test_finished_variance_is_population_variance():
    assert metrics.finished_variance([0.8, math.nan, 0.9]) == pytest.approx(0.0025)
    assert metrics.finished_variance([0.8]) == 0.0


def test_finished_measures_of_nothing_are_nan():
    assert math.isnan(metrics.finished_mean([math.nan]))
    assert math.isnan(metrics.finished_variance([]))


def random_probabilities(rows, classes, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, rows)
    scores = random.dirichlet(np.ones(classes), rows)
    scores[np.arange(rows), labels] += 0.2
    return labels.astype(float), scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("decimals", [1, 6])
def test_measures_with_a_class_missing_leave_it_out_as_scikit_learn_can(decimals):
    sklearn = pytest.importorskip("sklearn.metrics")
    labels, scores = random_probabilities(60, 4)
    labels, scores = labels[labels != 2], np.round(scores[labels != 2], decimals)
    scores[:, 1] = 0.0  # class 1 is never predicted
    chosen = scores.argmax(axis=1)
    for ours, theirs in (
        (metrics.precision, sklearn.precision_score),
        (metrics.recall, sklearn.recall_score),
        (metrics.f1, sklearn.f1_score),
    ):
        expected = theirs(labels, chosen, average="macro", zero_division=math.nan)
        assert ours(labels, scores) == pytest.approx(expected)
    areas = [sklearn.roc_auc_score(labels == k, scores[:, k]) for k in (0, 1, 3)]
    assert metrics.auc(labels, scores) == pytest.approx(np.mean(areas))


def test_measures_by_class_agree_with_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    labels, scores = random_probabilities(300, 5)
    chosen = scores.argmax(axis=1)
    expected = sklearn.precision_recall_fscore_support(labels, chosen)
    by_class = (metrics.precision_by_class, metrics.recall_by_class, metrics.f1_by_class)
    for ours, theirs in zip(by_class, expected[:3], strict=True):
        np.testing.assert_allclose(ours(labels, scores), theirs)


def test_measures_by_class_without_rows_of_it_are_nan():
    scores = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]])
    assert metrics.recall_by_class([0, 1], scores)[2] != metrics.recall_by_class([0, 1], scores)[2]
    np.testing.assert_array_equal(metrics.precision_by_class([0, 1], scores), [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(metrics.f1_by_class([0, 1], scores), [2 / 3, 0.0, np.nan])


@pytest.mark.parametrize("classes", [2, 5])
def test_log_loss_agrees_with_scikit_learn(classes):
    sklearn = pytest.importorskip("sklearn.metrics")
    labels, scores = random_probabilities(200, classes)
    expected = sklearn.log_loss(labels, scores)
    assert metrics.log_loss(labels, scores) == pytest.approx(expected)
    if classes == 2:
        assert metrics.log_loss(labels, scores[:, 1]) == pytest.approx(expected)


def test_log_loss_of_a_sure_mistake_is_a_hundred_and_without_rows_nan():
    assert metrics.log_loss([1.0], [0.0]) == 100.0
    assert metrics.log_loss([0.0, 1.0], [0.0, 1.0]) == 0.0
    assert math.isnan(metrics.log_loss([], []))


def test_measures_of_thousands_of_classes_need_no_square_of_them():
    labels, scores = np.arange(3000.0), np.zeros((3000, 3000), np.float32)
    scores[np.arange(3000), np.arange(3000)] = 1.0
    tracemalloc.start()
    try:
        for name in ("accuracy", "precision", "recall", "f1"):
            assert getattr(metrics, name)(labels, scores) == 1.0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3000 * 3000 * 4  # bytes of an int32 matrix; int64 takes twice that
