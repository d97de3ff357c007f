"""The pictures of real files: something is hidden in every one of them, and the same whatever the class."""

from dataclasses import replace

import numpy as np
import pytest

from stages.common import params, paths, tables
from stages.extract.decode import decode, normalized
from stages.shortcuts.chosen import chosen
from stages.shortcuts.measure import BORDER, ELSEWHERE, HIDDEN, INTACT, Changed
from stages.shortcuts.source import Source
from tests import factories
from tests.shortcuts import factory

IDS = [f"i{number:02}" for number in range(factory.COUNT)]


@pytest.fixture
def made(workspace):
    """By image_id, the pictures of all images by kind; and the source and who lends to whom."""
    split = factory.workspace()
    p = params.load(factories.write_params(workspace / "params.yaml", **factories.SMALL))
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS).set_index("image_id")
    regions = dict(iter(tables.read(paths.REGION_TABLE, tables.REGION_COLUMNS).groupby("image_id")))
    source = Source(images, regions, p.image, p.shortcuts)
    all_of_them = chosen(split, regions, "abnormal", 100, 0)
    changed = Changed(source, all_of_them, source.mean(IDS))
    found = iter(list(changed.pictures()))
    return {image_id: {kind: next(found) for kind in changed.kinds} for image_id in IDS}, source, all_of_them


def test_every_image_has_as_much_hidden_and_the_finding_only_where_it_should_be(made):
    pictures, _, lending = made
    areas = {}
    for image_id, kinds in pictures.items():
        positive = lending.rows.set_index("image_id").at[image_id, "label"] == "abnormal"
        finding = (kinds[INTACT] == factory.FINDING).any(axis=2)
        assert finding.any() == positive
        assert not (kinds[HIDDEN] == factory.FINDING).any()
        assert not (kinds[BORDER] == factory.FINDING).any()
        np.testing.assert_array_equal(kinds[ELSEWHERE][finding], factory.FINDING)
        areas.setdefault(positive, []).append((kinds[HIDDEN] != kinds[INTACT]).any(axis=2).sum())
    assert min(areas[False]) > 100
    assert abs(np.mean(areas[True]) / np.mean(areas[False]) - 1) < 0.1


def test_colours_are_normalised_after_something_was_hidden(made):
    """As the model sees images; and what is hidden has no say in the rest."""
    plain, source, lending = made
    view = source.view.model_copy(update={"normalize": True})
    seen = Changed(replace(source, view=view), lending, source.mean(IDS)).pictures()
    for image_id in IDS:
        path = paths.IMAGES / source.images.at[image_id, "path"]
        for kind, picture in plain[image_id].items():
            found = next(seen)
            np.testing.assert_array_equal(found, normalized(np.rint(picture).astype(np.uint8)))
            if kind == INTACT:
                np.testing.assert_array_equal(found, decode(path, view))


def test_the_mean_image_is_that_of_the_images(made):
    pictures, source, _ = made
    stack = np.stack([kinds[INTACT] for kinds in pictures.values()])
    np.testing.assert_allclose(source.mean(IDS), stack.mean(axis=0), rtol=1e-6)


def test_the_mean_of_images_of_different_sizes_is_of_those_that_reach_a_pixel(workspace):
    factory.workspace(sizes=(40, 60))
    p = params.load(factories.write_params(workspace / "params.yaml", **{**factories.SMALL, "image__fit": "letterbox"}))
    images = tables.read(paths.IMAGE_TABLE, tables.IMAGE_COLUMNS).set_index("image_id")
    mean = Source(images, {}, p.image, p.shortcuts).mean(IDS[::2])
    assert mean.min() > factory.TISSUE - 12, "no black of the margins in it"
