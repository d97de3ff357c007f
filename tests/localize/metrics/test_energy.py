"""Energy in region."""

import numpy as np
import pytest

from stages.localize.metrics.energy import energy


def test_energy_is_the_share_of_the_sum():
    values = np.array([[1, 2], [3, 4]], np.float32)
    inside = np.array([[False, True], [True, False]])
    assert energy(values, inside) == pytest.approx(0.5)
    assert energy(values, ~inside) == pytest.approx(0.5)
    assert energy(values, np.array([[True, False], [False, False]])) == pytest.approx(0.1)


def test_energy_does_not_lose_small_values_in_a_large_image():
    values = np.full((2000, 2000), 1e-3, np.float32)
    values[0, 0] = 1e3
    inside = np.ones(values.shape, bool)
    inside[0, 0] = False
    assert energy(values, inside) == pytest.approx(0.8, abs=1e-6)
