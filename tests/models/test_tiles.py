"""Bags: the network sees what the geometry cuts, background is left out, and maps come back to their place."""

import keras
import numpy as np
import pytest

from stages.attribute.cells import apart, on_input_grid
from stages.models import compose, front, runtime
from stages.models.heads.attention import ATTENTION
from stages.models.image import ImageSettings
from tests import factories

TILED = {
    "image__height": 64, "image__width": 96, "image__tiles__size": 32, "backbone__name": "patch_cnn",
    "backbone__widths": [3, 4], "backbone__cut": "pool2", "backbone__weights": "random",
    "attribute__maps": {"gradcam": {"method": "gradcam"}},
}  # fmt: skip


def composed(**values):
    runtime.start()
    design = factories.design(**TILED | values)
    parts = compose.compose(design)
    factories.randomize(parts.whole)
    return design, parts


def images(count=2, shape=(64, 96)):
    return np.random.default_rng(0).integers(0, 200, (count, *shape, 3)).astype(np.float32)


@pytest.mark.parametrize("stride", [None, 16])
def test_the_layer_cuts_as_the_geometry_does(stride):
    view = ImageSettings(height=70, width=96, tiles={"size": 32, "stride": stride})
    runtime.start()
    image = keras.Input((70, 96, 3))
    model = keras.Model(image, front.seen(image, view))
    pixels = images(2, (70, 96))
    found = model(pixels).numpy().reshape(2, view.tiling.count, 32, 32, 3)
    np.testing.assert_array_equal(found, view.tiling.cut(pixels))


def test_each_tile_passes_the_backbone_by_itself():
    design, parts = composed()
    pixels = images()
    alone = front.build(design.backbone, design.cut, ImageSettings(height=32, width=32))
    arrays = {name: np.asarray(value) for name, value in front.named_weights(parts.whole).items()}
    front.assign(alone, arrays)
    wanted = np.stack([alone(tiles).numpy() for tiles in design.tiling.cut(pixels)])
    np.testing.assert_allclose(parts.front(pixels).numpy(), wanted, rtol=1e-5, atol=1e-3)


def test_background_gets_no_attention_and_does_not_change_the_score():
    values = {"head__kind": "attention", "image__tiles__background": 0.5, "head__standardize": False}
    for cut in ("input", "pool1", "pool2"):
        _, parts = composed(backbone__cut=cut, **values)
        weights = keras.Model(parts.whole.input, parts.whole.get_layer(ATTENTION).output)
        white = images()
        white[0, :32, 32:64] = 250
        changed = white.copy()
        changed[0, :32, 32:60] = 255
        shares = weights(white).numpy()
        assert shares[0, 1] == 0
        assert (shares[0, [0, 2, 3, 4, 5]] > 0).all()
        assert (shares[1] > 0).all()
        np.testing.assert_array_equal(parts.whole(white).numpy(), parts.whole(changed).numpy())
        if parts.front is not None:
            assert (parts.front(white).numpy()[0, 1] == 0).all()
            kept = parts.front(white).numpy().astype(np.float16).astype(np.float32)
            np.testing.assert_allclose(parts.tail(kept).numpy(), parts.whole(white).numpy(), rtol=1e-5, atol=1e-5)


def test_heads_that_want_a_map_are_given_the_tiles_side_by_side():
    design, parts = composed(head__kind="score_map", head__standardize=False)
    scores = keras.Model(parts.whole.input, parts.whole.get_layer("head_scores").output)
    pixels = images(1)
    whole = scores(pixels).numpy()[0, ..., 1]
    features = parts.front(pixels).numpy().astype(np.float16).astype(np.float32)[0]
    kernel = np.asarray(parts.whole.get_layer("head_scores").kernel)[0, 0, :, 1]
    bias = np.asarray(parts.whole.get_layer("head_scores").bias)[1]
    h, w = features.shape[1:3]
    np.testing.assert_allclose(whole[h : 2 * h, 2 * w : 3 * w], features[5] @ kernel + bias, rtol=1e-4, atol=1e-4)
    cells = apart(whole[None], design)
    np.testing.assert_array_equal(cells[5], whole[h : 2 * h, 2 * w : 3 * w])


