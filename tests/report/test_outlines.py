"""Regions as SVG paths."""

import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

from stages.report.outlines import box_path, outline


def loops(path: str) -> list[np.ndarray]:
    """The corners of each closed loop of a path of M, L and Z."""
    return [
        np.array([[float(number) for number in corner.split()] for corner in loop.split("L")])
        for loop in re.findall(r"M([^Z]*)Z", path)
    ]


def area(corners: np.ndarray) -> float:
    x, y = corners.T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


def test_a_box_is_drawn_in_place():
    assert box_path(3, 4, 10, 20.5) == "M3 4h10v20.5h-10Z"


def test_a_rectangle_of_pixels_is_outlined_within_half_a_pixel():
    mask = np.zeros((40, 60), bool)
    mask[10:20, 15:45] = True
    (corners,) = loops(outline(mask, 0.1))
    assert corners.min(axis=0) == pytest.approx([15, 10], abs=0.51)
    assert corners.max(axis=0) == pytest.approx([45, 20], abs=0.51)
    assert area(corners) == pytest.approx(300, rel=0.06)


def test_a_region_at_the_rim_is_closed():
    mask = np.zeros((20, 20), bool)
    mask[:, :5] = True
    (corners,) = loops(outline(mask, 0.1))
    assert area(corners) == pytest.approx(100, rel=0.06)


def test_two_parts_and_a_hole_give_three_loops():
    mask = np.zeros((60, 60), bool)
    mask[5:25, 5:25] = True
    mask[10:20, 10:20] = False
    mask[40:50, 40:50] = True
    assert len(loops(outline(mask, 0.5))) == 3


def test_simplifying_keeps_the_shape_with_few_corners():
    picture = Image.new("L", (500, 500))
    ImageDraw.Draw(picture).ellipse((100, 150, 400, 350), fill=255)
    mask = np.asarray(picture) > 0
    (corners,) = loops(outline(mask, 500 / 400))
    assert len(corners) < 40
    assert area(corners) == pytest.approx(mask.sum(), rel=0.02)


def test_an_empty_mask_has_no_outline():
    assert outline(np.zeros((5, 5), bool), 1) == ""
