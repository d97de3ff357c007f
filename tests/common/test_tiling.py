"""Tiles of an image, and maps of tiles back on the image."""

import numpy as np
import pytest

from stages.common.geometry import Tiling


def test_the_ancestors_grid():
    tiling = Tiling((448, 700), 28, 28)
    assert tiling.grid == (16, 25)
    assert tiling.count == 400
    assert (tiling.starts(0)[0], tiling.starts(0)[-1], tiling.starts(1)[-1]) == (0, 420, 672)


def test_a_grid_that_does_not_fill_the_image_is_centred():
    tiling = Tiling((10, 13), 4, 4)
    assert tiling.grid == (2, 3)
    np.testing.assert_array_equal(tiling.starts(0), [1, 5])
    np.testing.assert_array_equal(tiling.starts(1), [0, 4, 8])


def test_no_tile_fits_a_smaller_image():
    assert Tiling((8, 40), 16, 16).count == 0


def test_tiles_run_row_by_row():
    image = np.arange(24).reshape(1, 4, 6)
    tiles = Tiling((4, 6), 2, 2).cut(image)
    assert tiles.shape == (1, 6, 2, 2)
    np.testing.assert_array_equal(tiles[0, 1], [[2, 3], [8, 9]])
    np.testing.assert_array_equal(tiles[0, 3], [[12, 13], [18, 19]])


@pytest.mark.parametrize("stride", [8, 4, 3, 16])
def test_what_was_cut_is_stitched_back_exactly(stride):
    tiling = Tiling((24, 37), 8, stride)
    images = np.random.default_rng(0).random((2, 24, 37)).astype(np.float32)
    back = tiling.stitch(tiling.cut(images), fill=-1)
    covered = tiling.stitch(np.ones((1, tiling.count, 8, 8)), fill=0)[0] > 0
    np.testing.assert_allclose(back[:, covered], images[:, covered], rtol=1e-6)
    assert (back[:, ~covered] == -1).all()
    assert covered.sum() == (24 * min(37, 8 + (tiling.grid[1] - 1) * stride) if stride in (8, 4) else covered.sum())


def test_where_tiles_overlap_their_mean_counts():
    tiling = Tiling((2, 3), 2, 1)
    back = tiling.stitch(np.array([[np.full((2, 2), 1.0), np.full((2, 2), 3.0)]]), fill=0)
    np.testing.assert_array_equal(back[0], [[1, 2, 3], [1, 2, 3]])
