"""Grad-CAM against its formula, by hand and by finite differences, from features as from images."""

import numpy as np
import pytest

from stages.attribute.methods import gradcam
from stages.attribute.methods.base import Batch, Subject
from stages.common.geometry import upsample
from stages.extract.features import narrow
from stages.models import compose, runtime
from tests import factories

ONE = np.array([[1, 0], [0, 1], [0, 1]], np.float32)


def images(count=3):
    return np.stack([np.asarray(factories.picture(seed, (64, 64), "RGB")) for seed in range(count)]).astype(np.float32)


def subject(**keys):
    runtime.start()
    design = factories.design(**keys)
    parts = compose.compose(design)
    factories.randomize(parts.whole)
    return Subject(factories.trained_model(design, {}), parts, None)


def features(own, batch):
    return narrow(own.parts.front(batch).numpy(), own.model.design.dtype, "").astype(np.float32)


def explained(own, layer=None, weights=ONE, batch=None):
    """Maps from what the method says that it needs."""
    settings = gradcam.Settings(method="gradcam", layer=layer)
    design = own.model.design
    batch = images() if batch is None else batch
    if gradcam.needs(settings, design.backbone, design.cut, design.end) == "images":
        given = Batch(batch, None, weights)
    else:
        given = Batch(None, features(own, batch), weights)
    maps = gradcam.explainer(own, settings)(given).maps
    assert maps.shape == (3, 64, 64)
    assert maps.dtype == np.float32
    return maps


@pytest.mark.parametrize("standardize", [False, True])
def test_of_a_mean_pooled_score_map_it_is_the_weighted_sum_of_channels(standardize):
    """logit = mean over cells of w.a + b, so that the mean gradient of channel k is w_k / (cells * deviation_k)."""
    own = subject(head__kind="score_map", head__standardize=standardize, head__score_map__pooling="mean")
    kept = features(own, images())
    kernel = own.parts.whole.get_layer("head_scores").kernel.numpy()[0, 0]
    if standardize:
        kernel = kernel / own.parts.whole.get_layer("head_standardize").deviation.numpy()[:, None]
    cells = np.einsum("nhwc,co,no->nhw", kept, kernel, ONE) / 4
    np.testing.assert_allclose(explained(own), upsample(cells, (64, 64)), rtol=1e-4, atol=1e-5 * np.abs(cells).max())


def test_of_a_mean_pooled_score_map_it_is_proportional_to_cam():
    own = subject(head__kind="score_map", head__standardize=False, head__score_map__pooling="mean")
    head = own.parts.whole.get_layer("head_scores")
    head.bias.assign(np.zeros(2))
    scores = np.einsum("nhwo,no->nhw", head(features(own, images())).numpy(), ONE)
    np.testing.assert_allclose(4 * explained(own), upsample(scores, (64, 64)), rtol=1e-4, atol=1e-4)


def test_of_a_dense_head_the_weights_are_mean_gradients():
    """Against finite differences: all cells of a channel raised together."""
    own = subject()
    kept = features(own, images()).astype(np.float64)
    step, cells = 1e-2, np.zeros((3, 2, 2))
    for channel in range(kept.shape[-1]):
        change = np.zeros(kept.shape[-1])
        change[channel] = step
        higher, lower = (own.parts.tail((kept + sign * change).astype(np.float32)).numpy() for sign in (1, -1))
        importance = ((higher - lower) * ONE).sum(axis=1) / (2 * step) / 4
        cells += importance[:, None, None] * kept[..., channel]
    np.testing.assert_allclose(explained(own), upsample(cells, (64, 64)), rtol=0.02, atol=0.01 * np.abs(cells).max())


@pytest.mark.parametrize("layer", ["block5_conv1", "block5_conv3", "block5_pool"])
def test_from_features_it_is_what_it_is_from_images(layer):
    """The same layer of the same weights, cut in front of it or not at all."""
    deep, whole = (subject(backbone__cut=cut, extract__dtype="float32") for cut in ("block5_conv1", "input"))
    settings = gradcam.Settings(method="gradcam", layer=layer)
    kinds = [
        gradcam.needs(settings, own.model.design.backbone, own.model.design.cut, own.model.design.end)
        for own in (deep, whole)
    ]
    assert kinds == ["features", "images"]
    from_features, from_images = explained(deep, layer), explained(whole, layer)
    assert np.ptp(from_images) > 0
    np.testing.assert_allclose(from_features, from_images, rtol=1e-3, atol=1e-5 * np.abs(from_images).max())


def test_a_layer_before_the_cut_needs_the_images():
    own = subject(backbone__cut="block5_pool", extract__dtype="float32")
    other = subject(backbone__cut="input")
    wanted = explained(other, "block5_conv2")
    np.testing.assert_allclose(explained(own, "block5_conv2"), wanted, rtol=1e-3, atol=1e-5 * np.abs(wanted).max())


def test_the_layer_is_the_last_that_is_used_unless_given():
    own = subject(backbone__cut="block4_pool", backbone__end="block5_conv2")
    np.testing.assert_array_equal(explained(own), explained(own, "block5_conv2"))
    assert np.abs(explained(own) - explained(own, "block5_conv1")).max() > 0


def test_a_negative_weight_turns_the_map_around():
    own = subject()
    np.testing.assert_allclose(explained(own, weights=-ONE), -explained(own), rtol=1e-5)


def test_other_images_of_the_batch_do_not_matter():
    own = subject()
    together = explained(own)
    batch = images()
    batch[1:] = 0
    np.testing.assert_array_equal(explained(own, batch=batch)[0], together[0])


def test_the_map_is_where_the_channel_is():
    """One channel, bright in one corner cell, that the logit wants."""
    own = subject(head__kind="score_map", head__standardize=False, head__score_map__pooling="mean")
    head = own.parts.whole.get_layer("head_scores")
    kernel = np.zeros((1, 1, 8, 2), np.float32)
    kernel[0, 0, 3, 1] = 1
    head.kernel.assign(kernel)
    kept = np.zeros((3, 2, 2, 8), np.float32)
    kept[:, 0, 1, 3] = 5
    settings = gradcam.Settings(method="gradcam")
    maps = gradcam.explainer(own, settings)(Batch(None, kept, np.array([[0, 1]] * 3, np.float32))).maps
    assert maps[0, 0, 63] == maps[0].max() == pytest.approx(5 / 4)
    assert maps[0, 63, 0] == maps[0].min() == 0
