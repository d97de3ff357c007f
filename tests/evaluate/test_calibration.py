import numpy as np
import pytest

from stages.evaluate import calibration


def drawn_from_softmax(n, k, temperature, seed=0):
    """Truth drawn from softmax(logits), and probabilities that are too sure by the temperature."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(n, k), scale=2)
    honest = calibration.calibrated(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 1.0)
    truth = (honest.cumsum(axis=1) < random.random((n, 1))).sum(axis=1)
    return truth, calibration.calibrated(honest, 1 / temperature), honest


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_the_temperature_of_the_data_is_found(k, temperature):
    truth, probabilities, honest = drawn_from_softmax(20_000, k, temperature)
    found, note = calibration.fit_temperature(truth, probabilities, 50)
    assert note is None
    assert found == pytest.approx(temperature, rel=0.05)
    assert np.abs(calibration.calibrated(probabilities, found) - honest).mean() < 0.01


def test_few_images_leave_the_temperature_at_one_with_the_reason():
    truth, probabilities, _ = drawn_from_softmax(49, 2, 3.0)
    value, note = calibration.fit_temperature(truth, probabilities, 50)
    assert value == 1
    assert "49 validation images" in note


def test_no_minimum_is_no_temperature():
    truth = np.arange(100) % 2
    perfect = np.eye(2)[truth] * 0.4 + 0.3
    assert calibration.fit_temperature(truth, perfect, 50)[0] == 1
    assert "without error" in calibration.fit_temperature(truth, perfect, 50)[1]
    assert "chance" in calibration.fit_temperature(truth, perfect[::, ::-1], 50)[1]


def test_calibrated_probabilities_by_hand_and_by_row():
    probabilities = np.array([[0.2, 0.8], [0.2, 0.8], [0.0, 1.0]])
    found = calibration.calibrated(probabilities, np.array([1.0, 2.0, 2.0]))
    np.testing.assert_allclose(found, [[0.2, 0.8], [1 / 3, 2 / 3], [0, 1]], atol=1e-12)


def test_distance_of_images_like_the_training_images_is_about_one_and_of_others_far_more():
    random = np.random.default_rng(0)
    scale = random.uniform(0.1, 10, 64)
    training, validation, like, unlike = (
        random.normal(size=(n, 64)) * scale + 5 + shift * scale for n, shift in ((400, 0), (300, 0), (300, 0), (300, 1))
    )
    statistics = calibration.feature_statistics(training, validation)
    limit = statistics["distance"]["percentile_99"]
    assert statistics["distance"]["median"] == pytest.approx(1, abs=0.1)
    assert (calibration.distance(like, statistics) > limit).mean() < 0.05
    assert (calibration.distance(unlike, statistics) > limit).mean() > 0.95


def test_a_constant_channel_does_not_make_every_image_far():
    training = np.random.default_rng(0).normal(size=(50, 3))
    training[:, 1] = 4
    statistics = calibration.feature_statistics(training, np.zeros((0, 3)))
    assert statistics["distance"] is None
    assert np.isfinite(calibration.distance(training, statistics)).all()
    constant = calibration.feature_statistics(np.ones((5, 2)), np.ones((2, 2)))
    assert calibration.distance(np.ones((1, 2)), constant)[0] == 0
