import numpy as np
import pytest

from stages.common import bootstrap
from stages.evaluate import estimates, scores
from tests.evaluate import factories


def mean_of(values):
    return lambda weights: {"accuracy": (weights @ values) / weights.sum(axis=1)}


def test_chunks_do_not_change_the_replicates(monkeypatch):
    truth, probabilities = factories.predictions(60, 2)
    drawn = bootstrap.resample([str(number // 3) for number in range(60)], 200, 0)

    def statistic(weights):
        return scores.all_scores(truth, probabilities, weights, 1, 10)

    whole = estimates.estimate(statistic, drawn)
    monkeypatch.setattr(estimates, "CHUNK", 60 * 7)
    chunked = estimates.estimate(statistic, drawn)
    for name, values in whole.replicates.items():
        np.testing.assert_allclose(chunked.replicates[name], values, atol=1e-12)


def test_images_of_a_group_are_drawn_together():
    values = np.repeat([0.0, 1.0], 100)  # 20 groups of ten equal images: as uncertain as 20 images, not 200
    drawn = bootstrap.resample([str(number // 10) for number in range(200)], 2000, 0)
    score = estimates.estimate(mean_of(values), drawn).score("accuracy")
    assert score["mean"] == 0.5
    assert score["low"] == pytest.approx(0.5 - 1.96 * np.sqrt(0.25 / 20), abs=0.04)
    assert score["high"] == pytest.approx(0.5 + 1.96 * np.sqrt(0.25 / 20), abs=0.04)


def test_under_ten_groups_there_is_no_interval():
    drawn = bootstrap.resample([str(number % 9) for number in range(90)], 200, 0)
    found = estimates.estimate(mean_of(np.arange(90.0)), drawn)
    assert found.score("accuracy") == {"mean": 44.5, "low": None, "high": None}
    assert drawn.reason is not None


def one_positive_of_twelve(probability_of_it):
    truth = np.zeros(12, int)
    truth[0] = 1
    probabilities = np.append(probability_of_it, np.linspace(0.8, 0.1, 11))
    probabilities = np.stack([1 - probabilities, probabilities], axis=1)
    drawn = bootstrap.resample([str(number) for number in range(12)], 1000, 0)
    absent = int((drawn.weights[:, drawn.index[0]] == 0).sum())
    return estimates.estimate(lambda weights: scores.all_scores(truth, probabilities, weights, 1, 10), drawn), absent


def test_dropped_replicates_are_counted():
    found, absent = one_positive_of_twelve(0.45)
    assert 250 < absent < 450
    assert found.note("roc_auc").startswith(f"{absent} of 1000 replicates dropped")
    score = found.score("roc_auc")
    assert 0 < score["low"] < score["mean"] < score["high"] < 1
    assert found.note("accuracy") is None


def test_a_perfect_score_has_no_interval():
    found, _ = one_positive_of_twelve(0.9)
    assert found.score("roc_auc") == {"mean": 1, "low": None, "high": None}
    assert found.note("roc_auc") == estimates.PERFECT


def test_mostly_undefined_has_no_interval_and_undefined_no_value():
    drawn = bootstrap.resample([str(number) for number in range(20)], 200, 0)

    def statistic(weights):
        rare = np.where(weights[:, 0] == 1, 0.5, np.nan)
        return {"roc_auc": rare, "ppv": np.full(len(weights), np.nan)}

    found = estimates.estimate(statistic, drawn)
    assert found.score("roc_auc") == {"mean": 0.5, "low": None, "high": None}
    assert found.score("ppv") == {"mean": None, "low": None, "high": None}
    assert found.note("ppv") == estimates.UNDEFINED["ppv"]


def test_differences_are_paired():
    values = np.random.default_rng(0).normal(size=50)
    drawn = bootstrap.resample([str(number) for number in range(50)], 500, 0)
    better, worse = (estimates.estimate(mean_of(values + shift), drawn) for shift in (0.25, 0))
    score = better.minus(worse, ["accuracy"]).score("accuracy")
    assert score == {"mean": 0.25, "low": 0.25, "high": 0.25}
