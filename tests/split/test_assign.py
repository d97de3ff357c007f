"""Groups stay whole, parts come close to their fractions, and every class is everywhere if that can be."""

import itertools

import numpy as np
import pytest

from stages.split.assign import assign

FRACTIONS = np.array([0.65, 0.15, 0.2])


def held(counts, parts, n):
    return np.stack([counts[parts == part].sum(axis=0) for part in range(n)])


@pytest.mark.parametrize("fractions", [FRACTIONS, np.full(5, 0.2)])
def test_proportions_of_many_groups(fractions):
    counts = np.random.default_rng(0).integers(0, 4, (500, 3))
    share = held(counts, assign(counts, fractions), len(fractions)) / counts.sum(axis=0)
    np.testing.assert_allclose(share, np.tile(fractions[:, None], 3), atol=0.004)


def test_a_rare_class_is_everywhere():
    counts = np.array([[5, 0]] * 40 + [[5, 1]] * 3)
    assert (held(counts, assign(counts, FRACTIONS), 3) > 0).all()


def test_one_large_group():
    counts = np.array([[60, 0]] + [[1, 1]] * 40)
    share = held(counts, assign(counts, FRACTIONS), 3).sum(axis=1) / counts.sum()
    assert share[0] > 0.5
    assert (share > 0.05).all()


def test_equal_groups_are_divided_as_asked():
    counts = np.ones((100, 1), int)
    assert held(counts, assign(counts, FRACTIONS), 3).ravel().tolist() == [65, 15, 20]


def test_no_solvable_small_problem_is_missed():
    random = np.random.default_rng(1)
    solvable = 0
    for _ in range(60):
        counts = random.integers(0, 3, (int(random.integers(3, 7)), 2))
        every = (np.array(parts) for parts in itertools.product(range(3), repeat=len(counts)))
        if any((held(counts, parts, 3) > 0).all() for parts in every):
            solvable += 1
            assert (held(counts, assign(counts, FRACTIONS), 3) > 0).all()
    assert solvable > 20
