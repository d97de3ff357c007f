"""CAM of pooled features: what each cell adds to the logit."""

import numpy as np
import pytest

from stages.attribute.methods import cam
from stages.attribute.methods.base import Batch
from stages.common.geometry import upsample
from tests.attribute.test_gradcam import ONE, features, images, subject


def explained(own, kept):
    return cam.explainer(own, cam.Settings(method="cam"))(Batch(None, kept, ONE)).maps


def pooled_subject(p, **values):
    own = subject(
        **values,
        head__kind="gem",
        head__gem__p=p,
        backbone__cut="block4_pool",
        backbone__end="block4_pool",
        head__standardize=True,
    )
    return own, features(own, images())


def test_of_a_mean_it_is_the_score_of_each_cell():
    own, kept = pooled_subject(1.0)
    scale = own.parts.whole.get_layer("head_standardize")
    dense = own.parts.whole.get_layer("head_logits")
    standard = (kept - scale.mean.numpy()) / scale.deviation.numpy()
    cells = (
        np.einsum("nhwc,co,no->nhw", standard, dense.kernel.numpy(), ONE) + (ONE @ dense.bias.numpy())[:, None, None]
    )
    np.testing.assert_allclose(
        explained(own, kept), upsample(cells, (64, 64)), rtol=1e-3, atol=1e-4 * np.abs(cells).max()
    )


@pytest.mark.parametrize("p", [1.0, 3.0])
def test_of_parts_pooled_apart_it_still_averages_to_the_logit(p):
    own, kept = pooled_subject(p, head__gem__rows=2, head__gem__columns=2)
    logits = (own.parts.tail(kept).numpy() * ONE).sum(axis=1)
    np.testing.assert_allclose(explained(own, kept).mean(axis=(1, 2)), logits, rtol=1e-3)


@pytest.mark.parametrize("p", [1.0, 3.0])
def test_cells_that_are_all_the_same_share_the_logit(p):
    own, kept = pooled_subject(p)
    kept[:] = kept.mean(axis=(1, 2), keepdims=True)
    logits = (own.parts.tail(kept).numpy() * ONE).sum(axis=1)
    np.testing.assert_allclose(explained(own, kept), np.broadcast_to(logits[:, None, None], (3, 64, 64)), rtol=1e-3)


def test_a_cell_without_activation_adds_nothing_but_the_constant():
    own, kept = pooled_subject(3.0)
    kept[0, 0, 0] = 0
    kept[0, 3, 3] = 0
    corners = explained(own, kept)[0][[0, -1], [0, -1]]
    assert corners[0] == pytest.approx(corners[1], rel=1e-4)
