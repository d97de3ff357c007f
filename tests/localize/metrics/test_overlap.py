"""Intersection over union above a threshold."""

import numpy as np
import pytest

from stages.localize.metrics.overlap import BINS, LEVELS, expected_overlaps, otsu, overlaps


def test_a_map_of_two_values_is_cut_between_them():
    values = np.full((4, 4), 0.1, np.float32)
    values[:2, :2] = 0.9
    inside = np.zeros((4, 4), bool)
    inside[:2, :3] = True
    iou, at_levels = overlaps(values, inside)
    assert iou == pytest.approx(4 / 6)
    assert at_levels.shape == (LEVELS,)
    assert at_levels[0] == pytest.approx(6 / 16)  # everything is at or above 0
    assert at_levels[LEVELS // 2] == pytest.approx(4 / 6)


def test_levels_are_fractions_of_the_maximum():
    values = 3 * np.arange(1, 9, dtype=np.float32)[None] / 8  # 1/8 ... 8/8 of the maximum
    inside = np.zeros((1, 8), bool)
    inside[0, 6:] = True
    _, at_levels = overlaps(values, inside)
    assert at_levels[LEVELS * 6 // 8] == pytest.approx(2 / 3)  # at or above 6/8: three pixels
    assert at_levels[LEVELS * 7 // 8] == 1
    assert at_levels[LEVELS - 1] == pytest.approx(1 / 2)


@pytest.mark.parametrize("seed", range(5))
def test_otsu_is_the_split_with_the_largest_variance_between_classes(seed):
    random = np.random.default_rng(seed)
    values = np.concatenate([random.integers(0, 90, 300), random.integers(60, BINS, 120)])

    def between(first_of_upper: int) -> float:
        lower, upper = values[values < first_of_upper], values[values >= first_of_upper]
        return len(lower) * len(upper) * (lower.mean() - upper.mean()) ** 2

    splits = range(int(values.min()) + 1, int(values.max()) + 1)
    best = max(between(split) for split in splits)
    assert between(otsu(np.bincount(values, minlength=BINS))) == pytest.approx(best)


def test_otsu_of_a_single_value_marks_it():
    assert otsu(np.bincount([200, 200], minlength=BINS)) == 200


def test_expected_overlaps_are_those_of_a_large_random_map():
    random = np.random.default_rng(1)
    values = random.random((700, 700), dtype=np.float32)
    inside = np.zeros(values.shape, bool)
    inside[:210, :] = True
    iou, at_levels = overlaps(values, inside)
    expected_iou, expected_levels = expected_overlaps(0.3)
    assert iou == pytest.approx(expected_iou, abs=0.005)
    np.testing.assert_allclose(at_levels, expected_levels, atol=0.005)
