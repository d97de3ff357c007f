"""Maps that are smoothed, and heads that do not look at the rim."""

import numpy as np
import pytest

from stages.attribute import explain
from stages.attribute.methods import METHODS, cam
from stages.attribute.methods.base import Batch
from tests.attribute.test_gradcam import ONE, features, images, subject


@pytest.fixture(scope="module")
def own():
    return subject(
        head__kind="gem",
        head__border=1,
        backbone__cut="block3_pool",
        backbone__end="block3_pool",
        head__standardize=True,
    )


def maps(own, kept, **settings):
    return explain.explainer(own, cam.Settings(method="cam", **settings))(Batch(None, kept, ONE)).maps


def test_smoothing_keeps_the_sum_and_lowers_the_peak(own):
    kept = features(own, images())
    plain, smooth = maps(own, kept), maps(own, kept, smooth=0.1)
    np.testing.assert_allclose(smooth.sum(axis=(1, 2)), plain.sum(axis=(1, 2)), rtol=1e-3)
    assert (smooth.max(axis=(1, 2)) < plain.max(axis=(1, 2))).all()


@pytest.mark.parametrize("method", ["gradcam", "gradcam_pp", "guided_gradcam"])
def test_gradcam_says_nothing_of_the_rim_that_the_head_does_not_see(method):
    cut = {"backbone__cut": "block3_pool", "backbone__end": "block3_pool"}
    for border, quiet in ((1, True), (0, False)):
        own = subject(head__kind="gem", head__border=border, **cut)
        batch = Batch(images(), features(own, images()), ONE)
        module = METHODS[method]
        found = module.explainer(own, module.Settings(method=method))(batch).maps
        rim = np.concatenate([found[:, :4].ravel(), found[:, -4:].ravel(), found[:, :, :4].ravel()])
        assert (rim == 0).all() == quiet
        assert found.any()


@pytest.mark.parametrize("kind", ["gem", "score_map"])
def test_the_rim_neither_counts_nor_shows(kind):
    own = subject(head__kind=kind, head__border=1, backbone__cut="block3_pool", backbone__end="block3_pool")
    kept = features(own, images())
    loud = kept.copy()
    loud[:, 0] = loud[:, :, -1] = 1000
    assert (own.parts.tail(loud).numpy() == own.parts.tail(kept).numpy()).all()
    found = maps(own, loud)
    assert (found[:, :4] == 0).all()
    assert (found[:, :, -4:] == 0).all()
    np.testing.assert_allclose(found, maps(own, kept), rtol=1e-5, atol=1e-6)


def test_the_mean_of_what_is_seen_is_the_logit(own):
    kept = features(own, images())
    kept[:, 1:-1, 1:-1] = kept[:, 1:-1, 1:-1].mean(axis=(1, 2), keepdims=True)
    logits = (own.parts.tail(kept).numpy() * ONE).sum(axis=1)
    np.testing.assert_allclose(maps(own, kept)[:, 32, 32], logits, rtol=1e-3)
