"""Boxes are clipped, masks united and stored; what does not fit its image is refused."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.ingest.listing import BOX_COLUMNS, UnfitError
from stages.ingest.regions import box_rows, mask_rows
from tests.ingest.factory import encoded, write

SIZE = (48, 40)  # width, height


def boxes(*rows):
    return pd.DataFrame([("a.png", *row) for row in rows], columns=list(BOX_COLUMNS))


def mask(*marks, value=255, shape=(40, 48)):
    values = np.zeros(shape, np.uint8)
    for y, x, h, w in marks:
        values[y : y + h, x : x + w] = value
    return values


def masked(root, *contents, label="mass"):
    files = {f"{n}.png": content for n, content in enumerate(contents)}
    (root / "out").mkdir()
    return mask_rows("a", [write(root, files) / name for name in files], SIZE, label, root / "out")


def test_boxes_are_clipped():
    rows = box_rows("a", boxes(("Mass", -5.0, 30.0, 20.0, 20.0), ("", 1.5, 2.0, 3.0, 4.0)), SIZE, "abnormal")
    found = [(row["finding"], row["kind"], row["x"], row["y"], row["width"], row["height"]) for row in rows]
    assert found == [("Mass", "box", 0, 30, 15, 10), ("abnormal", "box", 1.5, 2, 3, 4)]
    assert box_rows("a", None, SIZE, "abnormal") == []


@pytest.mark.parametrize(
    "box", [(48.0, 0.0, 5.0, 5.0), (-9.0, 0.0, 9.0, 5.0), (1.0, 1.0, 0.0, 5.0), (9.0, 9.0, -3.0, 5.0)]
)
def test_a_box_without_part_in_the_image_is_refused(box):
    with pytest.raises(UnfitError, match="no part in the image of 48x40") as caught:
        box_rows("a", boxes(("Mass", *box)), SIZE, "abnormal")
    assert caught.value.reason == "bad_region"


def test_masks_are_united_and_stored(tmp_path):
    one, other = mask((2, 3, 4, 5)), mask((20, 30, 6, 7), value=128)
    (row,) = masked(tmp_path, encoded(one), encoded(np.dstack([0 * other, other, 0 * other])))
    assert (row["kind"], row["finding"], row["mask_path"]) == ("mask", "mass", "a.png")
    assert (row["x"], row["y"], row["width"], row["height"]) == (3, 2, 34, 24)
    with Image.open(tmp_path / "out/a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), mask((2, 3, 4, 5), (20, 30, 6, 7)))


@pytest.mark.parametrize(
    "content",
    [
        encoded(mask((2, 3, 4, 5)), "BMP"),
        encoded(Image.fromarray(mask((2, 3, 4, 5)) > 0)),
        encoded(mask((2, 3, 4, 5)).astype(np.uint16) * 257),
        encoded(Image.fromarray(mask((2, 3, 4, 5))).convert("P")),
        encoded(np.where(mask((2, 3, 4, 5)) > 0, 200, 127).astype(np.uint8)),  # 127 is not marked
    ],
)
def test_masks_of_any_kind(tmp_path, content):
    (row,) = masked(tmp_path, content)
    assert (row["x"], row["y"], row["width"], row["height"]) == (3, 2, 5, 4)


def test_a_black_mask_marks_nothing(tmp_path):
    assert masked(tmp_path, encoded(mask())) == []
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (encoded(mask((2, 3, 4, 5), shape=(48, 40))), "its mask is 40x48, the image 48x40"),
        (encoded(mask((2, 3, 4, 5), value=1)), "not brighter than 1 of 255"),
        (encoded(mask())[:60], "its mask cannot be read"),
        (b"<html></html>", "its mask cannot be read: an HTML page"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(tmp_path, content, message):
    with pytest.raises(UnfitError, match=message) as caught:
        masked(tmp_path, content)
    assert caught.value.reason == "bad_region"
    assert not list((tmp_path / "out").iterdir())
