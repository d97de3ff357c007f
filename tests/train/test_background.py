"""The background that images of one view have in common, and the layer that removes it."""

import numpy as np
import pytest

from stages.train import background

FOLDS_OF_40 = np.arange(40) % background.FOLDS


@pytest.fixture(scope="module")
def usual() -> np.ndarray:
    """Forty images (8 x 10) that are a mean plus mixtures of three patterns."""
    random = np.random.default_rng(0)
    patterns = random.normal(size=(3, 80))
    return (0.5 + random.normal(size=(40, 3)) @ patterns).reshape(40, 8, 10).astype(np.float32)


def test_what_all_images_share_is_gone_and_a_lesion_stays(usual: np.ndarray) -> None:
    fitted = background.fit(usual, FOLDS_OF_40, 3)
    mean, components = fitted.mean, fitted.components
    lesion = np.zeros((8, 10), np.float32)
    lesion[4, 5] = 1
    centred = (usual[0] + lesion - mean).ravel()
    rest = (centred - components.T @ (components @ centred)).reshape(8, 10)
    assert np.unravel_index(np.abs(rest).argmax(), rest.shape) == (4, 5)
    plain = (usual[0] - mean).ravel()
    assert np.abs(plain - components.T @ (components @ plain)).max() < 1e-4


def test_components_are_orthonormal_and_those_beyond_the_images_are_zero(usual: np.ndarray) -> None:
    components = background.fit(usual[:3], np.arange(3), 5).components
    products = components @ components.T
    np.testing.assert_allclose(products, np.diag([1, 1, 0, 0, 0]), atol=1e-5)


def test_a_pixel_that_never_varies_does_not_shout(usual: np.ndarray) -> None:
    noisy = usual + np.random.default_rng(1).normal(scale=0.1, size=usual.shape).astype(np.float32)
    noisy[:, :3, :3] = 0.5
    deviation = background.fit(noisy, FOLDS_OF_40, 3).deviation
    assert deviation.min() >= 0.29 * np.median(deviation)


def test_the_layer_is_the_formula(usual: np.ndarray) -> None:
    from stages.models.layers import Background

    fitted = background.fit(usual, FOLDS_OF_40, 2)
    layer = Background(2)
    layer.build((None, 8, 10, 1))
    for name in ("mean", "components", "deviation", "spread"):
        getattr(layer, name).assign(getattr(fitted, name))
    flat = (usual - fitted.mean).reshape(40, -1)
    rest = (flat - flat @ fitted.components.T @ fitted.components).reshape(40, 8, 10)
    found = np.asarray(layer(usual[..., None]))
    np.testing.assert_allclose(found[..., 0], rest / fitted.deviation, atol=1e-5)
    np.testing.assert_allclose(found[..., 1], (usual - fitted.mean) / fitted.spread, atol=1e-5)
    assert found[..., 1].std() == pytest.approx(1, abs=0.1)


def test_a_fold_is_not_known_to_its_own_background() -> None:
    """As much is left of an image without whose fold was fitted as of a new one; of a fitted image less."""
    noise = np.random.default_rng(1).normal(scale=0.1, size=(80, 8, 10)).astype(np.float32)
    seen, new = noise[:40], noise[40:]
    fitted = background.fit(seen, FOLDS_OF_40, 20)
    again = background.fit(seen + 9 * (FOLDS_OF_40 == 2)[:, None, None], FOLDS_OF_40, 20)
    for one, other in zip(fitted.without[2], again.without[2], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)

    def left(images: np.ndarray, mean: np.ndarray, components: np.ndarray) -> float:
        flat = (images - mean).reshape(len(images), -1)
        return float(((flat - flat @ components.T @ components) ** 2).mean())

    held_out = np.mean([left(seen[fold :: background.FOLDS], *one) for fold, one in enumerate(fitted.without)])
    of_new = left(new, fitted.mean, fitted.components)
    assert left(seen, fitted.mean, fitted.components) < 0.7 * of_new
    assert held_out == pytest.approx(of_new, rel=0.15)
    assert float((fitted.deviation**2).mean()) == pytest.approx(held_out, rel=0.1)
