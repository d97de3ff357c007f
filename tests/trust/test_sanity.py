"""Shuffled weights, and how alike maps are."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from stages.models import compose, front, runtime
from stages.trust import sanity
from tests import factories


def parts(**keys):
    runtime.start()
    built = compose.compose(factories.design(**keys))
    factories.randomize(built.whole)
    return built


def test_levels_go_down_from_the_head_and_hold_what_was_before():
    found = sanity.levels(parts(backbone__cut="block4_pool"))
    assert list(found) == [sanity.HEAD, sanity.BEHIND, sanity.UPPER, sanity.ALL]
    assert all(name.startswith("head_") for name in found[sanity.HEAD])
    assert set(found[sanity.BEHIND]) - set(found[sanity.HEAD]) == {f"block5_conv{number}" for number in (1, 2, 3)}
    assert "block4_conv3" in found[sanity.UPPER]
    assert "block1_conv1" not in found[sanity.UPPER]
    assert "block1_conv1" in found[sanity.ALL]
    for fewer, more in zip(list(found.values())[:-1], list(found.values())[1:], strict=True):
        assert set(fewer) < set(more)


def test_a_level_that_adds_nothing_is_left_out():
    assert list(sanity.levels(parts(backbone__cut="block5_pool"))) == [sanity.HEAD, sanity.UPPER, sanity.ALL]
    found = sanity.levels(parts(backbone__cut="input"))
    assert list(found) == [sanity.HEAD, sanity.UPPER, sanity.ALL]
    assert "block1_conv1" not in found[sanity.UPPER]


def test_shuffling_keeps_the_values_and_leaves_other_layers_alone():
    own = parts()
    before = {name: np.array(value) for name, value in front.named_weights(own.whole).items()}
    found = dict(sanity.shuffled(own, ["block3_conv1"], 0))
    assert set(found) == {"block3_conv1/kernel", "block3_conv1/bias"}
    kernel, old = found["block3_conv1/kernel"], before["block3_conv1/kernel"]
    assert kernel.shape == old.shape
    assert not np.array_equal(kernel, old)
    np.testing.assert_array_equal(np.sort(kernel.ravel()), np.sort(old.ravel()))
    np.testing.assert_array_equal(dict(sanity.shuffled(own, ["block3_conv1"], 0))["block3_conv1/kernel"], kernel)


def test_likeness_is_spearman_s():
    random = np.random.default_rng(0)
    maps, others = random.normal(size=(2, 3, 5, 6)).round(1)
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(maps, others, strict=True)]
    whole = np.ones(maps.shape, bool)
    np.testing.assert_allclose(sanity.likeness(maps, others, whole), expected)
    assert sanity.likeness(maps, np.exp(maps), whole) == pytest.approx([1, 1, 1])
    assert sanity.likeness(maps, 0 * maps, whole).tolist() == [0, 0, 0]
    assert sanity.likeness(maps, maps + np.inf, whole).tolist() == [0, 0, 0]
    assert sanity.likeness(maps, maps, ~whole).tolist() == [0, 0, 0]


def test_a_rim_that_no_map_can_mark_does_not_make_maps_alike():
    random = np.random.default_rng(0)
    maps, others = np.zeros((2, 4, 40, 40))
    inside = np.zeros(maps.shape, bool)
    inside[:, 10:30, 10:30] = True
    maps[inside], others[inside] = random.uniform(size=(2, inside.sum()))
    assert sanity.likeness(maps, others, np.ones_like(inside)).min() > 0.5
    assert np.abs(sanity.likeness(maps, others, inside)).max() < 0.2
