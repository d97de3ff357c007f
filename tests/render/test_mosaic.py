"""A-MIL's mosaic, by hand: every tile of the image times its rescaled weight."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.common import files, params, paths, tables
from stages.common.errors import UserError
from stages.common.geometry import Tiling
from stages.common.maps import open_maps
from stages.render import mosaic
from stages.render.__main__ import main
from stages.render.overlay import blend, layer
from stages.render.scale import Ends
from stages.render.settings import Settings
from tests import factories
from tests.localize.factory import write_maps

TILING = Tiling((64, 96), 32, 32)
WEIGHTS = np.array([0.05, 0.1, 0.15, 0.3, 0.2, 0.2])
MOSAIC = Settings(attention="mosaic")
KEYS = {"image__height": 64, "image__width": 96, "head__kind": "attention"}


def stitched(weights: np.ndarray, tiling: Tiling = TILING) -> np.ndarray:
    """The map (h, w) of weights (tiles,) as the method `attention` makes it."""
    shape = (1, tiling.count, tiling.side, tiling.side)
    return tiling.stitch(np.broadcast_to(weights.reshape(1, -1, 1, 1), shape), fill=0.0)[0]


def test_a_mosaic_is_the_image_times_the_rescaled_weights():
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    values = stitched(WEIGHTS)
    ends = mosaic.own_ends(values)
    assert ends == Ends(*np.float32([0.05, 0.3]))
    drawn = blend(image, layer(values, ends, mosaic.colors()))
    rescaled = (WEIGHTS - 0.05) / 0.25
    expected = TILING.cut(image[None])[0] * rescaled[:, None, None, None]
    np.testing.assert_allclose(TILING.cut(drawn[None])[0].astype(float), expected, atol=1)
    np.testing.assert_array_equal(drawn[32:, :32], image[32:, :32])  # the greatest weight
    assert not drawn[:32, :32].any()  # the least


def test_tiles_that_are_not_in_the_bag_and_margins_are_black_and_do_not_count():
    tiling = Tiling((70, 100), 32, 32)
    values = stitched(np.array([0, 0.2, 0.3, 0.5, 0, 0]), tiling)
    ends = mosaic.own_ends(values)
    assert ends.low == np.float32(0.2)
    drawn = blend(np.full((70, 100, 3), 200, np.uint8), layer(values, ends, mosaic.colors()))
    assert not drawn[:3].any()
    assert not drawn[:, :2].any()
    assert sorted(set(drawn.ravel())) == [0, 67, 200]


def test_equal_weights_leave_the_image_as_it_is():
    assert mosaic.own_ends(stitched(np.full(6, 0.25))) == Ends(0.0, 0.25)
    assert mosaic.own_ends(np.zeros((4, 4))) is None


def test_the_ends_follow_the_scale(tmp_path):
    maps = np.stack([stitched(WEIGHTS), stitched(np.array([0.02, 0.9, 0.02, 0.02, 0.02, 0.02])), np.ones((64, 96))])
    file = open_maps(write_maps(tmp_path / "attention.h5", ["a", "b", "c"], maps, ["ok", "ok", "constant"]))
    assert mosaic.shared_ends(file, Settings(attention="mosaic", scale="set")) == Ends(*np.float32([0.02, 0.9]))
    assert mosaic.shared_ends(file, MOSAIC) is None
    assert len({mosaic.policy(Settings(attention="mosaic", scale=scale)) for scale in ("image", "set")}) == 2


def test_only_attention_is_drawn_so_and_only_if_asked():
    assert mosaic.applies("attention", MOSAIC)
    assert not mosaic.applies("gradcam", MOSAIC)
    assert not mosaic.applies("attention", Settings())


@pytest.mark.parametrize("keys", [{}, {"head__kind": "fc", "image__tiles__size": 32}], ids=["no tiles", "no attention"])
def test_a_mosaic_without_a_bag_of_tiles_is_refused(keys):
    with pytest.raises(UserError, match=r"`render\.attention`: mosaic needs tiles"):
        params.parse(factories.changed(**{**KEYS, "render__attention": "mosaic", **keys}), "params.yaml")


@pytest.mark.usefixtures("workspace")
def test_the_stage_draws_it_on_the_stored_image_s_own_grid_the_same_twice():
    maps = {"attention": {"method": "attention"}}
    keys = {**KEYS, "image__tiles__size": 32, "render__attention": "mosaic", "attribute__maps": maps}
    factories.write_params(params.PARAMS, **keys)
    paths.IMAGES.mkdir(parents=True)
    image = np.random.default_rng(0).integers(50, 256, (512, 768, 3), dtype=np.uint8)
    Image.fromarray(image).save(paths.IMAGES / "a.png")
    row = pd.DataFrame({"image_id": ["a"], "path": "a.png", "label": "abnormal", "group_id": "a"})
    images = row.reindex(columns=list(tables.IMAGE_COLUMNS), fill_value="").assign(width=768, height=512)
    tables.write(paths.IMAGE_TABLE, images, tables.IMAGE_COLUMNS)
    tables.write(paths.REGION_TABLE, pd.DataFrame(columns=list(tables.REGION_COLUMNS)), tables.REGION_COLUMNS)
    predictions = row.drop(columns="path").assign(split="test", fold=-1, predicted="abnormal", p_normal=0.1)
    tables.write(paths.PREDICTIONS, predictions.assign(p_abnormal=0.9), tables.PREDICTION_COLUMNS)
    paths.MAPS.mkdir(parents=True)
    write_maps(paths.MAPS / "attention.h5", ["a"], stitched(WEIGHTS)[None])
    main("attention")
    folder = paths.OVERLAYS / "attention"
    with Image.open(folder / "a.png") as picture, Image.open(folder / "heat/a.png") as heat:
        drawn, above = np.asarray(picture)[:512], np.asarray(heat)
    np.testing.assert_array_equal(drawn[280:, :230], image[280:, :230])  # inside the tile of the greatest weight
    np.testing.assert_allclose(drawn[280:, 300:480], image[280:, 300:480] * 0.6, atol=1)
    assert not drawn[:230, :230].any()
    assert not above[..., :3].any()
    assert above[150, 30, 3] == 0
    assert above[30, 30, 3] == 255
    scale = json.loads((folder / "scale.json").read_text())
    assert (scale["colors"][0], scale["colors"][-1], scale["opacity"]) == ("#000000ff", "#ffffffff", 1.0)
    first = {path: path.read_bytes() for path in folder.rglob("*.*")}
    main("attention")
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == first
    assert files.read_json(folder / "scale.json") == scale
