"""Images with something hidden, by hand."""

import numpy as np
import pytest
from scipy import ndimage

from stages.common.geometry import place
from stages.shortcuts import pictures

GREY = np.full((20, 30, 3), 80, np.float32)
ALL = np.ones((20, 30), bool)
MEAN = np.full((20, 30, 3), 7, np.float32)


def box(*slices: slice) -> np.ndarray:
    mask = np.zeros((20, 30), bool)
    mask[slices] = True
    return mask


@pytest.mark.parametrize(
    ("stored", "fit", "rows", "columns"),
    [
        ((40, 40), "stretch", (0, 20), (0, 30)),
        ((40, 40), "letterbox", (0, 20), (5, 25)),
        ((40, 40), "center_crop", (0, 20), (0, 30)),
        ((10, 50), "native", (5, 15), (0, 30)),
    ],
)
def test_what_holds_the_image(stored, fit, rows, columns):
    np.testing.assert_array_equal(place(stored, (20, 30), fit).shown(), box(slice(*rows), slice(*columns)))


def test_a_hole_is_filled_from_around_it_and_nothing_of_what_was_there_is_left():
    image = np.random.default_rng(0).uniform(60, 90, (20, 30, 3)).astype(np.float32)
    hole = box(slice(5, 12), slice(8, 20))
    other = image.copy()
    other[hole] = 250
    found = pictures.filled(image, hole, ALL, MEAN)
    np.testing.assert_array_equal(found, pictures.filled(other, hole, ALL, MEAN))
    np.testing.assert_array_equal(found[~hole], image[~hole])
    assert 60 < found[hole].min() < found[hole].max() < 90
    np.testing.assert_allclose(pictures.filled(GREY, hole, ALL, MEAN), GREY, rtol=1e-6)


def test_a_hole_takes_its_colours_from_its_own_side():
    image = GREY.copy()
    image[:, 15:] = 200
    found = pictures.filled(image, box(slice(4, 10), slice(3, 8)), ALL, MEAN)
    np.testing.assert_allclose(found[:, :8], 80, rtol=1e-6)


def test_the_black_around_an_image_does_not_flow_in_and_is_not_filled():
    seen = box(slice(0, 20), slice(5, 25))
    image = GREY * seen[..., None]
    found = pictures.filled(image, box(slice(0, 20), slice(0, 10)), seen, MEAN)
    np.testing.assert_allclose(found, image, rtol=1e-6)


def test_where_nothing_is_around_the_mean_image_stands_in():
    np.testing.assert_array_equal(pictures.filled(GREY, ALL, ALL, MEAN), MEAN)
    assert pictures.filled(GREY, ~ALL, ALL, MEAN) is GREY


@pytest.mark.parametrize("place_of_hole", [np.s_[50:60, 70:90], np.s_[:9, 130:160], np.s_[20:100, 3:40]])
def test_a_hole_is_filled_as_if_the_whole_image_were_blurred(place_of_hole):
    """The same bytes, wherever it is: what lies beyond the Gaussian's reach has no part in it."""
    image = np.random.default_rng(0).uniform(0, 255, (120, 160, 3)).astype(np.float32)
    hole, seen = np.zeros((2, 120, 160), bool)
    hole[place_of_hole], seen[:, 5:] = True, True
    deviation = ndimage.distance_transform_edt(np.pad(hole, 1)).max() / 2
    known = (seen & ~hole)[..., None].astype(np.float64)
    weights, colours = (
        ndimage.gaussian_filter(each, (deviation, deviation, 0), mode="constant") for each in (known, image * known)
    )
    fill = np.where(weights > 1e-9, colours / np.maximum(weights, 1e-9), 7)
    expected = np.where((hole & seen)[..., None], fill, image).astype(np.float32)
    np.testing.assert_array_equal(pictures.filled(image, hole, seen, np.full_like(image, 7)), expected)


def test_a_border_is_a_share_of_each_side_and_at_least_a_pixel():
    np.testing.assert_array_equal(pictures.border(ALL, 0.1), ~box(slice(2, 18), slice(3, 27)))
    np.testing.assert_array_equal(pictures.border(ALL, 0.02), ~box(slice(1, 19), slice(1, 29)))
    seen = box(slice(0, 20), slice(5, 25))
    np.testing.assert_array_equal(pictures.border(seen, 0.1), seen & ~box(slice(2, 18), slice(7, 23)))
    kept = pictures.alone(GREY, pictures.border(seen, 0.1), seen, MEAN)
    assert (kept[2:18, 7:23] == 7).all()
    assert (kept[~box(slice(2, 18), slice(7, 23))] == 80).all()


def test_the_border_as_numbers_is_the_ring_of_cells_that_it_is_wide():
    seen = np.zeros((60, 50), bool)
    seen[5:55, 5:45] = True
    image = np.where(seen, 10.0, 255.0)[..., None].repeat(3, axis=2)
    image[10:50, 9:41] = 99  # the inner four fifths
    found = pictures.border_cells(image, seen, 0.1)
    assert found.shape == (3 * (20**2 - 16**2),)
    assert set(found) == {10}


def test_a_region_on_the_input_grid_is_grown_by_a_share_of_the_shorter_side():
    inside = np.zeros((40, 60), bool)
    inside[20:24, 30:34] = True
    stretched = place((40, 60), (20, 30), "stretch")
    found = pictures.on_input_grid(inside, stretched, 0.0)
    assert found[10:12, 15:17].all()
    assert found.sum() <= 16, "a pixel that is touched counts"
    wider = pictures.on_input_grid(inside, stretched, 0.2)
    assert wider[10:12, 15 - 4 : 17 + 4].all()
    assert not wider[:, :9].any()


def test_a_lent_region_lies_at_the_same_place_of_the_other_image():
    inside = np.zeros((100, 80), bool)
    inside[50:, :40] = True
    found = pictures.on_input_grid(inside, place((20, 20), (20, 30), "letterbox"), 0.0)
    np.testing.assert_array_equal(found, box(slice(10, 20), slice(5, 15)))


def test_a_region_that_the_network_does_not_see_hides_nothing():
    inside = np.zeros((40, 120), bool)
    inside[:, :10] = True
    assert not pictures.on_input_grid(inside, place((40, 120), (20, 30), "center_crop"), 0.1).any()
