"""All metrics of one map."""

import numpy as np
import pytest

from stages.localize.metrics import DIRECT, METRICS, empty, expected, measure


def square(size: int = 40) -> np.ndarray:
    inside = np.zeros((size, size), bool)
    inside[10:20, 5:25] = True
    return inside


def test_a_map_that_is_the_region_scores_one_everywhere():
    inside = square()
    assert measure(inside.astype(np.float32), inside, 0).values == dict.fromkeys(DIRECT, 1.0)


def test_a_map_that_avoids_the_region_scores_badly_everywhere():
    inside = square()
    values = measure((~inside).astype(np.float32), inside, 0).values
    assert [values[name] for name in ("pointing", "energy", "pixel_auc", "iou_otsu")] == [0, 0, 0, 0]
    assert values["average_precision"] == pytest.approx(inside.mean())  # all at the last threshold


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_a_map_with_nothing_positive_and_finite_is_empty(value):
    measured = measure(np.full((40, 40), value, np.float32), square(), 0)
    assert measured.values == empty().values
    assert measured.values == {name: METRICS[name].empty for name in DIRECT}
    assert not measured.overlaps.any()


def test_the_random_baseline_is_the_mean_of_random_maps():
    inside = square()
    random = np.random.default_rng(0)
    maps = [measure(random.random(inside.shape, dtype=np.float32), inside, 3.0).values for _ in range(400)]
    for name, value in expected(inside, 3.0).values.items():
        assert np.mean([values[name] for values in maps]) == pytest.approx(
            value, abs=0.06 if name == "pointing" else 0.01
        )


def test_the_tolerance_reaches_the_random_baseline_too():
    inside = square()
    assert expected(inside, 0).values["pointing"] == pytest.approx(inside.mean())
    assert expected(inside, 2).values["pointing"] > inside.mean()
