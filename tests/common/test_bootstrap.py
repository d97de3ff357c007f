"""The bootstrap draws whole groups, the same way every time."""

import numpy as np
import pytest

from stages.common import bootstrap

GROUPS = [f"g{i // 2:02d}" for i in range(40)]  # 20 groups of two images


def test_every_replicate_draws_as_many_groups_as_there_are():
    drawn = bootstrap.resample(GROUPS, 50, seed=1)
    assert drawn.weights.shape == (50, 20)
    assert (drawn.weights.sum(axis=1) == 20).all()
    assert drawn.reason is None


def test_images_of_one_group_always_count_the_same():
    drawn = bootstrap.resample(GROUPS, 20, seed=1)
    for weights in drawn.weights[:, drawn.index]:
        assert (weights[0::2] == weights[1::2]).all()


def test_the_seed_decides_and_the_order_of_images_does_not():
    first, again, other = (bootstrap.resample(GROUPS, 30, seed) for seed in (1, 1, 2))
    assert (first.weights == again.weights).all()
    assert (first.weights != other.weights).any()
    turned = bootstrap.resample(GROUPS[::-1], 30, 1)
    assert (first.weights == turned.weights).all()
    assert (turned.index == first.index[::-1]).all()


def test_means_are_those_of_the_weighted_images():
    groups = [*GROUPS, "g00", "g00"]  # one group is larger
    values = np.random.default_rng(0).random((len(groups), 3))
    drawn = bootstrap.resample(groups, 25, seed=3)
    expected = [np.average(values, axis=0, weights=weights) for weights in drawn.weights[:, drawn.index]]
    np.testing.assert_allclose(drawn.means(values), expected)


def test_the_interval_of_a_mean_agrees_with_the_normal_approximation():
    values = np.random.default_rng(5).normal(size=(400, 1))
    drawn = bootstrap.resample([str(i) for i in range(400)], 4000, seed=0)
    low, high = bootstrap.percentiles(drawn.means(values))
    half = 1.96 * values.std() / 20
    np.testing.assert_allclose([low[0], high[0]], [values.mean() - half, values.mean() + half], atol=0.008)


def test_too_few_groups_give_a_reason_and_no_interval():
    drawn = bootstrap.resample(["a", "b", "b"], 100, seed=0)
    assert drawn.weights is None
    assert "2 groups" in drawn.reason
    with pytest.raises(ValueError, match="2 groups"):
        drawn.means(np.zeros((3, 1)))


def test_percentiles_leave_out_what_is_not_defined():
    statistics = np.append(np.linspace(0, 1, 1001), np.nan)
    np.testing.assert_allclose(bootstrap.percentiles(statistics), [0.025, 0.975])
