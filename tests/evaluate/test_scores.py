import numpy as np
import pytest
from sklearn import metrics

from stages.evaluate import scores
from tests.evaluate import factories


def oracle(truth, probabilities, weights, positive):
    """scikit-learn's scores of one replicate."""
    k = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    indicator = np.eye(k)[truth]
    ranked = (indicator[:, positive], probabilities[:, positive]) if k == 2 else (indicator, probabilities)
    common = {"sample_weight": weights, "zero_division": 0}
    return {
        "accuracy": metrics.accuracy_score(truth, predicted, sample_weight=weights),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted, sample_weight=weights),
        "log_loss": metrics.log_loss(truth, probabilities, sample_weight=weights, labels=range(k)),
        "roc_auc": metrics.roc_auc_score(*ranked, sample_weight=weights),
        "average_precision": metrics.average_precision_score(*ranked, sample_weight=weights),
        "prevalence": np.average(truth == positive, weights=weights),
        "f1_weighted": metrics.f1_score(truth, predicted, average="weighted", **common),
        "f1_macro": metrics.f1_score(truth, predicted, average="macro", **common),
        "precision_weighted": metrics.precision_score(truth, predicted, average="weighted", **common),
        "recall_weighted": metrics.recall_score(truth, predicted, average="weighted", **common),
        "brier": metrics.brier_score_loss(
            truth == positive if k == 2 else truth,
            probabilities[:, positive] if k == 2 else probabilities,
            sample_weight=weights,
        ),
    }


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("levels", [None, 10], ids=["distinct", "ties"])
def test_every_score_equals_scikit_learns_with_sample_weights(k, levels):
    truth, probabilities = factories.predictions(60, k, seed=k, levels=levels)
    weights = np.random.default_rng(1).integers(0, 4, size=(8, 60)).astype(float)
    weights[0] = 1
    found = scores.all_scores(truth, probabilities, weights, 1, bins=10)
    for replicate, row in enumerate(weights):
        for name, value in oracle(truth, probabilities, row, 1).items():
            assert found[name][replicate] == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize("k", [2, 4])
def test_scores_of_each_class_equal_scikit_learns(k):
    truth, probabilities = factories.predictions(80, k, seed=3)
    weights = np.random.default_rng(2).integers(0, 3, size=80).astype(float)
    found = scores.per_class(truth, probabilities, weights[None])
    expected = metrics.precision_recall_fscore_support(truth, probabilities.argmax(axis=1), sample_weight=weights)
    for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
        np.testing.assert_allclose(found[name][0], values, atol=1e-12)
    for place in range(k):
        one = (truth == place, probabilities[:, place])
        assert found["roc_auc"][0, place] == pytest.approx(metrics.roc_auc_score(*one, sample_weight=weights))
        assert found["average_precision"][0, place] == pytest.approx(
            metrics.average_precision_score(*one, sample_weight=weights)
        )


def test_auc_by_hand_counts_half_a_tie():
    positive = np.array([True, True, False, False])
    values = np.array([0.9, 0.5, 0.5, 0.1])
    area, precision = scores.ranking(positive, values, np.ones((1, 4)))
    assert area[0] == (1 + 1 + 0.5 + 1) / 4
    assert precision[0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_a_replicate_without_a_class_is_undefined_for_ranks_alone():
    truth = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [0.3, 0.7], [0.6, 0.4]])
    weights = np.array([[1, 1, 1, 1], [2, 2, 0, 0], [0, 0, 1, 3]], dtype=float)
    found = scores.all_scores(truth, probabilities, weights, 1, bins=10)
    assert np.isnan(found["roc_auc"]).tolist() == [False, True, True]
    assert np.isnan(found["average_precision"]).tolist() == [False, True, True]
    assert np.isnan(found["per_class.recall"]).tolist() == [[False, False], [False, True], [True, False]]
    np.testing.assert_allclose(found["accuracy"], [0.5, 0.5, 0.25])
    np.testing.assert_allclose(found["balanced_accuracy"], [0.5, 0.5, 0.25])


def test_images_of_weight_zero_do_not_count():
    truth, probabilities = factories.predictions(50, 2, levels=20)
    kept = np.arange(50) % 3 > 0
    weighted = scores.all_scores(truth, probabilities, kept[None].astype(float), 1, bins=10)
    alone = scores.all_scores(truth[kept], probabilities[kept], np.ones((1, kept.sum())), 1, bins=10)
    for name in scores.OVERALL:
        assert weighted[name][0] == pytest.approx(alone[name][0]), name


def test_a_class_never_predicted_has_precision_zero():
    truth, probabilities = np.array([0, 1, 1]), np.array([[0.9, 0.1]] * 3)
    found = scores.per_class(truth, probabilities, np.ones((1, 3)))
    assert found["precision"][0].tolist() == [1 / 3, 0]
    assert found["f1"][0].tolist() == [0.5, 0]


def test_calibration_error_by_hand():
    probability = np.array([0.12, 0.18, 0.85, 1.0])
    truth = np.array([0, 1, 1, 1])
    probabilities = np.stack([1 - probability, probability], axis=1)
    found = scores.calibration_error(truth, probabilities, np.ones((1, 4)), 1, bins=10)
    expected = (2 * abs(0.15 - 0.5) + abs(0.85 - 1) + abs(1.0 - 1)) / 4
    assert found[0] == pytest.approx(expected)


def test_calibration_error_of_many_classes_is_of_the_predicted_class():
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.65, 0.15]])
    found = scores.calibration_error(np.array([0, 0]), probabilities, np.ones((1, 2)), 2, bins=10)
    assert found[0] == pytest.approx(abs(0.625 - 0.5))


def test_calls_at_a_threshold_by_hand():
    positive = np.array([True, True, True, False, False])
    called = np.array([True, True, False, True, False])
    weights = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 0, 1]], dtype=float)
    found = scores.at_threshold(positive, called, weights)
    np.testing.assert_allclose(found["sensitivity"], [2 / 3, 2 / 3, 0])
    np.testing.assert_allclose(found["specificity"], [0.5, np.nan, 1])
    np.testing.assert_allclose(found["ppv"], [2 / 3, 1, np.nan])
    np.testing.assert_allclose(found["npv"], [0.5, 0, 0.5])
