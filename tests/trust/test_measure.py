"""Where a map is compared with itself, and what shuffled weights may do to features."""

import numpy as np
import pytest

from stages.attribute.methods.base import Subject
from stages.common.geometry import place
from stages.models import compose, front, runtime
from stages.trust import measure
from tests import factories


def subject(**keys) -> Subject:
    runtime.start()
    design = factories.design(**keys)
    parts = compose.compose(design)
    factories.randomize(parts.whole)
    return Subject(factories.trained_model(design, {}), parts, list)


def images_of(own: Subject) -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 255, (2, *own.model.design.size, 3)).astype(np.float32)


def test_what_pads_an_image_does_not_count():
    own = subject()
    height, width = own.model.design.size
    placement = place((height, 2 * width), (height, width), "letterbox")
    inside = measure.looked_at(own, images_of(own), [placement, place((5, 5), (height, width), "stretch")])
    assert inside[0].sum() == height * width / 2
    assert not inside[0][0].any()
    assert inside[1].all()


def test_what_the_head_leaves_out_does_not_count():
    own = subject(head__kind="gem", head__border=1, backbone__cut="block3_pool", backbone__end="block3_pool")
    size = own.model.design.size
    cell = 8
    inside = measure.looked_at(own, images_of(own), [place(size, size, "stretch")] * 2)
    assert not inside[:, : cell // 2].any()
    assert not inside[:, :, -cell // 2 :].any()
    assert inside[:, 2 * cell : -2 * cell, 2 * cell : -2 * cell].all()


def test_features_that_overflow_are_the_largest_number():
    own = subject(backbone__cut="block1_pool", extract__dtype="float16")
    loud = {name: 1e4 * np.array(value) for name, value in front.named_weights(own.parts.front).items()}
    front.assign(own.parts.front, loud)
    features = measure.kept_features(own, images_of(own))
    assert np.isfinite(features).all()
    assert features.max() == pytest.approx(np.finfo(np.float16).max)
