"""Insertion and deletion, by hand."""

import numpy as np
import pytest

from stages.trust import faithfulness


def test_the_order_of_pixels_and_of_equal_ones():
    random = np.random.default_rng(0)
    assert faithfulness.order(np.array([[1.0, 3.0], [2.0, -1.0]]), random).tolist() == [1, 2, 0, 3]
    firsts = {faithfulness.order(np.array([[0.0, 0, 0], [0, 0, 5]]), random)[1] for _ in range(50)}
    assert firsts == {0, 1, 2, 3, 4}


def curves_of(weights, pixels, steps):
    """The curves of a model that is a weighted sum of the pixels, on an image of ones covered by zeros."""
    image = np.ones((*weights.shape, 3))
    made = np.stack(list(faithfulness.copies(image, 0 * image, np.array(pixels), steps)))
    assert len(made) == 2 * steps
    return faithfulness.curves((made[..., 0] * weights).sum(axis=(1, 2)))


def test_curves_of_a_weighted_sum():
    deletion, insertion = curves_of(np.array([[4.0, 3], [2, 1]]), [0, 1, 2, 3], 4)
    assert deletion.tolist() == [10, 6, 3, 1, 0]
    assert insertion.tolist() == [0, 4, 7, 9, 10]
    assert faithfulness.areas(deletion) == pytest.approx((5 + 6 + 3 + 1) / 4)
    assert faithfulness.areas(insertion) == pytest.approx((4 + 7 + 9 + 5) / 4)


def test_the_right_order_is_better_than_any_other():
    weights = np.random.default_rng(1).uniform(size=(4, 5))
    best = faithfulness.areas(curves_of(weights, faithfulness.order(weights, np.random.default_rng(0)), 20))
    for seed in range(20):
        pixels = np.random.default_rng(seed).permutation(20)
        deletion, insertion = faithfulness.areas(curves_of(weights, pixels, 20))
        assert best[0] < deletion
        assert best[1] > insertion


def test_steps_that_do_not_divide_the_pixels_end_with_all_of_them():
    deletion, insertion = curves_of(np.ones((1, 7)), range(7), 3)
    assert deletion.tolist() == [7, 5, 3, 0]
    assert insertion.tolist() == [0, 2, 4, 7]
