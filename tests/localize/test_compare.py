"""Intervals and paired differences."""

import numpy as np
import pytest

from stages.common import bootstrap
from stages.localize.compare import all_pairs, intervals, simultaneous

GROUPS = [str(i) for i in range(60)]


def test_intervals_are_percentiles_of_the_resampled_means():
    values = np.random.default_rng(0).random((60, 2))
    drawn = bootstrap.resample(GROUPS, 500, 0)
    replicates = np.array([np.average(values, axis=0, weights=weights) for weights in drawn.weights[:, drawn.index]])
    for column, interval in enumerate(intervals(values, drawn)):
        assert interval["mean"] == pytest.approx(values[:, column].mean())
        ends = np.percentile(replicates[:, column], [2.5, 97.5])
        np.testing.assert_allclose([interval["low"], interval["high"]], ends)
        assert interval["n"] == 60


def test_without_enough_groups_ends_are_null():
    drawn = bootstrap.resample(["a", "b"], 100, 0)
    assert intervals(np.array([[0.0], [1.0]]), drawn) == [{"mean": 0.5, "low": None, "high": None, "n": 2}]
    assert all_pairs(np.eye(2), ["x", "y"], drawn)[["low", "high"]].isna().all(axis=None)


def test_pairs_are_first_minus_second():
    values = np.random.default_rng(1).random((60, 3)) + np.array([0.5, 0.25, 0])
    pairs = all_pairs(values, ["a", "b", "c"], bootstrap.resample(GROUPS, 500, 0))
    assert list(zip(pairs["first"], pairs["second"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    means = values.mean(axis=0)
    np.testing.assert_allclose(pairs["mean"], [means[0] - means[1], means[0] - means[2], means[1] - means[2]])
    assert (pairs["low"] < pairs["mean"]).all()


def test_a_single_pair_has_the_usual_interval_and_more_pairs_a_wider_one():
    values = np.random.default_rng(2).normal(size=(60, 6))
    drawn = bootstrap.resample(GROUPS, 4000, 0)
    alone = all_pairs(values[:, :2], ["a", "b"], drawn).iloc[0]
    among = all_pairs(values, list("abcdef"), drawn).iloc[0]
    difference = values[:, 0] - values[:, 1]
    assert alone["high"] - alone["mean"] == pytest.approx(1.96 * difference.std() / np.sqrt(60), rel=0.05)
    assert among["high"] - among["mean"] > 1.2 * (alone["high"] - alone["mean"])


def test_simultaneous_intervals_hold_together_about_as_often_as_they_say():
    random = np.random.default_rng(3)
    missed = 0
    for _ in range(200):
        pairs = all_pairs(random.normal(size=(60, 4)), list("abcd"), bootstrap.resample(GROUPS, 300, 0))
        missed += ((pairs["low"] > 0) | (pairs["high"] < 0)).any()
    assert 2 <= missed <= 24  # 5 % of 200 is 10; unadjusted intervals of six pairs would miss about 40


def test_equal_maps_differ_by_nothing():
    values = np.repeat(np.random.default_rng(4).random((60, 1)), 2, axis=1)
    pair = all_pairs(values, ["a", "b"], bootstrap.resample(GROUPS, 200, 0)).iloc[0]
    assert (pair["mean"], pair["low"], pair["high"]) == (0, 0, 0)


def test_simultaneous_intervals_of_one_comparison_are_about_its_own_and_of_many_are_wider():
    random = np.random.default_rng(2)
    differences = random.normal(size=(60, 12))
    drawn = bootstrap.resample(GROUPS, 2000, 0)
    own = intervals(differences[:, :1], drawn)[0]
    means, alone = simultaneous(differences[:, :1], drawn)
    assert means[0] == pytest.approx(own["mean"])
    assert 2 * alone[0] == pytest.approx(own["high"] - own["low"], rel=0.1)
    assert simultaneous(differences, drawn)[1][0] > 1.2 * alone[0]
    few = bootstrap.resample(["a", "b"], 100, 0)
    assert np.isnan(simultaneous(np.ones((2, 3)), few)[1]).all()
