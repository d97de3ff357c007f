"""Regions as pixels."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.common.errors import UserError
from stages.common.regions import grown, region_mask
from stages.common.tables import REGION_COLUMNS


def rows(*regions: dict) -> pd.DataFrame:
    base = {"image_id": "a", "finding": "nodule", "kind": "box", "mask_path": ""}
    empty = dict.fromkeys(("x", "y", "width", "height"), 0.0)
    return pd.DataFrame([base | empty | region for region in regions], columns=list(REGION_COLUMNS))


@pytest.mark.parametrize(
    ("box", "marked"),
    [
        ((2, 1, 3, 2), (slice(1, 3), slice(2, 5))),
        ((1.5, 0, 1, 1), (slice(0, 1), slice(1, 2))),  # centres at or behind 1.5, before 2.5
        ((1.6, 0, 1, 1), (slice(0, 1), slice(2, 3))),
        ((3.2, 2.2, 0.1, 0.1), (slice(2, 3), slice(3, 4))),  # holds no centre: the pixel it lies in
        ((-4, -4, 6, 5), (slice(0, 1), slice(0, 2))),
        ((6, 4, 50, 50), (slice(4, 5), slice(6, 8))),
    ],
)
def test_a_box_holds_the_pixels_whose_centres_it_holds(tmp_path, box, marked):
    expected = np.zeros((5, 8), bool)
    expected[marked] = True
    region = dict(zip(("x", "y", "width", "height"), map(float, box), strict=True))
    np.testing.assert_array_equal(region_mask(rows(region), (5, 8), tmp_path), expected)


def test_boxes_and_masks_are_joined(tmp_path):
    mask = np.zeros((5, 8), np.uint8)
    mask[4] = 255
    mask[3] = 127  # not above the threshold
    Image.fromarray(mask).save(tmp_path / "a.png")
    regions = rows({"x": 1.0, "width": 1.0, "height": 2.0}, {"kind": "mask", "mask_path": "a.png"})
    inside = region_mask(regions, (5, 8), tmp_path)
    expected = np.zeros((5, 8), bool)
    expected[:2, 1] = expected[4] = True
    np.testing.assert_array_equal(inside, expected)


def test_what_cannot_be_right_is_said(tmp_path):
    Image.fromarray(np.full((5, 9), 255, np.uint8)).save(tmp_path / "wide.png")
    (tmp_path / "page.png").write_text("<html>")
    with pytest.raises(UserError, match=r"9x5.*8x5"):
        region_mask(rows({"kind": "mask", "mask_path": "wide.png"}), (5, 8), tmp_path)
    for name in ("page.png", "missing.png"):
        with pytest.raises(UserError, match=name):
            region_mask(rows({"kind": "mask", "mask_path": name}), (5, 8), tmp_path)
    with pytest.raises(UserError, match="of a mark no pixel"):
        region_mask(rows({"x": 20.0, "width": 3.0, "height": 3.0}), (5, 8), tmp_path)


def test_grown_is_every_pixel_near_enough_by_brute_force():
    inside = np.random.default_rng(0).random((23, 17)) > 0.985
    assert 2 < inside.sum() < 20
    ys, xs = np.nonzero(inside)
    y, x = np.indices(inside.shape)
    distance = np.sqrt(((y[..., None] - ys) ** 2 + (x[..., None] - xs) ** 2).min(axis=-1))
    for radius in (0, 1, 2.5, 7):
        np.testing.assert_array_equal(grown(inside, radius), distance <= radius)
