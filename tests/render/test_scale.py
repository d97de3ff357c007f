"""The scale policies."""

import numpy as np
import pytest

from stages.common.maps import open_maps
from stages.render.scale import Ends, own_ends, policy, shared_ends, shown_part
from stages.render.settings import Settings
from tests.localize.factory import write_maps

MAPS = np.array([[[1, -6], [2, 0]], [[4, -1], [0, 0]], [[90, 90], [90, 90]]], np.float32)


def test_shared_over_the_set_is_the_largest_value_of_maps_that_are_not_empty(tmp_path):
    file = open_maps(write_maps(tmp_path / "m.h5", ["a", "b", "c"], MAPS, ["ok", "ok", "constant"]))
    assert shared_ends(file, Settings(scale="set")) == Ends(0.0, 4.0)
    assert shared_ends(file, Settings(scale="set", signed=True)) == Ends(-6.0, 6.0)
    assert shared_ends(file, Settings(scale="image")) is None
    absolute = open_maps(write_maps(tmp_path / "m.h5", ["a", "b", "c"], MAPS, ["ok", "ok", "constant"], "absolute"))
    assert shared_ends(absolute, Settings(scale="set")) == Ends(0.0, 6.0)


def test_own_ends_follow_the_policy():
    values = shown_part(MAPS[0], "positive", signed=False)
    assert own_ends(values, Settings(scale="image")) == Ends(0.0, 2.0)
    assert own_ends(shown_part(MAPS[0], "positive", signed=True), Settings(scale="image", signed=True)) == Ends(
        -6.0, 6.0
    )
    many = np.linspace(0, 1, 10_001).reshape(73, 137)
    assert own_ends(many, Settings(scale="percentile", percentile=90)).high == pytest.approx(0.9)


def test_a_sparse_map_is_not_lost_under_its_percentile():
    sparse = np.zeros((100, 100), np.float32)
    sparse[0, 0] = 3
    assert own_ends(sparse, Settings(scale="percentile", percentile=99)) == Ends(0.0, 3.0)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_where_nothing_is_to_be_seen_there_are_no_ends(value):
    assert own_ends(np.full((4, 4), value), Settings()) is None


def test_every_policy_has_its_words():
    texts = {policy(Settings(scale=scale, percentile=98)) for scale in ("image", "set", "percentile")}
    assert len(texts) == 3
    assert any("the 98th percentile of each image" in text for text in texts)
    assert ["do not compare" in policy(Settings(scale=scale)) for scale in ("image", "set")] == [True, False]
