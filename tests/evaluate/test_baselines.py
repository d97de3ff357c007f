import numpy as np
import pytest
from PIL import Image

from stages.common.errors import UserError
from stages.evaluate import baselines


def test_majority_says_the_classes_shares():
    predict = baselines.majority(np.array([1, 1, 1, 0]), 3)
    np.testing.assert_allclose(predict(np.zeros((2, 0))), [[0.25, 0.75, 0]] * 2)


def separable(n, seed, k=2):
    random = np.random.default_rng(seed)
    truth = random.integers(0, k, n)
    return np.eye(k, 6)[truth] * 2000 + random.normal(size=(n, 6)) * 500 + 1e5, truth


@pytest.mark.parametrize("k", [2, 4])
def test_logistic_learns_from_unscaled_inputs(k):
    training, validation, test = (separable(n, seed, k) for n, seed in ((200, 0), (80, 1), (200, 2)))
    predict, choice = baselines.logistic(*training, *validation, k)
    assert (predict(test[0]).argmax(axis=1) == test[1]).mean() > 0.95
    np.testing.assert_allclose(predict(test[0]).sum(axis=1), 1)
    assert choice.endswith("by log loss on validation")


def test_refitted_it_learns_from_the_validation_images_too():
    """A class that only the validation images show is known afterwards; the penalty is the one chosen before."""
    inputs, truth = separable(90, 0, 3)
    train = truth != 2
    first, choice = baselines.logistic(inputs[train], truth[train], inputs, truth, 3)
    again, same = baselines.logistic(inputs[train], truth[train], inputs, truth, 3, refit=True)
    assert choice == same
    assert (first(inputs)[:, 2] == 0).all()
    assert (again(inputs).argmax(axis=1)[~train] == 2).mean() > 0.9


def test_noise_is_met_with_the_strongest_penalty():
    random = np.random.default_rng(0)
    inputs, truth = random.normal(size=(100, 40)), random.integers(0, 2, 100)
    _, choice = baselines.logistic(inputs[:60], truth[:60], inputs[60:], truth[60:], 2)
    assert choice.startswith("C = 0.0001")


def test_classes_that_training_lacks_have_probability_zero():
    inputs, truth = separable(60, 0)
    predict, _ = baselines.logistic(inputs, truth * 2, inputs, truth * 2, 3)
    assert predict(inputs).shape == (60, 3)
    assert (predict(inputs)[:, 1] == 0).all()
    predict, choice = baselines.logistic(inputs, np.full(60, 2), inputs, truth, 3)
    assert predict(inputs[:1]).tolist() == [[0, 0, 1]]
    assert "one class" in choice


def test_without_validation_images_the_penalty_is_the_default_one():
    inputs, truth = separable(60, 0)
    _, choice = baselines.logistic(inputs, truth, inputs[:0], truth[:0], 2)
    assert choice == "C = 0.01, no validation images to choose on"


def test_image_statistics_by_hand(tmp_path):
    grey = np.full((10, 20), 51, np.uint8)
    grey[:, 10:] = 204
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.stack([grey] * 3, axis=2)).save(tmp_path / "colour.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    found = baselines.image_statistics([tmp_path / f"{name}.png" for name in ("grey", "colour", "deep")], 2)
    assert found.shape == (3, len(baselines.STATISTICS))
    expected = [0.5, 0.3, 0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 20, 10, 2]
    for row in found:
        np.testing.assert_allclose(row, expected, atol=1e-9)


def test_an_unreadable_image_is_named(tmp_path):
    (tmp_path / "broken.png").write_text("<html>")
    with pytest.raises(UserError, match=r"broken\.png cannot be read"):
        baselines.image_statistics([tmp_path / "broken.png"], 1)