def test_cells_come_back_over_their_tile():
    view = ImageSettings(height=64, width=96, tiles={"size": 32})
    cells = np.zeros((12, 1, 1), np.float32)
    cells[1 * 6 + 4] = 1  # second image, second row, second column
    maps = on_input_grid(cells, view)
    wanted = np.zeros((2, 64, 96), np.float32)
    wanted[1, 32:64, 32:64] = 1
    np.testing.assert_array_equal(maps, wanted)


def test_cells_of_overlapping_tiles_are_averaged_and_margins_are_zero():
    view = ImageSettings(height=64, width=70, tiles={"size": 32, "stride": 16})
    maps = on_input_grid(np.ones((9, 2, 2), np.float32), view)
    assert maps.shape == (1, 64, 70)
    assert (maps[0, :, 3:67] == 1).all()
    assert (maps[0, :, :3] == 0).all()


def test_without_tiles_cells_are_interpolated():
    view = ImageSettings(height=64, width=64)
    assert on_input_grid(np.ones((2, 4, 4), np.float32), view).shape == (2, 64, 64)
    assert apart(np.ones((2, 4, 4)), view).shape == (2, 4, 4)


NATIVE = {"image__fit": "native", "head__kind": "attention", "head__standardize": False}


@pytest.mark.parametrize("cut", ["input", "pool1", "pool2"])
@pytest.mark.parametrize("tiles", [32, None])
def test_bags_of_different_sizes_are_masked_beyond_the_image(cut, tiles):
    """The image of 40x50 pixels stands in the middle of the canvas of 64x96."""
    _, parts = composed(image__tiles__size=tiles, backbone__cut=cut, backbone__widths=[3, 24], **NATIVE)
    weights = keras.Model(parts.whole.input, parts.whole.get_layer(ATTENTION).output)
    pixels = images() + 1
    canvas = np.zeros_like(pixels)
    canvas[0, 12:52, 23:73] = pixels[0, 12:52, 23:73]
    canvas[1] = pixels[1]
    shares = weights(canvas).numpy()
    assert (shares[1] > 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    if tiles:
        assert (shares[0].reshape(2, 3) > 0).all()  # each of the six tiles has a part of the image
        canvas[0, :, :32] = 0
        np.testing.assert_array_equal(weights(canvas).numpy()[0].reshape(2, 3) > 0, [[False, True, True]] * 2)
    else:
        h, w = parts.whole.get_layer("pool2").output.shape[1:3]
        there = shares[0].reshape(h, w) > 0
        centres = [(np.arange(cells) + 0.5) * size / cells for cells, size in ((h, 64), (w, 96))]
        inside = [
            (centre > first) & (centre < last) for centre, first, last in zip(centres, (12, 23), (52, 73), strict=True)
        ]
        assert there[np.ix_(*inside)].all()
        assert not there[0].any()
        assert not there[:, 0].any()
    if parts.front is not None:
        kept = parts.front(canvas).numpy().astype(np.float16).astype(np.float32)
        np.testing.assert_allclose(parts.tail(kept).numpy(), parts.whole(canvas).numpy(), rtol=1e-5, atol=1e-5)


def test_a_coarser_grid_has_what_any_of_its_parts_has():
    from stages.models.layers import Coarser

    runtime.start()
    fine = np.zeros((1, 6, 7), bool)
    fine[0, 3, 3] = True  # rows in two of three cells each; column 3 of 7 touches both halves
    np.testing.assert_array_equal(Coarser(3, 2)(fine).numpy()[0], [[False, False], [True, True], [False, False]])
    assert Coarser(3, 2)(np.ones((1, 6, 7), bool)).numpy().all()
