"""What is trained behind a background, and what it is given."""

import numpy as np
import pytest

from stages.models import compose, runtime
from stages.models.feature_file import FeatureFile
from stages.train import background, behind
from stages.train.part import Part
from tests import factories

NETWORK = {
    "image__height": 32, "image__width": 40, "backbone__name": "background_cnn", "backbone__widths": [4],
    "backbone__cut": "input", "backbone__weights": "random", "backbone__components": 3,
    "backbone__train_statistics": True, "head__kind": "score_map",
    "attribute__maps": {"gradcam": {"method": "gradcam"}},
}  # fmt: skip
COUNT = 40
LABELS = np.arange(COUNT, dtype=np.int32) % 2
GROUPS = np.arange(COUNT) // 4


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 255, (COUNT, 32, 40, 3), dtype=np.uint8)


@pytest.fixture
def made(tmp_path, pixels):
    """The parts of a model, the part of it that is trained, what this is given, and what its whole background is."""
    runtime.start()

    def make(changed=pixels, groups=GROUPS):
        parts = compose.compose(factories.design(**NETWORK))
        factories.randomize(parts.whole)
        with FeatureFile(factories.feature_file(tmp_path / "features.h5", changed), 1 << 20) as file:
            model, read = behind.trained_part(parts, file, Part(np.arange(COUNT), LABELS, groups), finding=1)
        return parts, model, read(np.arange(COUNT)), parts.whole.get_layer("background")

    return make


def test_it_is_the_tail_behind_the_background(made, pixels):
    parts, model, _, layer = made()
    images = pixels.astype(np.float32)
    rest = layer(parts.whole.get_layer("preprocessing")(images))
    np.testing.assert_allclose(model(rest), parts.tail(images), atol=1e-5)


def test_images_with_the_finding_do_not_shape_the_background(made, pixels):
    before = made()[3].components.numpy()
    changed = pixels.copy()
    changed[LABELS == 1, :8, :8] = 255
    np.testing.assert_array_equal(made(changed)[3].components.numpy(), before)
    changed[LABELS == 0, :8, :8] = 255
    assert np.abs(made(changed)[3].components.numpy() - before).max() > 1e-3


def test_what_is_left_of_an_image_does_not_depend_on_its_group(made, pixels):
    """Another image of the group changes, by little and by much: what is given for this one stays."""
    changed = pixels.copy()
    changed[2] = 255 - changed[2]
    same_fold = GROUPS % background.FOLDS == 0
    before, after = made()[2], made(changed)[2]
    first, second = (made(images)[3].deviation.numpy() for images in (pixels, changed))
    one, other = (images[0, ..., 0].astype(np.float32).reshape(16, 2, 20, 2).mean((1, 3)) for images in (before, after))
    np.testing.assert_allclose(one * first, other * second, atol=1e-3)
    assert np.abs(before[~same_fold] - after[~same_fold]).max() > 1e-2


def test_without_a_background_the_tail_is_trained_on_the_features(tmp_path):
    runtime.start()
    parts = compose.compose(factories.design())
    shape = parts.tail.input.shape[1:]
    features = np.random.default_rng(0).random((6, *shape)).astype(np.float16)
    with FeatureFile(factories.feature_file(tmp_path / "features.h5", features), 1 << 30) as file:
        model, read = behind.trained_part(parts, file, Part(np.arange(6), LABELS[:6]), finding=1)
        np.testing.assert_array_equal(read(np.array([4, 1])), features[[4, 1]])
    assert model is parts.tail
