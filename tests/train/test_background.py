"""The background that images of one view have in common, and the layer that removes it."""

import numpy as np
import pytest

from stages.models.layers import Background, Haar
from stages.train import background

FOLDS_OF_40 = np.arange(40) % background.FOLDS


@pytest.fixture(scope="module")
def usual() -> np.ndarray:
    """Forty images (8 x 10) that are a mean plus mixtures of three patterns."""
    random = np.random.default_rng(0)
    patterns = random.normal(size=(3, 80))
    return (0.5 + random.normal(size=(40, 3)) @ patterns).reshape(40, 8, 10).astype(np.float32)


def coarse(images: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels, (..., h, w) -> (..., h / 2 * w / 2)."""
    *count, height, width = images.shape
    return images.reshape(*count, height // 2, 2, width // 2, 2).mean(axis=(-3, -1)).reshape(*count, -1)


def left(images: np.ndarray, mean: np.ndarray, components: np.ndarray) -> np.ndarray:
    """What mean and components leave of images on the coarse grid, (..., h / 2 * w / 2)."""
    centred = coarse(images - mean)
    return centred - centred @ components.T @ components


def test_what_all_images_share_is_gone_and_a_lesion_stays(usual: np.ndarray) -> None:
    fitted = background.fit(usual, FOLDS_OF_40, 3)
    lesion = np.zeros((8, 10), np.float32)
    lesion[4:6, 4:6] = 1
    rest = left(usual[0] + lesion, fitted.mean, fitted.components)
    assert np.abs(rest).argmax() == 2 * 5 + 2
    assert np.abs(left(usual, fitted.mean, fitted.components)).max() < 1e-4


def test_components_are_orthonormal_and_those_beyond_the_images_are_zero(usual: np.ndarray) -> None:
    components = background.fit(usual[:3], np.arange(3), 5).components
    products = components @ components.T
    np.testing.assert_allclose(products, np.diag([1, 1, 0, 0, 0]), atol=1e-5)


def test_a_pixel_that_never_varies_does_not_shout(usual: np.ndarray) -> None:
    noisy = usual + np.random.default_rng(1).normal(scale=0.1, size=usual.shape).astype(np.float32)
    noisy[:, :3, :3] = 0.5
    deviation = background.fit(noisy, FOLDS_OF_40, 3).deviation
    assert deviation.min() >= 0.29 * np.median(deviation)


def test_the_layers_are_the_formula(usual: np.ndarray) -> None:
    noisy = usual + np.random.default_rng(1).normal(scale=0.3, size=usual.shape).astype(np.float32)
    fitted = background.fit(noisy, FOLDS_OF_40, 2)
    layer = Background(2)
    layer.build((None, 8, 10, 1))
    for name in ("mean", "components", "deviation", "spread"):
        getattr(layer, name).assign(getattr(fitted, name))
    found = np.asarray(layer(noisy[..., None]))
    centred = (noisy - fitted.mean).reshape(40, 8, 10)
    along = (coarse(centred) @ fitted.components.T @ fitted.components).reshape(40, 4, 5)
    np.testing.assert_allclose(found[..., 0], (centred - finer(along)) / finer(fitted.deviation), atol=1e-4)
    np.testing.assert_allclose(found[..., 1], centred / finer(fitted.spread), atol=1e-4)
    split = Haar()
    split.build(found.shape)
    split.gain.assign(fitted.gain)
    assert np.asarray(split(found)).std(axis=(0, 1, 2)) == pytest.approx(np.ones(5), abs=0.2)


def finer(cells: np.ndarray) -> np.ndarray:
    return cells.repeat(2, axis=-2).repeat(2, axis=-1)


def test_haar_keeps_all_of_the_first_channel_and_the_others_means() -> None:
    images = np.random.default_rng(0).normal(size=(3, 4, 6, 2)).astype(np.float32)
    layer = Haar()
    layer.build(images.shape)
    layer.gain.assign(3)
    mean, other, *falls = np.moveaxis(np.asarray(layer(images)), -1, 0)
    blocks = images.reshape(3, 2, 2, 3, 2, 2)
    np.testing.assert_allclose(np.stack([mean, other], -1), blocks.mean(axis=(2, 4)), atol=1e-6)
    signs = {(0, 0): (1, 1, 1), (0, 1): (-1, 1, -1), (1, 0): (1, -1, -1), (1, 1): (-1, -1, 1)}
    for (y, x), signs_here in signs.items():
        pixel = mean + sum(sign * fall for sign, fall in zip(signs_here, falls, strict=True)) / 3 / 2
        np.testing.assert_allclose(pixel, blocks[:, :, y, :, x, 0], atol=1e-6)


def test_a_fold_is_not_known_to_its_own_background() -> None:
    """As much is left of an image without whose fold was fitted as of a new one; of a fitted image less."""
    noise = np.random.default_rng(1).normal(scale=0.2, size=(80, 16, 20)).astype(np.float32)
    seen, new = noise[:40], noise[40:]
    fitted = background.fit(seen, FOLDS_OF_40, 20)
    again = background.fit(seen + 9 * (FOLDS_OF_40 == 2)[:, None, None], FOLDS_OF_40, 20)
    for one, other in zip(fitted.without[2], again.without[2], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)

    def power(images: np.ndarray, mean: np.ndarray, components: np.ndarray) -> float:
        return float((left(images, mean, components) ** 2).mean())

    held_out = np.mean([power(seen[fold :: background.FOLDS], *one) for fold, one in enumerate(fitted.without)])
    of_new = power(new, fitted.mean, fitted.components)
    assert power(seen, fitted.mean, fitted.components) < 0.7 * of_new
    assert held_out == pytest.approx(of_new, rel=0.15)
    assert float((fitted.deviation**2).mean()) == pytest.approx(held_out, rel=0.1)
