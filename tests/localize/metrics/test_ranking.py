"""Pixel AUC and average precision, by hand and against scikit-learn."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from stages.localize.metrics.ranking import expected_average_precision, ranking


def test_by_hand():
    values = np.array([[0.9, 0.8], [0.7, 0.1]], np.float32)
    inside = np.array([[True, False], [True, False]])
    auc, average_precision = ranking(values, inside)
    assert auc == pytest.approx(3 / 4)  # of four pairs, only 0.7 under 0.8 is wrong
    assert average_precision == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_equal_values_count_half_and_are_one_threshold():
    auc, average_precision = ranking(np.ones((2, 2), np.float32), np.array([[True, False], [False, False]]))
    assert auc == 0.5
    assert average_precision == 0.25


@pytest.mark.parametrize("levels", [2, 7, 10_000])
@pytest.mark.parametrize("seed", range(3))
def test_it_equals_scikit_learn(levels, seed):
    random = np.random.default_rng(seed)
    inside = random.random((31, 40)) < (0.05, 0.4, 0.9)[seed]
    values = np.round(random.random(inside.shape) * levels + 0.3 * levels * inside).astype(np.float32)
    expected = [score(inside.ravel(), values.ravel()) for score in (roc_auc_score, average_precision_score)]
    np.testing.assert_allclose(ranking(values, inside), expected, rtol=1e-12)


def test_a_region_that_is_the_whole_image_ranks_nothing():
    assert ranking(np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), bool)) == (0.5, 1.0)


@pytest.mark.parametrize("positives", range(1, 6))
def test_the_expected_average_precision_is_the_mean_over_all_orders(positives):
    inside = np.arange(5) < positives
    orders = [average_precision_score(inside, order) for order in itertools.permutations(range(5))]
    assert expected_average_precision(inside[None]) == pytest.approx(np.mean(orders))
