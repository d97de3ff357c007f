"""The baselines."""

import numpy as np
import pandas as pd
import pytest

from stages.common import paths, tables
from stages.localize import baselines
from tests.localize.factory import workspace


def test_center_is_a_gaussian_in_fractions_of_the_sides():
    values = baselines.center((101, 201), 0.25)
    assert np.unravel_index(values.argmax(), values.shape) == (50, 100)
    sigma = 0.25 * 201
    assert values[50, 100 + 50] == pytest.approx(np.exp(-0.5 * (50 / sigma) ** 2), rel=1e-5)
    np.testing.assert_allclose(values, values[::-1, ::-1])


def test_covered_is_the_share_of_each_cell():
    inside = np.zeros((128, 64), bool)
    inside[:3, 0] = True  # cells are 2 high and 1 wide
    grid = baselines.covered(inside)
    np.testing.assert_allclose(grid[:3, 0], [1, 0.5, 0])
    assert grid.sum() == pytest.approx(1.5)


def read(root) -> tuple[pd.DataFrame, pd.DataFrame]:
    images = tables.read(root / paths.IMAGE_TABLE, tables.IMAGE_COLUMNS)[["image_id", "width", "height"]]
    split = tables.read(root / paths.SPLIT_TABLE, tables.SPLIT_COLUMNS)
    return images.merge(split, on="image_id"), tables.read(root / paths.REGION_TABLE, tables.REGION_COLUMNS)


def test_the_prior_is_the_mean_of_training_regions_only(tmp_path):
    workspace(tmp_path)
    images, regions = read(tmp_path)
    grids = baselines.mean_regions(images, regions, tmp_path / paths.MASKS)
    assert list(grids) == [-1]
    training = regions[regions["image_id"] < "i24"]
    expected = np.mean([12 * 10 / (40 * 60)] * len(training))
    assert grids[-1].mean() == pytest.approx(expected, rel=0.02)
    moved = regions.assign(x=regions["x"].where(regions["image_id"] < "i24", 0.0))  # test regions elsewhere
    np.testing.assert_array_equal(baselines.mean_regions(images, moved, tmp_path)[-1], grids[-1])
    prior = baselines.prior(grids[-1], (40, 60))
    assert prior.shape == (40, 60)
    assert 33 <= np.unravel_index(prior.argmax(), prior.shape)[1] < 45


def test_with_folds_neither_the_held_out_fold_nor_the_validating_one_takes_part(tmp_path):
    workspace(tmp_path, folds=3)
    images, regions = read(tmp_path)
    fold = regions["image_id"].map(images.set_index("image_id")["fold"])
    own = regions.assign(x=10.0 * fold)  # the regions of each fold at a place of their own
    grids = baselines.mean_regions(images, own, tmp_path)
    for k, trains in {0: 2, 1: 0, 2: 1}.items():  # 3 folds: one tests, the next validates, the last trains
        columns = np.flatnonzero(grids[k].sum(axis=0)) * 60 / baselines.GRID
        assert 10 * trains - 1 <= columns.min()
        assert columns.max() <= 10 * trains + 12


def test_without_training_regions_there_is_no_prior(tmp_path):
    workspace(tmp_path)
    images, regions = read(tmp_path)
    assert baselines.mean_regions(images, regions[regions["image_id"] >= "i24"], tmp_path) == {}
    assert baselines.names({}) == ["center", "random"]
