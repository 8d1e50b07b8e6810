import math

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
