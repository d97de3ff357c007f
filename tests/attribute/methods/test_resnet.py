"""Methods with rules of their own on a residual network: additions, batch normalisation, dilation.

Compiled, and apart from the table of all models, which runs eagerly: TensorFlow was seen to die of the gradient of tiny
residual blocks there.
"""

import numpy as np
import pytest

from stages.attribute import explain
from stages.attribute.methods import METHODS
from stages.attribute.methods.base import Batch, Subject
from stages.models import compose, runtime
from tests import factories
from tests.models import short

KEYS = {
    "backbone__name": "resnet50_dilated", "backbone__widths": [4, 4, 8, 8], "backbone__cut": "input",
    "backbone__train_statistics": True, "head__kind": "gem", "head__gem__p": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def own():
    runtime.start()
    with pytest.MonkeyPatch.context() as patch:
        short.resnets(patch.setattr)
        design = factories.design(**KEYS)
        parts = compose.compose(design)
    factories.randomize(parts.whole)
    return Subject(factories.trained_model(design, {}), parts, list)


@pytest.mark.parametrize("method", ["cam", "gradcam", "deeplift", "lrp_epsilon", "guided_backprop"])
def test_it_explains(own, method):
    settings = METHODS[method].Settings(method=method)
    size = own.model.design.size
    images = np.stack([np.asarray(factories.picture(seed, size, "RGB")) for seed in range(2)]).astype(np.float32)
    found = METHODS[method].explainer(own, settings)(Batch(images, None, np.eye(2, dtype=np.float32)))
    assert found.maps.shape == (2, *size)
    assert [explain.status(each, "absolute") for each in found.maps] == ["ok", "ok"]
    if method == "deeplift":
        assert (np.abs(found.error) / np.abs(found.maps).sum(axis=(1, 2))).max() < 1e-5
