"""From the stored image to the network's input and back, with numbers worked out by hand."""

import numpy as np
import pytest
from PIL import Image

from stages.common.geometry import fit_image, place, upsample

FITS = ("stretch", "letterbox", "center_crop")


def test_stretch_scales_each_axis():
    placement = place((100, 200), (50, 50), "stretch")
    assert placement.scale == (0.5, 0.25)
    assert placement.offset == (0, 0)
    assert placement.to_input(100, 200) == (50, 50)


def test_letterbox_centres_the_whole_image():
    placement = place((100, 200), (60, 60), "letterbox")  # 30 x 60, 15 rows of black above and below
    assert placement.scale == (0.3, 0.3)
    assert placement.offset == (15, 0)
    assert placement.to_input(0, 0) == (15, 0)
    assert placement.to_input(100, 200) == (45, 60)
    assert placement.seen().all()


def test_center_crop_fills_the_input():
    placement = place((100, 200), (50, 50), "center_crop")  # 50 x 100, 25 columns cut off on each side
    assert placement.scale == (0.5, 0.5)
    assert placement.offset == (0, -25)
    seen = placement.seen()
    assert seen.sum() == 100 * 100
    assert seen[:, 50:150].all()


def test_center_crop_of_an_odd_surplus():
    placement = place((4, 7), (4, 4), "center_crop")  # 3 columns too many: 2 on the left, 1 on the right
    assert placement.offset == (0, -2)
    pixels = np.tile(np.arange(7, dtype=np.uint8), (4, 1))
    np.testing.assert_array_equal(np.asarray(fit_image(Image.fromarray(pixels), placement))[0], [2, 3, 4, 5])
    np.testing.assert_array_equal(placement.seen()[0], [False, False, True, True, True, True, False])


def test_native_keeps_the_pixels():
    placement = place((4, 9), (6, 6), "native")  # a row of black above and below, columns cut off: 2 left, 1 right
    assert placement.scale == (1, 1)
    assert placement.offset == (1, -2)
    pixels = np.arange(36, dtype=np.uint8).reshape(4, 9)
    fitted = np.asarray(fit_image(Image.fromarray(pixels), placement))
    np.testing.assert_array_equal(fitted[1:5], pixels[:, 2:8])
    assert (fitted[[0, 5]] == 0).all()
    np.testing.assert_array_equal(placement.to_stored(fitted.astype(np.float32), fill=-1)[:, 2:8], pixels[:, 2:8])


def test_letterbox_of_an_extreme_shape_keeps_a_row():
    placement = place((1, 500), (32, 32), "letterbox")
    assert fit_image(Image.new("L", (500, 1), 255), placement).size == (32, 32)
    assert np.asarray(fit_image(Image.new("L", (500, 1), 255), placement)).max() == 255


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("stored", [(64, 64), (37, 91), (200, 130), (20, 33)])
def test_fitted_images_have_the_input_size(fit, stored):
    assert fit_image(Image.new("RGB", stored[::-1]), place(stored, (48, 64), fit)).size == (64, 48)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("stored", [(120, 120), (96, 160), (160, 96)])
def test_a_bright_square_lands_at_its_place_and_comes_back(fit, stored):
    top, left, side = 40, 56 if stored[1] > 96 else 36, 24
    pixels = np.zeros(stored, np.uint8)
    pixels[top : top + side, left : left + side] = 255
    placement = place(stored, (64, 64), fit)
    seen = np.asarray(fit_image(Image.fromarray(pixels), placement)).astype(float)
    upper, lower = (placement.to_input(top + edge, left + edge) for edge in (0, side))
    for axis in (0, 1):
        profile = seen.sum(axis=1 - axis)
        centre = (profile * (np.arange(len(profile)) + 0.5)).sum() / profile.sum()
        assert centre == pytest.approx((upper[axis] + lower[axis]) / 2, abs=0.05)
    assert seen.sum() / 255 == pytest.approx((lower[0] - upper[0]) * (lower[1] - upper[1]), rel=0.02)
    back = placement.to_stored(seen, fill=0) > 127
    overlap = (back & (pixels > 0)).sum() / (back | (pixels > 0)).sum()
    assert overlap > 0.85
    ys, xs = np.nonzero(back)
    assert (ys.mean() + 0.5, xs.mean() + 0.5) == pytest.approx((top + side / 2, left + side / 2), abs=0.6)


def test_a_map_comes_back_with_half_pixel_centres():
    placement = place((2, 8), (2, 4), "stretch")  # every input pixel is two stored ones wide
    values = np.array([[0, 4, 8, 12]] * 2, np.float32)
    np.testing.assert_allclose(placement.to_stored(values, fill=-1)[0], [0, 1, 3, 5, 7, 9, 11, 12])


def test_a_map_of_the_same_size_comes_back_as_it_was():
    values = np.random.default_rng(0).random((9, 13)).astype(np.float32)
    np.testing.assert_array_equal(place((9, 13), (9, 13), "stretch").to_stored(values, fill=0), values)


def test_what_the_network_never_saw_is_filled():
    placement = place((4, 8), (4, 4), "center_crop")
    back = placement.to_stored(np.ones((4, 4), np.float32), fill=-5)
    np.testing.assert_array_equal(back[0], [-5, -5, 1, 1, 1, 1, -5, -5])
    np.testing.assert_array_equal(back == 1, placement.seen())


def test_upsampling_is_bilinear_between_the_centres_of_cells():
    cells = np.array([[[0.0, 4.0], [8.0, 12.0]]])
    np.testing.assert_allclose(upsample(cells, (4, 4))[0], [[0, 1, 3, 4], [2, 3, 5, 6], [6, 7, 9, 10], [8, 9, 11, 12]])


def test_upsampling_keeps_the_mean_and_the_place_of_a_peak():
    cells = np.zeros((1, 7, 7))
    cells[0, 2, 5] = 1
    large = upsample(cells, (224, 224))[0]
    ys, xs = (np.arange(224) + 0.5 for _ in range(2))
    assert ((large.sum(axis=1) * ys).sum() / large.sum(), (large.sum(axis=0) * xs).sum() / large.sum()) == (
        pytest.approx((2.5 * 32, 5.5 * 32), abs=0.01)
    )
    assert large.mean() == pytest.approx(cells.mean(), rel=1e-5)
