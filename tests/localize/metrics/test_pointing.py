"""The pointing game on maps small enough to read."""

import numpy as np
import pytest

from stages.common.regions import grown
from stages.localize.metrics.pointing import pointing

INSIDE = np.zeros((5, 6), bool)
INSIDE[1:3, 1:3] = True


def peaks(*places: tuple[int, int]) -> np.ndarray:
    values = np.full(INSIDE.shape, 0.25, np.float32)
    for place in places:
        values[place] = 1
    return values


@pytest.mark.parametrize(
    ("places", "score"),
    [
        ([(1, 2)], 1),
        ([(1, 3)], 0),
        ([(1, 2), (4, 4)], 0.5),
        ([(1, 1), (1, 2), (2, 2), (0, 0)], 0.75),
    ],
)
def test_the_maximum_is_inside_or_not_and_ties_share(places, score):
    assert pointing(peaks(*places), INSIDE) == score


@pytest.mark.parametrize(
    ("place", "radius", "score"),
    [((1, 3), 0.9, 0), ((1, 3), 1, 1), ((3, 3), 1.4, 0), ((3, 3), 1.5, 1), ((0, 5), 3.0, 0), ((0, 5), 3.2, 1)],
)
def test_the_tolerance_is_a_distance_between_pixel_centres(place, radius, score):
    assert pointing(peaks(place), INSIDE, radius) == score
    assert grown(INSIDE, radius)[place] == score


def test_many_ties_and_few_are_counted_alike():
    inside = np.zeros((20, 20), bool)
    inside[8:10, 8:10] = True
    plateau = np.zeros((20, 20), np.float32)
    plateau[4:14, 4:14] = 1
    expected = grown(inside, 2.0)[4:14, 4:14].mean()
    assert 0 < expected < 1
    assert pointing(plateau, inside, 2.0) == pytest.approx(expected)
