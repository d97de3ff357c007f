"""What is fitted before training."""

import keras
import numpy as np
import pytest

from stages.models import compose, runtime
from stages.models.feature_file import FeatureFile
from stages.models.heads.attention import ATTENTION, INSTANCES
from stages.train import prepare
from tests import factories

BAGS = {
    "image__height": 64, "image__width": 96, "backbone__name": "patch_cnn", "backbone__widths": [3, 4],
    "backbone__end": "pool2", "backbone__weights": "random", "head__kind": "attention", "head__standardize": True,
    "attribute__maps": {"gradcam": {"method": "gradcam"}},
}  # fmt: skip
TILES = {"image__tiles__size": 32, "image__tiles__background": 0.5}
CELLS = {"image__fit": "native"}


@pytest.mark.parametrize(("instances", "cut"), [(TILES, "input"), (TILES, "pool2"), (CELLS, "input"), (CELLS, "pool1")])
def test_absent_instances_do_not_count_in_the_standardiser(instances, cut, tmp_path):
    """White tiles, or cells beyond an image's own size: those that get no attention."""
    runtime.start()
    pixels = np.random.default_rng(0).integers(30, 200, (2, 64, 96, 3), dtype=np.uint8)
    pixels[0, :, :32] = 255 if instances is TILES else 0
    parts = compose.compose(factories.design(**BAGS | instances, backbone__cut=cut))
    factories.randomize(parts.whole)
    images = pixels.astype(np.float32)
    kept = pixels if parts.front is None else parts.front(images).numpy().astype(np.float16)
    with FeatureFile(factories.feature_file(tmp_path / "features.h5", kept)) as file:
        prepare.prepare(parts, file, np.arange(2))
    layer = parts.whole.get_layer(compose.STANDARDIZE)
    outputs = [layer.input, parts.whole.get_layer(INSTANCES).input, parts.whole.get_layer(ATTENTION).output]
    features, given, attention = (output.numpy() for output in keras.Model(parts.whole.input, outputs)(images))
    there = attention > 0
    assert there[1].all()
    assert 0 < there[0].mean() < 1
    features, given = (values.reshape(*there.shape, -1, values.shape[-1])[there] for values in (features, given))
    deviation = features.std(axis=(0, 1), dtype=np.float64)
    np.testing.assert_allclose(layer.mean.numpy(), features.mean(axis=(0, 1), dtype=np.float64), rtol=1e-4)
    np.testing.assert_allclose(layer.deviation.numpy(), np.where(deviation > 0, deviation, 1), rtol=1e-4)
    np.testing.assert_allclose(given.mean(axis=(0, 1)), 0, atol=1e-4)
