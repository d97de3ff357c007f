"""A map over an image, by hand."""

import numpy as np
import pytest

from stages.render import colors
from stages.render.overlay import blend, layer, outlined, overlay, resized
from stages.render.scale import Ends
from stages.render.settings import Settings

CYAN = (0, 229, 255)


def grey(value: int = 100, size: tuple[int, int] = (12, 16)) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


def test_blend_is_the_weighted_mean():
    above = np.zeros((1, 3, 4), np.uint8)
    above[0, :, :3] = 200
    above[0, :, 3] = [0, 51, 255]  # clear, a fifth, solid
    assert blend(grey(100, (1, 3)), above)[0, :, 0].tolist() == [100, 120, 200]


def test_values_at_the_ends_and_beyond_take_the_first_and_the_last_colour():
    table = colors.table(Settings())
    drawn = layer(np.array([[-1.0, 0.0, 1.0, 2.0, 9.0]], np.float32), Ends(0.0, 2.0), table)
    np.testing.assert_array_equal(drawn[0], table[[0, 0, 128, 255, 255]])


def test_zero_leaves_the_image_as_it_is_and_more_is_more_opaque():
    table = colors.table(Settings(opacity=0.5))
    assert table[0, 3] == 0
    assert table[255, 3] == 128
    assert (np.diff(table[:, 3].astype(int)) >= 0).all()
    signed = colors.table(Settings(opacity=0.5, signed=True))
    assert signed[[127, 128], 3].max() <= 1
    assert signed[[0, 255], 3].tolist() == [128, 128]
    assert signed[0, 2] > signed[0, 0]  # blue below zero, red above
    assert signed[255, 0] > signed[255, 2]


def test_the_outline_is_outside_the_region_and_covers_nothing_of_it():
    inside = np.zeros((12, 16), bool)
    inside[5:8, 6:9] = True
    drawn = outlined(grey(), inside, CYAN)
    assert (drawn[inside] == 100).all()
    row = drawn[6, :, :]
    assert row[5].tolist() == [0, 0, 0]
    assert row[4].tolist() == row[3].tolist() == list(CYAN)
    assert row[2].tolist() == [0, 0, 0]
    assert row[1].tolist() == [100] * 3


def test_an_empty_map_draws_only_the_outline():
    inside = np.zeros((12, 16), bool)
    inside[5:8, 6:9] = True
    drawn = overlay(grey(), None, None, colors.table(Settings()), inside, CYAN)
    np.testing.assert_array_equal(drawn, outlined(grey(), inside, CYAN))
    np.testing.assert_array_equal(overlay(grey(), None, None, colors.table(Settings()), None, CYAN), grey())


def test_the_colours_lie_where_the_values_are():
    values = np.zeros((12, 16), np.float32)
    values[2, 3] = 1
    drawn = overlay(grey(), values, Ends(0.0, 1.0), colors.table(Settings()), None, CYAN)
    changed = np.argwhere((drawn != 100).any(axis=-1))
    assert changed.tolist() == [[2, 3]]


@pytest.mark.parametrize("size", [(6, 8), (12, 16), (24, 32)])
def test_resizing_keeps_places_and_kinds(size):
    values = np.zeros((12, 16), np.float32)
    values[6:, 8:] = 1
    factor = size[0] / 12
    assert resized(values, size).shape == size
    assert resized(values, size).mean() == pytest.approx(0.25, abs=0.01)
    mask = resized(values > 0, size)
    assert mask.dtype == bool
    assert mask.sum() == 48 * factor**2
