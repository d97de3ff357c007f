"""The background that images of one view have in common, and the layer that removes it."""

import numpy as np
import pytest

from stages.train import background


@pytest.fixture(scope="module")
def usual() -> np.ndarray:
    """Forty images (8 x 10) that are a mean plus mixtures of three patterns."""
    random = np.random.default_rng(0)
    patterns = random.normal(size=(3, 80))
    return (0.5 + random.normal(size=(40, 3)) @ patterns).reshape(40, 8, 10).astype(np.float32)


def test_what_all_images_share_is_gone_and_a_lesion_stays(usual: np.ndarray) -> None:
    mean, components, _ = background.fit(usual, 3)
    lesion = np.zeros((8, 10), np.float32)
    lesion[4, 5] = 1
    centred = (usual[0] + lesion - mean).ravel()
    rest = (centred - components.T @ (components @ centred)).reshape(8, 10)
    assert np.unravel_index(np.abs(rest).argmax(), rest.shape) == (4, 5)
    plain = (usual[0] - mean).ravel()
    assert np.abs(plain - components.T @ (components @ plain)).max() < 1e-4


def test_components_are_orthonormal_and_those_beyond_the_images_are_zero(usual: np.ndarray) -> None:
    _, components, _ = background.fit(usual[:3], 5)
    products = components @ components.T
    np.testing.assert_allclose(products, np.diag([1, 1, 0, 0, 0]), atol=1e-5)


def test_a_pixel_that_never_varies_does_not_shout(usual: np.ndarray) -> None:
    noisy = usual + np.random.default_rng(1).normal(scale=0.1, size=usual.shape).astype(np.float32)
    noisy[:, :3, :3] = 0.5
    _, _, deviation = background.fit(noisy, 3)
    assert deviation.min() >= 0.29 * np.median(deviation)


def test_the_layer_is_the_formula(usual: np.ndarray) -> None:
    from stages.models.layers import Background

    mean, components, deviation = background.fit(usual, 2)
    layer = Background(2)
    layer.build((None, 8, 10, 1))
    for name, value in (("mean", mean), ("components", components), ("deviation", deviation)):
        getattr(layer, name).assign(value)
    flat = (usual - mean).reshape(40, -1)
    expected = (flat - flat @ components.T @ components).reshape(40, 8, 10) / deviation
    np.testing.assert_allclose(np.asarray(layer(usual[..., None]))[..., 0], expected, atol=1e-5)
